//! PEM files as what rustls runs with: the server's side of TLS, and the authorities that a client trusts.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// What both sides choose from, best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The files of one configuration, as they were read.
#[derive(Debug)]
pub(crate) struct Pem<'a> {
    pub(crate) certificates: &'a [u8],
    pub(crate) key: &'a [u8],
    pub(crate) client_ca: Option<&'a [u8]>,
}

/// Which file is wrong, and what with it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Certificates(String),
    Key(String),
    ClientCa(String),
}

/// The server's side. A client's certificate is needed where `certificate_is_needed`, else only verified when shown.
pub(crate) fn server(pem: &Pem<'_>, certificate_is_needed: bool) -> Result<ServerConfig, Wrong> {
    let chain = certificates(pem.certificates).map_err(Wrong::Certificates)?;
    // What is wrong with a key is not said: the parser may quote it.
    let key = PrivateKeyDer::from_pem_slice(pem.key)
        .map_err(|_| Wrong::Key("there is no private key in PEM in it (PKCS #8, SEC1 or RSA)".into()))?;
    let provider = provider();
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|why| Wrong::Certificates(why.to_string()))?;
    let builder = match pem.client_ca {
        None => builder.with_no_client_auth(),
        Some(ca) => {
            let roots = roots(ca).map_err(Wrong::ClientCa)?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = match certificate_is_needed {
                true => verifier,
                false => verifier.allow_unauthenticated(),
            };
            let verifier = verifier.build().map_err(|why| Wrong::ClientCa(why.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let foreign = |why: &rustls::Error| matches!(why, rustls::Error::InconsistentKeys(_));
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|why| match foreign(&why) {
            true => Wrong::Key("it does not belong to the certificate".into()),
            false => Wrong::Certificates(why.to_string()),
        })?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(config)
}

/// Authorities for a client: those of a PEM file. The error says what is wrong with it.
pub fn trusted(pem: &[u8]) -> Result<RootCertStore, String> {
    roots(pem)
}

fn roots(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots.add(certificate).map_err(|why| why.to_string())?;
    }
    Ok(roots)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    // The parser's own words may quote the file, which may be the key's.
    let all = all.map_err(|_| "it is no PEM".to_owned())?;
    match all.is_empty() {
        true => Err("there is no certificate in PEM in it".into()),
        false => Ok(all),
    }
}

/// The one provider of cryptography in this program.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

//! What a command shows to a daemon, and whom it trusts: a token, a client certificate, authorities.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use clap::Args;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

/// Longest file.
const BYTES_MAX: u64 = 1 << 20;
/// The variable that holds a token itself: flags are seen by others of the machine, so there is none.
const TOKEN: &str = "HOTSPAN_TOKEN";

/// Flags of every command that asks a daemon or sends to one.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Access")]
pub(crate) struct Showing {
    /// Read the token to show from FILE; the variable HOTSPAN_TOKEN is one itself
    #[arg(
        long,
        value_name = "FILE",
        env = "HOTSPAN_TOKEN_FILE",
        hide_env = true,
        global = true
    )]
    token_file: Option<PathBuf>,
    /// Trust the authorities of FILE (PEM) instead of the system's
    #[arg(long, value_name = "FILE", env = "HOTSPAN_CA", hide_env = true, global = true)]
    ca: Option<PathBuf>,
    /// Show the client certificate of FILE (PEM), with its --key
    #[arg(
        long,
        value_name = "FILE",
        env = "HOTSPAN_CERT",
        hide_env = true,
        global = true
    )]
    cert: Option<PathBuf>,
    /// The private key of --cert (PEM)
    #[arg(
        long,
        value_name = "FILE",
        env = "HOTSPAN_KEY",
        hide_env = true,
        global = true
    )]
    key: Option<PathBuf>,
}

impl Showing {
    /// The header that shows the token, if there is one.
    pub(crate) fn header(&self) -> anyhow::Result<Option<String>> {
        let token = match &self.token_file {
            Some(path) => Some(text(path).with_context(|| format!("--token-file {}", path.display()))?),
            None => std::env::var(TOKEN).ok(),
        };
        let Some(token) = token
            .map(|token| token.trim().to_owned())
            .filter(|token| !token.is_empty())
        else {
            return Ok(None);
        };
        match token.bytes().all(|byte| byte.is_ascii_graphic()) {
            true => Ok(Some(format!("Bearer {token}"))),
            false => Err(anyhow!(
                "the token has characters that none has; write `hotspan token new`'s alone"
            )),
        }
    }

    /// How ureq speaks TLS.
    pub(crate) fn tls(&self) -> anyhow::Result<TlsConfig> {
        let roots = match &self.ca {
            Some(path) => {
                let pem = text(path).with_context(|| format!("--ca {}", path.display()))?;
                let all = certificates(&pem);
                if all.is_empty() {
                    return Err(anyhow!(
                        "--ca {}: there is no certificate in PEM in it",
                        path.display()
                    ));
                }
                all
            }
            None => {
                let found = rustls_native_certs::load_native_certs().certs;
                found
                    .iter()
                    .map(|der| Certificate::from_der(der).to_owned())
                    .collect()
            }
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Ok(TlsConfig::builder()
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(RootCerts::new_with_certs(&roots))
            .client_cert(self.client_certificate()?)
            .build())
    }

    fn client_certificate(&self) -> anyhow::Result<Option<ClientCert>> {
        let Some((certificate, key)) = self.pair()? else {
            return Ok(None);
        };
        let key = PrivateKey::from_pem(key.as_bytes())
            .map_err(|_| anyhow!("--key: there is no private key in PEM in it"))?;
        Ok(Some(ClientCert::new_with_certs(&certificates(&certificate), key)))
    }

    /// The client certificate and its key, in PEM.
    fn pair(&self) -> anyhow::Result<Option<(String, String)>> {
        match (&self.cert, &self.key) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some((
                text(certificate).with_context(|| format!("--cert {}", certificate.display()))?,
                text(key).with_context(|| format!("--key {}", key.display()))?,
            ))),
            _ => Err(anyhow!("--cert and --key belong together; give both")),
        }
    }

    /// The same for a sender of OTLP.
    pub(crate) fn sender(&self) -> anyhow::Result<hotspan_testkit::sender::Showing> {
        let ca = self
            .ca
            .as_ref()
            .map(|path| text(path).with_context(|| format!("--ca {}", path.display())));
        Ok(hotspan_testkit::sender::Showing {
            authorization: self.header()?,
            ca: ca.transpose()?,
            pair: self.pair()?,
        })
    }
}

fn certificates(pem: &str) -> Vec<Certificate<'static>> {
    let mut certificates = Vec::new();
    for item in parse_pem(pem.as_bytes()) {
        if let Ok(PemItem::Certificate(certificate)) = item {
            certificates.push(certificate);
        }
    }
    certificates
}

/// A file as text, none of which is ever said.
fn text(path: &Path) -> anyhow::Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::fs::File::open(path)?
        .take(BYTES_MAX)
        .read_to_string(&mut text)?;
    Ok(text)
}

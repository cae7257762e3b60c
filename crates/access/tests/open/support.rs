//! An authority, its certificates in files, a port that takes them, and clients.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hotspan_access::{Access, Settings, Stream, Visitor, trusted};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

/// An authority of the tests.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        Authority(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    pub(crate) fn pair(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Pair {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names
            .iter()
            .map(|name| match name.contains("://") {
                true => SanType::URI((*name).try_into().expect("a name")),
                false => SanType::DnsName((*name).try_into().expect("a name")),
            })
            .collect();
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        Pair {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }
}

/// Files of one test, gone with it.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("hotspan-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("a file");
        path
    }

    pub(crate) fn server(&self, pair: &Pair) -> Settings {
        Settings {
            certificate: Some(self.write("cert.pem", &pair.certificate)),
            key: Some(self.write("key.pem", &pair.key)),
            ..Settings::default()
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// A port that accepts one connection after the other, and gives the first byte back.
pub(crate) struct Port {
    pub(crate) access: Arc<Access>,
    pub(crate) at: SocketAddr,
}

impl Port {
    pub(crate) async fn open(access: Arc<Access>, limit: Duration) -> Port {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let at = listener.local_addr().expect("an address");
        let used = Arc::clone(&access);
        tokio::spawn(async move {
            while let Ok((stream, peer)) = listener.accept().await {
                let access = Arc::clone(&used);
                tokio::spawn(async move {
                    if let Some((stream, visitor)) = access.accept(stream, peer, "grpc", limit).await {
                        echo(stream, visitor).await;
                    }
                });
            }
        });
        Port { access, at }
    }

    pub(crate) async fn with(settings: Settings) -> Port {
        let (access, _) = settings.load().expect("the files are right");
        Port::open(access, Duration::from_secs(10)).await
    }

    /// How many failed for each reason that is not zero.
    pub(crate) fn failed(&self) -> Vec<(&'static str, u64)> {
        let all = self.access.counted().handshakes_failed;
        all.into_iter().filter(|&(_, count)| count > 0).collect()
    }
}

pub(crate) async fn echo(mut stream: Stream, _visitor: Visitor) {
    let mut byte = [0];
    while stream.read_exact(&mut byte).await.is_ok() {
        if stream.write_all(&byte).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

pub(crate) fn client(authority: &str, shown: Option<&Pair>) -> TlsConnector {
    let roots = trusted(authority.as_bytes()).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    let mut config = match shown {
        None => builder.with_no_client_auth(),
        Some(pair) => {
            let chain = CertificateDer::pem_slice_iter(pair.certificate.as_bytes());
            let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).expect("a key");
            let chain = chain.map(|of| of.expect("a certificate")).collect();
            builder.with_client_auth_cert(chain, key).expect("a pair")
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}

pub(crate) type Connected = tokio_rustls::client::TlsStream<TcpStream>;

pub(crate) async fn connect(port: &Port, client: &TlsConnector) -> std::io::Result<Connected> {
    let stream = TcpStream::connect(port.at).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    client.connect(name, stream).await
}

/// Whether one byte comes back.
pub(crate) async fn answers(connection: &mut Connected) -> std::io::Result<()> {
    connection.write_all(b"x").await?;
    connection.flush().await?;
    let mut byte = [0];
    connection.read_exact(&mut byte).await.map(|_| ())
}

pub(crate) async fn spoken(port: &Port, client: &TlsConnector) -> std::io::Result<()> {
    answers(&mut connect(port, client).await?).await
}

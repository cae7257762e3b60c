//! An authority, tokens in a file, a daemon that asks for them, and clients that show them over TLS.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hotspan_access::{Token, trusted};
use hotspan_daemon::{Config, Daemon, Layers, Origin};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;
use tokio::time::{interval, timeout};
use tokio_rustls::TlsConnector;

/// Longest wait for what takes a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// A certificate and its key, in PEM.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// An authority of the tests.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "the tests'");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        Authority(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn pair(&self, name: &str) -> Pair {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![match name.contains("://") {
            true => SanType::URI(name.try_into().expect("a name")),
            false => SanType::DnsName(name.try_into().expect("a name")),
        }];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        Pair {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

/// Tokens of each kind.
pub(crate) struct Tokens {
    pub(crate) ingest: Token,
    pub(crate) read: Token,
    pub(crate) admin: Token,
}

pub(crate) fn entry(name: &str, scopes: &str, token: &Token) -> String {
    let hash = token.hash().to_hex();
    format!("[[token]]\nname = \"{name}\"\nscopes = [{scopes}]\nsha256 = \"{hash}\"\n")
}

/// A daemon within TLS that asks for tokens; a certificate named `spiffe://shop.test/…` may send.
pub(crate) struct Rig {
    pub(crate) authority: Authority,
    pub(crate) tokens: Tokens,
    pub(crate) daemon: Daemon,
    folder: PathBuf,
}

impl Drop for Rig {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

impl Rig {
    /// `name` is its folder's; `keys` are set beside those of access.
    pub(crate) async fn start(name: &str, keys: &[(&'static str, &str)]) -> Rig {
        crate::secrets::log();
        let folder = std::env::temp_dir().join(format!("hotspan-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let (authority, tokens) = (
            Authority::new(),
            Tokens {
                ingest: Token::draw(),
                read: Token::draw(),
                admin: Token::draw(),
            },
        );
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).expect("a file");
            path.display().to_string()
        };
        let server = authority.pair("localhost");
        let (ca, certificate) = (
            write("ca.pem", &authority.pem()),
            write("cert.pem", &server.certificate),
        );
        let (key, file) = (
            write("key.pem", &server.key),
            write("tokens.toml", &tokens.file()),
        );
        let mut layers = Layers::default();
        for (key, value) in [
            ("otlp_grpc", "127.0.0.1:0"),
            ("otlp_http", "127.0.0.1:0"),
            ("listen", "127.0.0.1:0"),
            ("complete_quiet", "100ms"),
            ("tls_cert", &certificate),
            ("tls_key", &key),
            ("tls_client_ca", &ca),
            ("tokens_file", &file),
        ]
        .iter()
        .chain(keys)
        {
            layers.set(Origin::Flag, key, value);
        }
        let config = Config::read(&layers).expect("the keys are right");
        let daemon = Daemon::start(&config).await.expect("port 0 is free");
        Rig {
            authority,
            tokens,
            daemon,
            folder,
        }
    }

    /// Puts another text into the file of tokens.
    pub(crate) fn write_tokens(&self, text: &str) {
        std::fs::write(self.folder.join("tokens.toml"), text).expect("a file");
    }

    pub(crate) fn tokens_path(&self) -> String {
        self.folder.join("tokens.toml").display().to_string()
    }

    pub(crate) fn key_path(&self) -> String {
        self.folder.join("key.pem").display().to_string()
    }

    pub(crate) async fn http(&self, port: Port) -> Client {
        Client::connect(self, port, false, None).await
    }

    pub(crate) async fn grpc(&self, port: Port) -> Client {
        Client::connect(self, port, true, None).await
    }
}

impl Tokens {
    pub(crate) fn file(&self) -> String {
        entry("shop", "\"ingest\"", &self.ingest)
            + &entry("grafana", "\"read\"", &self.read)
            + &entry("on-call", "\"admin\"", &self.admin)
            + "[[certificate]]\nname = \"mesh\"\nscopes = [\"ingest\"]\nsan = \"spiffe://shop.test/*\"\n"
    }
}

/// Which port of a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    OtlpGrpc,
    OtlpHttp,
    Api,
}

/// A reply of either protocol.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    trailers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    /// Values of a header, by commas.
    pub(crate) fn all(&self, name: &str) -> String {
        let values = self.headers.get_all(name).iter();
        let values: Vec<&str> = values.map(|value| value.to_str().expect("text")).collect();
        values.join(", ")
    }

    /// gRPC's status.
    pub(crate) fn code(&self) -> String {
        let code = self
            .headers
            .get("grpc-status")
            .or(self.trailers.get("grpc-status"));
        code.expect("every reply of gRPC has a status")
            .to_str()
            .expect("text")
            .to_owned()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// One connection within TLS.
pub(crate) enum Client {
    Http(hyper::client::conn::http1::SendRequest<Full<Bytes>>),
    Grpc(hyper::client::conn::http2::SendRequest<Full<Bytes>>),
}

impl Client {
    pub(crate) async fn connect(rig: &Rig, port: Port, is_http2: bool, shown: Option<&Pair>) -> Client {
        let addresses = rig.daemon.addresses();
        let at = match port {
            Port::OtlpGrpc => addresses.otlp_grpc,
            Port::OtlpHttp => addresses.otlp_http,
            Port::Api => addresses.listen,
        };
        let stream = TcpStream::connect(at).await.expect("it listens");
        let connector = connector(&rig.authority, shown, is_http2);
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = connector.connect(name, stream).await.expect("it speaks TLS");
        let chosen = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        let wanted: &[u8] = if is_http2 { b"h2" } else { b"http/1.1" };
        assert_eq!(chosen.as_deref(), Some(wanted));
        let io = TokioIo::new(stream);
        if is_http2 {
            let builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
            let (sender, connection) = builder.handshake(io).await.expect("it speaks HTTP/2");
            tokio::spawn(async move { drop(connection.await) });
            return Client::Grpc(sender);
        }
        let (sender, connection) = hyper::client::conn::http1::handshake(io).await.expect("HTTP/1.1");
        tokio::spawn(async move { drop(connection.await) });
        Client::Http(sender)
    }

    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Reply {
        let response = match self {
            Client::Http(sender) => {
                sender.ready().await.expect("the connection lives");
                sender.send_request(request).await
            }
            Client::Grpc(sender) => {
                sender.ready().await.expect("the connection lives");
                sender.send_request(request).await
            }
        };
        let (head, body) = response.expect("it answers").into_parts();
        let body = body.collect().await.expect("the whole answer");
        Reply {
            status: head.status.as_u16(),
            headers: head.headers,
            trailers: body.trailers().cloned().unwrap_or_default(),
            body: body.to_bytes(),
        }
    }

    /// A request over HTTP/1.1 with these headers.
    pub(crate) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Full::new(Bytes::copy_from_slice(body.as_bytes()));
        self.send(request.body(body).expect("a request")).await
    }

    /// A call of one message over gRPC.
    pub(crate) async fn call(&mut self, path: &str, token: Option<&Token>, message: &[u8]) -> Reply {
        let uri = format!("https://localhost{path}");
        let mut request = Request::post(uri)
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        if let Some(token) = token {
            request = request.header("authorization", bearer(token));
        }
        let mut frame = vec![0];
        frame.extend_from_slice(&u32::try_from(message.len()).expect("short").to_be_bytes());
        frame.extend_from_slice(message);
        self.send(request.body(Full::new(frame.into())).expect("a request"))
            .await
    }
}

pub(crate) fn bearer(token: &Token) -> String {
    format!("Bearer {}", token.expose())
}

fn connector(authority: &Authority, shown: Option<&Pair>, is_http2: bool) -> TlsConnector {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(trusted(authority.pem().as_bytes()).expect("an authority"));
    let mut config = match shown {
        None => builder.with_no_client_auth(),
        Some(pair) => {
            let chain = CertificateDer::pem_slice_iter(pair.certificate.as_bytes());
            let chain = chain.map(|of| of.expect("a certificate")).collect();
            let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).expect("a key");
            builder.with_client_auth_cert(chain, key).expect("a pair")
        }
    };
    let spoken: &[u8] = if is_http2 { b"h2" } else { b"http/1.1" };
    config.alpn_protocols = vec![spoken.to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// Asks again until it is so.
pub(crate) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let mut pace = interval(Duration::from_millis(50));
    let asked = async {
        while !is_so().await {
            pace.tick().await;
        }
    };
    timeout(PATIENCE, asked).await.expect("it comes within its time");
}

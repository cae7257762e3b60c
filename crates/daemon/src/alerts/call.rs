//! One call to somebody outside: the address is checked after its name is resolved, and the connection goes to that very
//! address. Nothing is followed: a redirect is a failure.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::Full;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use ring::hmac;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use super::Allowed;
use crate::config::Secret;

/// Longest call, from the name to the status.
const LONGEST: Duration = Duration::from_secs(5);
/// What signs a webhook's body.
const SIGNATURE: &str = "x-hotspan-signature";

/// Why a call did not do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("{0} has no address")]
    Unknown(String),
    #[error("{host} is at {at}, which is no public address; list it in alerts_allow if that is meant")]
    Private { host: String, at: SocketAddr },
    #[error("{0} is spoken to without TLS; write https, or list its address in alerts_allow")]
    Plain(String),
    #[error("no answer within {} seconds", LONGEST.as_secs())]
    Late,
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
    #[error("answered with {0}")]
    Status(http::StatusCode),
    /// It is not said which: hooks of chats carry their secret in the path.
    #[error("the address is no URL of a host")]
    Url,
}

impl CallError {
    /// Whether another try may do better.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            CallError::Status(status) => status.is_server_error() || status.as_u16() == 429,
            CallError::Private { .. } | CallError::Plain(_) | CallError::Url => false,
            CallError::Unknown(_) | CallError::Late | CallError::Io(_) | CallError::Http(_) => true,
        }
    }
}

/// Why nobody can be called.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallerError {
    #[error("alerts_ca = {}: {why}", path.display())]
    Authorities { path: PathBuf, why: String },
    #[error("TLS for alerts cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// Makes calls.
pub(crate) struct Caller {
    allowed: Allowed,
    tls: TlsConnector,
}

impl Caller {
    /// Trusts whom the system trusts, and the authorities of a file.
    pub(crate) fn new(allowed: Allowed, ca: Option<&Path>) -> Result<Caller, CallerError> {
        let mut roots = match ca {
            None => rustls::RootCertStore::empty(),
            Some(path) => authorities(path)?,
        };
        let (taken, ignored) =
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        tracing::debug!(taken, ignored, "certificates of the system");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Caller {
            allowed,
            tls: TlsConnector::from(Arc::new(tls)),
        })
    }

    /// Sends JSON, signed where there is a secret.
    pub(crate) async fn post(&self, url: &Uri, body: Bytes, secret: &Secret) -> Result<(), CallError> {
        let call = self.call(url, body, secret);
        tokio::time::timeout(LONGEST, call)
            .await
            .map_err(|_| CallError::Late)?
    }

    async fn call(&self, url: &Uri, body: Bytes, secret: &Secret) -> Result<(), CallError> {
        let (Some(host), Some(authority)) = (url.host(), url.authority()) else {
            return Err(CallError::Url);
        };
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let secure = url.scheme_str() == Some("https");
        let port = url.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let at = self.address(name, port, secure).await?;
        let mut request = Request::post(url.path_and_query().map_or("/", |path| path.as_str()))
            .header(header::HOST, authority.as_str())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("hotspan/", env!("CARGO_PKG_VERSION")));
        if let Some(signature) = signature(secret, &body) {
            request = request.header(SIGNATURE, signature);
        }
        let request = request.body(Full::new(body)).map_err(|_| CallError::Url)?;
        let socket = TcpStream::connect(at).await?;
        if !secure {
            return send(socket, request).await;
        }
        let name = ServerName::try_from(name.to_owned()).map_err(|_| CallError::Url)?;
        send(self.tls.connect(name, socket).await?, request).await
    }

    /// The first address of a name where a call may go.
    async fn address(&self, host: &str, port: u16, secure: bool) -> Result<SocketAddr, CallError> {
        let mut first = None;
        for at in lookup_host((host, port)).await? {
            first = first.or(Some(at));
            if self.allowed.lists(at.ip()) || secure && self.allowed.permits(at.ip()) {
                return Ok(at);
            }
        }
        Err(match first {
            None => CallError::Unknown(host.to_owned()),
            Some(at) if self.allowed.permits(at.ip()) => CallError::Plain(host.to_owned()),
            Some(at) => CallError::Private {
                host: host.to_owned(),
                at,
            },
        })
    }
}

fn authorities(path: &Path) -> Result<rustls::RootCertStore, CallerError> {
    let wrong = |why: String| CallerError::Authorities {
        path: path.to_owned(),
        why,
    };
    let pem = std::fs::read(path).map_err(|why| wrong(format!("it cannot be read: {why}")))?;
    hotspan_access::trusted(&pem).map_err(wrong)
}

/// One request on one connection, which ends with its status.
async fn send(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<(), CallError> {
    let (mut sender, connection) = handshake(TokioIo::new(io)).await?;
    let mut answer = pin!(sender.send_request(request));
    let answer = tokio::select! {
        answer = &mut answer => answer?,
        // Whoever answers may close at once: the answer is there all the same.
        _ = connection => answer.await?,
    };
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(CallError::Status(status)),
    }
}

/// `sha256=` and the HMAC of a body in hex.
fn signature(secret: &Secret, body: &[u8]) -> Option<String> {
    let secret = secret.expose();
    if secret.is_empty() {
        return None;
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, body);
    let digits = tag.as_ref().iter().map(|byte| format!("{byte:02x}"));
    Some(format!("sha256={}", digits.collect::<String>()))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[test]
    fn a_signature_is_that_of_rfc_4231() {
        let secret = Secret::new("Jefe");
        let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(
            signature(&secret, b"what do ya want for nothing?").as_deref(),
            Some(expected)
        );
        assert_eq!(signature(&Secret::default(), b"x"), None);
    }

    #[tokio::test]
    async fn a_redirect_is_a_failure_and_not_followed() {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        let served = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut head = [0; 1_024];
            let read = socket.read(&mut head).await.unwrap();
            let answer =
                "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";
            socket.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&head[..read]).into_owned()
        });
        let answer = post("127.0.0.1", &format!("http://{at}/hook?a=b")).await;
        assert_eq!(answer, "answered with 302 Found");
        let head = served.await.unwrap().to_ascii_lowercase();
        assert!(
            head.starts_with("post /hook?a=b http/1.1") && head.contains(&format!("host: {at}")),
            "{head}"
        );
    }

    async fn post(allowed: &str, url: &str) -> String {
        let caller = Caller::new(Allowed::read(allowed).unwrap(), None).unwrap();
        let posted = caller
            .post(&url.parse().unwrap(), Bytes::new(), &Secret::default())
            .await;
        posted.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn nobody_is_called_at_an_address_that_is_not_public_or_without_tls() {
        let expected = "127.0.0.1 is at 127.0.0.1:443, which is no public address; list it in alerts_allow if that is meant";
        assert_eq!(post("", "https://127.0.0.1/hook").await, expected);
        assert!(
            post("10.0.0.0/8", "http://[::1]:9/")
                .await
                .contains("no public address")
        );
        assert!(
            post("", "http://localhost:9/")
                .await
                .contains("no public address")
        );
        assert!(post("", "http://1.1.1.1/").await.contains("without TLS"));
    }

    /// An https server of its own authority on loopback, which answers one call well. Gives the authority's file.
    async fn https(name: &str) -> (std::net::SocketAddr, PathBuf) {
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        let authority = rcgen::CertifiedIssuer::self_signed(params, key).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let folder = std::env::temp_dir().join(format!("hotspan-hook-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let write = |file: &str, text: &str| {
            std::fs::write(folder.join(file), text).unwrap();
            folder.join(file)
        };
        let settings = hotspan_access::Settings {
            certificate: Some(write("cert.pem", &certificate.pem())),
            key: Some(write("key.pem", &key.serialize_pem())),
            ..hotspan_access::Settings::default()
        };
        let (access, _) = settings.load().unwrap();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((socket, peer)) = listener.accept().await {
                if let Some((mut stream, _)) = access.accept(socket, peer, "hook", LONGEST).await {
                    let mut head = [0; 4_096];
                    assert!(stream.read(&mut head).await.unwrap() > 0);
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                    stream.write_all(answer).await.unwrap();
                    stream.flush().await.unwrap();
                }
            }
        });
        (at, write("ca.pem", &authority.pem()))
    }

    #[tokio::test]
    async fn al4_an_https_receiver_of_an_own_authority_is_called_when_that_is_trusted() {
        let (at, ca) = https("localhost").await;
        let url: Uri = format!("https://localhost:{}/hook", at.port()).parse().unwrap();
        let call = async |ca: Option<&Path>, allowed: &str| {
            let caller = Caller::new(Allowed::read(allowed).unwrap(), ca).unwrap();
            let answer = caller
                .post(&url, Bytes::from_static(b"{}"), &Secret::default())
                .await;
            answer.map_err(|error| error.to_string())
        };
        assert_eq!(call(Some(&ca), "127.0.0.1").await, Ok(()));
        let strange = call(None, "127.0.0.1").await.unwrap_err();
        assert!(strange.contains("UnknownIssuer"), "{strange}");
        // What a name resolves to is judged, not the name.
        let private = call(Some(&ca), "10.0.0.0/8").await.unwrap_err();
        assert!(private.contains("no public address"), "{private}");
        let (other, ca) = https("elsewhere.test").await;
        let url: Uri = format!("https://localhost:{}/hook", other.port())
            .parse()
            .unwrap();
        let caller = Caller::new(Allowed::read("127.0.0.1").unwrap(), Some(&ca)).unwrap();
        let wrong = caller
            .post(&url, Bytes::new(), &Secret::default())
            .await
            .unwrap_err();
        assert!(wrong.to_string().contains("not valid for name"), "{wrong}");
        let nowhere = Caller::new(Allowed::default(), Some(&ca.with_file_name("nowhere.pem")));
        let nowhere = nowhere.map(drop).unwrap_err().to_string();
        assert!(
            nowhere.starts_with("alerts_ca = ") && nowhere.contains("cannot be read"),
            "{nowhere}"
        );
    }
}

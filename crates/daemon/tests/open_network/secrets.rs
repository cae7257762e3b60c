//! No secret in what comes out: logs, the printed configuration, errors, answers, metrics.

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hotspan_access::Token;
use hotspan_daemon::{Config, Daemon, Layers, Origin};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tracing_subscriber::fmt::MakeWriter;

use crate::rig::{Port, Rig, bearer};

/// All that this process logs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

const WEBHOOK: [(&str, &str); 3] = [
    ("webhook_secret", "canary-webhook"),
    ("webhook_url", "https://127.0.0.1:9/canary-hook"),
    ("parameter_key", "000102030405060708090a0bcaca1e00"),
];

/// The log of this process. Every daemon of these tests starts with it: one that is set up while others log may miss
/// kinds of lines for good.
pub(crate) fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let all = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(log.clone());
        all.try_init().expect("nobody else sets up a log here");
        log
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn o8_canaries_are_in_no_log_answer_error_or_print() {
    let log = log();
    let rig = Rig::start("canaries", &WEBHOOK).await;
    let stranger = Token::draw();
    let said = answers(&rig, &stranger).await + &errors(&rig).await;
    let logged = log.text();
    for expected in ["a request was denied", "TLS handshake failed"] {
        assert!(logged.contains(expected), "{logged}");
    }
    for expected in [
        "is not 64 hex digits",
        "no certificate in PEM",
        "webhook_secret is set by flag",
    ] {
        assert!(said.contains(expected), "{said}");
    }
    let key = std::fs::read_to_string(rig.key_path()).expect("the key");
    let middle = key.lines().nth(1).expect("a key has several lines");
    let tokens = [&stranger, &rig.tokens.ingest, &rig.tokens.read, &rig.tokens.admin];
    let canaries = tokens.iter().map(|token| &token.expose()[8..]);
    for canary in canaries.chain(["canary-", "caca1e", "202, 202, 30", "Y2FuYXJ5", middle]) {
        for (what, text) in [("said", &said), ("logged", &logged)] {
            let line = text.lines().find(|line| line.contains(canary));
            assert_eq!(line, None, "{canary} is {what}");
        }
    }
}

/// What is answered to requests that show tokens, right and wrong ones.
async fn answers(rig: &Rig, stranger: &Token) -> String {
    let (mut api, mut otlp) = (rig.http(Port::Api).await, rig.http(Port::OtlpHttp).await);
    let mut said = String::new();
    for value in [
        bearer(stranger),
        bearer(&rig.tokens.ingest),
        bearer(&rig.tokens.read),
        "Bearer canary-header".to_owned(),
        "Basic Y2FuYXJ5OmNhbmFyeQ==".to_owned(),
    ] {
        let headers = [
            ("authorization", value.as_str()),
            ("content-type", "application/json"),
        ];
        for path in [
            "/metrics",
            "/api/v1/status",
            "/readyz",
            "/api/v1/hotspots?limit=x",
            "/nowhere",
        ] {
            said += &api.ask("GET", path, &headers, "").await.text();
        }
        said += &api
            .ask("POST", "/api/v1/hotspots/x/state", &headers, "{")
            .await
            .text();
        said += &otlp.ask("POST", "/v1/traces", &headers, "{").await.text();
    }
    // A token in plain text to a port of TLS.
    let at = rig.daemon.addresses().listen;
    let mut plain = TcpStream::connect(at).await.expect("it listens");
    let asked = format!(
        "GET / HTTP/1.1\r\nauthorization: {}\r\n\r\n",
        bearer(&rig.tokens.admin)
    );
    plain.write_all(asked.as_bytes()).await.expect("it is sent");
    drop(plain.read_to_string(&mut said).await);
    said
}

/// What the configuration prints, and what is said of files with the wrong secrets in them.
async fn errors(rig: &Rig) -> String {
    let mut layers = Layers::default();
    for (key, value) in WEBHOOK {
        layers.set(Origin::Flag, key, value);
    }
    let config = Config::read(&layers).expect("the keys are right");
    let mut said = format!("{} {layers:?} {config:?}", layers.print(&config, true));
    // A token in place of its hash, and a key in place of a certificate.
    let text = "[[token]]\nname = \"a\"\nscopes = [\"read\"]\nsha256 = ";
    rig.write_tokens(&format!("{text}\"{}\"\n", rig.tokens.admin.expose()));
    for keys in [
        &[("tokens_file", rig.tokens_path())][..],
        &[("tls_cert", rig.key_path()), ("tls_key", rig.key_path())],
    ] {
        let mut layers = layers.clone();
        for (key, value) in keys {
            layers.set(Origin::Flag, key, value);
        }
        let config = Config::read(&layers).expect("one by one they are right");
        let wrong = Daemon::start(&config).await.expect_err("the files do not do");
        said += &format!("{wrong} {wrong:?}");
    }
    said
}

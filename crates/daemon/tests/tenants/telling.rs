//! What is told without being asked for: figures, alerts, lines of the log.

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tracing_subscriber::fmt::MakeWriter;

use crate::faults::{SPANS, queries};
use crate::rig::{PATIENCE, Rig, bearer, now};

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_has_figures_of_its_own_and_whoever_looks_after_all_has_their_load() {
    let rig = Rig::start(&[("in_memory", "true"), ("metrics_open", "true")]).await;
    let (acme, bolt) = (&rig.tokens.acme, &rig.tokens.bolt);
    for n in 0..3 {
        rig.send(acme, &queries("acmecanary", n + 1, now())).await;
    }
    rig.send(bolt, &queries("boltcanary", 1, now())).await;
    rig.until_analysed(acme, 3 * SPANS).await;
    rig.until_analysed(bolt, SPANS).await;
    let line = |text: &str, line: &str| assert!(text.lines().any(|found| found == line), "{line}: {text}");

    let own = rig.get(acme, "/metrics").await.text();
    line(&own, &format!("hotspan_spans_received_total {}", 3 * SPANS));
    assert!(
        own.contains("service=\"acmecanary-shop\"") && !own.contains("boltcanary"),
        "{own}"
    );
    assert!(
        !own.contains("hotspan_tenant_"),
        "a tenant sees no other's load: {own}"
    );
    line(&own, "hotspan_connections_total 0");

    let open = rig.ask("GET", "/metrics", &[], "").await.text();
    let shown = [("authorization", &*bearer(&rig.tokens.none))];
    let all = rig.ask("GET", "/metrics", &shown, "").await.text();
    for text in [&open, &all] {
        line(text, "hotspan_spans_received_total 0");
        line(
            text,
            &format!(
                "hotspan_tenant_spans_received_total{{tenant=\"acme\"}} {}",
                3 * SPANS
            ),
        );
        line(
            text,
            &format!("hotspan_tenant_spans_received_total{{tenant=\"bolt\"}} {SPANS}"),
        );
        line(text, "hotspan_tenant_spans_dropped_total{tenant=\"bolt\"} 0");
        assert!(
            !text.contains("canary"),
            "the load of tenants, and no name of theirs: {text}"
        );
        assert!(
            !text.contains("hotspan_connections_total 0\n"),
            "connections are the process's"
        );
    }
    rig.daemon.stop().await;
}

/// A receiver of webhooks: the bodies as they come.
async fn webhook() -> (String, mpsc::UnboundedReceiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/hook", listener.local_addr().expect("bound"));
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (mut text, mut part) = (String::new(), [0; 4_096]);
            let body = loop {
                let read = stream.read(&mut part).await.expect("it sends");
                text += &String::from_utf8_lossy(&part[..read]);
                let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
                match serde_json::from_str(body) {
                    Ok(body) => break body,
                    Err(_) if read > 0 => {}
                    Err(error) => panic!("{error}: {text}"),
                }
            };
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer).await.expect("it reads");
            if sender.send(body).is_err() {
                return;
            }
        }
    });
    (url, receiver)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_says_whose_it_is() {
    let (url, mut heard) = webhook().await;
    let keys = [
        ("in_memory", "true"),
        ("webhook_url", url.as_str()),
        ("alerts_allow", "127.0.0.1"),
        ("alerts_learn", "0"),
        ("critical_services", "*"),
    ];
    let rig = Rig::start(&keys).await;
    let tokens = [&rig.tokens.acme, &rig.tokens.none];
    for n in 0..20 {
        for token in tokens {
            rig.send(token, &queries("both", n + 1, now())).await;
        }
    }
    let mut seen = [false; 2];
    while seen != [true; 2] {
        let body = timeout(PATIENCE, heard.recv())
            .await
            .expect("an alert")
            .expect("an alert");
        let labels: Vec<&Value> = body["alerts"]
            .as_array()
            .expect("alerts")
            .iter()
            .map(|alert| &alert["labels"])
            .collect();
        match body["groupLabels"]["tenant"].as_str() {
            Some(tenant) => {
                assert_eq!(tenant, "acme", "{body}");
                assert!(labels.iter().all(|labels| labels["tenant"] == "acme"), "{body}");
                seen[0] = true;
            }
            None => {
                assert!(labels.iter().all(|labels| labels["tenant"].is_null()), "{body}");
                seen[1] = true;
            }
        }
    }
    rig.daemon.stop().await;
}

/// All that this process logs.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

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

/// The log of this process. Every daemon of these tests starts with it: one that is set up while others log may miss
/// kinds of lines for good.
pub(crate) fn log() -> &'static Mutex<Vec<u8>> {
    static LOG: OnceLock<Log> = OnceLock::new();
    let log = LOG.get_or_init(|| {
        let log = Log::default();
        let lines = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(log.clone());
        lines.try_init().expect("nobody else sets up a log here");
        log
    });
    &log.0
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_a_tenant_name_it() {
    let rig = Rig::start(&[("data_dir", "FOLDER/data")]).await;
    std::fs::create_dir(rig.path("data/tenants/gone")).expect("there is room");
    let rig = rig.restart().await;
    rig.daemon.stop().await;
    let text = {
        let bytes = log().lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    };
    for said in ["memory, in bytes", "the store is read"] {
        for tenant in ["acme", "bolt"] {
            let named = format!("of{{tenant={tenant}}}");
            let is_there = text
                .lines()
                .any(|line| line.contains(&named) && line.contains(said));
            assert!(is_there, "{said} of {tenant}: {text}");
        }
    }
    let strangers = text
        .lines()
        .find(|line| line.contains("tenants that are no more"));
    assert!(strangers.is_some_and(|line| line.contains("gone")), "{text}");
}

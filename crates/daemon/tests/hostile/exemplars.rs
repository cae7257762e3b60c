//! What is kept of exemplars.

use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::Value;
use tokio::time::{interval, timeout};

use crate::message::{START, child, request, span, text};
use crate::rig::Rig;
use crate::sizes::{gzip, zstd};

/// Longest wait for what takes about a second.
const PATIENCE: Duration = Duration::from_secs(60);
const MILLISECOND: u64 = 1_000_000;

/// A root that asks for one row after the other: a fault, so the trace becomes an exemplar.
fn trace(id: u128) -> Vec<Span> {
    let root = Span {
        end_time_unix_nano: START + 62 * MILLISECOND,
        attributes: vec![text("shop.customer", "planted")],
        ..span(id, 1)
    };
    let query = |n: u64| Span {
        name: "SELECT stock".into(),
        kind: 3,
        start_time_unix_nano: START + n * 5 * MILLISECOND,
        end_time_unix_nano: START + (n * 5 + 4) * MILLISECOND,
        attributes: vec![
            text("db.system.name", "postgresql"),
            text(
                "db.query.text",
                &format!("SELECT stock FROM items WHERE id = 'planted-{n}'"),
            ),
        ],
        ..child(id, n + 1, 1)
    };
    [root].into_iter().chain((1..=11).map(query)).collect()
}

/// The trace as the API shows it, once its attributes are there: they are looked up within a second of its becoming an
/// exemplar.
async fn with_attributes(rig: &Rig, id: u128) -> Value {
    let mut last = Value::Null;
    let seen = timeout(PATIENCE, async {
        let mut pace = interval(Duration::from_millis(20));
        loop {
            pace.tick().await;
            last = rig.get(&format!("/api/v1/traces/{id:032x}")).await.json();
            let root = last["spans"][0]["attributes"].as_object();
            if root.is_some_and(|attributes| !attributes.is_empty()) {
                return;
            }
        }
    });
    assert!(seen.await.is_ok(), "no attributes: {last}");
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn x20_exemplars_show_every_key_in_every_coding_and_no_secret() {
    let mut rig = Rig::start().await;
    let mut ids = Vec::new();
    for coding in [None, Some("gzip"), Some("zstd")] {
        let id = rig.trace();
        let message = request("shop", trace(id)).encode_to_vec();
        let packed = match coding {
            Some("gzip") => gzip(&message),
            Some(_) => zstd(&message),
            None => message,
        };
        assert_eq!(rig.export(coding, &packed).await.code(), 0, "{coding:?}");
        ids.push(id);
    }
    for id in ids {
        let shown = with_attributes(&rig, id).await;
        let spans = shown["spans"].as_array().unwrap();
        assert_eq!(spans.len(), 12, "{shown}");
        let text = shown.to_string();
        for key in ["shop.customer", "db.system.name", "db.query.text"] {
            assert!(text.contains(key), "{key}: {shown}");
        }
        assert!(!text.contains("planted"), "{shown}");
    }
    rig.daemon.stop().await;
}

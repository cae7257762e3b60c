//! How answers come: compressed, tagged, as rows, as data.

use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{get, get_with};
use crate::world::{HOSTILE, World};

#[tokio::test]
async fn answers_are_compressed_for_those_who_ask_and_kept_by_nobody_when_asked_with_credentials() {
    let at = World::start().await;
    let plain = get(at, "/api/v1/hotspots").await;
    let mut socket = TcpStream::connect(at).await.unwrap();
    let request = "GET /api/v1/hotspots HTTP/1.0\r\nhost: x\r\naccept-encoding: gzip\r\nauthorization: Bearer x\r\n\r\n";
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).await.unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert!(head.contains("cache-control: no-store"), "{head}");
    assert!(head.contains("vary: accept-encoding"), "{head}");
    let mut inflated = String::new();
    GzDecoder::new(&bytes[end + 4..])
        .read_to_string(&mut inflated)
        .unwrap();
    assert_eq!(inflated, plain.body);
    assert!(bytes.len() * 4 < plain.body.len());
}

#[tokio::test]
async fn a_snapshot_that_is_known_is_not_sent_again() {
    let at = World::start().await;
    for path in [
        "hotspots",
        "services",
        "status",
        "traces",
        "operations?format=csv",
    ] {
        let path = format!("/api/v1/{path}");
        let first = get(at, &path).await;
        let tag = first.header("etag").to_owned();
        assert!(
            tag.ends_with("-2a.acme\""),
            "{tag}: the tags of two tenants differ"
        );
        let again = get_with(at, &path, &format!("if-none-match: \"old\", W/{tag}\r\n")).await;
        assert_eq!(
            (again.status, again.body.as_str(), again.header("etag")),
            (304, "", tag.as_str())
        );
        assert_eq!(
            get_with(at, &path, "if-none-match: \"old\"\r\n").await.body,
            first.body
        );
    }
    // A question that makes no sense is refused, whatever the client knows.
    assert_eq!(
        get_with(at, "/api/v1/hotspots?x=1", "if-none-match: *\r\n")
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn rows_come_as_csv_and_as_json_lines() {
    let at = World::start().await;
    let reply = get(at, "/api/v1/hotspots?format=csv&limit=8").await;
    assert_eq!(reply.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(reply.header("x-total-count"), "100");
    assert!(!reply.header("x-next-cursor").is_empty());
    let lines: Vec<&str> = reply.body.split("\r\n").collect();
    assert_eq!(lines.len(), 10);
    let start = "id,detector,break,title,service,operation,entry,entries,anchor_service,anchor_operation,callee_class,";
    assert!(lines[0].starts_with(start), "{}", lines[0]);
    assert!(lines[0].ends_with(",first_seen,last_seen,trend_minute,trend_hour,links"));
    assert!(
        lines[1].contains(",GET /entry,2,cart,anchor op,db,postgresql,"),
        "{}",
        lines[1]
    );
    assert!(
        lines[7].contains(",\"'=cmd|'/c calc'!A0,\"\"<script>alert(1)</script>\"\"[2J  x: y\","),
        "{}",
        lines[7]
    );
    let empty = get(at, "/api/v1/hotspots?format=csv&service=nobody").await;
    assert_eq!(empty.body, format!("{}\r\n", lines[0]));

    let lines = get(at, "/api/v1/hotspots?format=jsonl&limit=2").await;
    assert_eq!(lines.header("content-type"), "application/x-ndjson");
    let rows: Vec<Value> = lines
        .body
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let page = get(at, "/api/v1/hotspots?limit=2").await.json();
    assert_eq!(json!(rows), page["hotspots"]);

    let flat = get(at, "/api/v1/operations?flat=true&limit=1").await;
    assert_eq!(flat.header("x-total-count"), "3");
    assert_eq!(flat.json()[0]["critical_path_ns_self"], 1);
    assert_eq!(flat.json()[0]["latency_ns_p99"], 10);
}

#[tokio::test]
async fn texts_of_spans_are_data() {
    let at = World::start().await;
    for path in [
        "hotspots?limit=1000",
        "services",
        "traces/1",
        "hotspots?format=jsonl",
        "services?format=csv",
    ] {
        let reply = get(at, &format!("/api/v1/{path}")).await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert!(!reply.body.contains(HOSTILE), "{path}");
        for hidden in [
            "\u{0}", "\\u0000", "\u{1b}", "\\u001b", "\u{202e}", "\\u202e", "\\r",
        ] {
            assert!(!reply.body.contains(hidden), "{hidden:?} in {path}");
        }
    }
}

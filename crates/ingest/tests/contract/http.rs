//! OTLP/HTTP, rows H and S of the receiver's contract.

use bytes::Bytes;
use hotspan_ingest::{MIB, OtherSignals, Settings};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use serde_json::Value;
use tokio::io::AsyncWriteExt;

use crate::support::{
    Grpc, Reply, Rig, gzip, http1, message_of, raw, request, span, spans, stream, tight, zstd,
};

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json");

/// Two spans as an exporter for browsers writes them.
const DOCUMENT: &str = r#"{"resourceSpans":[{"resource":{"attributes":[
    {"key":"service.name","value":{"stringValue":"web"}}]},"scopeSpans":[{"spans":[
    {"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174","name":"load","kind":1,
     "startTimeUnixNano":"1544712660000000000","endTimeUnixNano":1544712661000000000},
    {"traceId":"5b8efff798038103d269b633813fc60c","spanId":"EEE19B7EC3C1B175","parentSpanId":"EEE19B7EC3C1B174",
     "name":"fetch","kind":"SPAN_KIND_CLIENT","startTimeUnixNano":"1544712660000000001"}]}]}]}"#;

fn status_json(reply: &Reply) -> Value {
    assert_eq!(reply.get("content-type"), Some("application/json"));
    let status: Value = serde_json::from_slice(&reply.body).unwrap();
    assert!(
        status["message"]
            .as_str()
            .is_some_and(|message| !message.is_empty())
    );
    status
}

#[tokio::test(flavor = "multi_thread")]
async fn h01_protobuf_and_json_are_taken_whatever_the_parameters() {
    let rig = Rig::start().await;
    let message = request(spans(2)).encode_to_vec();
    for (kind, body) in [
        ("application/x-protobuf", message.clone()),
        ("application/x-protobuf; charset=utf-8", message),
        ("application/json", DOCUMENT.into()),
        ("Application/JSON;charset=UTF-8", DOCUMENT.into()),
    ] {
        let reply = rig.post(&[("content-type", kind)], body).await;
        assert_eq!(reply.http, 200, "{kind}: {:?}", reply.body);
        assert_eq!(rig.take().records.len(), 2, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h02_the_reply_is_in_the_encoding_of_the_request() {
    let rig = Rig::start().await;
    let reply = rig.post(&[PROTOBUF], request(spans(2)).encode_to_vec()).await;
    assert_eq!(
        (reply.get("content-type"), &reply.body[..]),
        (Some(PROTOBUF.1), &b""[..])
    );
    let reply = rig.post(&[JSON], DOCUMENT).await;
    assert_eq!(
        (reply.get("content-type"), &reply.body[..]),
        (Some(JSON.1), &b"{}"[..])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn c04_partial_success_in_both_encodings() {
    let rig = Rig::start().await;
    let mut bad = spans(3);
    bad[1].trace_id.clear();
    let reply = rig.post(&[PROTOBUF], request(bad).encode_to_vec()).await;
    let partial = ExportTraceServiceResponse::decode(reply.body)
        .unwrap()
        .partial_success;
    assert_eq!(partial.unwrap().rejected_spans, 1);
    let reply = rig
        .post(&[JSON], DOCUMENT.replace("EEE19B7EC3C1B175", "abc"))
        .await;
    let json: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(json["partialSuccess"]["rejectedSpans"], "1");
    assert_eq!(rig.take().received(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn h03_gzip_zstd_and_identity_are_read() {
    let rig = Rig::start().await;
    let message = request(spans(20)).encode_to_vec();
    for (coding, body) in [
        ("gzip", gzip(&message)),
        ("GZIP", gzip(&message)),
        ("zstd", zstd(&message)),
        ("identity", message.clone()),
        ("", message.clone()),
    ] {
        let reply = rig.post(&[PROTOBUF, ("content-encoding", coding)], body).await;
        assert_eq!(reply.http, 200, "{coding}");
        assert_eq!(rig.take().records.len(), 20, "{coding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h04_the_message_limit_is_413() {
    let rig = Rig::with(tight(), 8).await;
    let limit = 4 << 20;
    for len in [limit - 1, limit, limit + 1] {
        let expected = if len > limit { 413 } else { 200 };
        let plain = rig.post(&[PROTOBUF], message_of(len)).await;
        assert_eq!(plain.http, expected, "{len}");
        rig.take();
    }
    assert_eq!(rig.core.budget().used(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn h04_bodies_beyond_the_usual_limit_of_frameworks_pass() {
    let rig = Rig::start().await;
    let reply = rig.post(&[PROTOBUF], message_of(5 << 20)).await;
    assert_eq!(reply.http, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn h05_every_refusal_is_a_status_in_the_requests_encoding() {
    let rig = Rig::start().await;
    let json = rig.post(&[JSON], "{").await;
    assert_eq!(
        (json.http.as_u16(), status_json(&json)["code"].as_i64()),
        (400, Some(3))
    );
    let unknown = rig.post(&[("content-type", "text/plain")], "x").await;
    assert_eq!(
        (unknown.http.as_u16(), status_json(&unknown)["code"].as_i64()),
        (415, Some(12))
    );
    let protobuf = rig.post(&[PROTOBUF], "\x0a\x05").await;
    assert_eq!(
        (protobuf.http.as_u16(), protobuf.get("content-type")),
        (400, Some(PROTOBUF.1))
    );
    // Field 1 is the code, field 2 the message.
    assert_eq!(protobuf.body[..3], [0x08, 3, 0x12]);
}

#[tokio::test(flavor = "multi_thread")]
async fn h06_undecodable_is_400_with_the_field() {
    let rig = Rig::start().await;
    let message = request(spans(2)).encode_to_vec();
    for (coding, body) in [
        ("identity", message[..message.len() - 1].to_vec()),
        ("gzip", gzip(&message)[..20].to_vec()),
        ("zstd", b"no zstd at all".to_vec()),
    ] {
        let reply = rig.post(&[PROTOBUF, ("content-encoding", coding)], body).await;
        assert_eq!(reply.http, 400, "{coding}");
        assert!(
            String::from_utf8_lossy(&reply.body).contains("google.rpc.BadRequest"),
            "{coding}"
        );
    }
    let reply = rig.post(&[JSON], "{\"resourceSpans\":").await;
    let status = status_json(&reply);
    assert_eq!(
        status["details"][0]["@type"],
        "type.googleapis.com/google.rpc.BadRequest"
    );
    assert_eq!(rig.take().received(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn h07_overload_is_503_with_retry_after() {
    let rig = Rig::with(Settings::default(), 1).await;
    assert_eq!(rig.post(&[JSON], DOCUMENT).await.http, 200);
    let reply = rig.post(&[JSON], DOCUMENT).await;
    assert_eq!(reply.http, 503);
    let seconds: u64 = reply.get("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&seconds), "{seconds}");
    assert!(
        status_json(&reply)["details"][0]["retryDelay"]
            .as_str()
            .unwrap()
            .ends_with('s')
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn h07_a_slow_body_is_503_and_the_connection_closes() {
    let rig = Rig::with(tight(), 8).await;
    let head =
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    let answer = raw(rig.http, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
    assert!(answer.to_lowercase().contains("retry-after:"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn h08_other_paths_methods_and_types() {
    let rig = Rig::start().await;
    let call = async |method, path, kind| {
        http1(rig.http, method, path, &[("content-type", kind)], Bytes::new()).await
    };
    assert_eq!(call("POST", "/v2/traces", JSON.1).await.http, 404);
    assert_eq!(call("POST", "/v1/traces", "text/html").await.http, 415);
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        let reply = call(method, "/v1/traces", "").await;
        assert_eq!(
            (reply.http.as_u16(), reply.get("allow")),
            (405, Some("POST")),
            "{method}"
        );
    }
    let words = String::from_utf8(call("GET", "/v1/traces", "").await.body.to_vec()).unwrap();
    assert!(
        words.contains("POST") && words.contains("http://127.0.0.1:4319/"),
        "{words}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn h08_an_unknown_coding_gets_the_list() {
    let rig = Rig::start().await;
    for coding in ["br", "gzip, gzip", "deflate"] {
        let reply = rig.post(&[JSON, ("content-encoding", coding)], "{}").await;
        assert_eq!(reply.http, 415, "{coding}");
        assert_eq!(
            reply.get("accept-encoding"),
            Some("gzip, zstd, identity"),
            "{coding}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h09_http2_without_tls_and_keep_alive() {
    let rig = Rig::start().await;
    let client = Grpc::connect(rig.http, 1).await;
    for _ in 0..3 {
        let reply = client.call("/v1/traces", &[JSON], DOCUMENT).await;
        assert_eq!((reply.http.as_u16(), &reply.body[..]), (200, &b"{}"[..]));
    }
    let one = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        DOCUMENT.len()
    );
    let twice = format!("{one}\r\n{DOCUMENT}{one}connection: close\r\n\r\n{DOCUMENT}");
    let answer = raw(rig.http, twice.as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
    assert_eq!(rig.take().records.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn h09_headers_that_do_not_end_are_cut_off() {
    let rig = Rig::with(tight(), 8).await;
    for start in ["", "P", "POST /v1/traces HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        assert_eq!(raw(rig.http, start.as_bytes()).await, "", "{start}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h10_other_signals_are_discarded_or_absent() {
    let paths = ["/v1/logs", "/v1/metrics", "/v1development/profiles"];
    let rig = Rig::start().await;
    for path in paths {
        let first = http1(rig.http, "POST", path, &[JSON], "{}".into()).await;
        assert_eq!(first.http, 200, "{path}");
        let json: Value = serde_json::from_slice(&first.body).unwrap();
        assert!(
            json["partialSuccess"]["errorMessage"]
                .as_str()
                .unwrap()
                .contains("discarded"),
            "{path}"
        );
        let second = http1(rig.http, "POST", path, &[JSON], "{}".into()).await;
        assert_eq!(&second.body[..], b"{}", "{path}");
    }
    let settings = Settings {
        other_signals: OtherSignals::Refuse,
        ..Settings::default()
    };
    let rig = Rig::with(settings, 8).await;
    for path in paths {
        assert_eq!(
            http1(rig.http, "POST", path, &[JSON], "{}".into()).await.http,
            404,
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h03_a_body_of_unknown_length_is_read_under_the_same_limit() {
    let rig = Rig::with(tight(), 8).await;
    let head = "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n\
                transfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    for (len, status) in [(100_000, 200), (4 << 20, 200), ((4 << 20) + 1, 413)] {
        let message = message_of(len);
        let mut stream = stream(rig.http, 1).await;
        stream.write_all(head.as_bytes()).await.unwrap();
        for chunk in message.chunks(50_000) {
            let head = format!("{:x}\r\n", chunk.len());
            let whole = [head.as_bytes(), chunk, b"\r\n"].concat();
            if stream.write_all(&whole).await.is_err() {
                break;
            }
        }
        // The refused sender may find its connection closed before it ends.
        drop(stream.write_all(b"0\r\n\r\n").await);
        let mut answer = Vec::new();
        drop(tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer).await);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{len} {answer}"
        );
        rig.take();
    }
    assert_eq!(rig.core.budget().used(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn s11_a_draining_receiver_says_503_and_closes() {
    let rig = Rig::with(tight(), 8).await;
    let mut stream = stream(rig.http, 1).await;
    let head =
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    // The request has begun once it holds its lease.
    while rig.core.budget().used() == 0 {
        tokio::task::yield_now().await;
    }
    rig.core.drain();
    stream.write_all(b"{}").await.unwrap();
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer)
        .await
        .unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 "),
        "a running request ends in peace: {answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a06_a_slow_body_makes_room_while_others_are_refused() {
    let settings = Settings {
        request_time_max: std::time::Duration::from_secs(60),
        ..tight()
    };
    let rig = Rig::with(settings, 64).await;
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        4 * MIB
    );
    let slow: Vec<_> = (2..5)
        .map(|peer| {
            let (address, head) = (rig.http, head.clone());
            tokio::spawn(async move {
                let mut stream = stream(address, peer).await;
                stream.write_all(head.as_bytes()).await.unwrap();
                let mut answer = Vec::new();
                drop(tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer).await);
                String::from_utf8_lossy(&answer).into_owned()
            })
        })
        .collect();
    while rig.core.budget().used() < 12 * MIB {
        tokio::task::yield_now().await;
    }
    let large = message_of(2 << 20);
    assert_eq!(rig.post(&[PROTOBUF], large.clone()).await.http, 503);
    for answer in slow {
        assert!(answer.await.unwrap().starts_with("HTTP/1.1 503 "));
    }
    assert_eq!(rig.post(&[PROTOBUF], large).await.http, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn j10_both_encodings_of_one_request_give_the_same_spans() {
    let rig = Rig::start().await;
    let request = request(vec![span(7, 1), span(7, 2), span(8, 3)]);
    rig.post(&[PROTOBUF], request.encode_to_vec()).await;
    let protobuf = rig.take();
    rig.post(&[JSON], serde_json::to_vec(&request).unwrap()).await;
    assert_eq!(rig.take(), protobuf);
    assert_eq!(protobuf.records.len(), 3);
}

//! The hostile catalogue over sockets. After each row a well-behaved client has its request accepted.

use std::time::Duration;

use hotspan_ingest::{Coding, RawReader, Settings};
use hotspan_model::{Lookup, OVERFLOW};
use hotspan_otlp::Encoding;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::catalogue::http2::{announcement, floods, frame, hello, next_frame};
use crate::catalogue::messages::{self, Hostile};
use crate::support::{
    EXPORT, Grpc, Rig, flagged, framed, gzip, message_of, raw, request, span, spans, stream, text, tight,
    zstd,
};

async fn send_all(rig: &Rig, all: impl IntoIterator<Item = Hostile>) {
    let (attacker, good) = (Grpc::connect(rig.grpc, 2).await, rig.grpc().await);
    for hostile in all {
        let reply = attacker.call(EXPORT, &[], framed(&hostile.message)).await;
        assert_eq!(
            reply.code(),
            0,
            "{}: {:?}",
            hostile.name,
            reply.get("grpc-message")
        );
        let taken = rig.take();
        let kept = taken.records.len() as u64;
        assert_eq!(
            (kept, taken.received() - kept),
            (hostile.kept, hostile.refused),
            "{}",
            hostile.name
        );
        assert_eq!(
            good.export(&request(spans(1))).await.code(),
            0,
            "{}",
            hostile.name
        );
        assert_eq!(rig.take().records.len(), 1, "{}", hostile.name);
    }
    assert_eq!(rig.core.budget().used(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn x01_wrong_ids_cost_their_span() {
    send_all(&Rig::start().await, messages::ids()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x02_x03_x06_copies_cycles_and_chains_are_spans_like_others() {
    send_all(&Rig::start().await, messages::shapes()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x04_any_time_is_accepted() {
    send_all(&Rig::start().await, messages::times()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x05_one_trace_goes_to_one_shard() {
    let rig = Rig::start().await;
    let all = (1..=100_000).map(|n| span(7, n)).collect();
    assert_eq!(rig.grpc().await.export(&request(all)).await.code(), 0);
    let taken = rig.take();
    assert_eq!((taken.records.len(), taken.messages), (100_000, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn x08_too_much_of_anything_costs_no_span() {
    send_all(&Rig::start().await, messages::excess()).await;
}

/// Everything below runs on threads with 256 KiB of stack.
#[test]
fn x09_nesting_does_not_grow_the_stack() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(256 << 10)
        .enable_all()
        .build()
        .unwrap();
    let test = async {
        let rig = Rig::start().await;
        let depths = [10, 63, 64, 65, 100, 100_000];
        send_all(&rig, depths.map(messages::nested)).await;
        for depth in [10, 63, 64, 65, 100, 100_000] {
            let (open, close) = (r#"{"arrayValue":{"values":["#.repeat(depth), "]}}".repeat(depth));
            let value = format!("{open}{{\"intValue\":1}}{close}");
            let document = format!(
                r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"{:032x}","spanId":"{:016x}",
                "attributes":[{{"key":"deep","value":{value}}}]}}]}}]}}]}}"#,
                7, 8
            );
            let reply = rig.post(&[("content-type", "application/json")], document).await;
            assert_eq!(reply.http, 200, "{depth} {:?}", reply.body);
            assert_eq!(rig.take().records.len(), 1, "{depth}");
        }
    };
    runtime.block_on(async { tokio::spawn(test).await }).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn x10_names_beyond_the_cap_share_one_and_the_first_keep_theirs() {
    let rig = Rig::start().await;
    let client = rig.grpc().await;
    let named = |n: u64| Span {
        attributes: vec![
            text("http.request.method", "GET"),
            text("http.route", &format!("/{}", word(n))),
        ],
        ..span(u128::from(n), n)
    };
    for part in 0..12 {
        let all = (1..=100).map(|n| named(part * 100 + n)).collect();
        assert_eq!(client.export(&request(all)).await.code(), 0);
    }
    let operations: Vec<_> = rig
        .take()
        .records
        .iter()
        .map(|record| record.span.operation)
        .collect();
    let beyond = operations
        .iter()
        .filter(|&&symbol| rig.dictionary.text(symbol) == OVERFLOW)
        .count();
    assert_eq!((operations.len(), beyond), (1_200, 200));
    assert_eq!(client.export(&request(vec![named(1)])).await.code(), 0);
    let again = rig.take().records[0].span.operation;
    assert!(rig.dictionary.text(again).contains(&word(1)));
}

/// Letters only, so that no masking of numbers makes two of them one.
fn word(n: u64) -> String {
    let letter = |place: u32| char::from(b'a' + (n / 26u64.pow(place) % 26) as u8);
    (0..4).map(letter).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn x11_ids_with_equal_bits_still_spread_over_the_shards() {
    let rig = Rig::start().await;
    for shift in [0, 32, 64, 100] {
        let mut counts = [0; 3];
        for n in 1..=3_000u128 {
            let id = hotspan_model::TraceId::new(n << shift).unwrap();
            counts[rig.core.shard_of(id)] += 1;
        }
        assert!(
            counts.iter().all(|count| (850..1_150).contains(count)),
            "{shift} {counts:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn x12_bytes_that_are_no_text_cost_no_span() {
    let all = [
        &b"\xff"[..],
        b"\x80",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"ok\xff\xfe",
        b"\0",
    ];
    send_all(&Rig::start().await, all.map(messages::strings)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x12_every_prefix_and_every_flipped_bit_is_answered() {
    let rig = Rig::start().await;
    let client = rig.grpc().await;
    let message = request(spans(2)).encode_to_vec();
    for len in 0..message.len() {
        let code = client.call(EXPORT, &[], framed(&message[..len])).await.code();
        assert!(matches!(code, 0 | 3), "{len} {code}");
        assert!(code == 0 || rig.take().received() == 0, "{len}");
        rig.take();
    }
    for bit in 0..message.len() * 8 {
        let mut flipped = message.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let code = client.call(EXPORT, &[], framed(&flipped)).await.code();
        assert!(matches!(code, 0 | 3), "{bit} {code}");
        rig.take();
    }
    let fault = hotspan_ingest::Refusal::NAMES
        .iter()
        .position(|name| *name == "fault")
        .unwrap();
    let faults = &rig.core.counters().requests_refused[0][fault];
    assert_eq!(faults.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn x13_the_smallest_things_by_the_million() {
    send_all(&Rig::start().await, messages::tiny()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x14_bombs_are_refused_and_nested_ones_are_undecodable() {
    let rig = Rig::start().await;
    let client = rig.grpc().await;
    let bomb = vec![0; 100 << 20];
    let call = async |coding, packed: &[u8]| {
        client
            .call(EXPORT, &[("grpc-encoding", coding)], flagged(1, packed))
            .await
            .code()
    };
    assert_eq!(call("gzip", &gzip(&bomb)).await, 8);
    assert_eq!(call("zstd", &zstd(&bomb)).await, 8);
    assert_eq!(call("gzip", &gzip(&gzip(&message_of(500)))).await, 3);
    assert_eq!(call("gzip", &zstd(&message_of(500))).await, 3);
    let halves = message_of(5_000);
    let members = [gzip(&halves[..2_000]), gzip(&halves[2_000..])].concat();
    assert_eq!(call("gzip", &members).await, 0);
    assert_eq!(rig.take().received(), 1);
    assert_eq!(rig.core.budget().used(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn x15_idle_connections_are_counted_cut_and_keep_nobody_out() {
    let settings = Settings {
        connections_per_peer_max: 5,
        connections_max: 12,
        ..tight()
    };
    let rig = Rig::with(settings, 64).await;
    let mut idle = Vec::new();
    for peer in 2..4 {
        for _ in 0..8 {
            idle.push(stream(rig.grpc, peer).await);
        }
    }
    // Two peers have five each; the good one is the eleventh.
    let good = rig.grpc().await;
    assert_eq!(good.export(&request(spans(1))).await.code(), 0);
    let refused = &rig.core.counters().connections_refused;
    assert_eq!(refused.load(std::sync::atomic::Ordering::Relaxed), 6);
    for mut stream in idle {
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer).await);
        assert!(answer.is_empty());
    }
    assert_eq!(good.export(&request(spans(1))).await.code(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn x16_floods_of_http2_end_their_own_connection_only() {
    let rig = Rig::with(
        Settings {
            idle_max: Duration::from_millis(300),
            ..tight()
        },
        64,
    )
    .await;
    for (name, flood) in floods() {
        let mut stream = stream(rig.grpc, 2).await;
        let (mut read, mut write) = stream.split();
        let hello = if name == "garbage" { Vec::new() } else { hello() };
        let attack = async {
            // The server may hang up at any point of it.
            let sent = write.write_all(&[hello, flood].concat()).await;
            drop(sent);
        };
        let mut answer = Vec::new();
        let listen = async { drop(read.read_to_end(&mut answer).await) };
        tokio::join!(attack, listen);
        let reply = rig.grpc().await.export(&request(spans(1))).await;
        assert_eq!(reply.code(), 0, "{name}");
        rig.take();
    }
    assert_eq!(rig.core.budget().used(), 0);
}

/// What is still under way when a call is refused is no fault of the sender's, however often that happens.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_outlives_bodies_that_come_after_their_refusal() {
    const REPLY: u8 = 1;
    const PING: u8 = 6;
    const GO_AWAY: u8 = 7;
    const END_STREAM: u8 = 1;
    let rig = Rig::with(tight(), 64).await;
    let mut connection = stream(rig.grpc, 2).await;
    connection.write_all(&hello()).await.unwrap();
    for batch in 0..30 {
        let streams = || (0..50).map(move |n| 2 * (50 * batch + n) + 1);
        let calls = streams().flat_map(|stream| announcement(stream, EXPORT, (4 << 20) + 1));
        connection.write_all(&calls.collect::<Vec<u8>>()).await.unwrap();
        let mut refused = 0;
        while refused < streams().len() {
            let (kind, _) = next_frame(&mut connection).await.unwrap();
            assert_ne!(kind, GO_AWAY, "batch {batch}");
            refused += usize::from(kind == REPLY);
        }
        let late = streams().flat_map(|stream| frame(0, END_STREAM, stream, b"x"));
        connection.write_all(&late.collect::<Vec<u8>>()).await.unwrap();
    }
    connection
        .write_all(&frame(PING, 0, 0, b"are you?"))
        .await
        .unwrap();
    loop {
        match next_frame(&mut connection).await.unwrap().0 {
            PING => break,
            kind => assert_ne!(kind, GO_AWAY),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn x17_odd_http1_is_answered_or_closed() {
    let rig = Rig::with(tight(), 64).await;
    let json = "content-type: application/json\r\n";
    let many = "x-many: y\r\n".repeat(100_000);
    for (name, request, expected) in [
        (
            "content-length and chunked",
            format!(
                "POST /v1/traces HTTP/1.1\r\nhost: x\r\n{json}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
            ),
            None,
        ),
        (
            "two content-lengths",
            format!(
                "POST /v1/traces HTTP/1.1\r\nhost: x\r\n{json}content-length: 2\r\ncontent-length: 3\r\n\r\n{{}}"
            ),
            Some("400"),
        ),
        (
            "HTTP/1.0",
            format!("POST /v1/traces HTTP/1.0\r\n{json}content-length: 2\r\n\r\n{{}}"),
            Some("200"),
        ),
        (
            "absolute form",
            format!(
                "POST http://x/v1/traces HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{json}content-length: 2\r\n\r\n{{}}"
            ),
            Some("200"),
        ),
        (
            "a megabyte of headers",
            format!("POST /v1/traces HTTP/1.1\r\nhost: x\r\n{many}\r\n"),
            None,
        ),
        (
            "a bad chunk",
            format!(
                "POST /v1/traces HTTP/1.1\r\nhost: x\r\n{json}transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n"
            ),
            None,
        ),
        ("no HTTP", "hello\r\n\r\n".into(), Some("400")),
    ] {
        let answer = raw(rig.http, request.as_bytes()).await;
        let status = answer.split(' ').nth(1);
        assert!(expected.is_none() || status == expected, "{name} {answer}");
        let good = rig.post(&[("content-type", "application/json")], "{}").await;
        assert_eq!(good.http, 200, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn x19_markup_is_stored_as_data() {
    send_all(&Rig::start().await, [messages::markup()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d01_a_request_that_cannot_be_framed_counts_as_nothing() {
    let rig = Rig::start().await;
    let client = rig.grpc().await;
    let good = request(spans(3)).encode_to_vec();
    for damage in [
        &b"\x0a\x7f"[..],
        b"\x00\x00",
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    ] {
        let message = [&good, damage].concat();
        assert_eq!(
            client.call(EXPORT, &[], framed(&message)).await.code(),
            3,
            "{damage:02x?}"
        );
        assert_eq!(rig.take().received(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_bytes_travel_with_the_spans() {
    let rig = Rig::start().await;
    let message = request(vec![span(7, 1)]).encode_to_vec();
    let packed = flagged(1, &gzip(&message));
    rig.grpc()
        .await
        .call(EXPORT, &[("grpc-encoding", "gzip")], packed)
        .await;
    let shard = rig.core.shard_of(hotspan_model::TraceId::new(7).unwrap());
    let handed = rig.inboxes[shard].try_receive().unwrap();
    let raw = handed.raw.clone().unwrap();
    assert_eq!((raw.encoding, raw.coding), (Encoding::Protobuf, Coding::Gzip));
    assert_eq!(RawReader::new(Settings::default()).read(&raw), Some(&message[..]));
    assert!(rig.core.budget().used() > 0, "the shard holds the lease");
    drop(handed);
    assert_eq!(rig.core.budget().used(), 0);
}

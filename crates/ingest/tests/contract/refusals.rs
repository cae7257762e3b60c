//! OTLP/gRPC: what is refused, and how, rows S and A of the receiver's contract.

use std::num::NonZeroU32;

use base64::Engine;
use bytes::Bytes;
use hotspan_ingest::Settings;
use hyper::body::Frame;
use prost::Message;

use crate::support::{
    EXPORT, Grpc, Rig, flagged, framed, gzip, held_body, message_of, request, spans, tight, zstd,
};

const INVALID_ARGUMENT: i32 = 3;
const RESOURCE_EXHAUSTED: i32 = 8;
const UNIMPLEMENTED: i32 = 12;
const UNAVAILABLE: i32 = 14;

#[tokio::test(flavor = "multi_thread")]
async fn s02_broken_compressed_data_is_invalid() {
    let rig = Rig::start().await;
    let client = rig.grpc().await;
    for (coding, packed) in [("gzip", gzip(&message_of(500))), ("zstd", zstd(&message_of(500)))] {
        let cut = flagged(1, &packed[..packed.len() - 1]);
        let reply = client.call(EXPORT, &[("grpc-encoding", coding)], cut).await;
        assert_eq!(reply.code(), INVALID_ARGUMENT, "{coding}");
        assert!(reply.details().contains("BadRequest"), "{coding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s05_a_tenant_over_its_rate_is_told_when_to_come_again() {
    let slow = Settings {
        spans_per_second_max: NonZeroU32::new(1),
        ..Settings::default()
    };
    let rig = Rig::with(slow, 64).await;
    let client = rig.grpc().await;
    let hundred = framed(&request(spans(100)).encode_to_vec());
    assert_eq!(client.call(EXPORT, &[], hundred.clone()).await.code(), 0);
    let reply = client.call(EXPORT, &[], hundred).await;
    assert_eq!(reply.code(), UNAVAILABLE);
    assert!(reply.details().contains("RetryInfo"));
    let reply = rig.post(&[("content-type", "application/json")], "{}").await;
    assert_eq!(reply.http, 429);
    let seconds: u64 = reply.get("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&seconds), "{seconds}");
    assert_eq!(rig.take().received(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn s06_a_body_that_never_ends_is_ended() {
    let rig = Rig::with(tight(), 8).await;
    let (frames, body) = held_body();
    frames
        .send(Ok(Frame::data(Bytes::from_static(b"\0\0\0\x01\0"))))
        .await
        .unwrap();
    let reply = rig.grpc().await.send(EXPORT, &[], body).await.unwrap();
    assert_eq!(reply.code(), UNAVAILABLE);
    assert!(reply.details().contains("RetryInfo"));
    assert_eq!(rig.core.budget().used(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn s07_an_unknown_compression_gets_the_list() {
    let rig = Rig::start().await;
    let reply = rig
        .grpc()
        .await
        .call(EXPORT, &[("grpc-encoding", "br")], flagged(1, b"x"))
        .await;
    assert_eq!(reply.code(), UNIMPLEMENTED);
    assert_eq!(reply.get("grpc-accept-encoding"), Some("identity,gzip,zstd"));
}

#[tokio::test(flavor = "multi_thread")]
async fn s08_what_is_no_grpc_gets_http_415() {
    let rig = Rig::start().await;
    let json = [("content-type", "application/json")];
    assert_eq!(rig.grpc().await.call(EXPORT, &json, "{}").await.http, 415);
    let plain = crate::support::http1(rig.grpc, "POST", "/v1/traces", &json, Bytes::from("{}")).await;
    assert_eq!(plain.http, 415);
    assert!(String::from_utf8_lossy(&plain.body).contains("4318"));
}

#[tokio::test(flavor = "multi_thread")]
async fn s09_a_bad_frame_is_invalid_and_the_connection_lives() {
    let rig = Rig::start().await;
    let client = rig.grpc().await;
    let message = request(spans(1)).encode_to_vec();
    let whole = framed(&message);
    for (what, body) in [
        ("flag 2", flagged(2, &message)),
        ("flag 1 without encoding", flagged(1, &gzip(&message))),
        ("a byte after the message", [&whole[..], b"x"].concat().into()),
        ("two messages", [&whole[..], &whole[..]].concat().into()),
        ("no message", Bytes::new()),
        ("half a header", Bytes::from_static(b"\0\0")),
        ("half a message", whole.slice(..whole.len() - 1)),
    ] {
        let reply = client.call(EXPORT, &[], body).await;
        assert_eq!(reply.code(), INVALID_ARGUMENT, "{what}");
    }
    assert_eq!(rig.take().received(), 0);
    assert_eq!(client.export(&request(spans(1))).await.code(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn s11_a_draining_receiver_refuses_and_closes() {
    let mut rig = Rig::with(tight(), 8).await;
    let client = rig.grpc().await;
    let (frames, body) = held_body();
    let running = tokio::spawn({
        let client = client.clone();
        async move { client.send(EXPORT, &[], body).await }
    });
    let message = framed(&request(spans(2)).encode_to_vec());
    frames.send(Ok(Frame::data(message))).await.unwrap();
    let arrived = async {
        while rig.core.budget().used() == 0 {
            tokio::task::yield_now().await;
        }
    };
    let patience = std::time::Duration::from_secs(30);
    tokio::time::timeout(patience, arrived).await.unwrap();
    assert_eq!(client.export(&request(spans(1))).await.code(), 0);
    rig.core.drain();
    drop(frames);
    // The running call ends in peace, then both servers do.
    assert_eq!(running.await.unwrap().unwrap().code(), 0);
    for server in rig.servers.drain(..) {
        server.await.unwrap();
    }
    assert_eq!(rig.take().records.len(), 3);
    let refused = tokio::net::TcpStream::connect(rig.grpc).await;
    assert!(refused.is_err(), "nobody listens any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn g07_replies_stay_small() {
    let rig = Rig::start().await;
    let path = format!("/{}", "é".repeat(2_000).replace('é', "%C3%A9"));
    let reply = rig.grpc().await.call(&path, &[], framed(b"")).await;
    assert!(reply.get("grpc-message").unwrap().len() <= 3 * 1_024);
}

#[tokio::test(flavor = "multi_thread")]
async fn a01_an_oversize_announcement_is_refused_before_its_body() {
    let rig = Rig::with(tight(), 8).await;
    let (frames, body) = held_body();
    // 4 MiB + 1 are announced and never sent.
    frames
        .send(Ok(Frame::data(Bytes::from_static(b"\0\0\x40\0\x01"))))
        .await
        .unwrap();
    let reply = rig.grpc().await.send(EXPORT, &[], body).await.unwrap();
    assert_eq!(reply.code(), RESOURCE_EXHAUSTED);
    assert_eq!(rig.core.budget().used(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn x15_announcing_much_and_falling_silent_starves_nobody() {
    let settings = Settings {
        request_time_max: std::time::Duration::from_secs(60),
        ..tight()
    };
    let rig = Rig::with(settings, 1_024).await;
    let mut silent = Vec::new();
    // Three peers announce 4 MiB each: three quarters of the budget.
    for peer in 2..5 {
        let client = Grpc::connect(rig.grpc, peer).await;
        let (frames, body) = held_body();
        frames
            .send(Ok(Frame::data(Bytes::from_static(b"\0\0\x40\0\0"))))
            .await
            .unwrap();
        let call = tokio::spawn(async move { client.send(EXPORT, &[], body).await });
        silent.push((frames, call));
    }
    let good = rig.grpc().await;
    for _ in 0..100 {
        assert_eq!(good.export(&request(spans(10))).await.code(), 0);
        rig.take();
    }
    // Whoever wants as much is refused, and from then on the silent ones must make room.
    let large = message_of(4 << 20);
    while good.call(EXPORT, &[], framed(&large)).await.code() != 0 {
        tokio::task::yield_now().await;
    }
    let (_frames, call) = silent.remove(0);
    assert_eq!(call.await.unwrap().unwrap().code(), UNAVAILABLE);
}

#[tokio::test(flavor = "multi_thread")]
async fn details_are_valid_base64_without_padding() {
    let rig = Rig::start().await;
    let reply = rig.grpc().await.call(EXPORT, &[], Bytes::new()).await;
    let details = reply.get("grpc-status-details-bin").unwrap();
    assert!(
        base64::engine::general_purpose::STANDARD_NO_PAD
            .decode(details)
            .is_ok()
    );
}

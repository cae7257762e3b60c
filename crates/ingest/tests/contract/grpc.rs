//! OTLP/gRPC, rows C, G and S of the receiver's contract.

use bytes::Bytes;
use hotspan_ingest::{OtherSignals, Settings};
use http::StatusCode;
use hyper::body::Frame;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;

use crate::support::{
    EXPORT, Grpc, Rig, flagged, framed, gzip, held_body, http1, message_of, request, span, spans, tight, zstd,
};

const INVALID_ARGUMENT: i32 = 3;
const RESOURCE_EXHAUSTED: i32 = 8;
const UNIMPLEMENTED: i32 = 12;
const UNAVAILABLE: i32 = 14;

#[tokio::test(flavor = "multi_thread")]
async fn g01_export_hands_over_every_span() {
    let rig = Rig::start().await;
    let reply = rig.grpc().await.export(&request(spans(50))).await;
    assert_eq!(reply.code(), 0);
    let taken = rig.take();
    assert_eq!((taken.records.len(), taken.messages), (50, 3));
    assert_eq!(rig.core.budget().used(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_port_takes_both_transports_where_nobody_knows_which_comes() {
    let rig = Rig::start().await;
    let message = request(spans(7));
    assert_eq!(Grpc::connect(rig.both, 1).await.export(&message).await.code(), 0);
    let body = Bytes::from(message.encode_to_vec());
    let headers = [("content-type", "application/x-protobuf")];
    let reply = http1(rig.both, "POST", "/v1/traces", &headers, body).await;
    assert_eq!(reply.http, StatusCode::OK);
    assert_eq!(rig.take().records.len(), 14);
}

#[tokio::test(flavor = "multi_thread")]
async fn g01_an_unknown_method_is_unimplemented() {
    let rig = Rig::start().await;
    let client = rig.grpc().await;
    for path in [
        "/x.Y/Export",
        "/opentelemetry.proto.collector.trace.v1.TraceService/Import",
        "/",
    ] {
        assert_eq!(
            client.call(path, &[], framed(b"")).await.code(),
            UNIMPLEMENTED,
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_client_exports_with_and_without_compression() {
    let rig = Rig::start().await;
    let channel = tonic::transport::Endpoint::from_shared(format!("http://{}", rig.grpc)).unwrap();
    let channel = channel.connect().await.unwrap();
    for coding in [
        None,
        Some(tonic::codec::CompressionEncoding::Gzip),
        Some(tonic::codec::CompressionEncoding::Zstd),
    ] {
        let mut client = tonic::client::Grpc::new(channel.clone());
        if let Some(coding) = coding {
            client = client.send_compressed(coding);
        }
        client.ready().await.unwrap();
        let codec =
            tonic_prost::ProstCodec::<ExportTraceServiceRequest, ExportTraceServiceResponse>::default();
        let path = http::uri::PathAndQuery::from_static(EXPORT);
        let reply = client
            .unary(tonic::Request::new(request(spans(20))), path, codec)
            .await;
        assert_eq!(reply.unwrap().into_inner().partial_success, None, "{coding:?}");
        assert_eq!(rig.take().records.len(), 20, "{coding:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c01_gzip_zstd_and_identity_are_read() {
    let rig = Rig::start().await;
    let client = rig.grpc().await;
    let message = request(spans(20)).encode_to_vec();
    for (coding, body) in [
        ("gzip", flagged(1, &gzip(&message))),
        ("zstd", flagged(1, &zstd(&message))),
        ("identity", framed(&message)),
        ("gzip", framed(&message)),
    ] {
        let reply = client.call(EXPORT, &[("grpc-encoding", coding)], body).await;
        assert_eq!(reply.code(), 0, "{coding}");
        assert_eq!(rig.take().records.len(), 20, "{coding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c02_an_empty_request_succeeds() {
    let rig = Rig::start().await;
    let client = rig.grpc().await;
    for message in [&b""[..], b"\x0a\x00", b"\x0a\x02\x12\x00"] {
        assert_eq!(client.call(EXPORT, &[], framed(message)).await.code(), 0);
    }
    assert_eq!(rig.take().received(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn c03_full_success_is_an_empty_message() {
    let rig = Rig::start().await;
    let reply = rig.grpc().await.export(&request(spans(3))).await;
    assert_eq!((reply.code(), reply.message()), (0, &b""[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn c04_refused_spans_are_counted_exactly() {
    let rig = Rig::start().await;
    let mut all = spans(5);
    all[0].trace_id = vec![1; 15];
    all[1].trace_id = vec![0; 16];
    all[2].span_id = vec![1; 9];
    let reply = rig.grpc().await.export(&request(all)).await;
    assert_eq!(reply.code(), 0);
    let partial = ExportTraceServiceResponse::decode(reply.message())
        .unwrap()
        .partial_success
        .unwrap();
    assert_eq!(partial.rejected_spans, 3);
    assert!(
        partial
            .error_message
            .contains("2 spans: trace_id must be 16 bytes")
    );
    assert!(partial.error_message.contains("1 span: span_id must be 8 bytes"));
    let taken = rig.take();
    assert_eq!((taken.records.len(), taken.received()), (2, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn c04_a_request_of_refused_spans_alone_still_reaches_the_counts() {
    let rig = Rig::start().await;
    let mut all = spans(2);
    all.iter_mut().for_each(|span| span.span_id.clear());
    assert_eq!(rig.grpc().await.export(&request(all)).await.code(), 0);
    let taken = rig.take();
    assert_eq!((taken.messages, taken.received()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn c05_a_missing_service_name_is_warned_of_once() {
    let rig = Rig::start().await;
    let mut unnamed = request(spans(1));
    unnamed.resource_spans[0].resource = None;
    let client = rig.grpc().await;
    let partial = |message: &[u8]| {
        ExportTraceServiceResponse::decode(message)
            .unwrap()
            .partial_success
    };
    let first = client.export(&unnamed).await;
    let warning = partial(first.message()).unwrap();
    assert_eq!(warning.rejected_spans, 0);
    assert!(warning.error_message.contains("service.name"));
    assert_eq!(partial(client.export(&unnamed).await.message()), None);
    assert_eq!(rig.take().records.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn g02_oversize_is_not_retryable() {
    let rig = Rig::with(tight(), 8).await;
    let client = rig.grpc().await;
    let limit = 4 << 20;
    for len in [limit - 1, limit, limit + 1] {
        let message = message_of(len);
        for (coding, body) in [
            ("identity", framed(&message)),
            ("gzip", flagged(1, &gzip(&noise(&message)))),
            ("zstd", flagged(1, &zstd(&noise(&message)))),
        ] {
            let reply = client.call(EXPORT, &[("grpc-encoding", coding)], body).await;
            let expected = if len > limit { RESOURCE_EXHAUSTED } else { 0 };
            assert_eq!(
                reply.code(),
                expected,
                "{coding} {len} {:?}",
                reply.get("grpc-message")
            );
            assert!(!reply.details().contains("RetryInfo"), "{coding} {len}");
            rig.take();
        }
    }
}

/// The same message with a filling that does not compress, so that no ratio is near.
fn noise(message: &[u8]) -> Vec<u8> {
    let mut state = 1u32;
    let mut message = message.to_vec();
    for byte in &mut message[1_000..] {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (state >> 26) as u8;
    }
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn g03_a_full_queue_is_unavailable_with_retry_info() {
    let rig = Rig::with(Settings::default(), 1).await;
    let client = rig.grpc().await;
    assert_eq!(client.export(&request(spans(50))).await.code(), 0);
    let reply = client.export(&request(spans(50))).await;
    assert_eq!(reply.code(), UNAVAILABLE);
    assert!(reply.details().contains("google.rpc.RetryInfo"));
    assert_eq!(rig.take().records.len(), 50);
    assert_eq!(client.export(&request(spans(50))).await.code(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a07_a_full_queue_refuses_before_any_shard_gets_a_part() {
    let rig = Rig::with(Settings::default(), 1).await;
    let client = rig.grpc().await;
    // One trace fills the queue of its shard; the others are free.
    assert_eq!(client.export(&request(vec![span(7, 1)])).await.code(), 0);
    assert_eq!(client.export(&request(spans(50))).await.code(), UNAVAILABLE);
    let taken = rig.take();
    assert_eq!((taken.records.len(), taken.messages), (1, 1));
    assert_eq!(rig.core.budget().used(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn g04_undecodable_names_field_and_offset() {
    let rig = Rig::start().await;
    let message = request(spans(2)).encode_to_vec();
    let reply = rig
        .grpc()
        .await
        .call(EXPORT, &[], framed(&message[..message.len() - 1]))
        .await;
    assert_eq!(reply.code(), INVALID_ARGUMENT);
    assert!(reply.details().contains("google.rpc.BadRequest"));
    assert!(reply.details().contains("resource_spans"));
    assert!(reply.get("grpc-message").unwrap().contains("at byte"));
    assert_eq!(rig.take().received(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn g06_a_slow_call_delays_no_other_on_its_connection() {
    let rig = Rig::start().await;
    let client = rig.grpc().await;
    let (frames, body) = held_body();
    let slow = tokio::spawn({
        let client = client.clone();
        async move { client.send(EXPORT, &[], body).await }
    });
    let message = framed(&request(spans(4)).encode_to_vec());
    let (first, rest) = message.split_at(9);
    frames
        .send(Ok(Frame::data(Bytes::copy_from_slice(first))))
        .await
        .unwrap();
    for _ in 0..200 {
        assert_eq!(client.export(&request(spans(1))).await.code(), 0);
    }
    frames
        .send(Ok(Frame::data(Bytes::copy_from_slice(rest))))
        .await
        .unwrap();
    drop(frames);
    assert_eq!(slow.await.unwrap().unwrap().code(), 0);
    assert_eq!(rig.take().records.len(), 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn g06_huge_and_small_requests_are_all_answered() {
    let rig = Rig::with(Settings::default(), 10_000).await;
    let client = rig.grpc().await;
    let huge = request(spans(40_000));
    let calls: Vec<_> = (0..30)
        .map(|n| {
            let (client, message) = (
                client.clone(),
                if n == 0 { huge.clone() } else { request(spans(2)) },
            );
            tokio::spawn(async move { client.export(&message).await.code() })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), 0);
    }
    assert_eq!(rig.take().records.len(), 40_058);
}

#[tokio::test(flavor = "multi_thread")]
async fn g08_health_is_served_and_ends_with_the_receiver() {
    let rig = Rig::start().await;
    let client = rig.grpc().await;
    let check = "/grpc.health.v1.Health/Check";
    let trace = b"\x0a\x33opentelemetry.proto.collector.trace.v1.TraceService";
    for service in [&b""[..], trace] {
        let reply = client.call(check, &[], framed(service)).await;
        assert_eq!((reply.code(), reply.message()), (0, &b"\x08\x01"[..]));
    }
    assert_eq!(client.call(check, &[], framed(b"\x0a\x01x")).await.code(), 5);
    let watch = tokio::spawn({
        let client = client.clone();
        async move {
            client
                .call("/grpc.health.v1.Health/Watch", &[], framed(b""))
                .await
        }
    });
    // The watch is known to have begun once a later call is answered on its connection.
    assert_eq!(client.export(&request(spans(1))).await.code(), 0);
    rig.core.drain();
    let reply = watch.await.unwrap();
    assert_eq!(reply.code(), 0);
    assert!(reply.body.ends_with(&framed(b"\x08\x02")), "{:?}", reply.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn g09_other_signals_are_discarded_with_one_warning() {
    let rig = Rig::start().await;
    let client = rig.grpc().await;
    for signal in [
        "logs.v1.LogsService",
        "metrics.v1.MetricsService",
        "profiles.v1development.ProfilesService",
    ] {
        let path = format!("/opentelemetry.proto.collector.{signal}/Export");
        let first = client.call(&path, &[], framed(b"not decoded")).await;
        assert_eq!(first.code(), 0, "{signal}");
        assert!(
            String::from_utf8_lossy(first.message()).contains("discarded"),
            "{signal}"
        );
        let second = client.call(&path, &[], framed(b"not decoded")).await;
        assert_eq!((second.code(), second.message()), (0, &b""[..]), "{signal}");
    }
    let counted = &rig.core.counters().other_signal_bytes;
    assert!(
        counted
            .iter()
            .all(|bytes| bytes.load(std::sync::atomic::Ordering::Relaxed) == 32)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn g09_other_signals_may_be_refused() {
    let settings = Settings {
        other_signals: OtherSignals::Refuse,
        ..Settings::default()
    };
    let rig = Rig::with(settings, 8).await;
    let path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    assert_eq!(
        rig.grpc().await.call(path, &[], framed(b"")).await.code(),
        UNIMPLEMENTED
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn g10_a_call_cancelled_before_the_hand_over_leaves_no_span() {
    let rig = Rig::start().await;
    let client = rig.grpc().await;
    let (frames, body) = held_body();
    let call = tokio::spawn({
        let client = client.clone();
        async move { client.send(EXPORT, &[], body).await }
    });
    let message = framed(&request(spans(4)).encode_to_vec());
    frames.send(Ok(Frame::data(message))).await.unwrap();
    assert_eq!(client.export(&request(spans(1))).await.code(), 0);
    // The message is complete but the call is not: its end never came.
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    frames.closed().await;
    assert_eq!(client.export(&request(spans(1))).await.code(), 0);
    assert_eq!(rig.take().records.len(), 2);
    assert_eq!(rig.core.budget().used(), 0);
}

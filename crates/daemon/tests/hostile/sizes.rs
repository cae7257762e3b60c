//! X14, C1, G2, H4: sizes at the edge in every coding, bombs, and compressed data that is broken.

use std::io::Write;

use prost::Message;

use crate::message::{around, good, request, span, varint};
use crate::rig::{Rig, analysed};

const LIMIT: usize = 64 << 20;

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// So many bytes do not compress, and make the longest message no bomb.
const NOISE: usize = 4 << 20;

/// Two good spans and an unknown field that fills the message to `len` bytes.
fn message_of(trace: u128, len: usize) -> Vec<u8> {
    let mut message = request("filled", good(trace)).encode_to_vec();
    let mut tag = Vec::new();
    varint(1_000 << 3 | 2, &mut tag);
    // A length of five bytes whatever it is.
    let filling = len - message.len() - tag.len() - 5;
    message.extend(tag);
    for place in 0..5 {
        let more = if place < 4 { 0x80 } else { 0 };
        message.push((filling >> (7 * place) & 0x7f) as u8 | more);
    }
    let mut state = 7_u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    message.extend(noise.take(NOISE));
    message.resize(len, b'x');
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn x14_the_limit_is_exact_in_every_coding_over_both_transports() {
    let mut rig = Rig::start().await;
    for (len, code, http) in [(LIMIT - 1, 0, 200), (LIMIT, 0, 200), (LIMIT + 1, 8, 413)] {
        for coding in [None, Some("gzip"), Some("zstd")] {
            let pack = |message: Vec<u8>| match coding {
                None => message,
                Some("gzip") => gzip(&message),
                Some(_) => zstd(&message),
            };
            let message = pack(message_of(rig.trace(), len));
            let reply = rig.export(coding, &message).await;
            assert_eq!(reply.code(), code, "{len} {coding:?}: {reply:?}");
            assert!(reply.get("grpc-status-details-bin").is_none(), "G2: no RetryInfo");
            let message = pack(message_of(rig.trace(), len));
            let mut headers = vec![("content-type", "application/x-protobuf")];
            headers.extend(coding.map(|coding| ("content-encoding", coding)));
            let reply = rig.post_with(&headers, message).await;
            assert_eq!(reply.http.as_u16(), http, "{len} {coding:?}: {reply:?}");
            if code == 0 {
                rig.expect(&analysed(4));
            }
            // What the next one needs is given back.
            rig.compare().await;
        }
    }
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x14_a_json_document_of_the_limit_is_read_and_a_longer_one_is_not() {
    let mut rig = Rig::start().await;
    for (len, http) in [(LIMIT, 200), (LIMIT + 1, 413)] {
        let mut text = serde_json::to_vec(&request("filled", good(rig.trace()))).unwrap();
        text.resize(len, b' ');
        assert_eq!(rig.post("application/json", text).await.http.as_u16(), http);
    }
    rig.expect(&analysed(2));
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x14_bombs_are_too_large_and_broken_data_is_undecodable() {
    let mut rig = Rig::start().await;
    let bomb = vec![0; 128 << 20];
    let small = request("packed", good(1)).encode_to_vec();
    let (mut cut, mut broken) = (gzip(&small), gzip(&small));
    cut.truncate(cut.len() - 9);
    let crc = broken.len() - 6;
    broken[crc] ^= 1;
    let rows = [
        ("a gzip bomb", "gzip", gzip(&bomb), 8, 413),
        ("a zstd bomb", "zstd", zstd(&bomb), 8, 413),
        ("a bomb in a bomb", "gzip", gzip(&gzip(&bomb)), 3, 400),
        ("truncated gzip", "gzip", cut, 3, 400),
        ("a bad checksum", "gzip", broken, 3, 400),
        ("zstd called gzip", "gzip", zstd(&small), 3, 400),
        ("gzip called zstd", "zstd", gzip(&small), 3, 400),
        ("no compression called gzip", "gzip", small.clone(), 3, 400),
        ("an unknown coding", "br", small.clone(), 12, 415),
    ];
    for (name, coding, message, code, http) in rows {
        let reply = rig.export(Some(coding), &message).await;
        assert_eq!(reply.code(), code, "{name}: {reply:?}");
        let headers = [
            ("content-type", "application/x-protobuf"),
            ("content-encoding", coding),
        ];
        let reply = rig.post_with(&headers, message).await;
        assert_eq!(reply.http.as_u16(), http, "{name}: {reply:?}");
        rig.answers(name).await;
    }
    let members = [gzip(&small[..20]), gzip(&small[20..])].concat();
    assert_eq!(rig.export(Some("gzip"), &members).await.code(), 0);
    rig.expect(&analysed(2));
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s03_what_can_never_fit_into_the_memory_is_not_asked_for_again() {
    let mut rig = Rig::with(&[("memory", "64MiB")]).await;
    // 16 MiB in flight, of which one peer holds half.
    let long = message_of(rig.trace(), 12 << 20);
    let many = around(&vec![span(1, 1).encode_to_vec(); 80_000]);
    assert!(many.len() < 6 << 20);
    for (name, message) in [("a long message", &long), ("a message of many spans", &many)] {
        let reply = rig.export(None, message).await;
        assert_eq!(reply.code(), 8, "{name}: {reply:?}");
        let said = reply.get("grpc-message").unwrap();
        assert!(said.contains("send fewer spans at once"), "{name}: {said}");
        assert!(
            reply.get("grpc-status-details-bin").is_none(),
            "{name}: no RetryInfo"
        );
        let reply = rig.post("application/x-protobuf", message.clone()).await;
        assert_eq!(reply.http, 413, "{name}: {reply:?}");
    }
    rig.spans("what fits", |trace| vec![span(trace, 1)], &analysed(1))
        .await;
    rig.settle().await;
}

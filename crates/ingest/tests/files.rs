//! Recorded files: every form is found by content, and every broken file is told by name and place.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests: what cannot go on has failed"
)]

use std::io::{Cursor, Read, Write};
use std::path::Path;

use hotspan_ingest::file::{FileError, Recorded, open, read};
use hotspan_model::{LocalDictionary, ParamKey, Record, Side, TableSeed};
use hotspan_otlp::{Decoder, Encoding, Limits, Sink};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

fn request(count: u8) -> Vec<u8> {
    let span = |n: u8| Span {
        trace_id: vec![7; 16],
        span_id: vec![n; 8],
        name: format!("span {n}"),
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans: (1..=count).map(span).collect(),
        ..ScopeSpans::default()
    }];
    let resource_spans = vec![ResourceSpans {
        scope_spans,
        ..ResourceSpans::default()
    }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

fn document(span: u32) -> String {
    format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"{:032x}","spanId":"{span:016x}","name":"}}{{\"]"}}]}}]}}]}}"#,
        7
    )
}

fn prefixed(requests: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for request in requests {
        prost::encoding::encode_varint(request.len() as u64, &mut bytes);
        bytes.extend(request);
    }
    bytes
}

fn requests(content: impl Into<Vec<u8>>) -> Result<Vec<Recorded>, FileError> {
    read(Path::new("some.file"), Box::new(Cursor::new(content.into())))?.collect()
}

#[derive(Default)]
struct Count(u64);

impl Sink for Count {
    fn span(&mut self, _record: Record, _sides: &[Side]) {
        self.0 += 1;
    }
}

/// How many spans the decoder finds in all requests.
fn spans(requests: &[Recorded]) -> u64 {
    let mut decoder = Decoder::new(Limits::default(), ParamKey::BUILT_IN, TableSeed(1));
    let mut dictionary = LocalDictionary::new(TableSeed(1));
    let mut count = Count::default();
    for recorded in requests {
        let tally = match recorded.encoding {
            Encoding::Protobuf => decoder.protobuf(&recorded.bytes, &mut dictionary, &mut count),
            Encoding::Json => decoder.json(&recorded.bytes, &mut dictionary, &mut count),
        };
        assert_eq!(tally.unwrap().refused_total(), 0);
    }
    count.0
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_form_is_found_by_its_content_plain_and_compressed() {
    let three = [request(1), request(2), request(3)];
    let four_bytes: Vec<u8> = three
        .iter()
        .flat_map(|request| [&(request.len() as u32).to_be_bytes()[..], request].concat())
        .collect();
    let pretty = serde_json::from_str::<serde_json::Value>(&document(1)).unwrap();
    let pretty = serde_json::to_vec_pretty(&pretty).unwrap();
    let forms: [(&str, Vec<u8>, usize, u64); 10] = [
        ("varint", prefixed(&three), 3, 6),
        ("four bytes", four_bytes, 3, 6),
        ("bare", request(5), 1, 5),
        ("one document", document(1).into(), 1, 1),
        ("over many lines", pretty, 1, 1),
        (
            "a line each",
            format!("{}\n{}\r\n", document(1), document(2)).into(),
            2,
            2,
        ),
        (
            "with a mark of order",
            format!("\u{feff}{}", document(1)).into(),
            1,
            1,
        ),
        (
            "an array",
            format!("[{},\n {}]", document(1), document(2)).into(),
            2,
            2,
        ),
        (
            "nothing between",
            format!("{}{}", document(1), document(2)).into(),
            2,
            2,
        ),
        ("empty", Vec::new(), 0, 0),
    ];
    for (name, content, count, span_count) in forms {
        for (packing, packed) in [
            ("plain", content.clone()),
            ("gzip", gzip(&content)),
            ("gzip in members", [gzip(&content), gzip(b"")].concat()),
            ("zstd", zstd::encode_all(content.as_slice(), 3).unwrap()),
        ] {
            let found = requests(packed).unwrap_or_else(|error| panic!("{name} {packing}: {error}"));
            assert_eq!(found.len(), count, "{name} {packing}");
            assert_eq!(spans(&found), span_count, "{name} {packing}");
        }
    }
}

#[test]
fn a_length_that_looks_like_a_brace_is_still_a_length() {
    for len in [b'{', b'[', b'\n', 0] {
        // One request of exactly so many bytes: a resource with an unknown field, or nothing.
        let request = match usize::from(len) {
            0 => Vec::new(),
            len => [
                &[0x0a, len as u8 - 2, 0x7a, len as u8 - 4][..],
                &vec![b'x'; len - 4],
            ]
            .concat(),
        };
        let found = requests(prefixed(&[request.clone(), self::request(2)])).unwrap();
        assert_eq!(found.len(), 2, "{len}");
        assert_eq!(found[0].bytes, request, "{len}");
    }
}

#[test]
fn a_saved_jaeger_trace_is_read() {
    let saved = r#"{"data":[{"traceID":"abc","spans":[{"traceID":"abc","spanID":"1","operationName":"GET /",
        "startTime":1000000,"duration":25,"processID":"p1","references":[],"tags":[]}],
        "processes":{"p1":{"serviceName":"shop","tags":[]}}}]}"#;
    assert_eq!(spans(&requests(saved).unwrap()), 1);
}

#[test]
fn other_signals_among_the_documents_are_skipped_and_counted() {
    let content = format!("{{\"resourceLogs\":[]}}\n{}\n{{}}\n", document(1));
    let mut file = read(Path::new("mixed"), Box::new(Cursor::new(content))).unwrap();
    assert_eq!(file.by_ref().filter_map(Result::ok).count(), 1);
    assert_eq!(file.skipped(), 2);
}

#[test]
fn what_is_wrong_is_told_with_the_files_name_and_place() {
    let whole = prefixed(&[request(1), request(2)]);
    let cut_gzip = gzip(&whole);
    for (content, expected) in [
        (b"<html>".to_vec(), "at byte 0 of its content; expected OTLP"),
        (b"PAR1 and so on".to_vec(), "at byte 0"),
        (whole[..whole.len() - 1].to_vec(), "of which only"),
        (b"{\"a\": 1}".to_vec(), "holds no resourceSpans at byte 0"),
        (format!("{} oops", document(1)).into(), "between JSON documents"),
        (document(1)[..40].into(), "does not end"),
        (cut_gzip[..cut_gzip.len() - 9].to_vec(), "cannot be read"),
        (
            [&prefixed(&[request(1)])[..], &[0xff; 10]].concat(),
            "a length of over ten bytes",
        ),
        (
            [&prefixed(&[request(1)])[..], b"\xff\xff\xff\xff\x0f"].concat(),
            "over the limit",
        ),
    ] {
        let error = requests(content).unwrap_err().to_string();
        assert!(error.starts_with("some.file: "), "{error}");
        assert!(error.contains(expected), "{expected:?} is not in {error:?}");
    }
    let missing = open(Path::new("no/such/file")).unwrap_err();
    assert!(missing.to_string().starts_with("no/such/file: cannot be read"));
}

#[test]
fn nothing_follows_an_error() {
    let content = format!("{}\noops\n{}", document(1), document(2));
    let mut file = read(Path::new("some.file"), Box::new(Cursor::new(content))).unwrap();
    assert!(matches!(file.next(), Some(Ok(_))));
    assert!(matches!(file.next(), Some(Err(_))));
    assert!(file.next().is_none());
}

#[test]
fn arbitrary_bytes_never_panic() {
    let mut state = 1u64;
    let mut byte = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    for round in 0..20_000 {
        let mut content: Vec<u8> = (0..round % 40).map(|_| byte()).collect();
        if round % 3 == 0 {
            let start = [
                &b"{\""[..],
                b"\x1f\x8b\x08",
                b"\x28\xb5\x2f\xfd",
                b"\x0a\x0a",
                b"[{",
            ][round % 5];
            content.splice(0..0, start.iter().copied());
        }
        drop(requests(content));
    }
}

/// Gives one byte at a time, with interruptions, as a slow pipe does.
struct Pipe(Cursor<Vec<u8>>, bool);

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.1 = !self.1;
        match self.1 {
            true => Err(std::io::ErrorKind::Interrupted.into()),
            false => self.0.read(&mut buffer[..1]),
        }
    }
}

#[test]
fn a_pipe_that_gives_single_bytes_reads_the_same() {
    let content = prefixed(&[request(1), request(200)]);
    for content in [content.clone(), gzip(&content), document(1).into(), request(3)] {
        let pipe = Pipe(Cursor::new(content.clone()), false);
        let slow: Result<Vec<_>, _> = read(Path::new("-"), Box::new(pipe)).unwrap().collect();
        assert_eq!(slow.unwrap(), requests(content).unwrap());
    }
}

#[test]
fn the_recorded_traces_are_read_whole() {
    let folder = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/traces/stable"
    ));
    let Ok(entries) = std::fs::read_dir(folder) else {
        eprintln!("skipped: no recorded traces at {}", folder.display());
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        let mut file = open(&path).unwrap();
        let found: Vec<_> = file.by_ref().collect::<Result<_, _>>().unwrap();
        assert!(spans(&found) > 0, "{}", path.display());
        assert_eq!(
            file.bytes_read(),
            path.metadata().unwrap().len(),
            "{}",
            path.display()
        );
    }
}

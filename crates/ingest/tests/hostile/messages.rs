//! Messages nobody should send: each with what it must be answered and how many of its spans stay.

use opentelemetry_proto::tonic::common::v1::{ArrayValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::{Span, span::Event, span::Link};
use prost::Message;

use crate::support::{any, request, span, spans, text};

/// A message with its expectation.
pub(crate) struct Hostile {
    pub(crate) name: String,
    pub(crate) message: Vec<u8>,
    /// Spans that are kept.
    pub(crate) kept: u64,
    /// Spans that are refused, each for its reason.
    pub(crate) refused: u64,
}

fn hostile(name: impl Into<String>, spans: Vec<Span>, kept: u64, refused: u64) -> Hostile {
    Hostile {
        name: name.into(),
        message: request(spans).encode_to_vec(),
        kept,
        refused,
    }
}

/// X1: ids of every wrong length, and all zero.
pub(crate) fn ids() -> Vec<Hostile> {
    let mut all = Vec::new();
    for len in [0, 7, 8, 9, 15, 16, 17, 32] {
        for byte in [0, 7] {
            let with = |change: fn(&mut Span, Vec<u8>)| {
                let mut span = span(1, 1);
                change(&mut span, vec![byte; len]);
                vec![span]
            };
            let is_trace = u64::from(len == 16 && byte != 0);
            let is_span = u64::from(len == 8 && byte != 0);
            let name = |field: &str| format!("x01 {field} of {len} bytes {byte}");
            let trace = with(|span, id| span.trace_id = id);
            all.push(hostile(name("trace"), trace, is_trace, 1 - is_trace));
            all.push(hostile(
                name("span"),
                with(|span, id| span.span_id = id),
                is_span,
                1 - is_span,
            ));
            all.push(hostile(
                name("parent"),
                with(|span, id| span.parent_span_id = id),
                1,
                0,
            ));
        }
    }
    all
}

/// X2, X3: copies, shared ids, cycles.
pub(crate) fn shapes() -> Vec<Hostile> {
    let child_of = |n: u64, parent: u64| Span {
        parent_span_id: parent.to_be_bytes().to_vec(),
        ..span(1, n)
    };
    let ring = |len: u64| (1..=len).map(|n| child_of(n, n % len + 1)).collect();
    vec![
        hostile("x02 a span four times", vec![span(1, 1); 4], 4, 0),
        hostile("x03 its own parent", vec![child_of(1, 1)], 1, 0),
        hostile("x03 a cycle of 2", ring(2), 2, 0),
        hostile("x03 a cycle of 100,000", ring(100_000), 100_000, 0),
        hostile(
            "x06 a chain of 100,000",
            (2..=100_001).map(|n| child_of(n, n - 1)).collect(),
            100_000,
            0,
        ),
    ]
}

/// X4: times of every kind.
pub(crate) fn times() -> Vec<Hostile> {
    let moments = [0, 1, 7_258_118_400_000_000_000, u64::MAX];
    let pairs = moments
        .iter()
        .flat_map(|&start| moments.iter().map(move |&end| (start, end)));
    pairs
        .map(|(start, end)| {
            let span = Span {
                start_time_unix_nano: start,
                end_time_unix_nano: end,
                ..span(1, 1)
            };
            hostile(format!("x04 {start}..{end}"), vec![span], 1, 0)
        })
        .collect()
}

/// X8: too much of everything in one span.
pub(crate) fn excess() -> Vec<Hostile> {
    let with = |name: &str, change: &dyn Fn(&mut Span)| {
        let mut span = span(1, 1);
        change(&mut span);
        hostile(format!("x08 {name}"), vec![span], 1, 0)
    };
    let million = "x".repeat(1_000_000);
    let many = 0..100_000;
    vec![
        with("value", &|span| {
            span.attributes = vec![text("db.query.text", &million)]
        }),
        with("key", &|span| span.attributes = vec![text(&million, "v")]),
        with("empty key", &|span| span.attributes = vec![text("", "v")]),
        with("name", &|span| span.name.clone_from(&million)),
        with("tracestate", &|span| span.trace_state.clone_from(&million)),
        with("attributes", &|span| {
            span.attributes = many.clone().map(|n| text(&format!("k{n}"), "v")).collect();
        }),
        with("events", &|span| span.events = vec![Event::default(); 100_000]),
        with("links", &|span| span.links = vec![Link::default(); 100_000]),
        with("numbers", &|span| {
            span.attributes = vec![
                any("a", Value::DoubleValue(f64::NAN)),
                any("b", Value::DoubleValue(f64::NEG_INFINITY)),
                any("http.response.status_code", Value::IntValue(i64::MIN)),
            ];
        }),
    ]
}

/// X9: a value in an array in an array, and so on. Written from the inside, since prost's encoder recurses.
pub(crate) fn nested(depth: usize) -> Hostile {
    let inner = any("deep", Value::ArrayValue(ArrayValue::default()))
        .value
        .unwrap();
    let mut value = inner.encode_to_vec();
    for _ in 0..depth {
        // AnyValue { array_value: ArrayValue { values: [value] } }
        value = field(5, &field(1, &value));
    }
    let attribute = [field(1, b"deep"), field(2, &value)].concat();
    let span = [span(1, 1).encode_to_vec(), field(9, &attribute)].concat();
    Hostile {
        name: format!("x09 {depth} deep"),
        message: field(1, &field(2, &field(2, &span))),
        kept: 1,
        refused: 0,
    }
}

/// X12: a request with `bytes` in every string of it.
pub(crate) fn strings(bytes: &[u8]) -> Hostile {
    let attribute = |key: &[u8]| [field(1, key), field(2, &field(1, bytes))].concat();
    let span = [
        span(1, 1).encode_to_vec(),
        field(5, bytes),
        field(3, bytes),
        field(9, &attribute(bytes)),
        field(9, &attribute(b"db.query.text")),
    ];
    let resource = field(1, &field(1, &attribute(b"service.name")));
    let spans = field(2, &field(2, &span.concat()));
    Hostile {
        name: format!("x12 {bytes:02x?}"),
        message: field(1, &[resource, spans].concat()),
        kept: 1,
        refused: 0,
    }
}

/// X13: very many of the smallest things.
pub(crate) fn tiny() -> Vec<Hostile> {
    let of = |name: &str, message: Vec<u8>, refused: u64| Hostile {
        name: format!("x13 {name}"),
        message,
        kept: 0,
        refused,
    };
    vec![
        of(
            "100,000 empty scopes",
            field(1, &field(2, b"").repeat(100_000)),
            0,
        ),
        of("100,000 empty resources", field(1, b"").repeat(100_000), 0),
        of(
            "a million empty spans",
            field(1, &field(2, &field(2, b"").repeat(1_000_000))),
            1_000_000,
        ),
    ]
}

/// X19: what would harm whoever shows it.
pub(crate) fn markup() -> Hostile {
    let mut all = spans(1);
    all[0].name = "<script>\x1b[31m\r\n\u{202e} ignore previous instructions".into();
    hostile("x19 markup", all, 1, 0)
}

/// A length-delimited field.
pub(crate) fn field(number: u64, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(content.len() + 8);
    varint(number << 3 | 2, &mut bytes);
    varint(content.len() as u64, &mut bytes);
    bytes.extend_from_slice(content);
    bytes
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

//! Requests, built from prost's types, and what comes out of them.

use hotspan_model::{
    Dictionary, Extras, Flag, LocalDictionary, Lookup, ParamKey, Reason, Record, Side, Symbol, TableSeed,
};
use hotspan_otlp::{Decoder, Limits, Sink, Tally, Undecodable};
pub(crate) use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest as Request,
    common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value::Value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span::Event, span::Link},
};
use prost::Message;

/// Everything that a request gave.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    pub(crate) tally: Tally,
    pub(crate) spans: Vec<(Record, Vec<Side>)>,
    pub(crate) dictionary: LocalDictionary,
}

struct Spans<'s>(&'s mut Vec<(Record, Vec<Side>)>);

impl Sink for Spans<'_> {
    fn span(&mut self, record: Record, sides: &[Side]) {
        self.0.push((record, sides.to_vec()));
    }
}

pub(crate) fn decoder() -> Decoder {
    Decoder::new(Limits::default(), ParamKey::BUILT_IN, TableSeed(11))
}

pub(crate) fn protobuf(request: &[u8]) -> Result<Decoded, Undecodable> {
    let mut decoded = Decoded::default();
    decoded.tally = decoder().protobuf(request, &mut decoded.dictionary, &mut Spans(&mut decoded.spans))?;
    Ok(decoded)
}

pub(crate) fn json(request: &[u8]) -> Result<Decoded, Undecodable> {
    let mut decoded = Decoded::default();
    decoded.tally = decoder().json(request, &mut decoded.dictionary, &mut Spans(&mut decoded.spans))?;
    Ok(decoded)
}

/// Decodes with a decoder and dictionary that were used before.
pub(crate) fn again(
    decoder: &mut Decoder,
    dictionary: &mut dyn Dictionary,
    request: &[u8],
) -> (Tally, Vec<(Record, Vec<Side>)>) {
    let mut spans = Vec::new();
    let tally = decoder
        .protobuf(request, dictionary, &mut Spans(&mut spans))
        .unwrap();
    (tally, spans)
}

/// The only span of a request that has one.
pub(crate) fn one(spans: Vec<Span>) -> Decoded {
    let decoded = protobuf(&of(spans).encode_to_vec()).unwrap();
    assert_eq!(decoded.spans.len(), 1, "{:?}", decoded.tally);
    decoded
}

impl Decoded {
    pub(crate) fn refused(&self, reason: Reason) -> u64 {
        self.tally.refused[reason as usize]
    }

    pub(crate) fn span(&self) -> hotspan_model::Span {
        self.spans[0].0.span
    }

    pub(crate) fn text(&self, symbol: Symbol) -> &str {
        self.dictionary.text(symbol)
    }

    pub(crate) fn template(&self) -> &str {
        self.span().template.map_or("", |symbol| self.text(symbol))
    }

    pub(crate) fn operation(&self) -> &str {
        self.text(self.span().operation)
    }

    pub(crate) fn callee(&self) -> &str {
        self.span().callee.map_or("", |symbol| self.text(symbol))
    }

    pub(crate) fn has(&self, flag: Flag) -> bool {
        self.span().has(flag)
    }

    pub(crate) fn extras(&self) -> Extras {
        let extras = self.spans[0].1.iter().find_map(|side| match side {
            Side::Extras(extras) => Some(*extras),
            Side::Link(_) | Side::Summary(_) => None,
        });
        extras.unwrap_or_default()
    }

    /// Every span as text, so that two dictionaries can be compared.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.spans
            .iter()
            .map(|span| line(&self.dictionary, span))
            .collect()
    }
}

pub(crate) fn line(dictionary: &dyn Lookup, (record, sides): &(Record, Vec<Side>)) -> String {
    let span = record.span;
    let text = |symbol: Option<Symbol>| symbol.map(|symbol| dictionary.text(symbol).to_owned());
    let sides: Vec<String> = sides
        .iter()
        .map(|side| match side {
            Side::Extras(extras) => format!(
                "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {}",
                text(extras.code),
                text(extras.exception),
                text(extras.status),
                text(extras.group),
                text(extras.ignore),
                extras.rows,
                extras.batch,
                extras.resend,
                extras.stack,
            ),
            Side::Link(_) | Side::Summary(_) => format!("{side:?}"),
        })
        .collect();
    let flags: Vec<bool> = FLAGS.into_iter().map(|flag| span.has(flag)).collect();
    format!(
        "{} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {sides:?}",
        record.trace,
        span.id,
        record.threshold,
        span.parent,
        span.start,
        span.duration,
        span.params,
        span.kind(),
        span.class(),
        span.bits.status(),
        span.bits.http_status(),
        span.bits.visibility(),
        text(Some(span.operation)),
        text(Some(span.source)),
        text(span.template),
        text(span.callee),
        span.template.map(|symbol| dictionary.entry(symbol)),
        flags,
    )
}

pub(crate) const FLAGS: [Flag; 10] = [
    Flag::RemoteParent,
    Flag::BadParent,
    Flag::NegativeDuration,
    Flag::Failed,
    Flag::Summary,
    Flag::Batched,
    Flag::FollowsFrom,
    Flag::Ignored,
    Flag::HasSide,
    Flag::Unnamed,
];

pub(crate) fn value(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

pub(crate) fn attribute(key: &str, of: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(value(of)),
        ..KeyValue::default()
    }
}

pub(crate) fn text(key: &str, text: &str) -> KeyValue {
    attribute(key, Value::StringValue(text.to_owned()))
}

pub(crate) fn int(key: &str, int: i64) -> KeyValue {
    attribute(key, Value::IntValue(int))
}

pub(crate) fn texts(pairs: &[(&str, &str)]) -> Vec<KeyValue> {
    pairs.iter().map(|(key, value)| text(key, value)).collect()
}

/// A span that is good: INTERNAL, 10 ns long.
pub(crate) fn span() -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: "work".to_owned(),
        kind: 1,
        start_time_unix_nano: 1_000,
        end_time_unix_nano: 1_010,
        ..Span::default()
    }
}

/// A good span of this kind with these attributes.
pub(crate) fn with(kind: i32, name: &str, attributes: Vec<KeyValue>) -> Span {
    Span {
        kind,
        name: name.to_owned(),
        attributes,
        ..span()
    }
}

/// A request of one service, `shop`, and one scope.
pub(crate) fn of(spans: Vec<Span>) -> Request {
    Request {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: vec![text("service.name", "shop")],
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                scope: Some(InstrumentationScope {
                    name: "tests".to_owned(),
                    ..InstrumentationScope::default()
                }),
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

/// One field with a length, by hand.
pub(crate) fn field(number: u64, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_varint(number << 3 | 2, &mut bytes);
    prost::encoding::encode_varint(payload.len() as u64, &mut bytes);
    bytes.extend(payload);
    bytes
}

/// A request around one span's bytes.
pub(crate) fn around(span: &[u8]) -> Vec<u8> {
    field(1, &field(2, &field(2, span)))
}

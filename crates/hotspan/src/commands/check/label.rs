//! Which traces are judged: those in which one version, revision or run took part.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail};
use hotspan_ingest::file::Recorded;
use hotspan_model::{Assembled, LocalDictionary, Lookup as _, TraceId};
use hotspan_otlp::Encoding;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message as _;

/// Most traces that are remembered for an attribute.
const TRACES_MAX: usize = 1_000_000;

/// What a trace must carry.
#[derive(Debug)]
pub(super) enum Label {
    /// A span of this `service.version`.
    Version(String),
    /// A span whose resource has this attribute; the traces that have one so far.
    Attribute {
        key: String,
        value: String,
        traces: BTreeSet<TraceId>,
    },
}

impl Label {
    /// `VERSION`, or `KEY=VALUE` for any other attribute of a resource.
    pub(super) fn new(text: &str) -> Result<Label> {
        match text.split_once('=') {
            None if text.is_empty() => bail!("--label is empty; write a version, or KEY=VALUE"),
            Some(("", _) | (_, "")) => bail!("--label {text}: write a version, or KEY=VALUE"),
            None => Ok(Label::Version(text.to_owned())),
            Some(("service.version", version)) => Ok(Label::Version(version.to_owned())),
            Some((key, value)) => Ok(Label::Attribute {
                key: key.to_owned(),
                value: value.to_owned(),
                traces: BTreeSet::new(),
            }),
        }
    }

    /// The version, when that is what is meant: a daemon keeps no other attribute of resources.
    pub(super) fn version(&self) -> Option<&str> {
        match self {
            Label::Version(version) => Some(version),
            Label::Attribute { .. } => None,
        }
    }

    /// Remembers the traces of a request that carry the attribute.
    pub(super) fn look(&mut self, request: &Recorded) -> Result<()> {
        let Label::Attribute { key, value, traces } = self else {
            return Ok(());
        };
        let decoded = match request.encoding {
            Encoding::Protobuf => ExportTraceServiceRequest::decode(&*request.bytes).ok(),
            Encoding::Json => serde_json::from_slice(&request.bytes).ok(),
        };
        let decoded: ExportTraceServiceRequest =
            decoded.context("--label: a request is no plain OTLP, so its resources cannot be read")?;
        for resource in decoded.resource_spans.iter().filter(|of| has(of, key, value)) {
            let spans = resource.scope_spans.iter().flat_map(|scope| &scope.spans);
            traces.extend(spans.filter_map(|span| TraceId::from_wire(&span.trace_id)));
        }
        if traces.len() > TRACES_MAX {
            bail!("--label: more than {TRACES_MAX} traces carry it");
        }
        Ok(())
    }

    /// Whether a trace is judged.
    pub(super) fn holds(&self, trace: &Assembled, dictionary: &LocalDictionary) -> bool {
        match self {
            Label::Version(version) => trace.spans.iter().any(|span| {
                let found = dictionary.source(span.source).and_then(|source| source.version);
                found.is_some_and(|found| dictionary.text(found) == version)
            }),
            Label::Attribute { traces, .. } => trace.trace.is_some_and(|id| traces.contains(&id)),
        }
    }
}

fn has(resource: &ResourceSpans, key: &str, value: &str) -> bool {
    let attributes = resource.resource.iter().flat_map(|of| &of.attributes);
    attributes.filter(|pair| pair.key == key).any(|pair| {
        let found = pair.value.as_ref().and_then(|any| any.value.as_ref());
        match found {
            Some(any_value::Value::StringValue(text)) => text == value,
            Some(any_value::Value::IntValue(number)) => number.to_string() == value,
            Some(any_value::Value::BoolValue(is)) => is.to_string() == value,
            Some(
                any_value::Value::DoubleValue(_)
                | any_value::Value::ArrayValue(_)
                | any_value::Value::KvlistValue(_)
                | any_value::Value::BytesValue(_)
                | any_value::Value::StringValueStrindex(_),
            )
            | None => false,
        }
    })
}

//! The neutral trace: what every foreign shape is written from.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hotspan_model::{Kind, SpanDetail, SpanId, SpanView, TraceId, TraceView};

use super::source::Sources;
use crate::shape;

/// The attribute that names the detectors that speak of a span.
pub(crate) const DETECTOR: &str = "hotspan.detector";
/// The attribute that names their hotspots, in the same order.
pub(crate) const HOTSPOT_ID: &str = "hotspan.hotspot_id";

/// One trace.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trace {
    pub(crate) id: TraceId,
    /// Each before its children.
    pub(crate) spans: Vec<Span>,
    /// What is wrong with it as a whole.
    pub(crate) warnings: Vec<String>,
    /// Not everything of it is here.
    pub(crate) partial: bool,
}

/// One span that was received.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) trace: TraceId,
    pub(crate) id: SpanId,
    pub(crate) parent: Option<SpanId>,
    pub(crate) name: String,
    pub(crate) resource: Arc<Resource>,
    pub(crate) scope: Arc<Scope>,
    pub(crate) kind: Kind,
    /// Nanoseconds since 1970.
    pub(crate) start: u64,
    /// Nanoseconds.
    pub(crate) duration: u64,
    pub(crate) status: Status,
    pub(crate) status_message: String,
    pub(crate) attributes: Vec<(String, Value)>,
    pub(crate) events: Vec<Event>,
    pub(crate) links: Vec<Link>,
    pub(crate) tracestate: String,
    /// What is wrong with it.
    pub(crate) warnings: Vec<String>,
}

/// Who sent a span.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Resource {
    pub(crate) service: String,
    /// All but `service.name`.
    pub(crate) attributes: Vec<(String, Value)>,
}

/// What recorded a span.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Scope {
    pub(crate) name: String,
    pub(crate) version: String,
}

/// OTLP's status; the numbers are those of the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Status {
    #[default]
    Unset,
    Ok,
    Error,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Bool(bool),
    Int(i64),
    Double(f64),
    Bytes(Vec<u8>),
}

/// Something that happened in a span.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    /// Nanoseconds since 1970.
    pub(crate) time: u64,
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, Value)>,
}

/// A reference to another span.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Link {
    pub(crate) trace: TraceId,
    pub(crate) span: SpanId,
    pub(crate) attributes: Vec<(String, Value)>,
}

impl Trace {
    /// A held trace, within the bounds and with the texts of our own answer. Placeholders and folded groups have no
    /// id that another tool could know, so they are left out and said to be.
    pub(crate) fn new(view: &TraceView, details: &[SpanDetail], spans_max: usize, bytes_max: usize) -> Trace {
        let own = shape::Trace::bounded(view, details, spans_max, bytes_max);
        let mut sources = Sources::new(details);
        let spans = view.spans.iter().zip(own.spans);
        let mut spans: Vec<Span> = spans
            .filter_map(|(of, own)| span(view.trace, of, own, &mut sources))
            .collect();
        mark(&mut spans, view);
        let hidden = view.span_count.saturating_sub(spans.len() as u64);
        let defects = own.defects.into_iter().filter(|defect| defect.span_id.is_none());
        // Each once: a defect of many hosts is there for each of them.
        let defects: BTreeSet<String> = defects.map(|defect| defect.kind).collect();
        let mut warnings: Vec<String> = defects.into_iter().collect();
        if own.incomplete {
            warnings.push("incomplete: spans of this trace may be missing".to_owned());
        }
        if hidden > 0 {
            warnings.push(format!("{hidden} spans are not shown"));
        }
        Trace {
            id: view.trace,
            spans,
            warnings,
            partial: own.truncated || hidden > 0,
        }
    }

    /// When its first span starts.
    pub(crate) fn start(&self) -> u64 {
        self.spans.iter().map(|span| span.start).min().unwrap_or(0)
    }

    /// When its last span ends.
    pub(crate) fn end(&self) -> u64 {
        self.spans.iter().map(Span::end).max().unwrap_or(0)
    }

    /// Bytes of its texts, nearly: what a reply weighs.
    pub(crate) fn weight(&self) -> usize {
        self.spans.iter().map(Span::weight).sum()
    }
}

impl Span {
    /// When it ends.
    pub(crate) fn end(&self) -> u64 {
        self.start.saturating_add(self.duration)
    }

    fn weight(&self) -> usize {
        let of = |of: &[(String, Value)]| -> usize {
            of.iter()
                .map(|(key, value)| key.len() + value.text().len() + 48)
                .sum()
        };
        let events: usize = self
            .events
            .iter()
            .map(|event| event.name.len() + of(&event.attributes) + 96)
            .sum();
        400 + self.name.len() + of(&self.attributes) + events
    }
}

impl Value {
    /// The value as people write it.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match self {
            Value::Text(text) => Cow::Borrowed(text),
            Value::Bool(bit) => Cow::Borrowed(if *bit { "true" } else { "false" }),
            Value::Int(int) => Cow::Owned(int.to_string()),
            Value::Double(double) => Cow::Owned(double.to_string()),
            Value::Bytes(bytes) => Cow::Owned(super::id::base64(bytes)),
        }
    }
}

fn span(trace: TraceId, view: &SpanView, own: shape::Span, sources: &mut Sources<'_>) -> Option<Span> {
    let id = view.id?;
    let (resource, scope) = sources.of(id, own.service);
    Some(Span {
        trace,
        id,
        parent: view.parent,
        name: own.operation,
        resource,
        scope,
        kind: view.kind,
        start: view.start.0,
        duration: view.duration.0,
        status: if view.failed { Status::Error } else { Status::Unset },
        status_message: String::new(),
        attributes: texts(own.attributes),
        events: own.events.into_iter().map(event).collect(),
        links: sources.links(id),
        tracestate: String::new(),
        warnings: own.defects,
    })
}

fn event(own: shape::Event) -> Event {
    Event {
        time: own.time.0,
        name: own.name,
        attributes: texts(own.attributes),
    }
}

fn texts(of: BTreeMap<String, String>) -> Vec<(String, Value)> {
    of.into_iter()
        .map(|(key, text)| (key, Value::Text(text)))
        .collect()
}

/// Writes the findings on the spans they sit on. Attributes have one value, so several are joined by commas.
fn mark(spans: &mut [Span], view: &TraceView) {
    let mut by_anchor: BTreeMap<SpanId, (Vec<&str>, Vec<String>)> = BTreeMap::new();
    for finding in &view.findings {
        let (detectors, hotspots) = by_anchor.entry(finding.anchor).or_default();
        detectors.push(finding.detector);
        hotspots.push(finding.hotspot.to_string());
    }
    for span in spans {
        if let Some((detectors, hotspots)) = by_anchor.remove(&span.id) {
            let pair = |key: &str, text: String| (key.to_owned(), Value::Text(text));
            span.attributes.push(pair(DETECTOR, detectors.join(",")));
            span.attributes.push(pair(HOTSPOT_ID, hotspots.join(",")));
        }
    }
}

//! A single trace as it is answered.

use std::collections::BTreeMap;

use hotspan_model as model;
use hotspan_model::{SpanDetail, TraceView};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Link;

use super::hotspot::texts;
use super::text::clean;
use super::{Cause, Decimal, Kind, Mark, Moment, NearMissHere, Saving};

/// Most spans of one trace in one answer.
pub const SPANS_MAX: usize = 10_000;
/// Most segments of one path in one answer.
const SEGMENTS_MAX: usize = 20_000;
/// Most findings, near misses and defects, each, of one trace in one answer.
const FINDINGS_MAX: usize = 1_000;
/// Most bytes of attributes and events of one trace in one answer, before JSON escapes them.
const DETAIL_BYTES_MAX: usize = 2 << 20;

/// One trace, analysed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Trace {
    /// Which, 32 hex digits.
    pub trace_id: String,
    /// 1 for the first decision; grows when late spans change it.
    pub version: u32,
    /// Why it was decided.
    pub reason: String,
    /// Its findings may rest on missing spans.
    pub incomplete: bool,
    /// Duration of the primary root.
    pub duration_ns: u64,
    /// How many spans it has.
    pub span_count: u64,
    /// How many of them are not in `spans`.
    pub omitted_spans: u64,
    /// In tree order, earliest first; at most 10,000.
    pub spans: Vec<Span>,
    /// What the response waited for, earliest first: the lengths sum to the primary root's duration.
    pub critical_path: Vec<Segment>,
    /// The completion path, earliest first, when it differs.
    pub completion_path: Vec<Segment>,
    /// What the detectors say.
    pub findings: Vec<Finding>,
    /// What they nearly say.
    pub near_misses: Vec<NearMissHere>,
    /// What is wrong with it.
    pub defects: Vec<Defect>,
    /// How whole it was when it was decided.
    pub completeness: Completeness,
    /// Spans, segments, findings or attributes were left out.
    pub truncated: bool,
    /// Where to look elsewhere, as the operator configured it.
    pub links: Vec<Link>,
}

/// One span.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Span {
    /// 16 hex digits; null for a span that was never received.
    pub span_id: Option<String>,
    /// The parent it hangs from after normalisation.
    pub parent_span_id: Option<String>,
    /// Its service.
    pub service: String,
    /// What it does.
    pub operation: String,
    /// Its name, masked; empty when its details are gone.
    pub name: String,
    /// The grouping key of an outgoing operation, else empty.
    pub template: String,
    /// OTLP's span kind.
    pub kind: Kind,
    /// What it was classified as: server, db, cache, call, publish.
    pub class: String,
    /// When, after correction of clocks.
    pub start: Moment,
    /// How long.
    pub duration_ns: u64,
    /// Time in which none of its children ran.
    pub self_ns: u64,
    /// Critical-path time of its own.
    pub critical_path_ns: u64,
    /// Distance from its root.
    pub depth: u32,
    /// It failed.
    pub failed: bool,
    /// How many spans it stands for; 1 but for summaries and folded groups.
    pub count: u64,
    /// Every key, values redacted; empty when its details are gone.
    pub attributes: BTreeMap<String, String>,
    /// Its events.
    pub events: Vec<Event>,
    /// What is wrong with it.
    pub defects: Vec<String>,
    /// What it is to the hotspot that was asked for; null in a plain trace.
    pub mark: Option<Mark>,
}

/// One event of a span.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Event {
    /// When.
    pub time: Moment,
    /// Its name.
    pub name: String,
    /// Every key, values redacted.
    pub attributes: BTreeMap<String, String>,
}

/// A piece of a critical path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Segment {
    /// Whose time it is; null for a span that was never received.
    pub span_id: Option<String>,
    /// From.
    pub start: Moment,
    /// Up to.
    pub end: Moment,
    /// Why.
    pub cause: Cause,
}

/// A finding as its trace shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Finding {
    /// Itself, 32 hex digits.
    pub id: String,
    /// Its hotspot, 32 hex digits.
    pub hotspot_id: String,
    /// Id of the detector.
    pub detector: String,
    /// The service that must change.
    pub service: String,
    /// Its segment operation.
    pub operation: String,
    /// Grouping key of its members.
    pub template: String,
    /// Where it sits.
    pub anchor_span_id: String,
    /// Its members.
    pub span_ids: Vec<String>,
    /// How many calls.
    pub calls: u64,
    /// What the fix would save.
    pub saving_ns: Saving,
    /// How sure, 0 to 1.
    pub confidence: Decimal,
    /// Why.
    pub confidence_why: Vec<String>,
    /// Detectors merged into it.
    pub related: Vec<String>,
}

/// One thing that is wrong with a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Defect {
    /// What.
    pub kind: String,
    /// On which span; null for the trace as a whole.
    pub span_id: Option<String>,
}

/// How whole a trace was when it was decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Completeness {
    /// A span without a parent was seen.
    pub root_seen: bool,
    /// Distinct parents named and not held.
    pub missing_parents: u32,
    /// Calls without a server span.
    pub unanswered: u32,
    /// Spans that came after an earlier version was decided.
    pub late: u32,
    /// The trace hit a limit.
    pub truncated: bool,
    /// Spans folded into groups.
    pub compacted: u64,
}

impl Trace {
    /// The trace with what is kept of its spans' attributes, within the bounds of one answer.
    pub fn new(of: &TraceView, details: &[SpanDetail]) -> Trace {
        Trace::bounded(of, details, SPANS_MAX, DETAIL_BYTES_MAX)
    }

    /// The same with tighter bounds, for answers that hold several traces.
    pub(crate) fn bounded(
        of: &TraceView,
        details: &[SpanDetail],
        spans_max: usize,
        detail_bytes_max: usize,
    ) -> Trace {
        let shown = of.spans.len().min(spans_max);
        let (spans, details_cut) = spans(&of.spans[..shown], details, detail_bytes_max);
        let cut = shown < of.spans.len()
            || details_cut
            || of.critical_path.len() > SEGMENTS_MAX
            || of.completion_path.len() > SEGMENTS_MAX
            || of.findings.len() > FINDINGS_MAX
            || of.near_misses.len() > FINDINGS_MAX
            || of.defects.len() > FINDINGS_MAX;
        Trace {
            trace_id: of.trace.to_string(),
            version: of.version,
            reason: of.reason.name().to_owned(),
            incomplete: of.incomplete,
            duration_ns: of.duration.0,
            span_count: of.span_count,
            omitted_spans: of
                .span_count
                .saturating_sub(of.spans[..shown].iter().map(|span| span.count).sum()),
            spans,
            critical_path: segments(&of.critical_path),
            completion_path: segments(&of.completion_path),
            findings: of.findings.iter().take(FINDINGS_MAX).map(Finding::from).collect(),
            near_misses: of
                .near_misses
                .iter()
                .take(FINDINGS_MAX)
                .map(NearMissHere::from)
                .collect(),
            defects: of.defects.iter().take(FINDINGS_MAX).map(Defect::from).collect(),
            completeness: of.completeness.into(),
            truncated: of.truncated || cut,
            links: Vec::new(),
        }
    }
}

/// The spans with their details, and whether details were left out.
fn spans(of: &[model::SpanView], details: &[SpanDetail], bytes_max: usize) -> (Vec<Span>, bool) {
    let by_span: BTreeMap<_, _> = details.iter().map(|detail| (detail.span, detail)).collect();
    let mut left = bytes_max;
    let mut cut = false;
    let mut spans = Vec::with_capacity(of.len());
    for view in of {
        let mut span = Span::from(view);
        if let Some(detail) = view.id.and_then(|id| by_span.get(&Some(id))) {
            span.name = clean(&detail.name);
            match left.checked_sub(size(detail)) {
                Some(rest) => {
                    left = rest;
                    span.attributes = attributes(&detail.attributes);
                    span.events = detail.events.iter().map(Event::from).collect();
                }
                None => cut = true,
            }
        }
        spans.push(span);
    }
    (spans, cut)
}

/// Bytes of a span's attributes and events.
fn size(detail: &SpanDetail) -> usize {
    let of_attributes = |of: &[(String, String)]| -> usize {
        of.iter().map(|(key, value)| key.len() + value.len() + 8).sum()
    };
    let events = detail.events.iter();
    let of_events: usize = events
        .map(|event| event.name.len() + of_attributes(&event.attributes) + 64)
        .sum();
    of_attributes(&detail.attributes) + of_events
}

fn attributes(of: &[(String, String)]) -> BTreeMap<String, String> {
    of.iter().map(|(key, value)| (clean(key), clean(value))).collect()
}

fn segments(of: &[model::PathSegment]) -> Vec<Segment> {
    of.iter().take(SEGMENTS_MAX).map(Segment::from).collect()
}

impl From<&model::SpanView> for Span {
    fn from(of: &model::SpanView) -> Span {
        Span {
            span_id: of.id.map(|id| id.to_string()),
            parent_span_id: of.parent.map(|id| id.to_string()),
            service: clean(&of.service),
            operation: clean(&of.operation),
            name: String::new(),
            template: clean(&of.template),
            kind: of.kind.into(),
            class: of.class.name().to_owned(),
            start: of.start.into(),
            duration_ns: of.duration.0,
            self_ns: of.self_time.0,
            critical_path_ns: of.path_time.0,
            depth: of.depth,
            failed: of.failed,
            count: of.count,
            attributes: BTreeMap::new(),
            events: Vec::new(),
            defects: of.defects.iter().map(|kind| kind.name().to_owned()).collect(),
            mark: None,
        }
    }
}

impl From<&model::EventView> for Event {
    fn from(of: &model::EventView) -> Event {
        Event {
            time: of.time.into(),
            name: clean(&of.name),
            attributes: attributes(&of.attributes),
        }
    }
}

impl From<&model::PathSegment> for Segment {
    fn from(of: &model::PathSegment) -> Segment {
        Segment {
            span_id: of.span.map(|id| id.to_string()),
            start: of.start.into(),
            end: of.end.into(),
            cause: of.cause.into(),
        }
    }
}

impl From<&model::FindingView> for Finding {
    fn from(of: &model::FindingView) -> Finding {
        Finding {
            id: of.id.to_string(),
            hotspot_id: of.hotspot.to_string(),
            detector: of.detector.to_owned(),
            service: clean(&of.service),
            operation: clean(&of.operation),
            template: clean(&of.template),
            anchor_span_id: of.anchor.to_string(),
            span_ids: of.spans.iter().map(|id| id.to_string()).collect(),
            calls: of.calls,
            saving_ns: of.saving.into(),
            confidence: of.confidence.into(),
            confidence_why: texts(&of.confidence_why),
            related: texts(&of.related),
        }
    }
}

impl From<&model::Defect> for Defect {
    fn from(of: &model::Defect) -> Defect {
        Defect {
            kind: of.kind.name().to_owned(),
            span_id: of.span.map(|id| id.to_string()),
        }
    }
}

impl From<model::Completeness> for Completeness {
    fn from(of: model::Completeness) -> Completeness {
        Completeness {
            root_seen: of.root_seen,
            missing_parents: of.missing_parents,
            unanswered: of.unanswered,
            late: of.late,
            truncated: of.truncated,
            compacted: of.compacted,
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{Class, Decided, Nanos, SpanId, SpanView, Timestamp, TraceId};

    use super::*;

    fn view(spans: u64) -> TraceView {
        let span = |id| SpanView {
            id: SpanId::new(id),
            parent: None,
            service: "orders".to_owned(),
            operation: "GET /".to_owned(),
            template: String::new(),
            kind: model::Kind::Server,
            class: Class::Server,
            start: Timestamp(1),
            duration: Nanos(1),
            self_time: Nanos(1),
            path_time: Nanos(1),
            depth: 0,
            failed: false,
            count: 1,
            defects: Vec::new(),
        };
        TraceView {
            trace: TraceId::new(1).unwrap(),
            version: 1,
            reason: Decided::Complete,
            incomplete: false,
            duration: Nanos(1),
            spans: (1..=spans).map(span).collect(),
            span_count: spans,
            critical_path: Vec::new(),
            completion_path: Vec::new(),
            findings: Vec::new(),
            near_misses: Vec::new(),
            defects: Vec::new(),
            completeness: model::Completeness::default(),
            truncated: false,
        }
    }

    fn detail(id: u64) -> SpanDetail {
        SpanDetail {
            span: SpanId::new(id),
            name: "name".to_owned(),
            attributes: vec![("key".to_owned(), "x".repeat(4_000))],
            ..SpanDetail::default()
        }
    }

    #[test]
    fn beyond_ten_thousand_spans_the_rest_is_counted() {
        let whole = Trace::new(&view(10_000), &[]);
        assert_eq!(
            (whole.spans.len(), whole.omitted_spans, whole.truncated),
            (10_000, 0, false)
        );
        let cut = Trace::new(&view(10_007), &[]);
        assert_eq!(
            (cut.spans.len(), cut.omitted_spans, cut.truncated),
            (10_000, 7, true)
        );
    }

    #[test]
    fn attributes_give_way_before_spans_do() {
        let details: Vec<SpanDetail> = (1..=2_000).map(detail).collect();
        let trace = Trace::new(&view(2_000), &details);
        assert_eq!(
            (trace.spans.len(), trace.omitted_spans, trace.truncated),
            (2_000, 0, true)
        );
        assert!(!trace.spans[0].attributes.is_empty() && trace.spans[1_999].attributes.is_empty());
        assert_eq!(trace.spans[1_999].name, "name");
        assert!(serde_json::to_vec(&trace).unwrap().len() < 8 << 20);
    }
}

//! What a detector over traces says, and the hotspot that becomes of it.

use hotspan_model::{
    Anchor, CalleeView, CallsPerTrace, EvidenceTrace, Facets, Fingerprint, Hotspot, Identity, ImpactBasis,
    LogTime, Meta, Millionths, Nanos, Params, PathTime, Role, Saving, Trend,
};

use crate::calendar::Calendar;
use crate::confidence::Confidence;
use crate::facts::{Fact, Shown};
use crate::life::young;
use crate::sampling::counted;
use crate::sign::{Sign, narrow};
use crate::topology::Edge;
use crate::view::{EXPOSURE, Reader, priority};

/// Traces that a hotspot shows.
const EVIDENCE: usize = 3;

/// A fault before it gets its numbers.
#[derive(Debug)]
pub(super) struct Draft {
    pub meta: &'static Meta,
    /// What the fingerprint is made of beside the detector: names that stay.
    pub key: Vec<String>,
    /// The service that must change.
    pub service: String,
    /// Its operation; empty for the service as a whole.
    pub operation: String,
    /// The other side.
    pub callee: CalleeView,
    /// Names that the sentence lists.
    pub details: Vec<String>,
    /// What the sentence says of them.
    pub said: String,
    /// Calls a trace, where they are what matters.
    pub calls: u64,
    /// Of the service's traces.
    pub share: Millionths,
    pub seen: Seen,
    /// The detector's own terms of confidence.
    pub terms: Vec<(Millionths, String)>,
    /// Measured, with its impact in seconds an hour; without one the exposure counts.
    pub saving: Option<(Saving, Millionths)>,
    pub versions: Vec<String>,
    /// What one change would settle together with others; empty when nothing.
    pub change: Vec<String>,
}

/// What was seen of a fault.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// At least so many traces: facts of one trace may be several.
    pub traces: u64,
    weighted: u128,
    path: u128,
    calendar: Calendar,
    shown: Vec<Shown>,
}

impl Seen {
    /// Adds a fact.
    pub(super) fn add(&mut self, fact: &Fact) {
        self.traces = self.traces.max(fact.traces);
        self.weighted = self.weighted.max(fact.weighted);
        Sign::Add.sum(&mut self.path, fact.path);
        self.calendar.merge(&fact.calendar);
        self.shown.extend(fact.shown);
    }

    /// Adds an edge, which has no traces to show.
    pub(super) fn add_edge(&mut self, edge: &Edge) {
        self.traces = self.traces.max(edge.traces);
        self.weighted = self.weighted.max(edge.weighted);
        Sign::Add.sum(&mut self.path, edge.path);
        self.calendar.merge(&edge.calendar);
    }

    /// Adds what was seen elsewhere.
    pub(super) fn merge(&mut self, other: &Seen) {
        self.traces = self.traces.max(other.traces);
        self.weighted = self.weighted.max(other.weighted);
        Sign::Add.sum(&mut self.path, other.path);
        self.calendar.merge(&other.calendar);
        self.shown.extend(&other.shown);
    }

    /// So many traces, of which what was added is the part that can be told apart: they weigh as much each.
    pub(super) fn over(&mut self, traces: u64) {
        let weighted = self.weighted.saturating_mul(traces.into());
        self.weighted = weighted.checked_div(self.traces.into()).unwrap_or(0);
        self.traces = traces;
    }

    /// Shows the traces of a fact and counts nothing of it.
    pub(super) fn show(&mut self, fact: &Fact) {
        self.shown.extend(fact.shown);
    }

    /// Start of the hour, or day, of the first.
    pub(super) fn first(&self, newest: LogTime) -> Option<LogTime> {
        self.calendar.first(newest)
    }

    fn evidence(&self) -> Vec<EvidenceTrace> {
        let mut shown = self.shown.clone();
        shown.sort_by_key(|shown| std::cmp::Reverse((shown.badness(), std::cmp::Reverse(shown.span))));
        let mut traces: Vec<EvidenceTrace> = Vec::new();
        for shown in shown {
            if traces.len() < EVIDENCE && traces.iter().all(|other| other.trace != shown.trace) {
                traces.push(EvidenceTrace {
                    trace: shown.trace,
                    role: Role::Worst,
                    anchor: shown.span,
                    spans: vec![shown.span],
                    span_count: shown.count,
                });
            }
        }
        traces
    }
}

impl Draft {
    /// One about `service` with nothing seen yet.
    pub(super) fn new(meta: &'static Meta, service: &str, key: &[&str]) -> Draft {
        Draft {
            meta,
            key: key.iter().map(|&part| part.to_owned()).collect(),
            service: service.to_owned(),
            operation: String::new(),
            callee: CalleeView::default(),
            details: Vec::new(),
            said: String::new(),
            calls: 0,
            share: Millionths(0),
            seen: Seen::default(),
            terms: Vec::new(),
            saving: None,
            versions: Vec::new(),
            change: Vec::new(),
        }
    }

    /// A term of confidence.
    pub(super) fn term(&mut self, millionths: u64, why: &str) {
        self.terms.push((Millionths(millionths), why.to_owned()));
    }

    /// What identifies its hotspot.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let id = Identity::new("fingerprint").text(self.meta.id);
        Fingerprint(self.key.iter().fold(id, |id, part| id.text(part)).finish())
    }

    /// The hotspot, without a rank.
    pub(super) fn hotspot(self, reader: &Reader<'_>) -> Hotspot {
        let id = self.fingerprint();
        let seen = &self.seen;
        let effort = reader.effort(self.meta, id, &self.service, &self.operation);
        let confidence = Confidence::over(seen.traces, &self.terms);
        let exposed = seen.calendar.since(reader.window.from).exposure;
        let exposure = reader.window.seconds_per_hour(exposed).times(EXPOSURE);
        let (saving, impact, basis) = match self.saving {
            Some((saving, impact)) => (saving, impact, ImpactBasis::Saving),
            None => (Saving::default(), exposure, ImpactBasis::Exposure),
        };
        let details: Vec<&str> = self.details.iter().map(String::as_str).collect();
        let facets = facets(&self, &details);
        let first = seen.first(reader.merged.newest).unwrap_or_default();
        Hotspot {
            id,
            detector: self.meta.id,
            in_break: self.meta.in_break,
            title: (self.meta.sentence)(&facets),
            fix: (self.meta.fix)(&facets),
            entry: self.operation.clone(),
            entries: Vec::new(),
            anchor: Anchor {
                service: self.service.clone(),
                operation: self.operation.clone(),
            },
            state: young(reader.now, first),
            traces: seen.traces,
            weighted_traces: Millionths(narrow(seen.weighted)),
            share: self.share.min(Millionths::ONE),
            calls_per_trace: CallsPerTrace {
                min: self.calls,
                p50: self.calls,
                p95: self.calls,
                max: self.calls,
            },
            // Facts know sums; how a single trace compares is not theirs to say.
            critical_path: PathTime {
                sum: Nanos(narrow(seen.path)),
                ..PathTime::default()
            },
            saving,
            // Facts are replayed in no trace.
            operation_p50: None,
            operation_p95: None,
            saving_share: Millionths(0),
            priority: priority(impact, &confidence, effort),
            confidence: confidence.value,
            confidence_why: confidence.why,
            effort_weeks: effort,
            impact_s_per_hour: impact,
            impact_relative_error: counted(seen.traces, seen.weighted),
            impact_basis: basis,
            rank: 0,
            code: Vec::new(),
            evidence: seen.evidence(),
            related: Vec::new(),
            change: None,
            first_seen: first,
            last_seen: seen.calendar.last().unwrap_or_default(),
            trend: Trend::default(),
            service: self.service,
            operation: self.operation,
            callee: self.callee,
            versions: self.versions,
        }
    }
}

fn facets<'a>(draft: &'a Draft, details: &'a [&'a str]) -> Facets<'a> {
    Facets {
        service: &draft.service,
        operation: &draft.operation,
        callee: &draft.callee,
        summary: &draft.callee.template,
        templates: details,
        calls: draft.calls,
        parallel: false,
        params: Params::default(),
        path: Nanos(narrow(draft.seen.path) / draft.seen.traces.max(1)),
        segment: Nanos::ZERO,
        writes: false,
        vendor: None,
        scopes: &[],
        language: "",
        evidence: &draft.said,
    }
}

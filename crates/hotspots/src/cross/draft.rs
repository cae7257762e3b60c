//! What a detector over traces says, and the hotspot that becomes of it.

use hotspan_model::{
    Anchor, CalleeView, CallsPerTrace, Condition, EvidenceTrace, Facets, Fingerprint, Hotspot, Identity,
    ImpactBasis, LogTime, Meta, Millionths, Nanos, NearReason, Params, PathTime, Returns, Role, Saving,
    State, Trend, VersionTraces,
};

use crate::calendar::Calendar;
use crate::confidence::Confidence;
use crate::facts::{Fact, Shown};
use crate::growth::worsens_by_day;
use crate::ignored::Ignored;
use crate::life::Life;
use crate::sampling::counted;
use crate::sign::{Sign, narrow};
use crate::topology::Edge;
use crate::view::{EXPOSURE, Reader, priority};

/// Traces that a hotspot shows.
const EVIDENCE: usize = 3;

/// What stops a fault that is none yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stopped {
    pub reason: NearReason,
    pub conditions: Vec<Condition>,
}

/// A threshold of a rule, and how far a case came.
pub(super) fn wants(name: &'static str, value: u64, threshold: u64) -> Condition {
    Condition {
        name,
        value,
        threshold,
    }
}

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
    pub versions: Vec<VersionTraces>,
    /// What one change would settle together with others; empty when nothing.
    pub change: Vec<String>,
    /// It is a near miss.
    pub stopped: Option<Stopped>,
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
    ignored: Ignored,
}

impl Seen {
    /// Adds a fact.
    pub(super) fn add(&mut self, fact: &Fact) {
        self.traces = self.traces.max(fact.traces);
        self.weighted = self.weighted.max(fact.weighted);
        Sign::Add.sum(&mut self.path, fact.path);
        self.calendar.cover(&fact.calendar);
        self.show(fact);
    }

    /// Adds an edge, which has no traces to show.
    pub(super) fn add_edge(&mut self, edge: &Edge) {
        self.traces = self.traces.max(edge.traces);
        self.weighted = self.weighted.max(edge.weighted);
        Sign::Add.sum(&mut self.path, edge.path);
        self.calendar.cover(&edge.calendar);
    }

    /// Adds what was seen elsewhere.
    pub(super) fn merge(&mut self, other: &Seen) {
        self.traces = self.traces.max(other.traces);
        self.weighted = self.weighted.max(other.weighted);
        Sign::Add.sum(&mut self.path, other.path);
        self.calendar.cover(&other.calendar);
        self.shown.extend(&other.shown);
        self.ignored.merge(&other.ignored);
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
        self.ignored.merge(&fact.ignored);
    }

    /// Start of the hour, or day, of the first.
    pub(super) fn first(&self, newest: LogTime) -> Option<LogTime> {
        self.calendar.first(newest)
    }

    /// End of the hour, or day, of the last.
    pub(super) fn last(&self, newest: LogTime) -> Option<LogTime> {
        self.calendar.last(newest)
    }

    /// Facts are dated by the hour, and only for a day.
    fn trend(&self, newest: LogTime) -> Trend {
        Trend {
            minute: Vec::new(),
            hour: self.calendar.trend(newest),
        }
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
            stopped: None,
        }
    }

    /// A fault when all of `conditions` hold, a near miss when none lacks more than two fifths, else nothing.
    pub(super) fn gated<const N: usize>(mut self, conditions: [Condition; N]) -> Option<Draft> {
        let missed = conditions.iter().max_by_key(|one| one.distance());
        let missed = missed.filter(|one| !one.holds());
        if let Some(missed) = missed {
            self.stopped = Some(Stopped {
                reason: reason(missed),
                conditions: conditions.to_vec(),
            });
        }
        conditions.iter().all(Condition::is_near).then_some(self)
    }

    /// The same when `guard`, if there is one, stops what passes.
    pub(super) fn guarded<const N: usize>(
        self,
        guard: Option<&'static str>,
        conditions: [Condition; N],
    ) -> Option<Draft> {
        let mut draft = self.gated(conditions)?;
        if let (Some(guard), None) = (guard, &draft.stopped) {
            draft.stopped = Some(Stopped {
                reason: NearReason::Guard(guard),
                conditions: conditions.to_vec(),
            });
        }
        Some(draft)
    }

    /// A term of confidence.
    pub(super) fn term(&mut self, millionths: u64, why: &str) {
        self.terms.push((Millionths(millionths), why.to_owned()));
    }

    /// Whether the code accepts it: `hotspan.ignore` stands on what showed it last.
    pub(super) fn is_ignored(&self, reader: &Reader<'_>) -> bool {
        let (seen, newest) = (&self.seen, reader.merged.newest);
        seen.ignored
            .names(self.meta.id, seen.last(newest), newest, reader.dictionary)
    }

    /// What identifies its hotspot.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let id = Identity::new("fingerprint").text(self.meta.id);
        Fingerprint(self.key.iter().fold(id, |id, part| id.text(part)).finish())
    }

    /// The state as far as hours of a day and days of a week tell it. What shows the fault is what it is made of: where
    /// that stops while its service works on, it is gone.
    fn state(&self, reader: &Reader<'_>) -> (State, Returns) {
        let (seen, newest) = (&self.seen, reader.merged.newest);
        let life = Life {
            spells: &seen.calendar.spells(newest),
            judged: &|hours| reader.judged(&self.service, &self.operation, &hours),
            renewed: 0,
            now: reader.now,
            seen: (
                seen.first(newest).unwrap_or_default(),
                seen.last(newest).unwrap_or_default(),
            ),
            // What was measured otherwise has no history.
            worsens: self.saving.is_none() && worsens_by_day(&seen.calendar, reader.window.from, newest),
        };
        life.state()
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
        let newest = reader.merged.newest;
        let (state, returns) = self.state(reader);
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
            state,
            note: None,
            returns,
            traces: seen.traces,
            weighted_traces: Millionths(narrow(seen.weighted)),
            share: self.share.min(Millionths::ONE),
            tail: None,
            calls_per_trace: CallsPerTrace {
                min: self.calls,
                p50: self.calls,
                p95: self.calls,
                max: self.calls,
            },
            calls_bars: Vec::new(),
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
            first_seen: seen.first(newest).unwrap_or_default(),
            last_seen: seen.last(newest).unwrap_or_default(),
            trend: seen.trend(newest),
            service: self.service,
            operation: self.operation,
            callee: self.callee,
            versions: self.versions,
            version_starts: Vec::new(),
        }
    }
}

/// What a missed condition is about, by its unit.
fn reason(missed: &Condition) -> NearReason {
    match missed.name {
        "traces" | "sightings" => NearReason::Sightings,
        name if name.ends_with("_ns") || name.ends_with("_millionths") => NearReason::Cost,
        _ => NearReason::Count,
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

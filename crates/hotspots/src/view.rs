//! One aggregate as a hotspot: in words and numbers, not yet ranked.

use std::ops::Range;

use hotspan_model::{
    Anchor, Break, CalleeView, CallsPerTrace, CodePlace, Effort, EvidenceTrace, Facets, Fingerprint, Fix,
    Hotspot, ImpactBasis, LogTime, Lookup, Meta, Millionths, Nanos, PathTime, Role, Saving, SavingRule,
    Symbol, Tail, Trend, Verb, VersionTraces,
};

use crate::Settings;
use crate::aggregate::{Aggregate, Shape};
use crate::buckets::{Timeline, Window};
use crate::confidence::{Confidence, Label, Revision, confidence, label, labelled, surer, unneeded};
use crate::facts::Fact;
use crate::losses::corrected;
use crate::many;
use crate::merged::Merged;
use crate::peers::Peers;
use crate::reservoir::{Exemplar, Units};
use crate::sampling::Sums;
use crate::scaling::scaling;
use crate::sign::{narrow, share};
use crate::tail::tail;
use crate::tally::Tally;
use crate::topology::Operation;

/// Exposed seconds count so much of seconds that a replay would save.
pub(crate) const EXPOSURE: Millionths = Millionths(20_000);
/// A detector whose fix changes caller and callee, and the weeks it takes one team that owns both.
const N_PLUS_ONE_CALL: &str = "n-plus-one-call";
const SAME_TEAM: Effort = Millionths(1_000_000);
/// Places in the code that an answer names.
const PLACES: usize = 8;
/// Versions whose beginning an answer names.
const VERSIONS: usize = 16;
/// Points of the trend by minute, and by hour.
const TREND: (usize, usize) = (60, 168);

/// A timeline as it is answered.
pub(crate) fn trend(of: &Timeline) -> Trend {
    Trend {
        minute: of.minutes.last(TREND.0),
        hour: of.hours.last(TREND.1),
    }
}

/// All that a hotspot is read with.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) merged: &'a Merged<'a>,
    pub(crate) peers: &'a Peers<'a>,
    pub(crate) window: Window,
    pub(crate) now: LogTime,
    pub(crate) settings: &'a Settings,
    pub(crate) dictionary: &'a dyn Lookup,
}

impl<'a> Reader<'a> {
    /// The most frequent shape, ties by text.
    pub(crate) fn shape(&self, row: &'a Aggregate) -> Option<&'a Shape> {
        let text = |symbol| self.dictionary.text(symbol);
        let spoken = |shape: &Shape| {
            (
                [
                    shape.at.service,
                    shape.at.operation,
                    shape.anchor.0,
                    shape.anchor.1,
                ]
                .map(text),
                [shape.template, shape.callee, shape.callee_service].map(|symbol| symbol.map(text)),
                shape.class,
                shape
                    .templates
                    .iter()
                    .map(|&template| text(template))
                    .collect::<Vec<_>>(),
                shape.hand_offs.clone(),
            )
        };
        row.shapes.first(spoken)
    }

    /// The hotspot of `row`, without a rank.
    pub(crate) fn hotspot(
        &self,
        id: Fingerprint,
        row: &Aggregate,
        shape: &Shape,
        meta: &'static Meta,
    ) -> Hotspot {
        let text = |symbol| self.dictionary.text(symbol);
        let meta = &as_seen(meta, row);
        let label = label(shape, self.merged);
        let confidence = self.confidence(row, shape, label);
        let (saving, units) = self.saving(row, shape, meta);
        let (impact, basis) = self.impact(row, meta);
        let effort = self.effort(meta, id, text(shape.at.service), text(shape.at.operation));
        let callee = self.callee(shape);
        let (title, fix) = self.wording(row, shape, meta, &callee, said(row, label));
        let entries = row.entries.ranked(|entry| text(entry.operation).to_owned());
        let first = row.timeline.first(self.merged.newest).unwrap_or_default();
        let (state, returns) = self.state(id, row, shape, basis);
        Hotspot {
            id,
            detector: meta.id,
            in_break: meta.in_break,
            title,
            service: text(shape.at.service).to_owned(),
            operation: text(shape.at.operation).to_owned(),
            entry: entries.first().map(|entry| entry.0.clone()).unwrap_or_default(),
            entries: cut(entries, self.settings.entries_max),
            anchor: Anchor {
                service: text(shape.anchor.0).to_owned(),
                operation: text(shape.anchor.1).to_owned(),
            },
            callee,
            state,
            note: None,
            returns,
            traces: row.traces,
            weighted_traces: Millionths(narrow(row.weighted)),
            share: self.share(row, shape),
            tail: self.tail(row, shape),
            calls_per_trace: calls_per_trace(row),
            calls_bars: row.calls.bars(),
            critical_path: PathTime {
                p50: Nanos(row.path.quantile(500)),
                p95: Nanos(row.path.quantile(950)),
                sum: Nanos(narrow(row.path_sum)),
            },
            saving,
            operation_p50: units.map(|units| units.p50),
            operation_p95: units.map(|units| units.p95),
            saving_share: Millionths::ratio(saving.likely.0, self.segment(row, shape)).min(Millionths::ONE),
            priority: priority(impact, &confidence, effort),
            confidence: confidence.value,
            confidence_why: confidence.why,
            effort_weeks: effort,
            impact_s_per_hour: impact,
            impact_relative_error: self.impact_error(row, meta, basis),
            impact_basis: basis,
            rank: 0,
            fix,
            code: self.code(row),
            evidence: evidence(row),
            related: related(row),
            change: None,
            versions: self.versions(&row.versions),
            version_starts: self.version_starts(shape),
            first_seen: first,
            last_seen: last_seen(row),
            trend: trend(&row.timeline),
        }
    }

    /// What the fix saves of a trace, and what becomes of its unit.
    fn saving(&self, row: &Aggregate, shape: &Shape, meta: &Meta) -> (Saving, Option<Units>) {
        let (saving, units) = match meta.saving {
            SavingRule::Replayed => row.reservoir.replayed(),
            SavingRule::CappedAtMedian => row.reservoir.capped(),
        };
        let service = self.dictionary.text(shape.at.service);
        match (self.merged.services.get(service), units) {
            (Some(service), Some(of)) => (corrected(saving, meta.id, service, of.p50.before), units),
            (None, _) | (_, None) => (saving, units),
        }
    }

    fn tail(&self, row: &Aggregate, shape: &Shape) -> Option<Tail> {
        let operation = self.operation(shape)?;
        tail(&operation.durations, &row.segment)
    }

    /// Share of the segment operation's judged traces that carry the fault.
    fn share(&self, row: &Aggregate, shape: &Shape) -> Millionths {
        match self.operation(shape) {
            Some(operation) => share(row.weighted, operation.weighted_traces),
            None => Millionths(0),
        }
    }

    /// What is known about its segment operation.
    pub(crate) fn operation(&self, shape: &Shape) -> Option<&Operation> {
        let key = (
            self.dictionary.text(shape.at.service),
            self.dictionary.text(shape.at.operation),
        );
        self.merged.operations.get(&key).map(AsRef::as_ref)
    }

    /// Traces of some hours in which an operation of `service` was judged, at least so many: one trace may be several
    /// operations'. Of one operation where it is named and known.
    pub(crate) fn judged(&self, service: &str, operation: &str, hours: &Range<u64>) -> u64 {
        if let Some(row) = self.merged.operations.get(&(service, operation)) {
            return row.judged(hours.clone());
        }
        let rows = self.merged.operations.range((service, "")..);
        let rows = rows.take_while(|((name, _), _)| *name == service);
        rows.map(|(_, row)| row.judged(hours.clone())).max().unwrap_or(0)
    }

    /// Median duration of the segment operation; of its affected traces when it has no row of its own.
    fn segment(&self, row: &Aggregate, shape: &Shape) -> u64 {
        let of_all = self
            .operation(shape)
            .map_or(0, |operation| operation.durations.quantile(500));
        if of_all > 0 {
            of_all
        } else {
            row.segment.quantile(500)
        }
    }

    fn impact(&self, row: &Aggregate, meta: &Meta) -> (Millionths, ImpactBasis) {
        let sum = row.timeline.hours.since(self.window.from);
        let replayed = match meta.in_break {
            Break::Database | Break::Synchronous => row.saving_max > 0,
            Break::Observability | Break::Seams => false,
        };
        if replayed {
            let replayed = self.window.seconds_per_hour(sum.saving);
            let impact = match meta.saving {
                SavingRule::Replayed => replayed,
                // What traces said one by one is brought to what they say together.
                SavingRule::CappedAtMedian => {
                    let capped = Sums::beyond_median(&row.path, row.weighted);
                    capped.per(&row.sampling.saving).times(replayed)
                }
            };
            return (impact, ImpactBasis::Saving);
        }
        let exposed = self.window.seconds_per_hour(sum.exposure);
        (exposed.times(EXPOSURE), ImpactBasis::Exposure)
    }

    /// How far sampling may have put its impact off.
    fn impact_error(&self, row: &Aggregate, meta: &Meta, basis: ImpactBasis) -> Millionths {
        let sums = match (basis, meta.saving) {
            (ImpactBasis::Saving, SavingRule::Replayed) => row.sampling.saving,
            (ImpactBasis::Saving, SavingRule::CappedAtMedian) => Sums::beyond_median(&row.path, row.weighted),
            (ImpactBasis::Exposure, _) => row.sampling.exposure,
        };
        let recent = row.timeline.hours.since(self.window.from).traces;
        sums.error(row.traces, recent)
    }

    fn confidence(&self, row: &Aggregate, shape: &Shape, label: Option<Label>) -> Confidence {
        let revision = labelled(row, label)
            .or_else(|| self.surer(row, shape))
            .or_else(|| scaling(row));
        match self.settings.calibrated {
            true => confidence(row, revision).calibrated(),
            false => confidence(row, revision),
        }
    }

    /// What its operation's other traces, or those of its callee, change.
    fn surer(&self, row: &Aggregate, shape: &Shape) -> Option<Revision> {
        if let Some(unneeded) = unneeded(row, || many::unneeded(self, shape).ok()) {
            return Some(unneeded);
        }
        let callee = shape.callee?;
        let then = self.dictionary.callee(callee)?.certainty;
        let now = self.peers.decide(callee, self.dictionary)?.decision.certainty;
        surer(row, then, now)
    }

    fn callee(&self, shape: &Shape) -> CalleeView {
        let facts = shape.callee.and_then(|callee| self.dictionary.callee(callee));
        let address = facts.map_or("", |facts| match (&facts.service, facts.vendor) {
            (Some(service), _) => service,
            (None, _) if !facts.host.is_empty() => &facts.host,
            (None, vendor) => vendor.map_or("", |vendor| vendor.name),
        });
        let peer = shape
            .callee_service
            .map_or(address, |service| self.dictionary.text(service));
        let template = shape
            .template
            .map_or("", |template| self.dictionary.text(template));
        CalleeView {
            class: shape.class.name().to_owned(),
            system: facts.map_or("", |facts| &facts.system).to_owned(),
            peer: peer.to_owned(),
            template: template.to_owned(),
        }
    }

    fn wording(
        &self,
        row: &Aggregate,
        shape: &Shape,
        meta: &Meta,
        callee: &CalleeView,
        evidence: &str,
    ) -> (String, Fix) {
        let text = |symbol| self.dictionary.text(symbol);
        let facts = shape
            .template
            .and_then(|template| self.dictionary.template(template));
        let summary = facts.map_or("", |facts| &*facts.summary);
        let templates: Vec<&str> = shape.templates.iter().map(|&template| text(template)).collect();
        let scopes = row.scopes.ranked(|&scope| text(scope));
        let scopes: Vec<&str> = scopes.into_iter().map(|scope| scope.0).collect();
        let languages = row.languages.ranked(|&language| text(language));
        let vendor = shape
            .callee
            .and_then(|callee| self.dictionary.callee(callee)?.vendor);
        let facets = Facets {
            service: text(shape.at.service),
            operation: text(shape.at.operation),
            callee,
            summary: if summary.is_empty() {
                &callee.template
            } else {
                summary
            },
            templates: &templates,
            calls: row.calls.quantile(500),
            parallel: row.traces < row.parallel.saturating_mul(2),
            params: row
                .exemplars
                .newest()
                .map(|newest| newest.params)
                .unwrap_or_default(),
            path: Nanos(row.path.quantile(500)),
            segment: Nanos(row.segment.quantile(500)),
            writes: facts.is_some_and(|facts| facts.verb == Verb::Write || !facts.writes.is_empty()),
            vendor: vendor.map(|vendor| vendor.name),
            scopes: &scopes,
            language: languages.first().map_or("", |language| language.0),
            evidence,
        };
        ((meta.sentence)(&facets), (meta.fix)(&facets))
    }

    /// The versions that were counted, sorted by name.
    pub(crate) fn versions(&self, counted: &Tally<Symbol>) -> Vec<VersionTraces> {
        let ranked = counted.ranked(|&version| self.dictionary.text(version).to_owned());
        let named = ranked
            .into_iter()
            .map(|(version, traces)| VersionTraces { version, traces });
        let mut versions: Vec<VersionTraces> = named.collect();
        versions.sort();
        versions
    }

    /// When the versions of its operation began to serve, whether they show the fault or not.
    fn version_starts(&self, shape: &Shape) -> Vec<(String, LogTime)> {
        let text = |symbol| self.dictionary.text(symbol);
        let served = self
            .merged
            .served(text(shape.at.service), text(shape.at.operation));
        let began = |(version, fact): (&str, &Fact)| {
            let first = fact.calendar.first(self.merged.newest)?;
            Some((version.to_owned(), first))
        };
        let mut starts: Vec<_> = served.filter_map(began).collect();
        starts.sort_by(|a, b| a.1.cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
        starts.split_off(starts.len().saturating_sub(VERSIONS))
    }

    fn code(&self, row: &Aggregate) -> Vec<CodePlace> {
        let places = row.code.ranked(|&code| place(self.dictionary.text(code)));
        places.into_iter().take(PLACES).map(|place| place.0).collect()
    }
}

/// Whether so many of its traces are most of them.
fn is_most(traces: u64, row: &Aggregate) -> bool {
    row.traces < traces.saturating_mul(2)
}

/// The detector as most traces show it: one team that owns both sides of a call changes them at once, and a vendor that
/// nobody needs to wait for is not bounded but deferred.
fn as_seen(meta: &Meta, row: &Aggregate) -> Meta {
    let mut seen = *meta;
    if meta.id == N_PLUS_ONE_CALL && is_most(row.same_team, row) {
        seen.effort = SAME_TEAM;
    }
    if is_most(row.deferrable, row) {
        seen.saving = SavingRule::Replayed;
    }
    seen
}

/// What its evidence says that its words depend on.
fn said(row: &Aggregate, label: Option<Label>) -> &'static str {
    match is_most(row.deferrable, row) {
        true => "deferrable",
        false => label.map_or("", |label| label.name()),
    }
}

/// The detectors that would say the same.
fn related(row: &Aggregate) -> Vec<String> {
    match is_most(row.deferrable, row) {
        true => vec![many::DEFERRABLE.to_owned()],
        false => Vec::new(),
    }
}

fn calls_per_trace(row: &Aggregate) -> CallsPerTrace {
    CallsPerTrace {
        min: row.calls.min(),
        p50: row.calls.quantile(500),
        p95: row.calls.quantile(950),
        max: row.calls.max(),
    }
}

fn cut<T>(mut list: Vec<T>, most: usize) -> Vec<T> {
    list.truncate(most);
    list
}

/// Impact x confidence / effort.
pub(crate) fn priority(impact: Millionths, confidence: &Confidence, effort: Effort) -> Millionths {
    let worth = u128::from(impact.0) * u128::from(confidence.value.0);
    Millionths(narrow(worth / u128::from(effort.0.max(1))))
}

/// Worst, median and newest, each trace once.
fn evidence(row: &Aggregate) -> Vec<EvidenceTrace> {
    let roles = [
        (Role::Worst, row.exemplars.worst()),
        (Role::Median, row.exemplars.closest(row.path.quantile(500))),
        (Role::Newest, row.exemplars.newest()),
    ];
    let mut shown: Vec<EvidenceTrace> = Vec::new();
    for (role, exemplar) in roles {
        let Some(exemplar) = exemplar else { continue };
        if shown.iter().all(|other| other.trace != exemplar.trace) {
            shown.push(evidence_trace(role, exemplar));
        }
    }
    shown
}

fn evidence_trace(role: Role, exemplar: &Exemplar) -> EvidenceTrace {
    EvidenceTrace {
        trace: exemplar.trace,
        role,
        anchor: exemplar.anchor,
        spans: exemplar.members.to_vec(),
        span_count: exemplar.span_count,
    }
}

/// The newest exemplar's second when it is in the last bucket, else the end of that bucket.
fn last_seen(row: &Aggregate) -> LogTime {
    let (start, end) = row.timeline.last().unwrap_or_default();
    let newest = row
        .exemplars
        .newest()
        .map(|newest| LogTime(newest.second * 1_000_000_000));
    newest
        .filter(|&newest| start <= newest && newest < end)
        .unwrap_or(end)
}

/// Reads `file:line function`, any part of which may be missing.
fn place(text: &str) -> CodePlace {
    for (at, _) in text.match_indices(':') {
        let rest = &text[at + 1..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let function = &rest[digits..];
        if let Ok(line) = rest[..digits].parse()
            && (function.is_empty() || function.starts_with(' '))
        {
            return CodePlace {
                file: text[..at].to_owned(),
                line,
                function: function.trim_start().to_owned(),
            };
        }
    }
    let (file, function) = text.split_once(' ').unwrap_or(("", text));
    CodePlace {
        file: file.to_owned(),
        line: 0,
        function: function.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_code_may_lack_any_part() {
        for (text, file, line, function) in [
            ("shop/views.py:41 list_orders", "shop/views.py", 41, "list_orders"),
            (
                "C:\\shop dir\\a.cs:7 Shop.List",
                "C:\\shop dir\\a.cs",
                7,
                "Shop.List",
            ),
            ("a.rs:7", "a.rs", 7, ""),
            ("a.rs shop::list", "a.rs", 0, "shop::list"),
            ("shop::list", "", 0, "shop::list"),
            (":3 f", "", 3, "f"),
            ("", "", 0, ""),
        ] {
            let expected = CodePlace {
                file: file.to_owned(),
                line,
                function: function.to_owned(),
            };
            assert_eq!(place(text), expected, "{text}");
        }
    }
}

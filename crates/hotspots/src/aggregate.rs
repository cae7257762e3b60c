//! All that is known about one fingerprint: counts, sums and histograms that forget exactly, and its
//! evidence.

use std::sync::Arc;

use hotspan_model::{Class, Finding, LogTime, Lookup, OpRef, Symbol};

use crate::Settings;
use crate::buckets::Timeline;
use crate::distribution::Distribution;
use crate::reservoir::{Exemplars, Reservoir, TermSums};
use crate::sampling::Sampling;
use crate::sighting::Sighting;
use crate::sign::{self, Sign};
use crate::stored::stored;
use crate::tally::Tally;
use crate::times::Times;

/// Where a fault sits and whom its members call. Mostly one for a fingerprint; the most frequent speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) at: OpRef,
    pub(crate) anchor: (Symbol, Symbol),
    pub(crate) class: Class,
    pub(crate) template: Option<Symbol>,
    pub(crate) callee: Option<Symbol>,
    pub(crate) callee_service: Option<Symbol>,
    /// Templates of a chain.
    pub(crate) templates: Box<[Symbol]>,
    /// Keys of the hand-offs between them.
    pub(crate) hand_offs: Box<[u128]>,
}

/// The aggregate of one fingerprint in one shard, or of all shards.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aggregate {
    pub(crate) detector: &'static str,
    pub(crate) traces: u64,
    /// Their weight in millionths.
    pub(crate) weighted: u128,
    /// Traces in which it reached the cost that opens a hotspot at once.
    pub(crate) dear: u64,
    /// Traces in which most members overlap.
    pub(crate) parallel: u64,
    pub(crate) calls: Distribution,
    /// Critical-path nanoseconds a trace.
    pub(crate) path: Distribution,
    pub(crate) path_sum: u128,
    /// Durations of segment roots.
    pub(crate) segment: Distribution,
    /// Traces in which the callee is of the service's own team.
    pub(crate) same_team: u64,
    /// Traces in which the request could do without what it waits for.
    pub(crate) deferrable: u64,
    /// Traces that show it only beside many others.
    pub(crate) needing_many: u64,
    /// In segments whose root was lost.
    pub(crate) headless: u64,
    /// Of the finding.
    pub(crate) kin: u128,
    /// Optimistic savings; none at all means that replay cannot speak.
    pub(crate) saving_max: u128,
    pub(crate) sampling: Sampling,
    pub(crate) terms: TermSums,
    pub(crate) shapes: Tally<Shape>,
    pub(crate) entries: Tally<OpRef>,
    pub(crate) versions: Tally<Symbol>,
    pub(crate) scopes: Tally<Symbol>,
    pub(crate) languages: Tally<Symbol>,
    pub(crate) code: Tally<Symbol>,
    pub(crate) timeline: Timeline,
    pub(crate) reservoir: Arc<Reservoir>,
    pub(crate) exemplars: Exemplars,
}

impl Aggregate {
    /// Adds a sighting; whether its trace became an exemplar.
    pub(crate) fn add(
        &mut self,
        sighting: &Sighting<'_>,
        times: &Times,
        dictionary: &dyn Lookup,
        settings: &Settings,
    ) -> bool {
        self.detector = sighting.first.detector;
        self.shift(Sign::Add, sighting, times, dictionary, settings);
        if self.reservoir.wants(sighting, settings.reservoir) {
            Arc::make_mut(&mut self.reservoir).add(sighting, settings.reservoir);
        }
        self.exemplars.add(sighting)
    }

    /// Takes a sighting back.
    pub(crate) fn subtract(
        &mut self,
        sighting: &Sighting<'_>,
        times: &Times,
        dictionary: &dyn Lookup,
        settings: &Settings,
    ) {
        self.shift(Sign::Subtract, sighting, times, dictionary, settings);
        if self.reservoir.holds(sighting) {
            Arc::make_mut(&mut self.reservoir).subtract(sighting);
        }
        self.exemplars.subtract(sighting);
    }

    fn shift(
        &mut self,
        sign: Sign,
        sighting: &Sighting<'_>,
        times: &Times,
        dictionary: &dyn Lookup,
        settings: &Settings,
    ) {
        let first = sighting.first;
        sign.count(&mut self.traces, 1);
        sign.sum(&mut self.weighted, sign::weight(sighting.weight()).into());
        sign.count(&mut self.dear, sighting.dear.into());
        sign.count(&mut self.parallel, first.parallel.into());
        sign.count(&mut self.same_team, first.same_team.into());
        sign.count(&mut self.deferrable, first.deferrable.into());
        sign.count(&mut self.needing_many, sighting.needs_many.into());
        sign.count(&mut self.headless, first.headless.into());
        self.kin = first.kin;
        self.calls.record(sign, sighting.calls);
        self.path.record(sign, sighting.path);
        sign.sum(&mut self.path_sum, sighting.path.into());
        self.segment.record(sign, sign::nanos(first.segment));
        sign.sum(&mut self.saving_max, sign::nanos(sighting.saving.max).into());
        self.sampling.shift(sign, sighting.weight(), &sighting.point);
        self.terms.shift(sign, sighting);
        self.timeline.shift(sign, times, &sighting.point);
        self.shift_breakdowns(sign, sighting, dictionary, settings.entries_max);
    }

    fn shift_breakdowns(
        &mut self,
        sign: Sign,
        sighting: &Sighting<'_>,
        dictionary: &dyn Lookup,
        most: usize,
    ) {
        self.shapes.shift_made(
            sign,
            |shape| shape.is_of(sighting),
            || Shape::of(sighting),
            1,
            most,
        );
        if let Some(entry) = sighting.report.entry {
            self.entries.shift(sign, &entry, 1, most);
        }
        if let Some(code) = sighting.first.code {
            self.code.shift(sign, &code, 1, most);
        }
        let Some(source) = dictionary.source(sighting.first.source) else {
            return;
        };
        let facts = [
            (&mut self.versions, source.version),
            (&mut self.scopes, source.scope),
            (&mut self.languages, source.language),
        ];
        for (tally, fact) in facts {
            if let Some(fact) = fact {
                tally.shift(sign, &fact, 1, most);
            }
        }
    }

    /// Adds that of another shard.
    pub(crate) fn merge(&mut self, other: &Aggregate, settings: &Settings) {
        // A row whose traces were all taken back may be the first one met.
        self.detector = if self.traces == 0 {
            other.detector
        } else {
            self.detector
        };
        let add = Sign::Add;
        add.count(&mut self.traces, other.traces);
        add.sum(&mut self.weighted, other.weighted);
        add.count(&mut self.dear, other.dear);
        add.count(&mut self.parallel, other.parallel);
        add.count(&mut self.same_team, other.same_team);
        add.count(&mut self.deferrable, other.deferrable);
        add.count(&mut self.needing_many, other.needing_many);
        add.count(&mut self.headless, other.headless);
        // Of one fingerprint, hence equal; but a row may be empty.
        self.kin |= other.kin;
        self.calls.merge(&other.calls);
        self.path.merge(&other.path);
        add.sum(&mut self.path_sum, other.path_sum);
        self.segment.merge(&other.segment);
        add.sum(&mut self.saving_max, other.saving_max);
        self.sampling.merge(&other.sampling);
        self.terms.merge(&other.terms);
        self.shapes.merge(&other.shapes);
        self.entries.merge(&other.entries);
        self.versions.merge(&other.versions);
        self.scopes.merge(&other.scopes);
        self.languages.merge(&other.languages);
        self.code.merge(&other.code);
        self.timeline.merge(&other.timeline);
        Arc::make_mut(&mut self.reservoir).merge(&other.reservoir, settings.reservoir);
        self.exemplars.merge(&other.exemplars);
    }

    /// Whether it says nothing any more: taken back, or last seen longer ago than its timeline reaches. A
    /// trace that old is not revised any more.
    pub(crate) fn is_stale(&self, newest: LogTime) -> bool {
        self.traces == 0 || self.timeline.hours.is_over(newest)
    }
}

impl Shape {
    fn of(sighting: &Sighting<'_>) -> Shape {
        let first = sighting.first;
        Shape {
            at: at(first),
            anchor: first.anchor_at,
            class: first.class,
            template: first.template,
            callee: first.callee,
            callee_service: first.callee_service,
            templates: sighting.report.templates_of(first).into(),
            hand_offs: hand_offs(sighting).collect(),
        }
    }

    /// Whether it is equal to [`Shape::of`].
    fn is_of(&self, sighting: &Sighting<'_>) -> bool {
        let first = sighting.first;
        (self.at, self.anchor, self.class) == (at(first), first.anchor_at, first.class)
            && (self.template, self.callee, self.callee_service)
                == (first.template, first.callee, first.callee_service)
            && *self.templates == *sighting.report.templates_of(first)
            && self.hand_offs.iter().copied().eq(hand_offs(sighting))
    }
}

fn at(finding: &Finding) -> OpRef {
    OpRef {
        service: finding.service,
        operation: finding.operation,
    }
}

fn hand_offs(sighting: &Sighting<'_>) -> impl Iterator<Item = u128> {
    let hand_offs = sighting.report.hand_offs_of(sighting.first);
    hand_offs.iter().map(|hand_off| hand_off.key)
}

stored!(Shape {
    at,
    anchor,
    class,
    template,
    callee,
    callee_service,
    templates,
    hand_offs,
});
stored!(Aggregate {
    shapes,
    detector,
    traces,
    weighted,
    dear,
    parallel,
    calls,
    path,
    path_sum,
    segment,
    same_team,
    deferrable,
    needing_many,
    headless,
    kin,
    saving_max,
    sampling,
    terms,
    entries,
    versions,
    scopes,
    languages,
    code,
    timeline,
    reservoir,
    exemplars,
});

//! Which affected traces a hotspot remembers: a fair sample with its savings, and the exemplars people look
//! at.
//!
//! Both are sets keyed by trace and replaced by version. Which traces are in them depends on the traces
//! alone, not on their order. Taking back a trace removes it; a trace that it had displaced does not come
//! back, so after a revision a set may be smaller, or its worst less bad, than among all traces ever seen.
//! Nothing but evidence and the medians of savings rests on them.

use std::cmp::Reverse;
use std::sync::Arc;

use hotspan_model::{Millionths, Moved, Nanos, Params, Saving, SpanId, TraceId};

use crate::lazily::Lazily;
use crate::sighting::Sighting;
use crate::sign;
use crate::stored::{Reader, Stored, Unreadable, Writer, stored};

/// How far in four of five cases the median of one trace is from that of all by rank, per mille: 1.28 standard errors
/// of half a trace. Of more traces it is so much less as their root is more.
const MEDIAN_OFF: u128 = 640;

/// Replayed savings of the traces with the smallest identity hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reservoir {
    /// Ascending by place. A list, so that a full one changes without an allocation.
    samples: Vec<(u128, Sample)>,
    /// What readers made of them: a full one rarely changes.
    replayed: Lazily<Shortened>,
    capped: Lazily<Shortened>,
    slope: Lazily<Option<Nanos>>,
}

/// What a fix saves of a trace, and what becomes of its unit; `None` where nothing says that any would be shorter.
pub(crate) type Shortened = (Saving, Option<Units>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sample {
    version: u32,
    weight: u64,
    saving: Saving,
    calls: u64,
    path: u64,
    /// Duration of the unit, and what it would likely be.
    unit: Moved,
}

/// How far the mean of these numbers is off in four of five cases: 1.28 standard errors.
fn mean_off(numbers: impl Iterator<Item = u64> + Clone, mean: u64) -> Nanos {
    // Differences below 2^56 keep the squares of a reservoir's sum within 128 bits.
    let apart = numbers
        .clone()
        .map(|number| u128::from(number.abs_diff(mean) >> 8));
    let squares: u128 = apart.map(|apart| apart * apart).sum();
    let error = (squares.isqrt() << 8) / numbers.count().max(1) as u128;
    Nanos(sign::narrow(error * 128 / 100))
}

/// Quantiles of the units of affected traces before and after the fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Units {
    pub(crate) p50: Moved,
    pub(crate) p95: Moved,
}

impl Reservoir {
    /// Whether `add` would change anything.
    pub(crate) fn wants(&self, sighting: &Sighting<'_>, most: usize) -> bool {
        self.samples.len() < most || self.samples.last().is_some_and(|last| sighting.order <= last.0)
    }

    /// Offers a trace.
    pub(crate) fn add(&mut self, sighting: &Sighting<'_>, most: usize) {
        let sample = Sample {
            version: sighting.report.version,
            weight: sign::weight(sighting.weight()),
            saving: sighting.saving,
            calls: sighting.calls,
            path: sighting.path,
            unit: sighting.unit,
        };
        self.forget_read();
        match self.place(sighting) {
            Ok(at) if self.samples[at].1.version <= sample.version => self.samples[at].1 = sample,
            Ok(_) => {}
            Err(at) => self.insert(at, (sighting.order, sample), most),
        }
    }

    /// The last one makes room. The list grows no further than it must, for there are many.
    fn insert(&mut self, at: usize, sample: (u128, Sample), most: usize) {
        let held = self.samples.len();
        if held < most && held == self.samples.capacity() {
            self.samples.reserve_exact(held.max(4).min(most - held));
        }
        self.samples.truncate(most.saturating_sub(1));
        self.samples.insert(at.min(self.samples.len()), sample);
    }

    /// Whether this trace is in it, in this version or one before.
    pub(crate) fn holds(&self, sighting: &Sighting<'_>) -> bool {
        let place = self.place(sighting);
        place.is_ok_and(|at| self.samples[at].1.version <= sighting.report.version)
    }

    /// Removes this trace, but for a later version.
    pub(crate) fn subtract(&mut self, sighting: &Sighting<'_>) {
        if self.holds(sighting)
            && let Ok(at) = self.place(sighting)
        {
            self.forget_read();
            self.samples.remove(at);
        }
    }

    /// Adds that of another shard, which has other traces.
    pub(crate) fn merge(&mut self, other: &Reservoir, most: usize) {
        self.forget_read();
        self.samples.extend_from_slice(&other.samples);
        self.samples.sort_by_key(|sample| sample.0);
        self.samples.truncate(most);
    }

    fn forget_read(&mut self) {
        self.replayed = Lazily::default();
        self.capped = Lazily::default();
        self.slope = Lazily::default();
    }

    fn place(&self, sighting: &Sighting<'_>) -> Result<usize, usize> {
        self.samples
            .binary_search_by_key(&sighting.order, |sample| sample.0)
    }

    fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.samples.iter().map(|sample| &sample.1)
    }

    /// Savings as replays say: medians over the sample, each trace as heavy as it was sampled; the least and the most as
    /// far from the middle as the median of so few traces may be off.
    pub(crate) fn replayed(&self) -> Shortened {
        *self
            .replayed
            .get(|| (self.saving(), self.shorter(|sample| sample.unit.after)))
    }

    /// Savings of a limit on the critical-path time, as [`Reservoir::cut`] says; the units when time over its median is
    /// cut off.
    pub(crate) fn capped(&self) -> Shortened {
        *self.capped.get(|| (self.cut(), self.units_cut()))
    }

    fn saving(&self) -> Saving {
        let root = (self.samples.len() as u128).isqrt().max(1);
        let off = (MEDIAN_OFF / root).min(500);
        Saving {
            min: self.quantile(500 - off, |sample| sample.saving.min),
            likely: self.quantile(500, |sample| sample.saving.likely),
            max: self.quantile(500 + off, |sample| sample.saving.max),
        }
    }

    /// Means of what a limit on the critical-path time would save: at its median, at half of that, and at its third
    /// quartile less what the mean of so few traces may be off.
    fn cut(&self) -> Saving {
        let mut paths: Vec<u64> = self.samples().map(|sample| sample.path).collect();
        paths.sort_unstable();
        let Some(last) = paths.len().checked_sub(1) else {
            return Saving::default();
        };
        let over = |limit: u64| {
            let cut = paths.iter().map(move |&path| path.saturating_sub(limit));
            let sum: u128 = cut.clone().map(u128::from).sum();
            let mean = sign::narrow(sum / paths.len() as u128);
            (Nanos(mean), mean_off(cut, mean))
        };
        let median = paths[last / 2];
        let (least, off) = over(paths[last * 3 / 4]);
        Saving {
            min: least.minus(off),
            likely: over(median).0,
            max: over(median / 2).0,
        }
    }

    /// What one call more costs, as `slope` finds in the calls and critical-path nanoseconds of each trace.
    pub(crate) fn slope(&self, slope: impl FnOnce(&[(u64, u64)]) -> Option<Nanos>) -> Option<Nanos> {
        let costs = || self.samples().map(|sample| (sample.calls, sample.path));
        *self.slope.get(|| slope(&costs().collect::<Vec<_>>()))
    }

    fn units_cut(&self) -> Option<Units> {
        let mut paths: Vec<u64> = self.samples().map(|sample| sample.path).collect();
        paths.sort_unstable();
        let median = paths[paths.len().checked_sub(1)? / 2];
        self.shorter(|sample| {
            sample
                .unit
                .before
                .minus(Nanos(sample.path.saturating_sub(median)))
        })
    }

    fn shorter(&self, after: impl Fn(&Sample) -> Nanos) -> Option<Units> {
        if self.samples().all(|sample| after(sample) >= sample.unit.before) {
            return None;
        }
        let change = |per_mille| Moved {
            before: self.quantile(per_mille, |sample| sample.unit.before),
            after: self.quantile(per_mille, &after),
        };
        Some(Units {
            p50: change(500),
            p95: change(950),
        })
    }

    /// The least value that so many per mille do not exceed, each trace as heavy as it was sampled.
    fn quantile(&self, per_mille: u128, of: impl Fn(&Sample) -> Nanos) -> Nanos {
        let weigh = |sample| (of(sample), sample.weight.max(1));
        let mut values: Vec<(Nanos, u64)> = self.samples().map(weigh).collect();
        let total = weight(&values);
        least_reaching(&mut values, (total * per_mille).div_ceil(1_000))
    }
}

fn weight(of: &[(Nanos, u64)]) -> u128 {
    of.iter().map(|value| u128::from(value.1)).sum()
}

/// The least value that, with those before it, weighs at least `goal`; zero of none. Selected, not sorted: halves that
/// cannot have it are not put in order.
fn least_reaching(mut values: &mut [(Nanos, u64)], mut goal: u128) -> Nanos {
    while values.len() > 1 {
        let (before, middle, after) = values.select_nth_unstable(values.len() / 2);
        let lighter = weight(before);
        if goal <= lighter {
            values = before;
        } else if goal <= lighter + u128::from(middle.1) {
            return middle.0;
        } else {
            goal -= lighter + u128::from(middle.1);
            values = after;
        }
    }
    values.first().map_or(Nanos::ZERO, |value| value.0)
}

/// Traces among which the median one is found.
const MIDDLE: usize = 5;
/// Member spans an exemplar names.
const MEMBERS: usize = 50;

/// The worst, the newest and a few for the median.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exemplars {
    /// Ascending by place.
    kept: Vec<(u128, Arc<Exemplar>)>,
    /// `None` while there are too few.
    bar: Option<Bar>,
}

/// What a trace must be before or above to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bar {
    middle: u128,
    worst: (u64, Reverse<TraceId>),
    newest: (u64, Reverse<u128>),
}

/// What an exemplar shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exemplar {
    pub(crate) trace: TraceId,
    pub(crate) version: u32,
    /// Critical-path time in nanoseconds.
    pub(crate) path: u64,
    /// Whole seconds, so that the newest changes about once a second and not with every trace.
    pub(crate) second: u64,
    pub(crate) anchor: SpanId,
    pub(crate) members: Box<[SpanId]>,
    pub(crate) span_count: u64,
    pub(crate) params: Params,
}

impl Exemplar {
    fn of(sighting: &Sighting<'_>) -> Exemplar {
        let first = sighting.first;
        let members = sighting.report.members_of(first);
        Exemplar {
            trace: sighting.trace,
            version: sighting.report.version,
            path: sighting.path,
            second: second(sighting),
            anchor: first.anchor,
            members: members.iter().take(MEMBERS).copied().collect(),
            span_count: first.calls,
            params: first.params,
        }
    }
}

fn second(sighting: &Sighting<'_>) -> u64 {
    sighting.at().0 / 1_000_000_000
}

/// Greater is worse. Ties go to the smaller trace id.
fn badness(path: u64, trace: TraceId) -> (u64, Reverse<TraceId>) {
    (path, Reverse(trace))
}

impl Exemplars {
    /// Offers a trace; whether it stays.
    pub(crate) fn add(&mut self, sighting: &Sighting<'_>) -> bool {
        let place = self.place(sighting);
        if !self.wants(sighting, place) {
            return false;
        }
        let exemplar = Arc::new(Exemplar::of(sighting));
        match place {
            Ok(at) => self.kept[at].1 = exemplar,
            Err(at) => self.kept.insert(at, (sighting.order, exemplar)),
        }
        self.cut();
        true
    }

    fn wants(&self, sighting: &Sighting<'_>, place: Result<usize, usize>) -> bool {
        if let Ok(at) = place {
            return self.kept[at].1.version <= sighting.report.version;
        }
        self.bar.is_none_or(|bar| {
            sighting.order < bar.middle
                || bar.worst < badness(sighting.path, sighting.trace)
                || bar.newest < (second(sighting), Reverse(sighting.order))
        })
    }

    fn place(&self, sighting: &Sighting<'_>) -> Result<usize, usize> {
        self.kept.binary_search_by_key(&sighting.order, |held| held.0)
    }

    /// Removes this trace, but for a later version.
    pub(crate) fn subtract(&mut self, sighting: &Sighting<'_>) {
        if let Ok(at) = self.place(sighting)
            && self.kept[at].1.version <= sighting.report.version
        {
            self.kept.remove(at);
            self.cut();
        }
    }

    /// Adds those of another shard.
    pub(crate) fn merge(&mut self, other: &Exemplars) {
        for (order, held) in &other.kept {
            match self.kept.binary_search_by_key(order, |held| held.0) {
                Ok(at) => self.kept[at].1 = Arc::clone(held),
                Err(at) => self.kept.insert(at, (*order, Arc::clone(held))),
            }
        }
        self.cut();
    }

    /// Drops those without a role.
    fn cut(&mut self) {
        let (Some(worst), Some(newest)) = (self.worst(), self.newest_entry()) else {
            self.bar = None;
            return;
        };
        let (worst_trace, newest_trace) = (worst.trace, newest.1.trace);
        let (worst, newest) = (
            badness(worst.path, worst.trace),
            (newest.1.second, Reverse(newest.0)),
        );
        let mut place = 0;
        self.kept.retain(|(_, held)| {
            place += 1;
            place <= MIDDLE || held.trace == worst_trace || held.trace == newest_trace
        });
        self.bar = self.kept.get(MIDDLE - 1).map(|last| Bar {
            middle: last.0,
            worst,
            newest,
        });
    }

    /// The one with most critical-path time.
    pub(crate) fn worst(&self) -> Option<&Exemplar> {
        let kept = self.kept.iter().map(|held| held.1.as_ref());
        kept.max_by_key(|held| badness(held.path, held.trace))
    }

    fn newest_entry(&self) -> Option<&(u128, Arc<Exemplar>)> {
        let age = |entry: &&(u128, Arc<Exemplar>)| (entry.1.second, Reverse(entry.0));
        self.kept.iter().max_by_key(age)
    }

    /// The latest one.
    pub(crate) fn newest(&self) -> Option<&Exemplar> {
        self.newest_entry().map(|entry| entry.1.as_ref())
    }

    /// The one of the fair few whose critical-path time is closest to `path`.
    pub(crate) fn closest(&self, path: u64) -> Option<&Exemplar> {
        let few = self.kept.iter().take(MIDDLE).map(|held| held.1.as_ref());
        few.min_by_key(|held| (held.path.abs_diff(path), held.trace))
    }

    /// The traces in it.
    pub(crate) fn traces(&self) -> impl Iterator<Item = TraceId> {
        self.kept.iter().map(|held| held.1.trace)
    }
}

/// The confidence terms, summed over traces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TermSums {
    pub(crate) completeness: u64,
    pub(crate) clock: u64,
    pub(crate) visibility: u64,
    pub(crate) detector: u64,
}

impl TermSums {
    /// The terms of `sighting` in or out.
    pub(crate) fn shift(&mut self, sign: sign::Sign, sighting: &Sighting<'_>) {
        let terms = sighting.first.terms;
        let capped = |term: Millionths| term.min(Millionths::ONE).0;
        sign.count(&mut self.completeness, capped(terms.completeness));
        sign.count(&mut self.clock, capped(terms.clock));
        sign.count(&mut self.visibility, capped(terms.visibility));
        sign.count(&mut self.detector, capped(terms.detector));
    }

    /// Adds those of another shard.
    pub(crate) fn merge(&mut self, other: &TermSums) {
        let add = sign::Sign::Add;
        add.count(&mut self.completeness, other.completeness);
        add.count(&mut self.clock, other.clock);
        add.count(&mut self.visibility, other.visibility);
        add.count(&mut self.detector, other.detector);
    }
}

stored!(Reservoir { samples } but replayed, capped, slope);
stored!(Sample {
    version,
    weight,
    saving,
    calls,
    path,
    unit,
});
stored!(Exemplar {
    trace,
    version,
    path,
    second,
    anchor,
    members,
    span_count,
    params,
});
stored!(TermSums {
    completeness,
    clock,
    visibility,
    detector,
});

impl Stored for Exemplars {
    fn write(&self, to: &mut Writer<'_>) {
        self.kept.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        let mut exemplars = Exemplars {
            kept: Stored::read(from)?,
            bar: None,
        };
        exemplars.cut();
        Ok(exemplars)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn selecting_finds_what_sorting_would(
            values in prop::collection::vec((0..50_u64, 1..5_u64), 0..60),
            per_mille in 0..=1_000_u128,
        ) {
            let mut values: Vec<_> = values.into_iter().map(|(value, weight)| (Nanos(value), weight)).collect();
            let goal = (weight(&values) * per_mille).div_ceil(1_000);
            let found = least_reaching(&mut values.clone(), goal);
            values.sort_unstable();
            let mut passed = 0;
            let expected = values.iter().find(|value| {
                passed += u128::from(value.1);
                goal <= passed
            });
            prop_assert_eq!(found, expected.map_or(Nanos::ZERO, |value| value.0));
        }
    }
}

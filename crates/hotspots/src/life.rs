//! Where a hotspot is in its life, as far as traces decide it: from hourly counts, whenever somebody reads.

use std::ops::Range;

use hotspan_model::{ImpactBasis, LogTime, Nanos, State};

use crate::buckets::{Hours, Point};
use crate::topology::Operation;

/// A hotspot is new for so long, and without a verdict after so long.
const DAY: Nanos = Nanos::from_secs(24 * 3_600);
/// What no trace showed for so long may be fixed.
const QUIET: Nanos = Nanos::from_secs(3_600);
/// Traces of an operation, or of a day, below which they say nothing.
const TRACES_MIN: u64 = 20;
/// Traces that would have shown a fault so often on average make 95 % sure that it is gone.
const EXPECTED: u64 = 3;
/// Hours of a day, and days it is compared with.
const HOURS: u64 = 24;
const DAYS: u64 = 7;
/// Tenths of the median day: it worsens from the first on, until it is below the second.
const WORSE: (u128, u128) = (15, 12);

/// All that decides a state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life<'a> {
    /// Traces that carry the fault.
    pub(crate) hours: &'a Hours,
    /// Its segment operation, when that has a row.
    pub(crate) operation: Option<&'a Operation>,
    pub(crate) now: LogTime,
    /// Start of the first filled bucket and end of the last: exemplars may go, and decide nothing.
    pub(crate) seen: (LogTime, LogTime),
    /// What its impact is made of.
    pub(crate) basis: ImpactBasis,
}

impl Life<'_> {
    /// The state; what was never fixed and does not grow is new, then open.
    pub(crate) fn state(&self) -> State {
        let quiet = self.now.since(self.seen.1);
        let filled = self.hours.filled();
        let end = Hours::place(self.now) + 1;
        let last = filled.last().map_or(end, |last| last.0);
        if QUIET <= quiet && self.is_gone(filled.len(), last + 1..end) {
            return State::Fixed;
        }
        if DAY <= quiet && self.judged(last + 1..end) < TRACES_MIN {
            return State::NotExercised;
        }
        let neighbours = filled.windows(2).zip(1..);
        let mut gaps = neighbours.map(|(pair, earlier)| (earlier, pair[0].0 + 1..pair[1].0));
        if gaps.any(|(earlier, gap)| self.is_gone(earlier, gap)) {
            return State::Regressed;
        }
        if self.worsens(end) {
            return State::Worsening;
        }
        young(self.now, self.seen.0)
    }

    /// Whether the traces of `gap`, none of which showed the fault, would have shown it if it were as frequent as in
    /// the first `earlier` filled hours. A trace in an hour that showed it once counts for neither side.
    fn is_gone(&self, earlier: usize, gap: Range<u64>) -> bool {
        let before = &self.hours.filled()[..earlier];
        let Some(first) = before.first() else {
            return false;
        };
        let fired = before
            .iter()
            .fold(0_u64, |sum, hour| sum.saturating_add(hour.1.traces));
        let judged = self.judged(first.0..gap.start).max(fired);
        let needed = judged.saturating_mul(EXPECTED).div_ceil(fired.max(1));
        self.judged(gap) >= needed.max(TRACES_MIN)
    }

    fn judged(&self, hours: Range<u64>) -> u64 {
        self.operation.map_or(0, |operation| operation.judged(hours))
    }

    /// Whether the day before `end` costs half more than the median of the week before it, or did within the last day
    /// and has not come back near it since.
    fn worsens(&self, end: u64) -> bool {
        let grades = (0..HOURS).map(|ago| self.growth(end.saturating_sub(ago)));
        for grade in grades {
            match grade {
                Some((day, median)) if WORSE.0 * median <= 10 * day => return true,
                Some((day, median)) if WORSE.1 * median <= 10 * day => {}
                Some(_) | None => return false,
            }
        }
        false
    }

    /// Impact of the day before `end` and of the median day of the week before; `None` when a day has too few traces.
    fn growth(&self, end: u64) -> Option<(u128, u128)> {
        let day = |ago: u64| {
            let end = end.checked_sub(ago * HOURS)?;
            let sum = self.hours.within(end.saturating_sub(HOURS)..end);
            (sum.traces >= TRACES_MIN).then(|| self.impact(&sum))
        };
        let mut week = [0; DAYS as usize];
        for (impact, ago) in week.iter_mut().zip(1..) {
            *impact = day(ago)?;
        }
        week.sort_unstable();
        let median = week[week.len() / 2];
        // Beyond this no sum of savings goes, and the products above fit.
        let within = |sum: u128| sum.min(u128::MAX >> 8);
        (median > 0).then_some((within(day(0)?), within(median)))
    }

    fn impact(&self, sum: &Point) -> u128 {
        match self.basis {
            ImpactBasis::Saving => sum.saving,
            ImpactBasis::Exposure => sum.exposure,
        }
    }
}

/// New for a day, open after that.
pub(crate) fn young(now: LogTime, first: LogTime) -> State {
    match now.since(first) < DAY {
        true => State::New,
        false => State::Open,
    }
}

//! Where a hotspot is in its life, as far as traces decide it: from counts alone, whenever somebody reads.

use std::ops::Range;

use hotspan_model::{LogTime, Nanos, Returns, State};

use crate::buckets::Hours;

/// A hotspot is new for so long, and without a verdict after so long.
const DAY: Nanos = Nanos::from_secs(24 * 3_600);
/// What no trace showed for so long may be fixed.
pub(crate) const QUIET: Nanos = Nanos::from_secs(3_600);
/// Traces of an operation, or of a day, below which they say nothing.
pub(crate) const TRACES_MIN: u64 = 20;
/// Traces that would have shown a fault so often on average make 95 % sure that it is gone.
const EXPECTED: u64 = 3;
/// Nanoseconds of an hour.
const HOUR: u64 = 3_600_000_000_000;

/// Neighbouring hours in which a fault was seen: one hour, or a whole day where hours are no longer told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spell {
    pub(crate) from: u64,
    /// The first hour after it.
    pub(crate) to: u64,
    /// Traces that carried the fault.
    pub(crate) traces: u64,
}

/// Each filled hour by itself.
pub(crate) fn spells(hours: &Hours) -> Vec<Spell> {
    let filled = hours.filled();
    let spell = |&(hour, point): &(u64, crate::buckets::Point)| Spell {
        from: hour,
        to: hour + 1,
        traces: point.traces,
    };
    filled.map(spell).collect()
}

/// All that decides a state.
#[derive(Clone, Copy)]
pub(crate) struct Life<'a> {
    /// When the fault was seen, ascending and apart.
    pub(crate) spells: &'a [Spell],
    /// Traces in a range of hours that would have shown it: those of its operation, or of its service.
    pub(crate) judged: &'a dyn Fn(Range<u64>) -> u64,
    /// Traces of its operation since it was last seen, by the minute, that a version may account for which came after
    /// it and never showed it.
    pub(crate) renewed: u64,
    pub(crate) now: LogTime,
    /// Start of the first filled bucket and end of the last: exemplars may go, and decide nothing.
    pub(crate) seen: (LogTime, LogTime),
    /// It grows beyond what it was in its week.
    pub(crate) worsens: bool,
}

impl Life<'_> {
    /// The state, and how often it came back; what was never fixed and does not grow is new, then open.
    pub(crate) fn state(&self) -> (State, Returns) {
        let returns = self.returns();
        let quiet = self.now.since(self.seen.1);
        let end = Hours::place(self.now) + 1;
        let last = self.spells.last().map_or(end, |last| last.to);
        let clean = match QUIET <= quiet {
            true => (self.judged)(last..end),
            false => self.renewed,
        };
        let needed = || self.needed(self.spells, EXPECTED);
        let state = if clean > 0 && needed().is_some_and(|needed| needed <= clean) {
            State::Fixed
        } else if DAY <= quiet && (self.judged)(last..end) < TRACES_MIN {
            State::NotExercised
        } else if returns.count > 0 {
            State::Regressed
        } else if self.worsens {
            State::Worsening
        } else if self.now.since(self.seen.0) < DAY {
            State::New
        } else {
            State::Open
        };
        (state, returns)
    }

    /// How often it was seen again after it was gone. Of many pauses one is long by chance, so the more there are, the
    /// longer must each be.
    fn returns(&self) -> Returns {
        let pauses = || {
            let neighbours = self.spells.windows(2).zip(1..);
            neighbours.filter(|(pair, _)| pair[0].to < pair[1].from)
        };
        let expected = EXPECTED + u64::from(pauses().count().max(1).ilog2());
        let mut returns = Returns::default();
        for (pair, earlier) in pauses() {
            let clean = (self.judged)(pair[0].to..pair[1].from);
            let needed = || self.needed(&self.spells[..earlier], expected);
            if clean >= TRACES_MIN && needed().is_some_and(|needed| needed <= clean) {
                returns.count += 1;
                returns.last = Some(LogTime(pair[1].from.saturating_mul(HOUR)));
            }
        }
        returns
    }

    /// Traces without the fault after which it is gone, were it as frequent as in these spells; `None` without any. A
    /// trace in an hour that showed it once counts for neither side.
    fn needed(&self, spells: &[Spell], expected: u64) -> Option<u64> {
        let (first, last) = (spells.first()?, spells.last()?);
        let fired = spells
            .iter()
            .fold(0_u64, |sum, spell| sum.saturating_add(spell.traces));
        let judged = (self.judged)(first.from..last.to).max(fired);
        let needed = judged.saturating_mul(expected).div_ceil(fired.max(1));
        Some(needed.max(TRACES_MIN))
    }
}

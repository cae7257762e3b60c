//! Whether what falls together in time does so by more than chance.

use hotspan_model::MILLION;

use crate::facts::Fact;
use crate::sign::narrow;

/// Calls without a parent that are no chance.
const STRAYS: u64 = 10;

/// How many traces one stands for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weight {
    traces: u64,
    weighted: u128,
}

impl Weight {
    pub(super) fn add(&mut self, fact: &Fact) {
        self.traces += fact.traces;
        self.weighted += fact.weighted;
    }

    /// So many, adjusted.
    pub(super) fn of(&self, count: u64) -> u64 {
        let weighted = u128::from(count).saturating_mul(self.weighted);
        narrow(weighted / u128::from(self.traces.max(1)) / u128::from(MILLION))
    }
}

/// Whether what begins at these moments is a timer's work: most are whole periods apart, as far as their clock tells.
pub(super) fn is_by_the_clock(starts: &[u64]) -> bool {
    let mut gaps: Vec<u64> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_unstable();
    let period = gaps.get(gaps.len() / 2).copied().unwrap_or(0);
    let even = |gap: &&u64| {
        let periods = (**gap + period / 2) / period.max(1);
        gap.abs_diff(periods * period) * 20 <= period
    };
    gaps.len() >= 4 && period > 0 && gaps.iter().filter(even).count() * 5 >= gaps.len() * 4
}

/// How many of the moments lie in one of the intervals, which are in order of their start.
pub(super) fn inside(moments: &[u64], busy: &[(u64, u64)]) -> u64 {
    let longest = busy
        .iter()
        .map(|(start, end)| end.saturating_sub(*start))
        .max()
        .unwrap_or(0);
    let is_inside = |moment: &&u64| {
        let at = **moment;
        let from = busy.partition_point(|(start, _)| start.saturating_add(longest) < at);
        let begun = busy[from..].iter().take_while(|(start, _)| *start <= at);
        begun.into_iter().any(|(_, end)| at <= *end)
    };
    moments.iter().filter(is_inside).count() as u64
}

/// Whether so many of `count` calls inside of the intervals are no chance.
pub(super) fn is_torn(count: u64, inside: u64, busy: &[(u64, u64)], weight: Weight) -> bool {
    let (mut filled, mut until) = (0, 0);
    for &(start, end) in busy {
        filled += end.saturating_sub(start.max(until));
        until = until.max(end);
    }
    let time = busy.first().map_or(0, |first| until.saturating_sub(first.0));
    // Spans that were not kept fill as much time as those that were.
    let idle = weight.of(filled) <= time / 2;
    // A count is known to its root: of those that were kept, or of those whose request was lost.
    let doubt = match weight.of(1) {
        0 | 1 => count.saturating_sub(inside).isqrt(),
        _ => 3 * inside.isqrt(),
    };
    STRAYS <= inside && idle && weight.of(inside + doubt) * 10 >= count * 9
}

//! What lost spans hide of a saving.
//!
//! Nobody misses a call that was lost, but a parent that was lost is named by its children. So the share of a
//! service's parents that are missing says how many of its calls are.

use hotspan_model::{Millionths, Nanos, Saving};

use crate::sign::narrow;
use crate::topology::Service;

/// Detectors whose saving is that of many members, each of which may be lost.
const OF_MANY: [&str; 7] = [
    "exception-storm",
    "n-plus-one-cache",
    "n-plus-one-call",
    "n-plus-one-publish",
    "n-plus-one-query",
    "per-item-loop",
    "redundant-query",
];

/// A larger share of lost parents is no chance: a kind of span is never sent.
const BY_CHANCE: Millionths = Millionths(100_000);

/// `saving` with what lost members would have saved: likely by as much as is missing, at most by as much as may be. At
/// least as it was seen. Never more than `all` there is to save.
pub(crate) fn corrected(saving: Saving, detector: &str, of: &Service, all: Nanos) -> Saving {
    let never_sent = Millionths::ratio(of.lost_parents, of.parents) > BY_CHANCE;
    if of.lost_parents == 0 || never_sent || !OF_MANY.contains(&detector) {
        return saving;
    }
    let with = |lost: u64, seen: Nanos| {
        let kept = of.parents.saturating_sub(lost).max(1);
        let whole = u128::from(seen.0) * u128::from(of.parents) / u128::from(kept);
        Nanos(narrow(whole)).min(all.max(seen))
    };
    // Four of five counts are less than 1.28 of their roots off.
    let most = of.lost_parents + of.lost_parents.saturating_mul(2).isqrt();
    Saving {
        min: saving.min,
        likely: with(of.lost_parents, saving.likely),
        max: with(most.min(of.parents / 2), saving.max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Savings in ms when so many of 100 parents are lost and 30 ms are all there is.
    fn of(detector: &str, lost_parents: u64) -> [u64; 3] {
        let service = Service {
            parents: 100,
            lost_parents,
            ..Service::default()
        };
        let millis = Nanos::from_millis;
        let seen = Saving {
            min: millis(9),
            likely: millis(18),
            max: millis(27),
        };
        let saving = corrected(seen, detector, &service, millis(30));
        [saving.min, saving.likely, saving.max].map(|saving| saving.0 / 1_000)
    }

    #[test]
    fn members_that_were_lost_would_have_saved_as_well() {
        assert_eq!(of("per-item-loop", 0), [9_000, 18_000, 27_000]);
        assert_eq!(of("per-item-loop", 2), [9_000, 18_367, 28_125]);
        assert_eq!(of("per-item-loop", 10), [9_000, 20_000, 30_000]);
    }

    #[test]
    fn what_is_always_missing_was_not_lost() {
        assert_eq!(of("per-item-loop", 11), [9_000, 18_000, 27_000]);
    }

    #[test]
    fn a_single_call_that_was_lost_is_not_found_at_all() {
        assert_eq!(of("slow-query", 10), [9_000, 18_000, 27_000]);
    }
}

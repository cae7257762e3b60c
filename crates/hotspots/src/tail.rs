//! Whether it is the slow requests of an operation that carry a fault.

use hotspan_model::{Millionths, Tail};

use crate::distribution::Distribution;

/// Slow requests below which their share says nothing.
const SLOW_MIN: u64 = 5;

/// The share of the slow and of the fast requests that carry a fault; `all` are the durations of an operation's requests,
/// `affected` those of the ones that carry it.
pub(crate) fn tail(all: &Distribution, affected: &Distribution) -> Option<Tail> {
    let (median, slow) = (all.quantile(500), all.quantile(950));
    let beyond = |of: &Distribution| of.count() - of.up_to(slow);
    // Buckets are told by their upper bounds: that of the median is not below it.
    let below = |of: &Distribution| of.up_to(median.saturating_sub(1));
    let share = |part: u64, whole: u64| Millionths::ratio(part.min(whole), whole);
    (SLOW_MIN <= beyond(all)).then(|| Tail {
        slow: share(beyond(affected), beyond(all)),
        fast: share(below(affected), below(all)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::Sign;

    fn of(values: impl IntoIterator<Item = u64>) -> Distribution {
        let mut distribution = Distribution::default();
        for value in values {
            distribution.record(Sign::Add, value);
        }
        distribution
    }

    #[test]
    fn what_only_slow_requests_carry_explains_them() {
        let shares = tail(&of(1..=200), &of((193..=200).chain(21..=30)));
        let (slow, fast) = (Millionths(800_000), Millionths(101_010));
        assert_eq!(shares, Some(Tail { slow, fast }));
        assert_eq!(shares.map(|shares| shares.excess()), Some(Millionths(698_990)));
    }

    #[test]
    fn few_slow_requests_say_nothing() {
        assert!(tail(&of(1..=100), &of(90..=100)).is_some());
        assert_eq!(tail(&of(1..=80), &of(70..=80)), None);
        assert_eq!(tail(&of([7; 500]), &of([7; 500])), None);
    }
}

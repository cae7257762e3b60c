//! One version of a service beside the one before: what grew, and whether that is chance, load or the day.

use std::cmp::Ordering;

use hotspan_model::{
    Class, Condition, FactKind, FactRow, Fingerprint, LogTime, MILLION, Millionths, Nanos, OpRef, Symbol,
};

use crate::calendar::Cell;
use crate::distribution::Distribution;
use crate::facts::{Fact, FactText};
use crate::merged::Merged;
use crate::sighting::Sighting;
use crate::sign::narrow;

/// Requests of each version.
pub(crate) const REQUESTS: u64 = 50;
/// Growth in per cent.
const GROWTH: u64 = 125;
/// Growth in nanoseconds.
const COST_MIN: u64 = 1_000_000;
/// How much more load excuses a version.
const LOAD: u64 = 2;
/// Requests of each version in the same hours from which they can be compared side by side.
const SIDE_BY_SIDE: u64 = 20;

/// What two versions say of one thing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair<'a> {
    pub(crate) old: (&'a str, &'a Fact),
    pub(crate) new: (&'a str, &'a Fact),
}

impl<'a> Pair<'a> {
    /// The last two of those that were asked often enough: by when they began, then by their names.
    pub(crate) fn of(mut versions: Vec<(&'a str, &'a Fact)>, newest: LogTime) -> Option<Pair<'a>> {
        versions.retain(|(_, fact)| REQUESTS <= fact.times.count());
        versions.sort_by(|a, b| {
            let first = |fact: &Fact| fact.calendar.first(newest);
            first(a.1).cmp(&first(b.1)).then_with(|| natural(a.0, b.0))
        });
        let [.., old, new] = versions[..] else { return None };
        Some(Pair { old, new })
    }

    /// How much longer the new one takes: by the median or by the tail, whichever is nearer to a fault. A tail of a
    /// tenth is no accident of a start.
    pub(crate) fn growth(&self) -> [Condition; 2] {
        let of = |permille| growth(&self.old.1.times, &self.new.1.times, permille);
        let lacks = |of: &[Condition; 2]| of.iter().map(Condition::distance).max();
        let tail = [of(950), of(900)].into_iter().max_by_key(lacks);
        let nearest = [of(500)].into_iter().chain(tail).min_by_key(lacks);
        nearest.unwrap_or_else(|| of(500))
    }

    /// Whether the new one takes longer, among so many comparisons.
    fn is_slower(&self, compared: u64) -> bool {
        self.growth().iter().all(Condition::holds) && self.excuse(compared).is_none()
    }

    /// What explains such a growth without the version, among so many comparisons.
    pub(crate) fn excuse(&self, compared: u64) -> Option<&'static str> {
        match () {
            () if !self.is_as_loaded() => Some("load"),
            () if !are_apart(&self.old.1.times, &self.new.1.times, compared) => Some("noise"),
            () if !self.is_its_own() => Some("day"),
            () => None,
        }
    }

    fn is_as_loaded(&self) -> bool {
        busiest(self.new.1) <= busiest(self.old.1).saturating_mul(LOAD)
    }

    /// Whether the version is to blame, and not the day: in the hours that both were asked in, the new one is slower
    /// by half of the whole difference at least.
    fn is_its_own(&self) -> bool {
        let (old, new) = (&self.old.1.calendar, &self.new.1.calendar);
        let (mut before, mut after) = (Cell::default(), Cell::default());
        for (old, new) in old.shared(new) {
            before.add(old);
            after.add(new);
        }
        if before.count.min(after.count) < SIDE_BY_SIDE {
            return true;
        }
        let mean = |cell: &Cell| cell.exposure / u128::from(cell.count.max(1));
        let whole = mean(&new.all()).saturating_sub(mean(&old.all()));
        whole <= mean(&after).saturating_sub(mean(&before)).saturating_mul(2)
    }
}

/// Growth of one quantile.
fn growth(old: &Distribution, new: &Distribution, permille: u64) -> [Condition; 2] {
    let (before, after) = (old.quantile(permille), new.quantile(permille));
    let part = after.saturating_sub(before);
    [
        Condition {
            name: "growth_share_millionths",
            value: Millionths::ratio(part, before.max(1)).0,
            threshold: (GROWTH - 100) * MILLION / 100,
        },
        Condition {
            name: "growth_ns",
            value: part,
            threshold: COST_MIN,
        },
    ]
}

/// Whether the median or the tail grows by a quarter, and by `least`. A tail of a tenth is no accident of a start.
fn grows(old: &Distribution, new: &Distribution, least: u64) -> bool {
    let grows = |permille| {
        let (before, after) = (old.quantile(permille), new.quantile(permille));
        u128::from(before) * u128::from(GROWTH) <= u128::from(after) * 100
            && before.saturating_add(least) <= after
    };
    grows(500) || grows(950) && grows(900)
}

/// Most traces in one hour, adjusted for sampling.
fn busiest(fact: &Fact) -> u64 {
    let weighted = u128::from(fact.calendar.busiest()).saturating_mul(fact.weighted);
    narrow(weighted / u128::from(fact.traces.max(1)))
}

/// What a trace of a version says of a fingerprint.
pub(crate) fn carried(sighting: &Sighting<'_>, version: Option<Symbol>) -> FactRow {
    let at = OpRef {
        service: sighting.first.service,
        operation: sighting.first.operation,
    };
    FactRow {
        what: version,
        group: group(sighting.fingerprint()),
        time: Nanos(sighting.path),
        inner: Nanos(sighting.calls),
        path: Nanos(sighting.path),
        ..FactRow::new(FactKind::Carried, Class::Internal, at)
    }
}

fn group(fingerprint: Fingerprint) -> u64 {
    let low = fingerprint.0 & u128::from(u64::MAX);
    narrow(low)
}

/// Whether the last version of a service made a known fault worse: more members, dearer ones, or in more traces.
pub(crate) fn is_worsened(merged: &Merged<'_>, id: Fingerprint, service: &str, operation: &str) -> bool {
    let versions = |kind, class, group| {
        let first = FactText {
            kind,
            service,
            operation,
            class,
            other: None,
            what: None,
            group: 0,
        };
        let of_operation = move |text: &FactText<'_>| {
            (text.kind, text.service, text.operation, text.class) == (kind, service, operation, class)
        };
        let rows = merged
            .facts
            .range(first..)
            .take_while(move |(text, _)| of_operation(text));
        let rows = rows.filter(move |(text, _)| text.group == group);
        rows.filter_map(|(text, (_, fact))| Some((text.what?, fact.as_ref())))
    };
    let served = [Class::Server, Class::Consumer].into_iter();
    let served = served
        .flat_map(|class| versions(FactKind::Served, class, 0))
        .collect();
    let Some(requests) = Pair::of(served, merged.newest) else {
        return false;
    };
    let of = |version: &str| {
        let mut all = versions(FactKind::Carried, Class::Internal, group(id));
        all.find(|(name, fact)| *name == version && fact.traces > 0)
    };
    let (Some(old), Some(new)) = (of(requests.old.0), of(requests.new.0)) else {
        return false;
    };
    let compared = merged.aggregates.len() as u64;
    if !requests.is_as_loaded() {
        return false;
    }
    let carried = Pair { old, new };
    let more_members = REQUESTS <= old.1.traces.min(new.1.traces)
        && grows(&old.1.inners, &new.1.inners, 1)
        && are_apart(&old.1.inners, &new.1.inners, compared);
    let dearer = REQUESTS <= old.1.traces.min(new.1.traces) && carried.is_slower(compared);
    more_members || dearer || is_more_frequent(&requests, &carried, compared)
}

/// Whether a greater share of the requests carries it.
fn is_more_frequent(requests: &Pair<'_>, carried: &Pair<'_>, compared: u64) -> bool {
    let side = |requests: &Fact, carried: &Fact| (u128::from(carried.traces), u128::from(requests.traces));
    let (a, n) = side(requests.old.1, carried.old.1);
    let (b, m) = side(requests.new.1, carried.new.1);
    a * m * u128::from(GROWTH) <= b * n * 100 && is_no_chance((b * n).saturating_sub(a * m), n, m, compared)
}

/// The test of Kolmogorov and Smirnov in integers: whether the largest difference of the two distribution functions
/// is more than chance, at p < 0.01 shared by so many comparisons.
fn are_apart(a: &Distribution, b: &Distribution, compared: u64) -> bool {
    let (n, m) = (u128::from(a.count()), u128::from(b.count()));
    let (a, b): (Vec<_>, Vec<_>) = (a.buckets().collect(), b.buckets().collect());
    let (mut at, mut bt, mut below_a, mut below_b, mut most) = (0, 0, 0_u128, 0_u128, 0_u128);
    while at < a.len() || bt < b.len() {
        let value =
            |buckets: &[(u64, u64)], place: usize| buckets.get(place).map_or(u64::MAX, |bucket| bucket.0);
        let next = value(&a, at).min(value(&b, bt));
        while a.get(at).is_some_and(|bucket| bucket.0 == next) {
            below_a += u128::from(a[at].1);
            at += 1;
        }
        while b.get(bt).is_some_and(|bucket| bucket.0 == next) {
            below_b += u128::from(b[bt].1);
            bt += 1;
        }
        most = most.max((below_a * m).abs_diff(below_b * n));
    }
    is_no_chance(most, n, m, compared)
}

/// Whether two distribution functions of `n` and `m` numbers that are `most` of `nm` apart at one place are so by no
/// chance.
fn is_no_chance(most: u128, n: u128, m: u128, compared: u64) -> bool {
    // D^2 nm / (n + m) >= ln(2 / p) / 2, where ln x <= 0.6932 times the bits of x, and 1 / p = 100 k.
    let bits = u128::from(64 - compared.max(1).saturating_mul(200).leading_zeros());
    // Counts beyond 2^20 lose digits that the test does not need.
    let shift = (128 - most.max(n * m).leading_zeros()).saturating_sub(50);
    let (most, whole) = (most >> shift, (n * m) >> shift);
    let statistic = most * most / whole.max(1) * 100_000 / (n + m).max(1);
    (statistic << shift) >= 34_660 * bits
}

/// `1.10` after `1.9`.
fn natural(a: &str, b: &str) -> Ordering {
    let parts = |text: &str| -> Vec<(u64, String)> {
        let parts = text.split(|letter: char| !letter.is_ascii_alphanumeric());
        parts
            .map(|part| (part.trim_start_matches('v').parse().unwrap_or(0), part.to_owned()))
            .collect()
    };
    parts(a).cmp(&parts(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::Sign;

    fn of(values: impl Iterator<Item = u64>) -> Distribution {
        let mut distribution = Distribution::default();
        for value in values {
            distribution.record(Sign::Add, value);
        }
        distribution
    }

    #[test]
    fn versions_are_ordered_by_their_numbers() {
        assert_eq!(natural("1.9.2", "1.10.0"), Ordering::Less);
        assert_eq!(natural("v2", "v10"), Ordering::Less);
        assert_eq!(natural("abc", "abd"), Ordering::Less);
    }

    #[test]
    fn equal_distributions_are_not_apart_and_shifted_ones_are() {
        let (a, b) = (
            || of((0..100).map(|n| 1_000 + n * 7 % 100)),
            || of((0..100).map(|n| 1_040 + n * 3 % 100)),
        );
        assert!(!are_apart(&a(), &a(), 1));
        assert!(are_apart(&a(), &b(), 1));
        assert!(
            !are_apart(&a(), &b(), 1 << 40),
            "among so many comparisons it may be chance"
        );
    }

    #[test]
    fn absurd_counts_do_not_overflow() {
        let mut many = of(std::iter::once(5));
        for _ in 0..60 {
            let copy = many.clone();
            many.merge(&copy);
        }
        let few = of([9, 12].into_iter());
        are_apart(&many, &few, u64::MAX);
        are_apart(&many, &many.clone(), u64::MAX);
    }
}

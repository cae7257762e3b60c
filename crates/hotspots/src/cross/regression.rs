//! # Regression
//!
//! A version made an operation slower.
//!
//! **Rule**: between the latest `service.version` and the one before, the median or the 95th percentile of an
//! operation's duration grows by at least 25 % and by at least 1 ms, over at least 50 requests of each; a two-sample
//! test on their histograms finds the two apart (Kolmogorov and Smirnov, p < 0.01, corrected for the number of
//! operations compared).
//!
//! **Guards**: the new version's busiest hour has at most twice the traces of the old one's; each operation is
//! compared with itself, so another mix of operations is no regression. Hotspots that are known say themselves in
//! which versions they were seen.
//!
//! **Saves**: the difference of the means, times the requests an hour.
//!
//! **Silent when**: the difference is noise; there is one version.
//!
//! **Fix**: what the version changed in this operation.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use hotspan_model::{
    Break, Class, Condition, Facets, FactKind, Fix, MILLION, Meta, Millionths, Nanos, Saving, SavingRule,
    Scope,
};

use super::names::tenths_of_a_week;
use super::{CrossDetector, Draft, Evidence, wants};
use crate::distribution::Distribution;
use crate::facts::Fact;
use crate::sign::narrow;

/// The detector.
#[derive(Debug)]
pub(super) struct Regression;

/// Requests of each version.
const REQUESTS: u64 = 50;
/// Growth in per cent.
const GROWTH: u64 = 125;
/// Growth in nanoseconds.
const COST_MIN: u64 = 1_000_000;
/// How much more load excuses a version.
const LOAD: u64 = 2;
/// Work that nobody waits for counts a fifth.
const UNAWAITED: u128 = 5;

static META: Meta = Meta {
    id: "regression",
    title: "A version made it slower",
    in_break: Break::Synchronous,
    scope: Scope::Cross,
    habit: false,
    effort: tenths_of_a_week(5),
    saving: SavingRule::Replayed,
    knobs: &[],
    sentence,
    fix,
};

/// Versions of one operation.
type Versions<'a> = BTreeMap<(&'a str, &'a str, Class), Vec<(&'a str, &'a Fact)>>;

impl CrossDetector for Regression {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Evidence<'_>, out: &mut Vec<Draft>) {
        let mut all = Versions::new();
        for row in cx.facts(FactKind::Served) {
            if let (Some(version), true) = (row.text.what, REQUESTS <= row.fact.times.count()) {
                let key = (row.text.service, row.text.operation, row.text.class);
                all.entry(key).or_default().push((version, row.fact));
            }
        }
        all.retain(|_, versions| versions.len() > 1);
        let compared = all.len() as u64;
        for ((service, operation, class), mut versions) in all {
            versions.sort_by(|a, b| {
                let first = |fact: &Fact| fact.calendar.first(cx.newest());
                first(a.1).cmp(&first(b.1)).then_with(|| natural(a.0, b.0))
            });
            let [.., old, new] = versions[..] else { continue };
            let (conditions, guard) = growth(old.1, new.1, compared);
            if conditions.iter().all(Condition::is_near) {
                let draft = draft(cx, (service, operation, class), old, new);
                out.extend(draft.guarded(guard, conditions));
            }
        }
    }
}

/// By how much the median or the 95th percentile grew, whichever is nearer to a fault, and what excuses it.
fn growth(old: &Fact, new: &Fact, compared: u64) -> ([Condition; 2], Option<&'static str>) {
    let grown = [500, 950].map(|permille| {
        let (before, after) = (old.times.quantile(permille), new.times.quantile(permille));
        // A quarter more is 125 per cent of what was.
        let part = after.saturating_sub(before);
        let share = u128::from(part) * u128::from(MILLION) / u128::from(before.max(1));
        [
            wants(
                "growth_share_millionths",
                narrow(share),
                (GROWTH - 100) * MILLION / 100,
            ),
            wants("growth_ns", part, COST_MIN),
        ]
    });
    let lacks = |of: &[Condition; 2]| of.iter().map(Condition::distance).max();
    let [median, tail] = grown;
    let nearer = if lacks(&tail) < lacks(&median) {
        tail
    } else {
        median
    };
    let crowded = old.calendar.busiest().saturating_mul(LOAD) < new.calendar.busiest();
    let guard = match crowded {
        true => Some("load"),
        false => (!are_apart(&old.times, &new.times, compared)).then_some("noise"),
    };
    (nearer, guard)
}

/// The test of Kolmogorov and Smirnov in integers: whether the largest difference of the two distribution functions
/// is more than chance, at p < 0.01 shared by so many comparisons.
fn are_apart(a: &Distribution, b: &Distribution, compared: u64) -> bool {
    let (n, m) = (u128::from(a.count()), u128::from(b.count()));
    let (a, b) = (a.buckets(), b.buckets());
    let (mut at, mut bt, mut below_a, mut below_b, mut most) = (0, 0, 0_u128, 0_u128, 0_u128);
    while at < a.len() || bt < b.len() {
        let value =
            |buckets: &[(u64, u64)], place: usize| buckets.get(place).map_or(u64::MAX, |bucket| bucket.0);
        let next = value(a, at).min(value(b, bt));
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

fn draft(cx: &Evidence<'_>, at: (&str, &str, Class), old: (&str, &Fact), new: (&str, &Fact)) -> Draft {
    let (service, operation, class) = at;
    let mut draft = Draft::new(&META, service, &[service, operation, new.0]);
    draft.operation = operation.to_owned();
    let times = |fact: &Fact| {
        let of = |permille| Nanos(fact.times.quantile(permille));
        (of(500), of(950))
    };
    let (before, after) = (times(old.1), times(new.1));
    draft.said = format!(
        "with {} the median went from {} to {}, the 95th percentile from {} to {}",
        new.0, before.0, after.0, before.1, after.1
    );
    let mean = |fact: &Fact| Nanos(narrow(fact.time / u128::from(fact.times.count().max(1))));
    let delta = mean(new.1).minus(mean(old.1));
    let (median, tail) = (after.0.minus(before.0), after.1.minus(before.1));
    let saving = Saving {
        min: median.min(tail).min(delta),
        likely: delta,
        max: median.max(tail).max(delta),
    };
    let count = u128::from(new.1.calendar.since(cx.from()).count);
    let rate = if class == Class::Server { 1 } else { UNAWAITED };
    let sum = u128::from(delta.0) * count * (new.1.weighted / u128::from(new.1.traces.max(1))) / rate;
    draft.saving = Some((saving, cx.reader.window.seconds_per_hour(sum)));
    draft.versions = vec![new.0.to_owned()];
    draft.share = Millionths::ONE;
    draft.seen.add(new.1);
    draft.term(900_000, "the two versions did not run side by side at all times");
    draft
}

fn sentence(facets: &Facets<'_>) -> String {
    format!("{} of {}: {}", facets.operation, facets.service, facets.evidence)
}

fn fix(facets: &Facets<'_>) -> Fix {
    Fix {
        summary: format!("find what changed in {}", facets.operation),
        how: "compare a trace of this version with one of the version before: a new call or statement on the critical path, \
              or one that takes longer; roll back if it cannot be found"
            .to_owned(),
    }
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

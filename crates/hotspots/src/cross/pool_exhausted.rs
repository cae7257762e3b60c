//! # Pool exhausted
//!
//! Requests queue for a database connection: the pool is empty while its connections are busy.
//!
//! **Rule**: the wait for a connection (a checkout span) has a 95th percentile of at least 20 % of its segment's and at
//! least 1 ms, and it grows with the statements in flight of the same service instance and database: second by second
//! their rank correlation is at least 0.6, over at least 50 waits in at least 20 seconds.
//!
//! **Guards**: instances with fewer waits; waits that stay small or do not grow with load. Services that show no
//! checkout cannot be judged.
//!
//! **Saves**: nothing that a replay of one trace shows. The impact is exposure: 0.02 of the critical-path seconds an
//! hour in these waits.
//!
//! **Silent when**: waits are small and constant; a handshake is slow.
//!
//! **Fix**: hold connections for a shorter time, then size the pool to the need.

use std::collections::BTreeMap;

use hotspan_model::{
    Break, CalleeView, Class, Facets, FactKind, Fix, Meta, Millionths, Nanos, SavingRule, Scope,
};

use super::evidence::Row;
use super::names::tenths_of_a_week;
use super::{CrossDetector, Draft, Evidence, Seen, wants};
use crate::distribution::Distribution;
use crate::sign::narrow;

/// The detector.
#[derive(Debug)]
pub(super) struct PoolExhausted;

/// Waits of an instance.
const WAITS: u64 = 50;
/// Seconds in which they lie.
const SECONDS: usize = 20;
/// Least 95th percentile of the waits, in nanoseconds.
const COST_MIN: u64 = 1_000_000;
const SECOND: u128 = 1_000_000_000;

static META: Meta = Meta {
    id: "pool-exhausted",
    title: "Requests queue for a connection",
    in_break: Break::Database,
    scope: Scope::Cross,
    habit: false,
    effort: tenths_of_a_week(5),
    saving: SavingRule::Replayed,
    knobs: &[],
    sentence,
    fix,
};

/// One instance's waits for one database.
#[derive(Debug, Default)]
struct Pool {
    waits: Distribution,
    segments: Distribution,
    /// By second: waits, time waited, time in statements.
    seconds: BTreeMap<u64, (u64, u128, u128)>,
    count: u64,
    busy: u128,
    seen: Seen,
}

impl CrossDetector for PoolExhausted {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Evidence<'_>, out: &mut Vec<Draft>) {
        let mut pools: BTreeMap<(&str, &str, &str), Pool> = BTreeMap::new();
        for row in cx.facts(FactKind::Waited) {
            let pool = pools.entry(key(cx, &row)).or_default();
            pool.waits.merge(&row.fact.times);
            pool.segments.merge(&row.fact.inners);
            pool.count += row.fact.count;
            for (second, times, time) in seconds(cx, &row, FactKind::Waited) {
                let at = pool.seconds.entry(second).or_default();
                at.0 += times;
                at.1 += time;
            }
            pool.seen.add(row.fact);
        }
        for row in cx.facts(FactKind::Busy) {
            let Some(pool) = pools.get_mut(&key(cx, &row)) else {
                continue;
            };
            pool.busy += row.fact.time;
            for (second, _, time) in seconds(cx, &row, FactKind::Busy) {
                if let Some(at) = pool.seconds.get_mut(&second) {
                    at.2 += time;
                }
            }
        }
        // The worst instance speaks for its service and database, one that is exhausted before the others.
        let mut worst: BTreeMap<(&str, &str), (u64, Draft)> = BTreeMap::new();
        for ((service, store, _), pool) in pools {
            let late = pool.waits.quantile(950);
            let Some(draft) = judge(cx, service, store, late, pool) else {
                continue;
            };
            let badness = |late: u64, draft: &Draft| (draft.stopped.is_none(), late);
            let known = worst
                .get(&(service, store))
                .map(|(late, draft)| badness(*late, draft));
            if known < Some(badness(late, &draft)) {
                worst.insert((service, store), (late, draft));
            }
        }
        out.extend(worst.into_values().map(|(_, draft)| draft));
    }
}

/// Service, database without its address, instance.
fn key<'a>(cx: &Evidence<'a>, row: &Row<'a>) -> (&'a str, &'a str, &'a str) {
    let store = cx
        .callee(row.key.other)
        .map_or("", |facts| cx.reader.dictionary.text(facts.store));
    (row.text.service, store, row.text.what.unwrap_or_default())
}

fn seconds<'a>(
    cx: &Evidence<'a>,
    row: &Row<'a>,
    kind: FactKind,
) -> impl Iterator<Item = (u64, u64, u128)> + use<'a> {
    let seconds = row.fact.moments.since(kind, cx.newest());
    seconds.flat_map(|(second, stretch)| {
        let happened = stretch.happened.iter();
        happened.map(move |happened| (second, happened.times, happened.time))
    })
}

fn judge(cx: &Evidence<'_>, service: &str, store: &str, late: u64, pool: Pool) -> Option<Draft> {
    let filled = pool.seconds.values().filter(|second| second.0 > 0);
    // Mean wait, and statements in flight in thousandths.
    let samples: Vec<(u64, u64)> = filled
        .map(|&(waits, waited, busy)| (narrow(waited / u128::from(waits)), narrow(busy * 1_000 / SECOND)))
        .collect();
    let conditions = [
        wants("waits", pool.waits.count(), WAITS),
        wants("wait_ns", late, COST_MIN),
        wants(
            "fifth_of_the_segment_ns",
            late,
            pool.segments.quantile(950).div_ceil(5),
        ),
        wants("seconds", samples.len() as u64, SECONDS as u64),
    ];
    let near = conditions.iter().all(hotspan_model::Condition::is_near);
    let guard = (near && !correlates(&samples)).then_some("uncorrelated");
    draft(cx, service, store, late, pool).guarded(guard, conditions)
}

/// Whether the rank correlation of the pairs is at least 0.6.
fn correlates(samples: &[(u64, u64)]) -> bool {
    let (xs, ys) = (
        ranks(samples, |sample| sample.0),
        ranks(samples, |sample| sample.1),
    );
    let count = samples.len() as i128;
    let (mut x, mut y, mut xx, mut yy, mut xy) = (0_i128, 0, 0, 0, 0);
    for (&a, &b) in xs.iter().zip(&ys) {
        x += a;
        y += b;
        xx += a * a;
        yy += b * b;
        xy += a * b;
    }
    let (together, of_x, of_y) = (count * xy - x * y, count * xx - x * x, count * yy - y * y);
    // r >= 0.6 is r^2 >= 0.36 for what goes together at all.
    together > 0 && together * together * 100 >= 36 * of_x * of_y
}

/// Twice the mean rank of each sample: whole numbers also where values are equal.
fn ranks(samples: &[(u64, u64)], of: impl Fn(&(u64, u64)) -> u64) -> Vec<i128> {
    let mut order: Vec<usize> = (0..samples.len()).collect();
    order.sort_by_key(|&at| of(&samples[at]));
    let mut ranks = vec![0; samples.len()];
    let mut first = 0;
    for same in order.chunk_by(|&a, &b| of(&samples[a]) == of(&samples[b])) {
        let last = first + same.len() - 1;
        for &at in same {
            ranks[at] = (first + last) as i128;
        }
        first = last + 1;
    }
    ranks
}

fn draft(cx: &Evidence<'_>, service: &str, store: &str, late: u64, pool: Pool) -> Draft {
    let mut draft = Draft::new(&META, service, &[service, store]);
    draft.callee = CalleeView {
        class: Class::Db.name().to_owned(),
        system: String::new(),
        peer: store.to_owned(),
        template: String::new(),
    };
    let busiest = pool
        .seconds
        .values()
        .map(|second| second.2 * 10 / SECOND)
        .max()
        .unwrap_or(0);
    draft.said = format!(
        "the 95th percentile of the wait is {}, and it grows with the statements in flight ({}.{} in the busiest second)",
        Nanos(late),
        busiest / 10,
        busiest % 10
    );
    draft.calls = pool.count / pool.seen.traces.max(1);
    draft.share = Millionths::ratio(pool.seen.traces, cx.traces_of(service));
    draft.seen = pool.seen;
    draft.term(900_000, "waits and load go together");
    draft
}

fn sentence(facets: &Facets<'_>) -> String {
    format!(
        "{} queues for connections to {}: {}",
        facets.service, facets.callee.peer, facets.evidence
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    let (service, store) = (facets.service, &facets.callee.peer);
    Fix {
        summary: format!("hold connections to {store} for a shorter time, then size the pool of {service}"),
        how: "look for loops of queries and remote calls inside transactions on this database first: they hold connections; \
              then the pool needs the rate of checkouts times how long each is held, and no more"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_together_correlates_and_noise_does_not() {
        let line: Vec<(u64, u64)> = (0..30).map(|n| (n * n, n)).collect();
        assert!(correlates(&line));
        let falling: Vec<(u64, u64)> = (0..30).map(|n| (n, 100 - n)).collect();
        assert!(!correlates(&falling));
        let noise: Vec<(u64, u64)> = (0..30).map(|n| (n * 7 % 30, n * 11 % 30)).collect();
        assert!(!correlates(&noise));
        let constant: Vec<(u64, u64)> = (0..30).map(|n| (5, n)).collect();
        assert!(!correlates(&constant));
    }

    #[test]
    fn equal_values_share_their_rank() {
        assert_eq!(ranks(&[(5, 0), (3, 0), (5, 0)], |sample| sample.0), [3, 0, 3]);
    }
}

//! # Fan-out tail
//!
//! A request asks many at once and waits for the slowest. One branch of many, a hot shard or a cold cache, decides
//! how long everybody waits.
//!
//! **Rule**: at least `fan_out_tail_members_min` (10) operations of one template side by side under one anchor; the
//! slowest is on the critical path, takes at least five times the median of them, and is longer than their 90th
//! percentile by at least `fan_out_tail_excess_min_ns` (30 ms) and a tenth of the segment.
//!
//! **Guards**: the slowest returned three times as many rows as the median one or more; attempts failed inside it;
//! members of an N+1, which is the larger fault; front ends.
//!
//! **Saves**: what a replay of the trace saves with every member capped at the 95th percentile of them all.
//!
//! **Silent when**: the branches are even; the slow one is off the path.
//!
//! **Fix**: hedge the slow branch, answer without it, or rebalance the hot shard.

use hotspan_model::{
    Break, Class, Facets, Fix, Knob, Meta, Millionths, Nanos, NearReason, SavingRule, Scope,
};

use super::near::{Near, all, condition, fixed, of_cost, share_of};
use super::spans::{SpanDraft, callee_key, pays};
use super::words::{peer, target, tenths_of_a_week};
use super::{Detector, Findings};
use crate::Edit;
use crate::context::{Context, Group, is_near};

/// The detector.
#[derive(Debug)]
pub(super) struct FanOutTail;

static MEMBERS_MIN: Knob = Knob {
    name: "fan_out_tail_members_min",
    default: 10,
    what: "fewest operations side by side that have a tail",
};

static EXCESS_MIN: Knob = Knob {
    name: "fan_out_tail_excess_min_ns",
    default: 30_000_000,
    what: "least time by which the slowest exceeds the 90th percentile",
};

/// How many times the median the slowest takes.
const APART: i128 = 5;

static META: Meta = Meta {
    id: "fan-out-tail",
    title: "One slow branch of many holds the answer",
    in_break: Break::Synchronous,
    scope: Scope::Both,
    habit: true,
    effort: tenths_of_a_week(20),
    saving: SavingRule::Replayed,
    knobs: &[MEMBERS_MIN, EXCESS_MIN],
    sentence,
    fix,
};

impl Detector for FanOutTail {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for class in [Class::Call, Class::Db, Class::Cache, Class::Publish] {
            for group in cx.repeats(class).filter(|group| group.verdict.parallel) {
                let free = !cx.segment(group.segment).front_end && !out.is_claimed(cx.members(group)[0]);
                let fewest = cx.knob(group.segment, &MEMBERS_MIN);
                if free && is_near(cx.members(group).len() as u64, fewest) {
                    judge(cx, group, out);
                }
            }
        }
    }
}

fn judge(cx: &Context<'_>, group: &Group, out: &mut Findings<'_>) {
    let members = cx.members(group);
    let mut lengths = std::mem::take(&mut out.scratch.spans.lengths);
    lengths.clear();
    let length = |at: u32| cx.node_of(at).end - cx.node_of(at).start;
    lengths.extend(members.iter().map(|&at| length(at)));
    lengths.sort_unstable();
    // Of few members no rank may be the slowest itself, which is what they are compared with.
    let rank = |share: usize| lengths[(lengths.len() - 1) * share / 100];
    let (median, p90, p95, slowest) = (rank(50), rank(90), rank(95), lengths[lengths.len() - 1]);
    out.scratch.spans.lengths = lengths;
    // Of several that are equally slow the first by time.
    let Some(&slow) = members.iter().find(|&&at| length(at) == slowest) else {
        return;
    };
    let excess = (slowest - p90).unsigned_abs();
    let tenth = cx.segment(group.segment).length() / 10;
    let apart = i128::from(slowest) >= i128::from(median) * APART;
    let long = apart && excess >= cx.knob(group.segment, &EXCESS_MIN) && excess >= tenth;
    let path = cx.paths().subtree(cx.operation(slow).node).min(Nanos(excess));
    let reason = match members.len() as u64 >= cx.knob(group.segment, &MEMBERS_MIN) {
        false => NearReason::Count,
        true if !long || !pays(cx, group.segment, path) => NearReason::Cost,
        true if is_explained(cx, members, slow, median) => NearReason::Guard("explained"),
        true => return report(cx, group, slow, Nanos(p95.unsigned_abs()), path, out),
    };
    if apart {
        nearly(cx, group, slow, (median, Nanos(excess), path), reason, out);
    }
}

/// Tells a fan-out of which one branch stands apart.
fn nearly(
    cx: &Context<'_>,
    group: &Group,
    slow: u32,
    (median, excess, path): (i64, Nanos, Nanos),
    reason: NearReason,
    out: &mut Findings<'_>,
) {
    let (segment, members) = (group.segment, cx.members(group));
    let [share, least] = of_cost(cx, segment, path);
    let times = cx.node_of(slow).length().0 / median.unsigned_abs().max(1);
    let conditions = [
        condition(cx, segment, &MEMBERS_MIN, members.len() as u64),
        condition(cx, segment, &EXCESS_MIN, excess.0),
        fixed("fan_out_tail_times_median", times, APART.unsigned_abs() as u64),
        fixed(
            "fan_out_tail_excess_share_millionths",
            share_of(cx, segment, excess),
            100_000,
        ),
        share,
        least,
    ];
    let near = Near {
        meta: &META,
        segment,
        first: slow,
        members: members.len() as u64,
        reason,
        conditions: all(conditions),
    };
    if conditions[..2]
        .iter()
        .all(|one| is_near(one.value, one.threshold))
    {
        out.near(cx, near);
    }
}

/// Whether the slowest had more to do, or had to do it again.
fn is_explained(cx: &Context<'_>, members: &[u32], slow: u32, median: i64) -> bool {
    let place = cx.operation(slow).place;
    let failed_inside = cx.operations_below(place).iter().any(|row| row.failed > 0);
    let rows = |at: u32| cx.extras(cx.node_of(at)).and_then(|extras| extras.rows);
    let usual = members
        .iter()
        .find(|&&at| cx.node_of(at).end - cx.node_of(at).start == median);
    let usual = usual.and_then(|&at| rows(at));
    let larger = rows(slow)
        .zip(usual)
        .is_some_and(|(slow, usual)| u64::from(slow) >= 3 * u64::from(usual.max(1)));
    failed_inside || larger
}

fn report(cx: &Context<'_>, group: &Group, slow: u32, cap: Nanos, path: Nanos, out: &mut Findings<'_>) {
    let members = cx.members(group);
    let about = cx.operation(slow);
    let mut places = std::mem::take(&mut out.scratch.spans.places);
    places.clear();
    places.extend(members.iter().map(|&at| cx.operation(at).place));
    let head = cx.node_at(group.anchor).head;
    let saving = out.saving_of(cx, head, |nodes| Edit::Cap(nodes, cap), &places);
    out.push_spans(
        cx,
        &SpanDraft {
            meta: &META,
            segment: group.segment,
            anchor: group.anchor,
            places: &places,
            calls: members.iter().map(|&at| cx.operation(at).weight).sum(),
            about: Some(about),
            template: None,
            key: &callee_key(cx, about),
            templates: &[],
            wall: path,
            path,
            parallel: true,
            params: None,
            saving,
            certainty: Millionths::ONE,
        },
    );
    out.scratch.spans.places = places;
    out.claim(members);
}

fn sentence(facets: &Facets<'_>) -> String {
    format!(
        "{} waits {} for the slowest of {} calls of {} at once",
        facets.operation,
        facets.path,
        facets.calls,
        target(facets)
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    Fix {
        summary: format!("do not let one slow branch of {} hold the answer", peer(facets)),
        how: "send a second request for what has not answered after the 95th percentile (hedge), answer with what is \
              there at a deadline, or move load off the hot shard"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use hotspan_model::Nanos;

    use crate::detectors::testing::{check, only};

    /// Shards asked side by side: nine of 20 ms and one until `end`.
    fn shards(count: usize, end: u64, marks: &str) -> String {
        let calls: String = (1..count)
            .map(|n| {
                format!(
                    "\n  call GET /find 10..30 to=shard-{n} rows=10 params=1\n    shard server GET /find 11..29 host={n}"
                )
            })
            .collect();
        format!(
            "find GET /find 0..200 host=f{calls}\n  call GET /find 10..{end} to=shard-0 {marks} params=1\n    shard \
             server GET /find 11..{} host=z",
            end - 1
        )
    }

    const FOUND: &str = "fan-out-tail: 10 calls under GET /find";

    #[test]
    fn one_shard_of_ten_is_slow() {
        check(&shards(10, 190, ""), &[FOUND]);
        let finding = only(&shards(10, 190, ""));
        assert_eq!(finding.saving.likely, Nanos::from_millis(160));
        assert_eq!(finding.path, Nanos::from_millis(160));
    }

    #[test]
    fn at_the_threshold() {
        check(&shards(9, 190, ""), &[]);
        // Five times the median, and 80 ms more than the 90th percentile.
        check(&shards(10, 110, ""), &[FOUND]);
        check(&shards(10, 109, ""), &[]);
    }

    #[test]
    fn even_branches_have_no_tail() {
        check(&shards(10, 35, ""), &[]);
    }

    #[test]
    fn a_slow_branch_off_the_path_holds_nothing() {
        check(&(shards(10, 190, "") + "\n  internal render 10..199"), &[]);
    }

    #[test]
    fn a_branch_that_returned_much_more_had_more_to_do() {
        check(&shards(10, 190, "rows=100"), &[]);
        check(&shards(10, 190, "rows=20"), &[FOUND]);
    }

    #[test]
    fn a_branch_that_had_to_try_again_is_another_fault() {
        check(&(shards(10, 190, "") + "\n      db SELECT doc 20..100 err"), &[]);
    }

    #[test]
    fn one_host_asked_for_each_item_is_an_n_plus_one() {
        let calls = "\n  call GET /item 10..30".repeat(9);
        check(
            &format!("find GET /find 0..200{calls}\n  call GET /item 10..190"),
            &["n-plus-one-call: 10 calls under GET /find"],
        );
    }
}

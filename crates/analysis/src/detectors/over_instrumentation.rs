//! # Over-instrumentation
//!
//! A trace holds so many spans of one kind that they cost more than they tell. They fill storage and hide what
//! matters.
//!
//! **Rule**: at least `over_instrumentation_leaves_min` (50) INTERNAL spans of one operation without children, each
//! less than 1 % of their segment, that are at least 80 % of its spans; or a trace of more than
//! `over_instrumentation_spans_min` (1,000) spans of which half are of one operation or template.
//!
//! **Guards**: spans that another finding has already, such as an N+1; front ends.
//!
//! **Saves**: volume, no time.
//!
//! **Silent when**: there are 40 like spans; middleware is stacked; a stream has fewer chunks than the count.
//!
//! **Fix**: make them events or a metric, or prune them before they are exported.

use hotspan_model::{
    Break, Class, Condition, Facets, Fix, Kind, Knob, Meta, Millionths, Nanos, NearReason, Saving,
    SavingRule, Scope, Symbol,
};

use super::near::{NearSpans, all, condition, fixed, floor_share};
use super::spans::SpanDraft;
use super::words::tenths_of_a_week;
use super::{Detector, Findings};
use crate::context::{Context, is_near};
use crate::{Mark, NONE};

/// The detector.
#[derive(Debug)]
pub(super) struct OverInstrumentation;

static LEAVES_MIN: Knob = Knob {
    name: "over_instrumentation_leaves_min",
    default: 50,
    what: "fewest short spans of one operation in a segment that are too many",
};

static SPANS_MIN: Knob = Knob {
    name: "over_instrumentation_spans_min",
    default: 1_000,
    what: "spans of a trace beyond which half of one template are too many",
};

static META: Meta = Meta {
    id: "over-instrumentation",
    title: "Spans that cost more than they tell",
    in_break: Break::Observability,
    scope: Scope::Both,
    habit: true,
    effort: tenths_of_a_week(2),
    saving: SavingRule::Replayed,
    knobs: &[LEAVES_MIN, SPANS_MIN],
    sentence,
    fix,
};

impl Detector for OverInstrumentation {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let all = out.report.spans;
        if all < cx.least(&LEAVES_MIN).min(cx.least(&SPANS_MIN)) {
            return;
        }
        let mut rows = std::mem::take(&mut out.scratch.spans.marks);
        let before = out.report.findings.len();
        leaves(cx, &mut rows, out);
        // The size of a trace is a matter of whoever began it.
        if all > cx.knob(0, &SPANS_MIN) && out.report.findings.len() == before {
            crowd(cx, &mut rows, all, out);
        }
        out.scratch.spans.marks = rows;
    }
}

/// Reports segments that are mostly short spans of one operation. `rows` is scratch: segment, operation, place.
fn leaves(cx: &Context<'_>, rows: &mut Vec<(u32, i64, u32)>, out: &mut Findings<'_>) {
    let mut counts = std::mem::take(&mut out.scratch.spans.lengths);
    counts.clear();
    counts.resize(cx.segments().len(), 0);
    rows.clear();
    for (place, &at) in cx.nodes().iter().enumerate() {
        let (node, place) = (cx.forest.node(at), place as u32);
        let segment = cx.segment_at(place);
        if segment == NONE || node.has(Mark::Phantom) {
            continue;
        }
        counts[segment as usize] += 1;
        if node.kind() == Kind::Internal && is_short_leaf(cx, at, segment) {
            rows.push((segment, i64::from(node.operation.map_or(0, Symbol::raw)), place));
        }
    }
    // Numbers bring equal operations together, and for nothing else: no segment has two that are most of it.
    rows.sort_unstable();
    for same in rows.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let segment = same[0].0;
        let nodes = same.len() as u64;
        let others = counts[segment as usize].unsigned_abs() - nodes;
        let count = weigh(cx, same, out);
        let fewest = cx.knob(segment, &LEAVES_MIN);
        let share = floor_share(Nanos(count), Nanos(count + others));
        let conditions = [
            condition(cx, segment, &LEAVES_MIN, count),
            fixed("over_instrumentation_share_millionths", share, 800_000),
        ];
        if count >= fewest && count * 5 >= (count + others) * 4 && !cx.segment(segment).front_end {
            report(cx, same, count, out);
        } else {
            nearly(cx, same[0].2, conditions, out);
        }
    }
    out.scratch.spans.lengths = counts;
}

/// Whether a span has no children and takes less than 1 % of its segment; of folded ones, on average.
fn is_short_leaf(cx: &Context<'_>, at: u32, segment: u32) -> bool {
    let node = cx.forest.node(at);
    let length = match cx.trace.groups.get(node.group as usize) {
        Some(group) => group.sum.0 / group.count.max(1),
        None => node.length().0,
    };
    let short = u128::from(length) * 100 < u128::from(cx.segment(segment).length());
    node.class() == Class::Internal && cx.forest.children(at).is_empty() && short
}

/// Spans that some nodes stand for: a folded group counts once, by its size.
fn weigh(cx: &Context<'_>, same: &[(u32, i64, u32)], out: &mut Findings<'_>) -> u64 {
    let groups = &mut out.scratch.spans.held;
    groups.clear();
    let mut count = 0;
    for &(.., place) in same {
        match cx.node_at(place).group {
            NONE => count += 1,
            group => groups.push(group),
        }
    }
    groups.sort_unstable();
    groups.dedup();
    let folded = groups.iter().map(|&group| cx.trace.groups[group as usize].count);
    folded.fold(count, u64::saturating_add)
}

/// Reports the service and template that half of a large trace, or most of one at its limit, is made of.
fn crowd(cx: &Context<'_>, rows: &mut Vec<(u32, i64, u32)>, all: u64, out: &mut Findings<'_>) {
    rows.clear();
    for (place, &at) in cx.nodes().iter().enumerate() {
        let (node, place) = (cx.forest.node(at), place as u32);
        let claimed = cx.operation_index(place).is_some_and(|at| out.is_claimed(at));
        let own = cx.operation_at(place).and_then(|row| row.own).or(node.operation);
        if let (Some(service), Some(own), false) = (node.service, own, claimed) {
            rows.push((service.raw(), i64::from(own.raw()), place));
        }
    }
    rows.sort_unstable();
    let at_limit = cx.trace.completeness.truncated || cx.trace.completeness.compacted > 0;
    let mut largest: Option<(u64, std::ops::Range<usize>)> = None;
    let mut from = 0;
    for same in rows.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let range = from..from + same.len();
        from = range.end;
        // More than half is the largest whatever the order; of a trace at its limit, ties go by place.
        let count = weigh(cx, same, out);
        let better = largest.as_ref().is_none_or(|(most, other)| {
            (count, std::cmp::Reverse(same[0].2)) > (*most, std::cmp::Reverse(rows[other.start].2))
        });
        if better {
            largest = Some((count, range));
        }
    }
    let Some((count, range)) = largest else { return };
    let segment = cx.segment_at(rows[range.start].2);
    if segment == NONE {
        return;
    }
    if (count * 2 >= all || at_limit) && !cx.segment(segment).front_end {
        report(cx, &rows[range], count, out);
    } else {
        let conditions = [
            condition(cx, segment, &SPANS_MIN, all),
            fixed(
                "over_instrumentation_share_millionths",
                floor_share(Nanos(count), Nanos(all)),
                500_000,
            ),
        ];
        nearly(cx, rows[range.start].2, conditions, out);
    }
}

/// Tells spans like the one at a place when they are nearly too many, or a front end's.
fn nearly(cx: &Context<'_>, place: u32, conditions: [Condition; 2], out: &mut Findings<'_>) {
    let (segment, node) = (cx.segment_at(place), cx.node_at(place));
    let [count, share] = conditions;
    let reason = match () {
        () if count.value < count.threshold => NearReason::Count,
        () if share.value < share.threshold => NearReason::Guard("mixed"),
        () => NearReason::FrontEnd,
    };
    if conditions.iter().all(|one| is_near(one.value, one.threshold)) {
        let near = NearSpans {
            meta: &META,
            segment,
            class: node.class(),
            template: node.operation,
            members: count.value,
            reason,
            conditions: all(conditions),
        };
        out.near_spans(cx, near);
    }
}

fn report(cx: &Context<'_>, same: &[(u32, i64, u32)], count: u64, out: &mut Findings<'_>) {
    let mut places = std::mem::take(&mut out.scratch.spans.places);
    places.clear();
    places.extend(same.iter().map(|&(.., place)| place));
    places.sort_unstable_by_key(|&place| (cx.node_at(place).start, cx.node_at(place).key()));
    // The segment of the first by time: a crowd may be in several.
    let at = cx.segment_at(places[0]);
    let own = cx.operation_at(places[0]).and_then(|row| row.own);
    let name = own.or(cx.node_at(places[0]).operation);
    let nodes = cx.nodes();
    let path: Nanos = places
        .iter()
        .map(|&place| cx.paths().own(nodes[place as usize]))
        .sum();
    if at != NONE {
        out.push_spans(
            cx,
            &SpanDraft {
                meta: &META,
                segment: at,
                anchor: cx.segment(at).root,
                places: &places,
                calls: count,
                about: None,
                template: name,
                key: &[name.map_or("", |name| cx.text(name))],
                templates: &[],
                wall: path,
                path,
                parallel: false,
                params: None,
                saving: Saving::default(),
                certainty: Millionths::ONE,
            },
        );
    }
    out.scratch.spans.places = places;
}

fn sentence(facets: &Facets<'_>) -> String {
    format!(
        "{} writes {} spans of {} a trace",
        facets.operation, facets.calls, facets.callee.template
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    Fix {
        summary: format!("write fewer spans of {}", facets.callee.template),
        how: "make them events of the span around them, or a counter and a histogram; where the code is not yours, drop \
              them in the SDK's sampler or fold them before they are exported"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use hotspan_model::Saving;

    use crate::detectors::testing::{check, only};

    const FOUND: &str = "over-instrumentation: 50 calls under GET /import";

    fn rows(count: usize, others: usize) -> String {
        format!(
            "shop GET /import 0..1000\n  internal parse row 1..3 x{count}\n  db SELECT a 900..901 x{others}"
        )
    }

    #[test]
    fn fifty_short_spans_of_one_operation() {
        check(&rows(50, 2), &[FOUND]);
        assert_eq!(only(&rows(50, 2)).saving, Saving::default());
        check(&rows(49, 2), &[]);
        check(&rows(40, 2), &[]);
    }

    #[test]
    fn four_fifths_of_the_segment_is_the_threshold() {
        // The root counts too.
        let others = |count: usize| {
            let rest: String = (0..count)
                .map(|n| format!("\n  db SELECT {n} 900..901"))
                .collect();
            format!("shop GET /import 0..1000\n  internal parse row 1..3 x52{rest}")
        };
        check(&others(12), &["over-instrumentation: 52 calls under GET /import"]);
        check(&others(13), &[]);
    }

    #[test]
    fn spans_that_take_their_time_tell_something() {
        check("shop GET /import 0..1000\n  internal parse file 1..11 x60", &[]);
    }

    #[test]
    fn middleware_is_stacked_and_not_beside() {
        let stack: String = (1..60)
            .map(|n| format!("\n{}internal middleware {n}..{}", " ".repeat(n), 1000 - n))
            .collect();
        check(&format!("shop GET /import 0..1000{stack}"), &[]);
    }

    #[test]
    fn half_of_a_thousand_spans_are_of_one_template() {
        let trace = |like: usize| {
            let rest: String = (0..1_000 - like)
                .map(|n| format!("\n    internal part {n} 0..50"))
                .collect();
            format!(
                "shop GET /import 0..1000\n  internal all 0..900{rest}\n  internal parse row 0..100 x{like}"
            )
        };
        check(
            &trace(501),
            &["over-instrumentation: 501 calls under GET /import"],
        );
        check(&trace(500), &[]);
        let small = trace(501)
            .replace("\n    internal part 0 0..50", "")
            .replace("\n    internal part 1 0..50", "");
        check(&small, &[]);
    }

    #[test]
    fn a_loop_that_another_finding_has_is_not_said_twice() {
        check(
            "shop GET /import 0..9000\n  db SELECT row 1..2 x1200",
            &["n-plus-one-query: 1200 calls under GET /import"],
        );
    }
}

//! # Exception storm
//!
//! Errors are swallowed in bulk: a request succeeds although many of its steps fail. Each failure costs its time,
//! and hides the one that will matter.
//!
//! **Rule**: at least `exception_storm_failures_min` (10) failed spans, counted at the deepest, in a segment whose
//! root succeeded; they take at least `cost_share_millionths` (5 %) of the segment and `cost_min_ns` (1 ms). The
//! most frequent type names it. At least 10 % of at least 20 traces of the operation show it.
//!
//! **Guards**: answers that are part of a protocol (401, 403, 404), cancellations, NOSCRIPT, not-found and
//! optimistic-lock types; members of a retry storm or of another finding; front ends.
//!
//! **Saves**: what a replay of the trace saves without the failed steps.
//!
//! **Silent when**: one exception is handled; a request fails honestly.
//!
//! **Fix**: check before trying, or let the request fail.

use hotspan_model::{
    Break, Facets, Fix, Flag, Knob, Meta, Millionths, Nanos, NearReason, SavingRule, Scope, Symbol,
};

use super::near::{NearSpans, all, condition, of_cost};
use super::spans::{SpanDraft, pays};
use super::words::{has_any, tenths_of_a_week};
use super::{Detector, Findings};
use crate::context::{Context, is_near, is_trusted};
use crate::{Edit, NONE, Node};

/// Words in lower case, anywhere in a type or status, of failures that a program expects.
const EXPECTED: [&str; 13] = [
    "cancel",
    "noscript",
    "notfound",
    "not_found",
    "doesnotexist",
    "nosuchkey",
    "nosuchelement",
    "stale",
    "optimistic",
    "concurrency",
    "concurrentmodification",
    "already_exists",
    "alreadyexists",
];

/// The detector.
#[derive(Debug)]
pub(super) struct ExceptionStorm;

static FAILURES_MIN: Knob = Knob {
    name: "exception_storm_failures_min",
    default: 10,
    what: "fewest failed spans in a request that succeeds",
};

static META: Meta = Meta {
    id: "exception-storm",
    title: "Errors are swallowed in bulk",
    in_break: Break::Observability,
    scope: Scope::Both,
    habit: true,
    effort: tenths_of_a_week(10),
    saving: SavingRule::Replayed,
    knobs: &[FAILURES_MIN],
    sentence,
    fix,
};

impl Detector for ExceptionStorm {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        if !cx.census().has_failures() {
            return;
        }
        let mut failed = std::mem::take(&mut out.scratch.spans.marks);
        failed.clear();
        for (place, &at) in cx.nodes().iter().enumerate() {
            let (node, place) = (cx.forest.node(at), place as u32);
            if node.bits.has(Flag::Failed) && cx.segment_at(place) != NONE && is_trusted(node) {
                failed.push((cx.segment_at(place), 0, place));
            }
        }
        failed.sort_unstable();
        for segment in failed.chunk_by(|a, b| a.0 == b.0) {
            judge(cx, segment, out);
        }
        out.scratch.spans.marks = failed;
    }
}

/// Judges the failed spans of one segment, parents before children.
fn judge(cx: &Context<'_>, failed: &[(u32, i64, u32)], out: &mut Findings<'_>) {
    let at = failed[0].0;
    // Whichever of them count, they are too few.
    let most = failed.iter().map(|&(.., place)| weight(cx, place)).sum();
    if !is_near(most, cx.knob(at, &FAILURES_MIN)) {
        return;
    }
    let segment = cx.segment(at);
    let unfit = match () {
        () if segment.front_end => Some(NearReason::FrontEnd),
        () if cx.node_at(segment.root).bits.has(Flag::Failed) => Some(NearReason::Guard("fails")),
        () => None,
    };
    let mut places = std::mem::take(&mut out.scratch.spans.places);
    places.clear();
    for (n, &(.., place)) in failed.iter().enumerate() {
        // A failure passed up is the failure of the span below.
        let passed_up = failed.get(n + 1).is_some_and(|next| cx.contains(place, next.2));
        let claimed = cx.operation_index(place).is_some_and(|at| out.is_claimed(at));
        if !passed_up && !claimed && !is_expected(cx, cx.node_at(place)) {
            places.push(place);
        }
    }
    let count: u64 = places.iter().map(|&place| weight(cx, place)).sum();
    let path = places
        .iter()
        .map(|&place| cx.paths().subtree(cx.nodes()[place as usize]))
        .sum();
    match unfit {
        None if count >= cx.knob(at, &FAILURES_MIN) && pays(cx, at, path) => {
            report(cx, at, &mut places, count, path, out);
        }
        _ => nearly(cx, at, &places, (count, path), unfit, out),
    }
    out.scratch.spans.places = places;
}

/// Tells a segment with nearly enough failures, or with enough that are stopped.
fn nearly(
    cx: &Context<'_>,
    at: u32,
    places: &[u32],
    (count, path): (u64, Nanos),
    unfit: Option<NearReason>,
    out: &mut Findings<'_>,
) {
    let fewest = cx.knob(at, &FAILURES_MIN);
    let reason = match unfit {
        _ if count < fewest => NearReason::Count,
        None => NearReason::Cost,
        Some(unfit) => unfit,
    };
    let (Some(&first), true) = (places.first(), is_near(count, fewest)) else {
        return;
    };
    let [share, least] = of_cost(cx, at, path);
    let near = NearSpans {
        meta: &META,
        segment: at,
        class: cx.node_at(first).class(),
        template: kind(cx, first),
        members: count,
        reason,
        conditions: all([condition(cx, at, &FAILURES_MIN, count), share, least]),
    };
    out.near_spans(cx, near);
}

/// How many failures a span stands for.
fn weight(cx: &Context<'_>, place: u32) -> u64 {
    cx.operation_at(place).map_or(1, |row| row.failed.max(1))
}

fn is_expected(cx: &Context<'_>, node: &Node) -> bool {
    let said = cx.extras(node);
    let said = said
        .into_iter()
        .flat_map(|extras| [extras.exception, extras.status]);
    let mut texts = said.flatten().map(|symbol| cx.text(symbol));
    matches!(node.bits.http_status(), 401 | 403 | 404) || texts.any(|text| has_any(text, &EXPECTED))
}

/// What failed: the type of the exception, else the status, else the operation.
fn kind(cx: &Context<'_>, place: u32) -> Option<Symbol> {
    let node = cx.node_at(place);
    let extras = cx.extras(node);
    let said = extras.and_then(|extras| extras.exception.or(extras.status));
    said.or_else(|| cx.operation_at(place)?.template())
        .or(node.operation)
}

fn report(cx: &Context<'_>, at: u32, places: &mut [u32], count: u64, path: Nanos, out: &mut Findings<'_>) {
    let text = |place: u32| kind(cx, place).map_or("", |kind| cx.text(kind));
    places.sort_unstable_by_key(|&place| (text(place), place));
    let kinds = places.chunk_by(|&a, &b| text(a) == text(b));
    // The first of equally frequent ones, by text.
    let frequent = kinds.rev().max_by_key(|same| same.len());
    let Some(&speaker) = frequent.and_then(|same| same.first()) else {
        return;
    };
    places.sort_unstable_by_key(|&place| (cx.node_at(place).start, cx.node_at(place).key()));
    let segment = cx.segment(at);
    let head = cx.node_at(segment.root).head;
    let saving = out.saving_of(cx, head, |nodes| Edit::Zero(nodes), places);
    out.push_spans(
        cx,
        &SpanDraft {
            meta: &META,
            segment: at,
            anchor: segment.root,
            places,
            calls: count,
            about: None,
            template: kind(cx, speaker),
            key: &[cx.text(segment.operation), text(speaker)],
            templates: &[],
            wall: path,
            path,
            parallel: false,
            params: None,
            saving,
            certainty: Millionths::ONE,
        },
    );
}

fn sentence(facets: &Facets<'_>) -> String {
    format!(
        "{} succeeds although {} of its steps fail, most of them with {}",
        facets.operation, facets.calls, facets.callee.template
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    Fix {
        summary: format!("do not swallow {} in bulk", facets.callee.template),
        how: "check before trying what can be known (one query for all items), let the request fail where its answer is \
              wrong without the step, and count the rest in a metric instead of an exception each"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use hotspan_model::Nanos;

    use crate::detectors::testing::{check, only};

    /// A request with so many failed steps of 5 ms, one after another.
    fn steps(count: usize, root: &str, marks: &str) -> String {
        let steps: String = (0..count)
            .map(|n| format!("\n  internal parse {}..{} err {marks}", 10 * n, 10 * n + 5))
            .collect();
        format!("shop GET /import 0..200 {root}{steps}")
    }

    const FOUND: &str = "exception-storm: 10 calls under GET /import";

    #[test]
    fn ten_steps_fail_and_the_request_succeeds() {
        check(&steps(10, "", ""), &[FOUND]);
        assert_eq!(only(&steps(10, "", "")).saving.likely, Nanos::from_millis(50));
        check(&steps(9, "", ""), &[]);
    }

    #[test]
    fn a_request_that_fails_honestly() {
        check(&steps(10, "err", ""), &[]);
    }

    #[test]
    fn one_exception_that_is_handled() {
        check(&steps(1, "", ""), &[]);
    }

    #[test]
    fn answers_that_a_protocol_expects() {
        for status in [401, 403, 404] {
            check(&steps(10, "", &format!("http={status}")), &[]);
        }
    }

    #[test]
    fn a_failure_that_is_passed_up_is_one() {
        let deep: String = (0..5)
            .map(|n| {
                format!(
                    "\n  internal item {0}..{1} err\n    internal parse {0}..{1} err",
                    10 * n,
                    10 * n + 8
                )
            })
            .collect();
        check(&format!("shop GET /import 0..100{deep}"), &[]);
        let wide = steps(10, "", "").replacen('\n', "\n  internal all 0..150 err\n", 1);
        check(
            &wide.replace("\n  internal parse", "\n    internal parse"),
            &[FOUND],
        );
    }

    #[test]
    fn attempts_at_one_call_are_a_retry_storm() {
        let calls: String = (0..10)
            .map(|n| format!("\n  call GET /a {}..{} err http=503 params=1", 10 * n, 10 * n + 5))
            .collect();
        check(
            &format!("shop GET /import 0..200{calls}"),
            &["retry-storm: 10 calls under GET /import"],
        );
    }

    #[test]
    fn what_costs_next_to_nothing_is_a_near_miss() {
        check(&steps(10, "", "").replace("0..200", "0..2000"), &[]);
    }
}

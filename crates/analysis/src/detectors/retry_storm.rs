//! # Retry storm
//!
//! A call that failed is made again, and again. Each attempt costs the request its time and the struggling callee
//! one more call, just when it can least afford it; layers that each retry multiply each other.
//!
//! **Rule**: an attempt is a call of the same segment, template and parameters that starts after one that failed
//! (no answer, 5xx, 408, 425, 429). At least `retry_storm_attempts_min` (5) attempts; or at least
//! `retry_storm_rapid_min` (3) without back-off, each pause less than half as long again as the one before, and
//! none of them successful. Attempts that only the resend count of a failed call tells of count too. With the pauses
//! between them they take at least `cost_share_millionths` (5 %) of the segment and `cost_min_ns` (1 ms).
//!
//!
//! Layers that multiply each other: where the attempts of a call, times those of the call that waits for it, and so on
//! up the path, make at least 6, it is a storm however few there are in one place, when at least 1 % of at least 100
//! traces of the operation show it.
//!
//! **Guards**: redirects, and calls sent again after 401 or another answer that a retry cannot change; attempts that
//! overlap (hedges); other parameters; front ends. Where parameters are hidden, confidence is lower.
//!
//! **Saves**: what a replay saves with the last attempt alone: at best without the pauses, at worst with them.
//!
//! **Silent when**: 503, 503, 200; one retry succeeds; in a loop over items one in twenty fails.
//!
//! **Fix**: let one layer retry, within a budget, with growing and random pauses, behind a circuit breaker.

use hotspan_model::{
    Break, Condition, Facets, Fix, Knob, Meta, Millionths, Nanos, NearReason, Params, SavingRule, Scope,
    Visibility,
};

use super::near::{Near, all, condition, of_cost};
use super::spans::{SpanDraft, callee_key, pays};
use super::words::{peer, target, tenths_of_a_week};
use super::{Detector, Findings};
use crate::context::{Context, clock_step, is_near, overlap};
use crate::{Edit, NONE};

/// Attempts over all layers from which they multiply each other.
const PRODUCT_MIN: u64 = 6;
/// Layers that are looked at.
const LAYERS_MAX: usize = 16;

/// The detector.
#[derive(Debug)]
pub(super) struct RetryStorm;

static ATTEMPTS_MIN: Knob = Knob {
    name: "retry_storm_attempts_min",
    default: 5,
    what: "fewest attempts at one call that are a storm",
};

static RAPID_MIN: Knob = Knob {
    name: "retry_storm_rapid_min",
    default: 3,
    what: "fewest attempts that are a storm when all failed and no pause grew",
};

static META: Meta = Meta {
    id: "retry-storm",
    title: "Retries multiply the load",
    in_break: Break::Synchronous,
    scope: Scope::Trace,
    habit: false,
    effort: tenths_of_a_week(10),
    saving: SavingRule::Replayed,
    knobs: &[ATTEMPTS_MIN, RAPID_MIN],
    sentence,
    fix,
};

impl Detector for RetryStorm {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        if !cx.census().has_failures() {
            return;
        }
        let mut tries = std::mem::take(&mut out.scratch.tries);
        tries.clear();
        for segment in cx.calls().filter(|segment| is_candidate(cx, segment)) {
            storms(cx, segment, &mut tries, out);
        }
        // Whatever is tried again in one place alone multiplies nothing.
        if tries.windows(2).any(|pair| pair[0].0 != pair[1].0) {
            tries.sort_unstable();
            for segment in cx.calls().filter(|segment| is_candidate(cx, segment)) {
                multiplied(cx, segment, &tries, out);
            }
        }
        out.scratch.tries = tries;
    }
}

/// Whether any call of a segment may be one that is made again.
fn is_candidate(cx: &Context<'_>, segment: &[u32]) -> bool {
    segment.iter().any(|&at| may_be_tried_again(cx, at))
}

/// Attempts of a call, with its segment and operation.
pub(super) type Tries = (u32, u32, u64);

/// Reports the storms among the calls of one segment, by their first attempt, and notes what is tried again.
fn storms(cx: &Context<'_>, segment: &[u32], tries: &mut Vec<Tries>, out: &mut Findings<'_>) {
    let mut calls = std::mem::take(&mut out.scratch.picked);
    let mut runs = std::mem::take(&mut out.scratch.spans.runs);
    attempted(cx, segment, &mut calls, &mut runs);
    for &(_, from, to) in runs.iter().filter(|(_, from, to)| to - from > 1) {
        let run = &calls[from as usize..to as usize];
        let count = attempts(cx, run);
        tries.extend(run.iter().map(|&at| (cx.operation(at).segment, at, count)));
    }
    runs.retain(|&(_, from, to)| {
        let nearest = nearest(cx, &calls[from as usize..to as usize]);
        is_near(nearest.value, nearest.threshold)
    });
    for &(_, from, to) in &runs {
        judge(cx, &calls[from as usize..to as usize], out);
    }
    (out.scratch.picked, out.scratch.spans.runs) = (calls, runs);
}

/// Reports what is tried again in several layers, where one layer alone makes no storm.
fn multiplied(cx: &Context<'_>, segment: &[u32], tries: &[Tries], out: &mut Findings<'_>) {
    let mut calls = std::mem::take(&mut out.scratch.picked);
    let mut runs = std::mem::take(&mut out.scratch.spans.runs);
    attempted(cx, segment, &mut calls, &mut runs);
    for &(_, from, to) in runs.iter().filter(|(_, from, to)| to - from > 1) {
        let run = &calls[from as usize..to as usize];
        let (nearest, segment) = (nearest(cx, run), cx.operation(run[0]).segment);
        let is_storm = nearest.value >= nearest.threshold;
        if is_storm || cx.segment(segment).front_end || product(cx, run, tries) < PRODUCT_MIN {
            continue;
        }
        let path = path_with_pauses(cx, run);
        if pays(cx, segment, path) {
            let place = out.report.findings.len();
            report(cx, run, path, out);
            out.leave_to_many(place);
        }
    }
    (out.scratch.picked, out.scratch.spans.runs) = (calls, runs);
}

/// Attempts of a call, times those of every call above that waits for it.
fn product(cx: &Context<'_>, run: &[u32], tries: &[Tries]) -> u64 {
    let mut product = attempts(cx, run);
    let mut segment = cx.operation(run[0]).segment;
    for _ in 0..LAYERS_MAX {
        let caller = cx.parent(cx.segment(segment).root);
        if caller == NONE {
            break;
        }
        segment = cx.segment_at(caller);
        let Some(call) = cx.operation_index(caller).filter(|_| segment != NONE) else {
            break;
        };
        let own = tries.binary_search_by_key(&(segment, call), |tries| (tries.0, tries.1));
        product = product.saturating_mul(own.map_or(1, |at| tries[at].2));
    }
    product
}

/// Sorts the calls of one segment into attempts: first attempt and range of each in `calls`, by the first.
fn attempted(cx: &Context<'_>, segment: &[u32], calls: &mut Vec<u32>, runs: &mut Vec<(u32, u32, u32)>) {
    calls.clear();
    calls.extend_from_slice(segment);
    // Numbers and hashes bring equal calls together, and for nothing else: storms are reported by their first.
    calls.sort_unstable_by_key(|&at| (same_call(cx, at), cx.node_of(at).start, cx.node_of(at).key()));
    runs.clear();
    let mut from = 0;
    for at in 1..=calls.len() {
        if calls
            .get(at)
            .is_none_or(|&next| !follows(cx, calls[at - 1], next))
        {
            runs.push((calls[from], from as u32, at as u32));
            from = at;
        }
    }
    runs.sort_unstable();
}

/// Equal for calls that ask for the same, as far as can be seen.
fn same_call(cx: &Context<'_>, at: u32) -> (u64, u32, u64) {
    let row = cx.operation(at);
    let visible = cx.node_of(at).bits.visibility() == Visibility::Visible;
    let span = cx.trace.spans.get(row.span as usize).filter(|_| visible);
    let own = row.own.map_or(0, hotspan_model::Symbol::raw);
    (row.key(), own, span.map_or(0, |span| span.params.0))
}

/// Whether `next` tries again what failed before.
fn follows(cx: &Context<'_>, before: u32, next: u32) -> bool {
    same_call(cx, before) == same_call(cx, next)
        && may_be_tried_again(cx, before)
        && !overlap(cx.node_of(before), cx.node_of(next))
}

/// A failure that another attempt could mend.
fn may_be_tried_again(cx: &Context<'_>, at: u32) -> bool {
    let status = cx.node_of(at).bits.http_status();
    cx.operation(at).failed > 0 && matches!(status, 0 | 408 | 425 | 429 | 500..)
}

/// How far attempts are from a storm: of the two thresholds the one that is nearer, when both are theirs.
fn nearest(cx: &Context<'_>, run: &[u32]) -> Condition {
    let count = attempts(cx, run);
    let segment = cx.operation(run[0]).segment;
    let many = condition(cx, segment, &ATTEMPTS_MIN, count);
    let few = condition(cx, segment, &RAPID_MIN, count);
    let failed = may_be_tried_again(cx, run[run.len() - 1]);
    let rapid = failed && run.len() > 1 && many.value < many.threshold && !backs_off(cx, run);
    match rapid && few.threshold < many.threshold {
        true => few,
        false => many,
    }
}

fn judge(cx: &Context<'_>, run: &[u32], out: &mut Findings<'_>) {
    let (attempts, segment) = (nearest(cx, run), cx.operation(run[0]).segment);
    let path = path_with_pauses(cx, run);
    let reason = match () {
        () if attempts.value < attempts.threshold => NearReason::Count,
        () if cx.segment(segment).front_end => NearReason::FrontEnd,
        () if !pays(cx, segment, path) => NearReason::Cost,
        () => {
            report(cx, run, path, out);
            // The attempt that ended it is a call like any other.
            let failed = run.partition_point(|&at| may_be_tried_again(cx, at));
            return out.claim(&run[..failed]);
        }
    };
    let [share, least] = of_cost(cx, segment, path);
    let near = Near {
        meta: &META,
        segment,
        first: run[0],
        members: attempts.value,
        reason,
        conditions: all([attempts, share, least]),
    };
    out.near(cx, near);
}

/// Attempts that have spans, or as many as the last failed one says that there were.
fn attempts(cx: &Context<'_>, run: &[u32]) -> u64 {
    let last = run[run.len() - 1];
    let resends = cx.extras(cx.node_of(last)).and_then(|extras| extras.resend);
    let said = resends.filter(|_| may_be_tried_again(cx, last));
    (run.len() as u64).max(said.map_or(0, |resends| u64::from(resends) + 1))
}

/// Whether some pause is at least half as long again as the one before; pauses that are next to nothing are none.
fn backs_off(cx: &Context<'_>, run: &[u32]) -> bool {
    let pause = |pair: &[u32]| (cx.node_of(pair[1]).start - cx.node_of(pair[0]).end).max(0);
    let nothing = |pair: &[u32]| {
        let node = cx.node_of(pair[0]);
        clock_step(node).max((node.end - node.start) / 20)
    };
    run.windows(3).any(|three| {
        let (before, after) = (pause(&three[..2]), pause(&three[1..]));
        after > nothing(&three[1..]) && i128::from(after) * 2 >= i128::from(before) * 3
    })
}

fn report(cx: &Context<'_>, run: &[u32], path: Nanos, out: &mut Findings<'_>) {
    let (first, last) = (cx.operation(run[0]), cx.operation(run[run.len() - 1]));
    let anchor = match cx.common(first.place.min(last.place), first.place.max(last.place)) {
        NONE => cx.segment(first.segment).root,
        anchor => anchor,
    };
    let mut places = std::mem::take(&mut out.scratch.spans.places);
    places.clear();
    places.extend(run.iter().map(|&at| cx.operation(at).place));
    let head = cx.node_at(anchor).head;
    let saving = out.saving_of(cx, head, |nodes| Edit::DropRetries(nodes), &places);
    let params = match cx.node_of(run[0]).bits.visibility() {
        Visibility::Visible => Params::Visible { distinct: 1 },
        Visibility::Hidden => Params::Hidden,
        Visibility::Cut => Params::Cut,
        Visibility::None => Params::None,
    };
    out.push_spans(
        cx,
        &SpanDraft {
            meta: &META,
            segment: first.segment,
            anchor,
            places: &places,
            calls: attempts(cx, run),
            about: Some(first),
            template: None,
            key: &callee_key(cx, first),
            templates: &[],
            wall: path,
            path,
            parallel: false,
            params: Some(params),
            saving,
            certainty: Millionths::ONE,
        },
    );
    out.scratch.spans.places = places;
}

/// Critical-path time of the attempts, and of the pauses between those that are on the path.
fn path_with_pauses(cx: &Context<'_>, run: &[u32]) -> Nanos {
    let own = |at: u32| cx.paths().subtree(cx.operation(at).node);
    let pauses = run
        .windows(2)
        .filter(|pair| own(pair[0]).0.min(own(pair[1]).0) > 0);
    let pauses = pauses.map(|pair| (cx.node_of(pair[1]).start - cx.node_of(pair[0]).end).max(0));
    let attempts: Nanos = run.iter().map(|&at| own(at)).sum();
    attempts.plus(Nanos(pauses.sum::<i64>().unsigned_abs()))
}

fn sentence(facets: &Facets<'_>) -> String {
    let (operation, calls) = (facets.operation, facets.calls);
    format!(
        "{operation} calls {} of {} {calls} times because it fails",
        target(facets),
        peer(facets)
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    let language = FRAMEWORKS.iter().find(|(name, _)| *name == facets.language);
    Fix {
        summary: format!("retry {} in one layer only, within a budget", peer(facets)),
        how: language.map_or(BY_HAND, |&(_, how)| how).to_owned(),
    }
}

const BY_HAND: &str = "at most two retries with growing, random pauses, a budget of retries a second for all \
    requests together, a circuit breaker, and none in the layers above and below";

/// By SDK language.
const FRAMEWORKS: &[(&str, &str)] = &[
    (
        "python",
        "tenacity: stop_after_attempt(3) with wait_random_exponential(), behind pybreaker; urllib3's own Retry off",
    ),
    (
        "java",
        "Resilience4j: Retry with a random exponential interval inside a CircuitBreaker; no second retry in the client",
    ),
    (
        "dotnet",
        "Polly: AddRetry with UseJitter and a CircuitBreaker in one resilience pipeline",
    ),
    (
        "nodejs",
        "cockatiel or p-retry with randomised exponential delays, inside a circuit breaker",
    ),
    (
        "go",
        "backoff.Retry with an ExponentialBackOff and WithMaxRetries, behind gobreaker",
    ),
];

#[cfg(test)]
mod tests {
    use hotspan_model::{Millionths, Nanos};
    use hotspan_testkit::Drawing;

    use crate::detectors::testing::{check, only, report};

    /// Attempts of 10 ms each at GET /stock, `http` each, with these pauses before them.
    fn attempts(statuses: &[&str], pauses: &[u64], marks: &str) -> String {
        let mut at = 0;
        let calls: String = statuses
            .iter()
            .zip(pauses)
            .map(|(status, pause)| {
                at += pause;
                let mark = if *status == "200" { "" } else { "err" };
                let line = format!(
                    "\n  call GET /stock {at}..{} {mark} http={status} {marks}",
                    at + 10
                );
                at += 10;
                line
            })
            .collect();
        format!("cart GET /cart 0..{}{calls}", at + 5)
    }

    const STORM: &str = "retry-storm: 5 calls under GET /cart";

    /// A call that is made so many times by each of so many layers below one another, in vain but for the last time.
    fn layers(text: &mut String, depth: usize, from: u64, tries: &[u64]) -> u64 {
        let Some((&own, below)) = tries.split_first() else {
            return from + 10;
        };
        let indent = "  ".repeat(2 * depth + 1);
        let mut at = from;
        for attempt in 1..=own {
            let mut inner = String::new();
            let end = layers(&mut inner, depth + 1, at + 2, below) + 1;
            let said = if attempt == own {
                "http=200"
            } else {
                "err http=503"
            };
            let name = format!("GET /l{depth}");
            *text += &format!("\n{indent}call {name} {at}..{} {said} params=1", end + 1);
            *text += &format!(
                "\n{indent}  l{depth} server {name} {}..{end} host=l{depth}",
                at + 1
            );
            *text += &inner;
            at = end + 2 + 20 * attempt;
        }
        at
    }

    fn multiplied(tries: &[u64]) -> Vec<(u64, bool)> {
        let mut calls = String::new();
        let end = layers(&mut calls, 0, 5, tries);
        let found = report(&Drawing::new(&format!("edge GET / 0..{end} host=e{calls}"))).findings;
        let storms = found.iter().filter(|finding| finding.detector == super::META.id);
        storms
            .map(|finding| (finding.calls, finding.needs_many))
            .collect()
    }

    #[test]
    fn layers_that_multiply_to_six_are_left_to_many_traces() {
        assert_eq!(multiplied(&[3, 2]), [(2, true); 3]);
        assert_eq!(multiplied(&[2, 3]), [(3, true); 2]);
        assert_eq!(multiplied(&[2, 2]), []);
        assert_eq!(multiplied(&[4, 1]), []);
        assert_eq!(multiplied(&[2, 1, 3]), [(3, true); 2]);
    }

    #[test]
    fn a_storm_in_one_layer_needs_no_other() {
        assert!(multiplied(&[5, 1]).contains(&(5, false)));
    }

    #[test]
    fn five_attempts_with_growing_pauses() {
        let text = attempts(&["503"; 5], &[5, 10, 20, 40, 80], "params=1");
        check(&text, &[STORM]);
        let finding = only(&text);
        // Four attempts; at best the pauses as well.
        assert_eq!(finding.saving.min, Nanos::from_millis(40));
        assert_eq!(finding.saving.max, Nanos::from_millis(190));
        assert_eq!(finding.path, Nanos::from_millis(200));
        assert_eq!(finding.terms.visibility, Millionths::ONE);
        check(&attempts(&["503"; 4], &[5, 10, 20, 40], "params=1"), &[]);
    }

    #[test]
    fn the_last_of_five_may_succeed() {
        let statuses = ["503", "503", "503", "503", "200"];
        check(&attempts(&statuses, &[5, 10, 20, 40, 80], "params=1"), &[STORM]);
    }

    #[test]
    fn three_in_a_row_without_a_pause_and_without_success() {
        let storm = "retry-storm: 3 calls under GET /cart";
        check(&attempts(&["503"; 3], &[5, 0, 0], "params=1"), &[storm]);
        check(&attempts(&["503"; 3], &[5, 20, 25], "params=1"), &[storm]);
        check(&attempts(&["503"; 3], &[5, 20, 30], "params=1"), &[]);
        check(&attempts(&["503"; 2], &[5, 0], "params=1"), &[]);
    }

    #[test]
    fn attempts_that_end_well_soon_are_what_retries_are_for() {
        check(&attempts(&["503", "503", "200"], &[5, 0, 0], "params=1"), &[]);
        check(&attempts(&["503", "200"], &[5, 0], "params=1"), &[]);
    }

    #[test]
    fn one_item_in_twenty_that_fails_is_no_retry() {
        let calls: String = (0..20)
            .map(|n| {
                format!(
                    "\n  call GET /stock {n}0..{n}9 params={n} {}",
                    if n == 7 { "err" } else { "" }
                )
            })
            .collect();
        check(
            &format!("cart GET /cart 0..200{calls}"),
            &["n-plus-one-call: 20 calls under GET /cart"],
        );
    }

    #[test]
    fn other_parameters_are_other_calls_and_hidden_ones_may_be_the_same() {
        check(&attempts(&["503"; 6], &[1; 6], ""), &[]);
        let text = attempts(&["503"; 5], &[1; 5], "hidden");
        check(&text, &[STORM]);
        assert_eq!(only(&text).terms.visibility, Millionths(900_000));
    }

    #[test]
    fn answers_that_no_retry_changes_are_not_tried_again() {
        for status in ["401", "404", "302"] {
            check(&attempts(&[status; 6], &[1; 6], "params=1"), &[]);
        }
        check(&attempts(&["429"; 5], &[1; 5], "params=1"), &[STORM]);
    }

    #[test]
    fn attempts_that_overlap_are_hedges() {
        let calls = "\n  call GET /stock 10..60 err http=503 params=1".repeat(6);
        check(&format!("cart GET /cart 0..100{calls}"), &[]);
    }

    #[test]
    fn what_costs_next_to_nothing_is_a_near_miss() {
        check(
            "cart GET /cart 0..1000\n  call GET /stock 10..15 x5 err http=503 params=1",
            &[],
        );
    }

    #[test]
    fn the_attempt_that_succeeded_is_free_for_others() {
        let mut text = "shop GET /pay 0..2000".to_owned();
        for n in 1..5 {
            text += &format!("\n  call POST /charges {n}00..{n}90 third params=1 err http=503");
        }
        text += "\n  call POST /charges 500..1500 third params=1";
        check(
            &text,
            &[
                "retry-storm: 5 calls under GET /pay",
                "third-party-on-critical-path: 1 calls under GET /pay",
            ],
        );
    }

    #[test]
    fn retries_of_a_browser_are_its_own_affair() {
        let text = attempts(&["503"; 5], &[1; 5], "params=1");
        let (head, calls) = text.split_once('\n').unwrap();
        check(&format!("{head} lang=webjs\n{calls}"), &[]);
    }
}

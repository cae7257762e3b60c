//! # Serial fan-out
//!
//! A request calls several services one after another although no call needs the answer of the one before. It
//! waits for the sum of them where it could wait for the slowest.
//!
//! **Rule**: calls of one segment, seen through INTERNAL spans, that form a chain on the critical path: at least
//! `serial_fan_out_templates_min` (3) distinct templates, neighbours that do not overlap and whose gap is at
//! most half of the shorter one. Running them together saves at least `serial_fan_out_saving_min_ns` (50 ms) and
//! `serial_fan_out_saving_share_millionths` (10 %) of the segment.
//!
//! **Guards**: any two calls under the same anchor overlap (the order is deliberate); login, session, lock, lease
//! or flag calls, which open a chain and are no part of it; two or more writes (a saga); members of an N+1.
//!
//! **Saves**: what a replay of the trace saves with the calls started together, eight at a time.
//!
//! **Confidence**: timing in one trace cannot show independence, so one trace alone gives 0.6. Hand-offs over
//! many traces raise it when another order was ever seen, or when a call ran although the one before it failed.
//!
//! **Silent when**: calls run in parallel; one call is followed by three in parallel; four calls take 2 ms each;
//! one call takes 0.9 s and three pings follow; one template repeats; four POSTs run in order.
//!
//! **Fix**: start the calls together and join once, where no call needs the answer of another.

use hotspan_model::{
    Break, Condition, Facets, Fix, Knob, Meta, Millionths, Nanos, NearReason, SavingRule, Scope, Symbol, Verb,
};

use super::findings::{Draft, Key};
use super::near::{Near, all, condition, share_of};
use super::words::tenths_of_a_week;
use super::{Detector, Findings};
use crate::context::{Context, is_near, overlap};
use crate::{Edit, NONE, Node, WIDTH};

/// Confidence in independence that one trace alone gives.
const HERE_ONLY: Millionths = Millionths(600_000);

/// Distinct templates that a chain names.
const TEMPLATES_MAX: usize = 16;

/// The detector.
#[derive(Debug)]
pub(super) struct SerialFanOut;

static TEMPLATES_MIN: Knob = Knob {
    name: "serial_fan_out_templates_min",
    default: 3,
    what: "fewest distinct calls in a chain",
};

static SAVING_MIN: Knob = Knob {
    name: "serial_fan_out_saving_min_ns",
    default: 50_000_000,
    what: "least time that running the chain together must save",
};

static SAVING_SHARE: Knob = Knob {
    name: "serial_fan_out_saving_share_millionths",
    default: 100_000,
    what: "least share of the segment that running the chain together must save",
};

static META: Meta = Meta {
    id: "serial-fan-out",
    title: "Independent calls made one after another",
    in_break: Break::Synchronous,
    scope: Scope::Both,
    habit: false,
    effort: tenths_of_a_week(10),
    saving: SavingRule::Replayed,
    knobs: &[TEMPLATES_MIN, SAVING_MIN, SAVING_SHARE],
    sentence,
    fix,
};

impl Detector for SerialFanOut {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let mut calls = std::mem::take(&mut out.scratch.picked);
        for segment in cx.calls() {
            let at = cx.operation(segment[0]).segment;
            let fewest = usize::try_from(cx.knob(at, &TEMPLATES_MIN)).unwrap_or(usize::MAX);
            if segment.len() < fewest || cx.segment(at).front_end {
                continue;
            }
            calls.clear();
            calls.extend(
                segment
                    .iter()
                    .copied()
                    .filter(|&at| cx.operation(at).is_outermost()),
            );
            if !any_overlap(cx, &calls) {
                chains(cx, &calls, fewest, out);
                continue;
            }
            // The segment as a whole does run calls side by side; one of its spans may still not.
            calls.sort_unstable_by_key(|&at| (parent(cx, at), cx.node_of(at).start, cx.node_of(at).key()));
            for siblings in calls.chunk_by(|&a, &b| parent(cx, a) == parent(cx, b)) {
                if !any_overlap(cx, siblings) {
                    chains(cx, siblings, fewest, out);
                }
            }
        }
        out.scratch.picked = calls;
    }
}

/// The span that makes a call, wrappers left out.
fn parent(cx: &Context<'_>, at: u32) -> u32 {
    let mut above = cx.parent(cx.operation(at).place);
    while above != NONE && cx.is_transparent(above) {
        above = cx.parent(above);
    }
    above
}

/// Whether any two calls run side by side; `calls` in order of time.
fn any_overlap(cx: &Context<'_>, calls: &[u32]) -> bool {
    let mut before: Option<&Node> = None;
    for &at in calls {
        let node = cx.node_of(at);
        if before.is_some_and(|before| overlap(before, node)) {
            return true;
        }
        before = Some(before.filter(|before| before.end > node.end).unwrap_or(node));
    }
    false
}

/// Reports every chain among calls of which no two overlap.
fn chains(cx: &Context<'_>, calls: &[u32], fewest: usize, out: &mut Findings<'_>) {
    let mut from = 0;
    for at in 0..calls.len() {
        let member = is_member(cx, calls[at], out);
        let linked = at > from && member && follows(cx, calls[at - 1], calls[at]);
        if !linked {
            judge(cx, &calls[from..at], fewest, out);
            from = if member { at } else { at + 1 };
        }
    }
    judge(cx, calls.get(from..).unwrap_or(&[]), fewest, out);
}

/// A call on the path that is no member of another finding, and nothing that the others wait for on purpose.
fn is_member(cx: &Context<'_>, at: u32, out: &Findings<'_>) -> bool {
    let row = cx.operation(at);
    let facts = row.own.and_then(|own| cx.dictionary.template(own));
    !out.is_claimed(at)
        && !facts.is_some_and(|facts| facts.gatekeeper)
        && cx.paths().subtree(row.node) > Nanos::ZERO
}

/// Whether the gap between two calls is at most half of the shorter one.
fn follows(cx: &Context<'_>, a: u32, b: u32) -> bool {
    let (a, b) = (cx.node_of(a), cx.node_of(b));
    let gap = (b.start - a.end).max(0);
    gap <= (a.end - a.start).min(b.end - b.start) / 2
}

fn judge(cx: &Context<'_>, chain: &[u32], fewest: usize, out: &mut Findings<'_>) {
    if chain.len() < fewest {
        return;
    }
    let mut templates = std::mem::take(&mut out.scratch.templates);
    templates.clear();
    for template in chain.iter().filter_map(|&at| cx.operation(at).template()) {
        if !templates.contains(&template) {
            templates.push(template);
        }
        if templates.len() == TEMPLATES_MAX {
            break;
        }
    }
    if templates.len() < fewest {
        if is_near(templates.len() as u64, fewest as u64) {
            nearly(cx, chain, templates.len(), NearReason::Count, None, out);
        }
    } else if writes(cx, chain) >= 2 {
        nearly(cx, chain, templates.len(), NearReason::Guard("writes"), None, out);
    } else {
        report(cx, chain, &templates, out);
    }
    out.scratch.templates = templates;
}

fn writes(cx: &Context<'_>, chain: &[u32]) -> usize {
    let facts = chain
        .iter()
        .filter_map(|&at| cx.dictionary.template(cx.operation(at).own?));
    facts.filter(|facts| facts.verb == Verb::Write).count()
}

/// Tells a chain that is stopped by `reason`; what it would save counts when that was looked at.
fn nearly(
    cx: &Context<'_>,
    chain: &[u32],
    templates: usize,
    reason: NearReason,
    saving: Option<Nanos>,
    out: &mut Findings<'_>,
) {
    let segment = cx.operation(chain[0]).segment;
    let [least, share] = saving.map_or([Condition::default(); 2], |saving| {
        [
            condition(cx, segment, &SAVING_MIN, saving.0),
            condition(cx, segment, &SAVING_SHARE, share_of(cx, segment, saving)),
        ]
    });
    let near = Near {
        meta: &META,
        segment,
        first: chain[0],
        members: chain.len() as u64,
        reason,
        conditions: all([
            condition(cx, segment, &TEMPLATES_MIN, templates as u64),
            least,
            share,
        ]),
    };
    out.near(cx, near);
}

fn report(cx: &Context<'_>, chain: &[u32], templates: &[Symbol], out: &mut Findings<'_>) {
    let (first, last) = (cx.operation(chain[0]), cx.operation(chain[chain.len() - 1]));
    let segment = cx.segment(first.segment);
    let (low, high) = (first.place.min(last.place), first.place.max(last.place));
    let anchor = match cx.common(low, high) {
        NONE => segment.root,
        anchor => anchor,
    };
    let head = cx.node_at(anchor).head;
    let saving = out.saving(cx, head, together, chain, &[]);
    let share = Millionths(cx.knob(first.segment, &SAVING_SHARE)).of(segment.length());
    if saving.likely.0 < cx.knob(first.segment, &SAVING_MIN) || saving.likely.0 < share {
        return nearly(
            cx,
            chain,
            templates.len(),
            NearReason::Cost,
            Some(saving.likely),
            out,
        );
    }
    let mut key = [cx.text(segment.operation); TEMPLATES_MAX + 1];
    for (part, &template) in key[1..].iter_mut().zip(templates) {
        *part = cx.text(template);
    }
    let key = &mut key[..=templates.len()];
    key[1..].sort_unstable();
    let wall = chain.iter().map(|&at| cx.node_of(at).length()).sum();
    let place = out.report.findings.len();
    out.push(
        cx,
        &Draft {
            meta: &META,
            segment: first.segment,
            anchor,
            members: chain,
            key: Key::Texts(key),
            templates,
            wall,
            parallel: false,
            params: None,
            saving,
            certainty: HERE_ONLY,
            rows_before: None,
        },
    );
    if out.report.findings.len() > place {
        out.scratch.chains.push((first.segment, place as u32));
    }
}

fn together(members: &[u32]) -> Edit<'_> {
    Edit::Parallelise {
        members,
        width: WIDTH,
        gap: None,
    }
}

fn sentence(facets: &Facets<'_>) -> String {
    let (operation, calls) = (facets.operation, facets.calls);
    let doubt = match facets.evidence {
        "contradicted" => "",
        "always" => " (possible data dependency)",
        _ => " (independence not yet proven)",
    };
    format!(
        "{operation} makes {calls} calls one after another: {}{doubt}",
        facets.templates.join(", ")
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    let summary = match facets.evidence {
        "contradicted" => "start the calls together and join once",
        _ => "check whether any of the calls needs the answer of another; start those that do not together",
    };
    let language = FRAMEWORKS.iter().find(|(name, _)| *name == facets.language);
    Fix {
        summary: summary.to_owned(),
        how: language.map_or(BY_HAND, |&(_, how)| how).to_owned(),
    }
}

const BY_HAND: &str = "start all calls, then wait for all answers; keep a limit on how many run at once";

/// By SDK language.
const FRAMEWORKS: &[(&str, &str)] = &[
    (
        "python",
        "asyncio.gather(…) or a TaskGroup; with blocking clients ThreadPoolExecutor.map(…)",
    ),
    (
        "nodejs",
        "await Promise.all([…]) instead of one await after another",
    ),
    (
        "webjs",
        "await Promise.all([…]) instead of one await after another",
    ),
    (
        "java",
        "CompletableFuture.allOf(…), a StructuredTaskScope, or Mono.zip(…)",
    ),
    ("go", "errgroup.Group: g.Go(…) for each call, then g.Wait()"),
    ("dotnet", "start the tasks, then await Task.WhenAll(…)"),
    (
        "ruby",
        "Concurrent::Promises.zip(…), or Async { … } for each call",
    ),
    (
        "php",
        "Guzzle: Promise\\Utils::settle($promises)->wait(), or Http::pool(…) in Laravel",
    ),
    ("rust", "tokio::join!(…) or futures::future::join_all(…)"),
];

#[cfg(test)]
mod tests {
    use hotspan_model::{HandOffOutcome, Lookup, Millionths, Nanos};
    use hotspan_testkit::Drawing;

    use crate::detectors::testing::{check, only, report};

    const CHAIN: &str = "
        cart GET /cart        0..400
          call GET /stock    10..100
          call GET /ship    105..200
          call GET /reviews 210..300
          call GET /offers  305..390
        ";

    #[test]
    fn four_calls_one_after_another() {
        check(CHAIN, &["serial-fan-out: 4 calls under GET /cart"]);
        let finding = only(CHAIN);
        assert!(finding.saving.likely > Nanos::from_millis(200));
        assert_eq!(finding.terms.detector, Millionths(600_000));
    }

    #[test]
    fn its_hand_offs_are_all_pairs_of_the_chain() {
        let drawing = Drawing::new(CHAIN);
        let report = report(&drawing);
        let hand_offs = report.hand_offs_of(&report.findings[0]);
        assert_eq!(hand_offs.len(), 6);
        let outcomes = hand_offs
            .iter()
            .filter(|row| row.outcome == HandOffOutcome::Overlap);
        assert_eq!(outcomes.count(), 0);
        let names: Vec<_> = report
            .templates_of(&report.findings[0])
            .iter()
            .map(|&template| drawing.dictionary.text(template))
            .collect();
        assert_eq!(names, ["GET /stock", "GET /ship", "GET /reviews", "GET /offers"]);
    }

    #[test]
    fn a_call_that_ran_although_the_one_before_failed_says_so() {
        let drawing = Drawing::new(
            "
            cart GET /cart        0..200
              call GET /a        10..50 err
              call GET /b        60..100
            ",
        );
        assert!(report(&drawing).hand_offs[0].survived_failure);
    }

    #[test]
    fn two_distinct_calls_are_a_pair() {
        check(
            "cart GET /cart 0..200\n  call GET /a 10..100\n  call GET /b 101..190",
            &[],
        );
    }

    #[test]
    fn calls_are_seen_through_wrappers() {
        check(
            "
            cart GET /cart            0..400
              internal handler        5..395
                internal stock       10..100
                  call GET /stock    11..99
                internal ship       105..200
                  call GET /ship    106..199
                internal reviews    205..300
                  call GET /reviews 210..290
            ",
            &["serial-fan-out: 3 calls under handler"],
        );
    }

    #[test]
    fn calls_of_which_any_two_overlap_are_ordered_on_purpose() {
        check(
            "
            cart GET /cart        0..400
              call GET /auth     10..100
              call GET /stock   105..200
              call GET /ship    105..210
              call GET /offers  106..220
            ",
            &[],
        );
        check(
            "
            cart GET /cart        0..400
              call GET /a        10..100
              call GET /b        10..110
              call GET /c       115..200
              call GET /d       115..210
            ",
            &[],
        );
    }

    #[test]
    fn another_span_that_runs_calls_together_does_not_hide_a_chain() {
        check(
            "
            cart GET /cart            0..500
              internal warm up        0..100
                call GET /a           5..95
                call GET /b           5..94
              internal handler      100..500
                call GET /stock     105..200
                call GET /ship      205..300
                call GET /reviews   305..400
            ",
            &["serial-fan-out: 3 calls under handler"],
        );
    }

    #[test]
    fn what_saves_little_is_a_near_miss() {
        check(
            "
            cart GET /cart         0..20
              call GET /a          1..3
              call GET /b          4..6
              call GET /c          7..9
              call GET /d         10..12
            ",
            &[],
        );
        check(
            "
            cart GET /cart         0..1000
              call GET /a         10..910
              call GET /b        912..922
              call GET /c        923..933
              call GET /d        934..944
            ",
            &[],
        );
    }

    #[test]
    fn sagas_logins_and_pauses_are_no_chain() {
        let steps = [["write", "write", "", ""], ["gatekeeper", "gatekeeper", "", ""]];
        for marks in steps {
            let calls: String = marks
                .iter()
                .enumerate()
                .map(|(n, mark)| format!("\n  call step {n} {n}10..{n}95 {mark}"))
                .collect();
            check(&format!("cart GET /cart 0..400{calls}"), &[]);
        }
        check(
            "
            cart GET /cart        0..600
              call GET /a        10..100
              call GET /b       160..250
              call GET /c       310..400
            ",
            &[],
        );
    }

    #[test]
    fn a_login_first_is_left_out_of_the_chain() {
        let text = CHAIN.replace("GET /stock    10..100", "POST /login   10..100 gatekeeper");
        check(&text, &["serial-fan-out: 3 calls under GET /cart"]);
    }

    #[test]
    fn one_template_repeated_is_no_fan_out() {
        check(
            "
            cart GET /cart        0..400
              call GET /a        10..100
              call GET /a       101..200
              call GET /b       201..290
              call GET /a       291..380
            ",
            &[],
        );
    }

    #[test]
    fn calls_off_the_path_are_no_chain() {
        check(
            "
            cart GET /cart        0..1000
              internal work       0..990
              internal other      0..700
                call GET /a      10..100
                call GET /b     101..200
                call GET /c     201..300
            ",
            &[],
        );
    }
}

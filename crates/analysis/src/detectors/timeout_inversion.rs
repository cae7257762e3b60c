//! # Timeout inversion
//!
//! A caller gives up before its callee does. The callee works on for an answer that nobody reads, and the caller
//! reports an error that more patience, or less work, would have spared.
//!
//! **Rule**: a call that failed without an answer (no HTTP status, or 408, 499, 504) and (a) whose server span lasted at
//! least a tenth longer than the caller waited; or (b) whose server was itself waiting, for at least as long, for a
//! call that failed without an answer. One trace shows one such timeout; that they gather at one value is judged
//! over traces. The calls take at least `cost_share_millionths` (5 %) of the segment and `cost_min_ns` (1 ms).
//!
//! **Guards**: lengths are compared, not clocks, so that no skew can make a timeout; calls that were cancelled;
//! a caller that failed as its own caller gave up; members of a retry storm; front ends.
//!
//! **Saves**: server time that nobody uses, no time of the request: its impact is the path time that it exposes.
//!
//! **Silent when**: a call fails slowly and its callee fails with it; the callee stops when its caller does.
//!
//! **Fix**: deadlines that shrink inward and travel with the request.

use hotspan_model::{
    Break, Class, Facets, Fix, Meta, Millionths, Nanos, NearReason, Saving, SavingRule, Scope, Status,
};

use super::near::{Near, all, fixed, floor_share, of_cost};
use super::spans::{SpanDraft, callee_key, pays};
use super::words::{has_any, peer, target, tenths_of_a_week};
use super::{Detector, Findings};
use crate::NONE;
use crate::context::{Context, Operation, is_near};

/// Operations below a server that are looked at for an inner timeout.
const INNER_MAX: usize = 64;

/// Share of the caller's wait that its callee goes on for, in millionths.
const WASTED: u64 = 100_000;

/// The detector.
#[derive(Debug)]
pub(super) struct TimeoutInversion;

static META: Meta = Meta {
    id: "timeout-inversion",
    title: "The caller gives up before the callee",
    in_break: Break::Synchronous,
    scope: Scope::Both,
    habit: true,
    effort: tenths_of_a_week(2),
    saving: SavingRule::Replayed,
    knobs: &[],
    sentence,
    fix,
};

impl Detector for TimeoutInversion {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        if !cx.census().has_failures() {
            return;
        }
        let mut calls = std::mem::take(&mut out.scratch.picked);
        for segment in cx.calls() {
            calls.clear();
            for &at in segment {
                let row = cx.operation(at);
                if out.is_claimed(at) || row.server == NONE || !gave_up(cx, row) {
                    continue;
                }
                match is_inverted(cx, row) {
                    true => calls.push(at),
                    false => nearly(cx, &[at], NearReason::Cost, out),
                }
            }
            // Numbers bring equal callees together, and for nothing else: they are judged by text.
            let key = |at: u32| callee_key(cx, cx.operation(at));
            calls.sort_unstable_by_key(|&at| (key(at), cx.node_of(at).start, cx.node_of(at).key()));
            for same in calls.chunk_by(|&a, &b| key(a) == key(b)) {
                report(cx, same, out);
            }
        }
        out.scratch.picked = calls;
    }
}

/// Whether the callee of a call that gave up went on after that, or waited for longer than this caller would.
fn is_inverted(cx: &Context<'_>, row: &Operation) -> bool {
    let waited = length(cx, row.place);
    let wasted = length(cx, row.server).saturating_sub(waited);
    let inner = cx.operations_below(row.server).iter().take(INNER_MAX);
    let mut inner = inner.filter(|inner| inner.class == Class::Call && inner.place != row.place);
    i128::from(wasted) * 10 >= i128::from(waited)
        || inner.any(|inner| {
            let patient = i128::from(length(cx, inner.place)) * 100 >= i128::from(waited) * 98;
            patient && cx.segment_at(inner.place) == cx.segment_at(row.server) && gave_up(cx, inner)
        })
}

/// Length of a span by its own clock, as it says itself.
fn length(cx: &Context<'_>, place: u32) -> i64 {
    let node = cx.node_at(place);
    node.e - node.b
}

/// Whether a call failed without an answer, and nobody cancelled it.
fn gave_up(cx: &Context<'_>, row: &Operation) -> bool {
    let node = cx.forest.node(row.node);
    let silent = matches!(node.bits.http_status(), 0 | 408 | 499 | 504);
    if row.failed == 0 || node.bits.status() != Status::Error || !silent || !row.counts() || row.folded {
        return false;
    }
    let said = cx.extras(node);
    let said = said
        .into_iter()
        .flat_map(|extras| [extras.exception, extras.status]);
    let mut texts = said.flatten().map(|symbol| cx.text(symbol));
    !texts.any(|text| has_any(text, &["cancel"]))
}

/// Tells calls of one callee that gave up, when their callees went on for nearly long enough.
fn nearly(cx: &Context<'_>, calls: &[u32], reason: NearReason, out: &mut Findings<'_>) {
    let wasted = |&at: &u32| {
        let row = cx.operation(at);
        let waited = length(cx, row.place);
        let wasted = length(cx, row.server).saturating_sub(waited).max(0);
        floor_share(Nanos(wasted.unsigned_abs()), Nanos(waited.unsigned_abs()))
    };
    let most = calls.iter().map(wasted).max().unwrap_or(0);
    let path = super::findings::path(cx, calls, cx.node_of(calls[0]).head);
    let segment = cx.operation(calls[0]).segment;
    let [share, least] = of_cost(cx, segment, path);
    let wasted = fixed("timeout_wasted_share_millionths", most, WASTED);
    if is_near(most, WASTED) {
        let near = Near {
            meta: &META,
            segment,
            first: calls[0],
            members: calls.len() as u64,
            reason,
            conditions: all([wasted, share, least]),
        };
        out.near(cx, near);
    }
}

fn report(cx: &Context<'_>, calls: &[u32], out: &mut Findings<'_>) {
    let first = cx.operation(calls[0]);
    let path = super::findings::path(cx, calls, cx.node_of(calls[0]).head);
    if cx.segment(first.segment).front_end {
        return nearly(cx, calls, NearReason::FrontEnd, out);
    }
    if !pays(cx, first.segment, path) {
        return nearly(cx, calls, NearReason::Cost, out);
    }
    let mut places = std::mem::take(&mut out.scratch.spans.places);
    places.clear();
    places.extend(calls.iter().map(|&at| cx.operation(at).place));
    let anchor = match cx.parent(first.place) {
        NONE => first.place,
        above => above,
    };
    out.push_spans(
        cx,
        &SpanDraft {
            meta: &META,
            segment: first.segment,
            anchor,
            places: &places,
            calls: calls.len() as u64,
            about: Some(first),
            template: None,
            key: &callee_key(cx, first),
            templates: &[],
            wall: places
                .iter()
                .map(|&place| Nanos(length(cx, place).unsigned_abs()))
                .sum(),
            path,
            parallel: false,
            params: None,
            saving: Saving::default(),
            certainty: Millionths::ONE,
        },
    );
    out.scratch.spans.places = places;
}

fn sentence(facets: &Facets<'_>) -> String {
    format!(
        "{} gives up on {} of {} after {}, and the callee works on",
        facets.operation,
        target(facets),
        peer(facets),
        Nanos(facets.path.0 / facets.calls.max(1))
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    Fix {
        summary: format!("let {} stop before its caller gives up", peer(facets)),
        how: "send the deadline with the request (gRPC deadlines; a header that each hop shortens), and let every hop \
              wait for less than what is left of it"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use hotspan_model::{Nanos, Saving};

    use crate::detectors::testing::{check, only};

    const GIVE_UP: &str = "
        shop GET /report                 0..600 host=a
          call GET /sums                10..510 err
            sums server GET /sums       15..900 host=b
        ";

    const FOUND: &str = "timeout-inversion: 1 calls under GET /report";

    #[test]
    fn a_server_that_works_on_after_its_caller_gave_up() {
        check(GIVE_UP, &[FOUND]);
        let finding = only(GIVE_UP);
        assert_eq!(finding.saving, Saving::default());
        assert_eq!(finding.wall, Nanos::from_millis(500));
    }

    #[test]
    fn a_tenth_longer_is_the_threshold() {
        check(&GIVE_UP.replace("15..900", "15..565"), &[FOUND]);
        check(&GIVE_UP.replace("15..900", "15..564"), &[]);
    }

    #[test]
    fn a_callee_that_stops_with_its_caller() {
        check(&GIVE_UP.replace("15..900", "15..512"), &[]);
        check(&GIVE_UP.replace("15..900", "15..505 err"), &[]);
    }

    #[test]
    fn an_answer_is_no_timeout() {
        check(&GIVE_UP.replace("510 err", "510 err http=500"), &[]);
        check(&GIVE_UP.replace("510 err", "510 err http=504"), &[FOUND]);
        check(&GIVE_UP.replace("510 err", "510"), &[]);
    }

    #[test]
    fn a_clock_that_is_ahead_makes_no_timeout() {
        check(&GIVE_UP.replace("15..900", "515..1010"), &[]);
    }

    #[test]
    fn an_inner_caller_that_is_more_patient() {
        let text = "
            shop GET /report                 0..600 host=a
              call GET /sums                10..510 err
                sums server GET /sums       12..522 host=b
                  call GET /rows            20..515 err
            ";
        check(text, &[FOUND]);
        check(&text.replace("20..515", "40..515"), &[]);
    }

    #[test]
    fn what_costs_little_and_what_a_browser_does() {
        check(&GIVE_UP.replace("0..600", "0..20000"), &[]);
        check(&GIVE_UP.replace("host=a", "host=a lang=webjs"), &[]);
    }
}

//! # Third party on the critical path
//!
//! A request waits for another company's service. Its slow days become yours, and no change in this system makes
//! it faster: only not waiting for it does.
//!
//! **Rule**: calls whose callee is decided to be a third party take at least `third_party_path_min_ns` (200 ms)
//! of the critical path and at least `third_party_path_share_millionths` (20 %) of a unit that somebody waits
//! for, that is one rooted in a server span.
//!
//! **Guards**: a server child answers the call; private or single-label hosts, internal suffixes, datastores,
//! managed clouds; an incomplete trace, in which a missing child proves nothing; attempts that failed and were
//! made again; workers, background tasks and detached calls, for which nobody waits. How sure the decision is
//! enters the confidence.
//!
//! **Saves**: an assumption, since one trace does not show how fast the vendor can be: a replay with each call
//! capped at half of itself (optimistic) and at three quarters (pessimistic).
//! Over its traces a hotspot states what a limit would save on average: likely at the median of their
//! critical-path times, at most at half of that, at least at the third quartile.
//! Where the call could be deferred, by the rule and the names of `deferrable-call`, this one speaks for both: the
//! saving is a replay in which the request waits only for the hand-over, and `related` names the other.
//!
//! **Silent when**: the same vendor answers in 25 ms; a slow vendor runs beside a slower internal call; the call
//! comes after the response or in a worker; three bounded attempts are made.
//!
//! **Fix**: defer the call, cache its answer, or bound it with a timeout and a fallback.

use hotspan_model::{
    Break, Facets, Fix, Kind, Knob, Meta, Millionths, Nanos, NearReason, Peer, Saving, SavingRule, Scope,
    Symbol,
};

use super::deferrable_call::{HAND_OVER, is_deferrable};
use super::findings::{Draft, Key, path};
use super::near::{Near, all, condition, floor_share, is_told};
use super::words::{peer, target, tenths_of_a_week};
use super::{Detector, Findings};
use crate::context::{Context, decision, is_awaited, rooted_in};
use crate::{Edit, NONE};

/// The detector.
#[derive(Debug)]
pub(super) struct ThirdPartyOnCriticalPath;

static PATH_MIN: Knob = Knob {
    name: "third_party_path_min_ns",
    default: 200_000_000,
    what: "least critical-path time in the calls of one vendor",
};

static PATH_SHARE: Knob = Knob {
    name: "third_party_path_share_millionths",
    default: 200_000,
    what: "least share of the unit that the calls of one vendor take",
};

static META: Meta = Meta {
    id: "third-party-on-critical-path",
    title: "The request waits for a vendor",
    in_break: Break::Synchronous,
    scope: Scope::Both,
    habit: true,
    effort: tenths_of_a_week(20),
    saving: SavingRule::CappedAtMedian,
    knobs: &[PATH_MIN, PATH_SHARE],
    sentence,
    fix,
};

impl Detector for ThirdPartyOnCriticalPath {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        // In an incomplete trace a missing server child proves nothing.
        if out.report.incomplete {
            return;
        }
        let mut calls = std::mem::take(&mut out.scratch.picked);
        for segment in cx.calls() {
            calls.clear();
            let vendors = segment.iter().copied().filter(|&at| is_candidate(cx, at, out));
            calls.extend(vendors);
            // Members of one vendor and template together, in order of time.
            calls.sort_unstable_by_key(|&at| {
                let node = cx.node_of(at);
                (vendor_key(cx, at), node.start, node.key())
            });
            for same in calls.chunk_by(|&a, &b| vendor_key(cx, a) == vendor_key(cx, b)) {
                judge(cx, same, out);
            }
        }
        out.scratch.picked = calls;
    }
}

/// A third party's call in a unit that somebody waits for.
fn is_candidate(cx: &Context<'_>, at: u32, out: &Findings<'_>) -> bool {
    let row = cx.operation(at);
    row.answered.is_none()
        && !out.is_claimed(at)
        && !cx.segment(row.segment).front_end
        && cx.paths().subtree(row.node) > Nanos::ZERO
        && decision(row, cx.dictionary).peer == Peer::ThirdParty
        && answers_a_request(cx, cx.node_of(at).head)
}

/// Registrable domain and template. Numbers serve to bring equal ones together, and for nothing else.
fn vendor_key<'a>(cx: &Context<'a>, at: u32) -> (&'a str, &'a str) {
    let row = cx.operation(at);
    (
        domain(cx, row.callee),
        row.template().map_or("", |template| cx.text(template)),
    )
}

fn domain<'a>(cx: &Context<'a>, callee: Option<Symbol>) -> &'a str {
    let facts = callee.and_then(|callee| cx.dictionary.callee(callee));
    facts.map_or("", |facts| match facts.domain.is_empty() {
        true => &facts.host,
        false => &facts.domain,
    })
}

fn judge(cx: &Context<'_>, same: &[u32], out: &mut Findings<'_>) {
    let head = cx.node_of(same[0]).head;
    let members = without_failed_attempts(cx, same);
    let time = path(cx, members, head);
    let segment = cx.operation(same[0]).segment;
    let unit = cx.forest.node(head).length();
    let share = Millionths(cx.knob(segment, &PATH_SHARE)).of(unit.0);
    if time.0 < cx.knob(segment, &PATH_MIN) || time.0 < share {
        let conditions = [
            condition(cx, segment, &PATH_MIN, time.0),
            condition(cx, segment, &PATH_SHARE, floor_share(time, unit)),
        ];
        if is_told(&conditions) {
            let near = Near {
                meta: &META,
                segment,
                first: members[0],
                members: members.iter().map(|&at| cx.operation(at).weight).sum(),
                reason: NearReason::Cost,
                conditions: all(conditions),
            };
            out.near(cx, near);
        }
        return;
    }
    report(cx, members, head, out);
}

/// Attempts that failed and were made again are retries, which are another fault: the last one counts.
fn without_failed_attempts<'a>(cx: &Context<'_>, same: &'a [u32]) -> &'a [u32] {
    let failed = |at: u32| cx.operation(at).failed > 0;
    let attempts = same
        .iter()
        .take(same.len() - 1)
        .take_while(|&&at| failed(at))
        .count();
    &same[attempts..]
}

fn report(cx: &Context<'_>, members: &[u32], head: u32, out: &mut Findings<'_>) {
    let first = cx.operation(members[0]);
    let longest = members.iter().map(|&at| cx.node_of(at).length()).max();
    let longest = longest.unwrap_or(Nanos::ZERO);
    let half = out.saving(
        cx,
        head,
        |nodes| Edit::Cap(nodes, Nanos(longest.0 / 2)),
        members,
        &[],
    );
    let quarter = Nanos(longest.0 / 4 * 3);
    let least = out.saving(cx, head, |nodes| Edit::Cap(nodes, quarter), members, &[]);
    let (min, max) = (least.likely.min(half.likely), half.likely);
    let mut saving = Saving {
        min,
        likely: Nanos(u64::midpoint(min.0, max.0)),
        max,
    };
    let deferrable = members
        .iter()
        .all(|&at| is_deferrable(cx, at, &mut out.scratch.purposes));
    if deferrable {
        saving = out.saving(cx, head, |nodes| Edit::Async(nodes, HAND_OVER), members, &[]);
    }
    let place = out.report.findings.len();
    let (domain, template) = vendor_key(cx, members[0]);
    let anchor = match cx.parent(first.place) {
        NONE => first.place,
        above => above,
    };
    out.push(
        cx,
        &Draft {
            meta: &META,
            segment: first.segment,
            anchor,
            members,
            key: Key::Texts(&[domain, template]),
            templates: &[],
            wall: path(cx, members, head),
            parallel: false,
            params: None,
            saving,
            certainty: decision(first, cx.dictionary).certainty,
            rows_before: None,
        },
    );
    for finding in &mut out.report.findings[place..] {
        finding.deferrable = deferrable;
    }
}

/// Whether a unit is rooted in a server span.
fn answers_a_request(cx: &Context<'_>, head: u32) -> bool {
    is_awaited(cx.forest, head) && rooted_in(cx.forest, head) == Kind::Server
}

fn sentence(facets: &Facets<'_>) -> String {
    let (operation, host) = (facets.operation, facets.callee.peer.as_str());
    let who = match facets.vendor {
        Some(vendor) if vendor != host && !host.is_empty() => format!("{vendor} ({host})"),
        _ => peer(facets).to_owned(),
    };
    format!("{operation} waits {} for {who}: {}", facets.path, target(facets))
}

fn fix(facets: &Facets<'_>) -> Fix {
    let who = peer(facets);
    let summary = match facets.writes {
        true => format!("do not let the request wait for {who}: hand the work to a queue"),
        false => format!("do not let the request wait for {who}: cache its answer or bound the wait"),
    };
    let how = match facets.writes {
        true => {
            "write the intent in your own database (outbox), answer, and let a worker make the call; \
                 where the answer is needed at once, a timeout near its median and a fallback"
        }
        false => {
            "keep its answers in a cache with a time to live; else a timeout near its median, a circuit \
                  breaker and a fallback"
        }
    };
    let assumed = match facets.evidence {
        "deferrable" => "",
        _ => " (the saving assumes calls at 50 to 75 % of their time now)",
    };
    Fix {
        summary,
        how: format!("{how}{assumed}"),
    }
}

#[cfg(test)]
mod tests {
    use hotspan_model::{Decided, Millionths, Nanos};
    use hotspan_testkit::Drawing;

    use crate::detectors::testing::{check, only, report};

    const PAY: &str = "
        shop GET /pay           0..1000
          call POST /charges   50..950 third to=api.stripe.test
        ";

    #[test]
    fn a_request_that_mostly_waits_for_a_vendor() {
        check(PAY, &["third-party-on-critical-path: 1 calls under GET /pay"]);
        let finding = only(PAY);
        assert_eq!(finding.path, Nanos::from_millis(900));
        assert_eq!(finding.saving.max, Nanos::from_millis(450));
        assert_eq!(finding.saving.min, Nanos::from_millis(225));
        assert_eq!(finding.saving.likely, Nanos(337_500_000));
        assert_eq!(finding.terms.detector, Millionths(900_000));
    }

    #[test]
    fn at_the_threshold() {
        let of = |end: u64| format!("shop GET /pay 0..1000\n  call POST /charges 50..{end} third");
        check(
            &of(250),
            &["third-party-on-critical-path: 1 calls under GET /pay"],
        );
        check(&of(249), &[]);
        let share = |end: u64| format!("shop GET /pay 0..2000\n  call POST /charges 50..{end} third");
        check(&share(449), &[]);
    }

    #[test]
    fn a_vendor_beside_a_slower_call_is_off_the_path() {
        check(
            "
            shop GET /track         0..1000
              call GET /internal   10..990
              call GET /parcel     10..500 third
            ",
            &[],
        );
    }

    #[test]
    fn nobody_waits_for_workers_background_tasks_and_what_comes_after_the_answer() {
        check("shop consumer mail 0..1000\n  call POST /send 50..950 third", &[]);
        check("shop internal job 0..1000\n  call POST /send 50..950 third", &[]);
        check("shop GET /pay 0..100\n  call POST /send 50..950 third", &[]);
    }

    #[test]
    fn a_server_child_settles_that_it_is_no_vendor() {
        check(
            "
            shop GET /pay             0..1000
              call POST /charges     50..950 third
                bank server POST /c  60..940
            ",
            &[],
        );
    }

    #[test]
    fn other_peers_are_no_vendors() {
        check("shop GET /pay 0..1000\n  call PUT /object 50..950 managed", &[]);
        check("shop GET /pay 0..1000\n  call GET /stock 50..950", &[]);
    }

    #[test]
    fn failed_attempts_are_retries() {
        check(
            "
            shop GET /pay             0..600
              call POST /charges     10..150 third err
              call POST /charges    160..300 third err
              call POST /charges    310..450 third
            ",
            &[],
        );
    }

    #[test]
    fn in_an_incomplete_trace_a_missing_child_proves_nothing() {
        let mut drawing = Drawing::new(PAY);
        drawing.trace.reason = Decided::Age;
        assert_eq!(report(&drawing).findings, []);
    }

    #[test]
    fn the_deepest_span_carries_it() {
        let finding = only(
            "
            gate GET /pay               0..1000
              call POST /pay           10..990
                shop server POST /pay  11..989
                  call POST /charges   50..950 third
            ",
        );
        assert_eq!(finding.path, Nanos::from_millis(900));
    }
}

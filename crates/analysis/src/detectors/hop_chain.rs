//! # Hop chain
//!
//! A request walks through service after service, and most of them do little but ask the next. Each hop adds its
//! network, its queue and its chance to fail.
//!
//! **Rule**: the critical path crosses at least `hop_chain_hops_min` (4) synchronous calls from service to service
//! in one chain, in which every service between the first caller and the last callee spends less than a fifth of
//! its segment on critical-path time of its own. The hops take at least `cost_share_millionths` (5 %) of the first
//! caller's segment and `cost_min_ns` (1 ms).
//!
//! **Guards**: gateways, sidecars and proxies (same operation in and out, less than 2 % of their own) are no hops;
//! messages and other work that nobody waits for end a chain, and so do calls that are members of another finding;
//! a first caller whose own caller was lost; front ends.
//!
//! **Saves**: what a replay of the trace saves when all but two hops lose their network: each dropped call takes as
//! long as its server. At best the dropped services' own time is gone as well.
//!
//! **Silent when**: a request fans out wide but shallow; three hops lead to a vendor.
//!
//! **Fix**: let the first caller ask the last service, or move the data one hop up.

use hotspan_model::{
    Break, Facets, Fix, Kind, Knob, Meta, Millionths, Nanos, NearReason, Saving, SavingRule, Scope,
};

use super::near::{Near, all, condition, of_cost};
use super::spans::{SpanDraft, pays};
use super::words::tenths_of_a_week;
use super::{Detector, Findings};
use crate::context::{Context, Operation, Segment, is_near};
use crate::{Edge, Edit, Mark, NONE};

/// Distinct operations that a chain names.
const OPERATIONS_MAX: usize = 16;

/// Hops that stay.
const KEPT: usize = 2;

/// The detector.
#[derive(Debug)]
pub(super) struct HopChain;

static HOPS_MIN: Knob = Knob {
    name: "hop_chain_hops_min",
    default: 4,
    what: "fewest calls from service to service in a row",
};

static META: Meta = Meta {
    id: "hop-chain",
    title: "A request walks through many services in a row",
    in_break: Break::Synchronous,
    scope: Scope::Trace,
    habit: true,
    effort: tenths_of_a_week(40),
    saving: SavingRule::Replayed,
    knobs: &[HOPS_MIN],
    sentence,
    fix,
};

/// What is known about one segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hop {
    /// The segment where its chain begins.
    first: u32,
    /// Hops from there, proxies not counted; 0 when it is called by nobody who waits.
    hops: u64,
    /// Critical-path time of its own, calls that were answered left out.
    own: u64,
    /// Some call leads on from it, within the chain.
    leads_on: bool,
}

impl Detector for HopChain {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        // A chain has one segment more than hops.
        let hops_most = (cx.segments().len() as u64).saturating_sub(1);
        if !is_near(hops_most, cx.least(&HOPS_MIN)) {
            return;
        }
        let mut hops = std::mem::take(&mut out.scratch.spans.hops);
        measure(cx, &mut hops);
        link(cx, &mut hops, out);
        let mut ends = std::mem::take(&mut out.scratch.picked);
        ends.clear();
        let is_end = |at: &u32| {
            let hop = &hops[*at as usize];
            !hop.leads_on && is_near(hop.hops, cx.knob(hop.first, &HOPS_MIN))
        };
        ends.extend((0..hops.len() as u32).filter(is_end));
        // Of the chains from one caller the longest speaks, the first of equals.
        ends.sort_unstable_by_key(|&at| {
            let hop = &hops[at as usize];
            (hop.first, std::cmp::Reverse(hop.hops), at)
        });
        for same in ends.chunk_by(|&a, &b| hops[a as usize].first == hops[b as usize].first) {
            judge(cx, &hops, same[0], out);
        }
        (out.scratch.picked, out.scratch.spans.hops) = (ends, hops);
    }
}

/// Whether a chain begins where it seems to: who called its first segment, if anybody did, was received.
fn is_known(cx: &Context<'_>, first: u32) -> bool {
    let root = cx.segment(first).root;
    let above = cx.parent(root);
    let lost = |place: u32| cx.node_at(place).has(Mark::Phantom);
    !lost(root) && (above == NONE || !lost(above))
}

/// Fills in every segment's own time.
fn measure(cx: &Context<'_>, hops: &mut Vec<Hop>) {
    hops.clear();
    hops.extend(cx.segments().iter().enumerate().map(|(at, segment)| Hop {
        first: at as u32,
        hops: 0,
        own: cx.paths().subtree(cx.nodes()[segment.root as usize]).0,
        leads_on: false,
    }));
    for row in cx
        .operations()
        .iter()
        .filter(|row| row.server != NONE && row.counts())
    {
        let own = &mut hops[row.segment as usize].own;
        *own = own.saturating_sub(cx.paths().subtree(row.node).0);
    }
}

/// Fills in how far each segment is down its chain; callers stand before their callees.
fn link(cx: &Context<'_>, hops: &mut [Hop], out: &Findings<'_>) {
    for at in 0..hops.len() {
        let segment = &cx.segments()[at];
        let Some(call) = entered_by(cx, segment, out) else {
            continue;
        };
        let caller = call.segment as usize;
        let (above, above_at) = (hops[caller], &cx.segments()[caller]);
        if above_at.front_end {
            continue;
        }
        let thin = u128::from(above.own) * 5 < u128::from(above_at.length());
        let goes_on = above.hops > 0 && thin;
        let counted = u64::from(!is_proxy(cx, segment, hops[at].own));
        let hop = &mut hops[at];
        (hop.first, hop.hops) = match goes_on {
            true => (above.first, above.hops + counted),
            false => (call.segment, counted),
        };
        if hop.hops > 0 {
            hops[caller].leads_on |= goes_on;
        }
    }
}

/// The call on the critical path that a service answers with this segment, when its caller waits for it.
fn entered_by<'a>(cx: &Context<'a>, segment: &Segment, out: &Findings<'_>) -> Option<&'a Operation> {
    let root = cx.node_at(segment.root);
    let on_path = cx.paths().subtree(cx.nodes()[segment.root as usize]) > Nanos::ZERO;
    if root.edge != Edge::Sync || root.kind() != Kind::Server || !on_path {
        return None;
    }
    let above = cx.parent(segment.root);
    let at = (above != NONE).then(|| cx.operation_index(above)).flatten()?;
    let call = cx.operation(at);
    (call.server == segment.root && !out.is_claimed(at)).then_some(call)
}

/// Same operation in and out, and next to nothing of its own.
fn is_proxy(cx: &Context<'_>, segment: &Segment, own: u64) -> bool {
    let little = u128::from(own) * 50 < u128::from(segment.length());
    little && {
        let mut calls = cx.operations_below(segment.root).iter();
        let first = calls.find(|row| cx.segment(row.segment).root == segment.root);
        first.is_some_and(|row| row.answered.map(|(route, _)| route) == Some(segment.operation))
    }
}

fn judge(cx: &Context<'_>, hops: &[Hop], end: u32, out: &mut Findings<'_>) {
    let hop = hops[end as usize];
    let first = hop.first;
    let mut places = std::mem::take(&mut out.scratch.spans.places);
    places.clear();
    let mut at = end;
    while at != first {
        let call = cx.parent(cx.segment(at).root);
        places.push(call);
        at = cx.segment_at(call);
    }
    places.reverse();
    let subtree = |place: u32| cx.paths().subtree(cx.nodes()[place as usize]);
    let path = subtree(places[0]).minus(subtree(cx.segment(end).root));
    let reason = match hop.hops >= cx.knob(first, &HOPS_MIN) {
        false => Some(NearReason::Count),
        true if !is_known(cx, first) => Some(NearReason::Guard("lost-caller")),
        true if !pays(cx, first, path) => Some(NearReason::Cost),
        true => None,
    };
    match reason {
        None => say(cx, hop, &places, path, out),
        Some(reason) => nearly(cx, hop, places[0], (path, reason), out),
    }
    out.scratch.spans.places = places;
}

/// Tells a chain whose first call is at `call`.
fn nearly(
    cx: &Context<'_>,
    hop: Hop,
    call: u32,
    (path, reason): (Nanos, NearReason),
    out: &mut Findings<'_>,
) {
    let Some(call) = cx.operation_index(call) else {
        return;
    };
    let [share, least] = of_cost(cx, hop.first, path);
    let near = Near {
        meta: &META,
        segment: hop.first,
        first: call,
        members: hop.hops,
        reason,
        conditions: all([condition(cx, hop.first, &HOPS_MIN, hop.hops), share, least]),
    };
    out.near(cx, near);
}

/// Reports the chain of the calls at `places`.
fn say(cx: &Context<'_>, hop: Hop, places: &[u32], path: Nanos, out: &mut Findings<'_>) {
    let saving = saving(cx, places, out);
    let mut operations = std::mem::take(&mut out.scratch.templates);
    operations.clear();
    let mut key = [""; 2 * OPERATIONS_MAX];
    for &call in places {
        let Some((operation, service)) = cx.operation_at(call).and_then(|call| call.answered) else {
            continue;
        };
        let part = [cx.text(service), cx.text(operation)];
        let seen = key.chunks(2).take(operations.len()).any(|known| known == part);
        if !seen && operations.len() < OPERATIONS_MAX {
            key[2 * operations.len()..][..2].copy_from_slice(&part);
            operations.push(operation);
        }
    }
    let anchor = match cx.parent(places[0]) {
        NONE => places[0],
        above => above,
    };
    out.push_spans(
        cx,
        &SpanDraft {
            meta: &META,
            segment: hop.first,
            anchor,
            places,
            calls: hop.hops,
            about: cx.operation_at(places[0]),
            template: None,
            key: &key[..2 * operations.len()],
            templates: &operations,
            wall: path,
            path,
            parallel: false,
            params: None,
            saving,
            certainty: Millionths::ONE,
        },
    );
    out.scratch.templates = operations;
}

/// All but the last two calls lose their network; at best what their services do is gone as well.
fn saving(cx: &Context<'_>, places: &[u32], out: &mut Findings<'_>) -> Saving {
    let (dropped, kept) = places.split_at(places.len().saturating_sub(KEPT));
    let (Some(&first), Some(&next)) = (dropped.first(), kept.first()) else {
        return Saving::default();
    };
    let head = cx.node_at(first).head;
    let replay = &mut out.scratch.replay;
    replay.begin(cx.forest, head);
    // What the calls inside lose shortens their servers as well.
    let mut lost = Nanos::ZERO;
    for &call in dropped.iter().rev() {
        let server = cx.operation_at(call).map_or(call, |call| call.server);
        let (outer, inner) = (cx.node_at(call).length(), cx.node_at(server).length());
        let node = [cx.nodes()[call as usize]];
        replay.edit(cx.forest, Edit::Cap(&node, inner.minus(lost)));
        lost = lost.plus(outer.minus(inner));
    }
    let least = replay.run(cx.forest).saving();
    let node = [cx.nodes()[first as usize]];
    let most = replay.saving(cx.forest, head, Edit::Cap(&node, cx.node_at(next).length()));
    let (min, max) = (least.min, most.max.max(least.max));
    Saving {
        min,
        likely: Nanos(u64::midpoint(min.0, max.0)),
        max,
    }
}

fn sentence(facets: &Facets<'_>) -> String {
    format!(
        "{} goes through {} services in a row: {}",
        facets.operation,
        facets.calls,
        facets.templates.join(", ")
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    Fix {
        summary: match facets.templates.last() {
            Some(last) => format!("let {} ask for {last} itself", facets.operation),
            None => format!("let {} ask the last service itself", facets.operation),
        },
        how: "call the service that has the answer from the first one, or keep a copy of the data one hop up; services \
              that only pass a request on are merged with their caller or become a library"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use hotspan_model::Nanos;

    use crate::detectors::testing::{check, only};

    /// A chain of services, each of which works `own` ms before and after it calls the next, with 2 ms of network
    /// each way; the last one works 20 ms.
    fn chain(hops: u64, own: u64, last: &str) -> String {
        let total = 2 * hops * (own + 2) + 20;
        let mut text = format!("edge GET /a0 0..{total} host=h0");
        for n in 1..=hops {
            let (from, to) = (n * (own + 2), total - n * (own + 2));
            let indent = " ".repeat(2 * n as usize);
            text += &format!("\n{indent}call GET /a{n} {}..{}", from - 2, to + 2);
            text += &format!("\n{indent} s{n} server GET /a{n} {from}..{to} host=h{n}");
        }
        text + last
    }

    const FOUND: &str = "hop-chain: 4 calls under GET /a0";

    #[test]
    fn four_services_that_ask_the_next() {
        check(&chain(4, 1, ""), &[FOUND]);
        let finding = only(&chain(4, 1, ""));
        // Two dropped hops: 4 ms of network each, and 2 ms of their own at best.
        assert_eq!(finding.saving.min, Nanos::from_millis(8));
        assert_eq!(finding.saving.max, Nanos::from_millis(12));
        assert_eq!(finding.saving.likely, Nanos::from_millis(10));
        // Four networks and the own time of three services.
        assert_eq!(finding.path, Nanos::from_millis(22));
    }

    #[test]
    fn three_hops_are_not_many() {
        check(&chain(3, 1, ""), &[]);
        check(&chain(3, 1, "\n        call GET /vendor 18..28 third"), &[]);
    }

    #[test]
    fn services_that_work_are_no_mere_hops() {
        check(&chain(4, 9, ""), &[]);
    }

    #[test]
    fn a_message_ends_a_chain() {
        let text = chain(4, 1, "")
            .replace("call GET /a3", "publish GET /a3")
            .replace("server GET /a3", "consumer GET /a3");
        check(&text, &[]);
    }

    #[test]
    fn wide_but_shallow_is_no_chain() {
        let mut text = "edge GET /a 0..1000 host=e".to_owned();
        for n in 1..7 {
            text += &format!("\n  call GET /b{n} 10..{n}09\n    s{n} server GET /b{n} 12..{n}07 host=b{n}");
        }
        check(&text, &[]);
    }

    #[test]
    fn proxies_are_no_hops() {
        let text = "
            edge GET /a                       0..1000 host=e
              call GET /b                     1..999
                mesh server GET /b            2..998 host=m
                  call GET /b                 3..997
                    b server GET /b          4..996 host=b
                      call GET /c             6..994
                        c server GET /c      8..992 host=c
                          call GET /d        10..990
                            d server GET /d  12..988 host=d
            ";
        check(text, &[]);
    }

    #[test]
    fn two_services_that_call_each_other_are_one_key_however_often() {
        let ping = |hops: u64| {
            let text = chain(hops, 1, "");
            let mut named = String::new();
            for line in text.lines() {
                let n: u64 = line.rsplit_once("host=h").map_or(0, |(_, n)| n.parse().unwrap());
                let line = match n {
                    0 => line.to_owned(),
                    n => line.replace(
                        &format!("s{n} server GET /a{n}"),
                        &format!("s{} server GET /a", n % 2),
                    ),
                };
                named += &format!("{line}\n");
            }
            only(&named).fingerprint
        };
        assert_eq!(ping(6), ping(9));
    }

    #[test]
    fn a_chain_whose_first_caller_was_called_by_a_lost_span_may_begin_elsewhere() {
        let (_, below) = chain(5, 1, "")
            .split_once('\n')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        let (_, below) = below.split_once('\n').unwrap();
        check(
            &format!(
                "edge GET /a0 0..50 host=h0\n{}",
                below.replacen("host=h1", "host=h1 parent=99", 1)
            ),
            &[],
        );
    }

    #[test]
    fn hops_that_cost_little_are_a_near_miss() {
        let text = chain(4, 1, "").replace("0..44 ", "0..2000 ");
        assert!(text.contains("0..2000"), "{text}");
        check(&text, &[]);
    }
}

//! # Broken propagation
//!
//! Traces fall apart between services: what one request did is told in pieces that nobody can put together.
//!
//! **Rule**: one of
//! (a) at least 5 % of a service's requests name a parent that never came;
//! (b) calls of X that no server span answers lie around requests of Y that begin a trace, with the same method and
//! path (or RPC method): at least 5 such pairs, each the only candidate of the other, and at least half of X's calls
//! to that address. A request may reach out of its call by 2 ms, or by 50 ms where it still is the only candidate.
//!
//! **Guards**: sampled traces; health checks; spans that are lost everywhere, not between services alone; minutes with
//! more requests of one path than are held.
//!
//! **Saves**: nothing. The impact is exposure: 0.02 of the critical-path seconds an hour whose inside is lost.
//!
//! **Silent when**: a job has no root; workers poll; consumers link to producers.
//!
//! **Fix**: where the header is lost: the proxy between the two, the client without instrumentation, the thread pool.

use std::collections::{BTreeMap, BTreeSet};

use hotspan_model::{Break, CalleeView, Class, Facets, FactKind, Fix, Meta, Millionths, SavingRule, Scope};

use super::evidence::Row;
use super::names::{is_check, masked, tenths_of_a_week};
use super::{CrossDetector, Draft, Evidence, Seen, wants};
use crate::facts::FactText;

/// The detector.
#[derive(Debug)]
pub(super) struct BrokenPropagation;

/// Pairs that are no chance.
const PAIRS: u64 = 5;
/// Orphaned requests that are a habit.
const ORPHANS: u64 = 3;
/// One in so many requests without its parent is too many.
const FEW: u64 = 20;
/// How far a request may reach out of its call, in nanoseconds: clocks that agree differ by the steps they are read in,
/// others by their skew.
const APART: [u64; 2] = [2_000_000, 50_000_000];

static META: Meta = Meta {
    id: "broken-propagation",
    title: "Traces fall apart between services",
    in_break: Break::Observability,
    scope: Scope::Cross,
    habit: true,
    effort: tenths_of_a_week(5),
    saving: SavingRule::Replayed,
    knobs: &[],
    sentence,
    fix,
};

impl CrossDetector for BrokenPropagation {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Evidence<'_>, out: &mut Vec<Draft>) {
        pairs(cx, out);
        orphans(cx, out);
    }
}

/// A service and one of its addresses, and the service that seems to answer there.
#[derive(Debug, Default)]
struct Gap<'a> {
    pairs: u64,
    paths: BTreeSet<What<'a>>,
    rows: BTreeSet<FactText<'a>>,
    seen: Seen,
}

/// Calls without an answer and requests without a caller, by what they do.
#[derive(Debug, Default)]
struct Sides<'a> {
    sent: Vec<(u64, u64, Row<'a>)>,
    entered: Vec<(u64, u64, &'a str)>,
}

fn pairs(cx: &Evidence<'_>, out: &mut Vec<Draft>) {
    let mut sides: BTreeMap<What<'_>, Sides<'_>> = BTreeMap::new();
    // Calls of a service to an address that could be judged.
    let mut calls: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for row in cx.facts(FactKind::Sent) {
        let (Some(path), Some(address)) = (row.text.what.map(path), address(cx, &row)) else {
            continue;
        };
        for (start, end, times) in intervals(cx, &row, FactKind::Sent) {
            *calls.entry((row.text.service, address)).or_default() += times;
            // Calls at the same moment cannot be told apart.
            if times == 1 {
                sides.entry(path).or_default().sent.push((start, end, row));
            }
        }
    }
    for row in cx.facts(FactKind::Entered) {
        let Some(path) = row.text.what.map(path) else {
            continue;
        };
        if let (Some(sides), false) = (sides.get_mut(&path), is_check(path.1)) {
            let intervals = intervals(cx, &row, FactKind::Entered);
            let entered = intervals.flat_map(|(start, end, times)| {
                let copies = usize::try_from(times).unwrap_or(usize::MAX).min(2);
                std::iter::repeat_n((start, end, row.text.service), copies)
            });
            sides.entered.extend(entered);
        }
    }
    for sides in sides.values_mut() {
        sides.entered.sort_unstable();
    }
    let [strict, loose] = APART.map(|apart| gaps(cx, &sides, apart));
    let mut gaps = loose;
    for (key, gap) in strict {
        let known = gaps.get(&key).map_or(0, |known| known.pairs);
        if known <= gap.pairs {
            gaps.insert(key, gap);
        }
    }
    for ((from, address, to), gap) in gaps {
        let of = calls.get(&(from, address)).copied().unwrap_or(0);
        let mut draft = Draft::new(&META, from, &["pairs", from, &masked(address), to]);
        draft.callee = CalleeView {
            class: Class::Call.name().to_owned(),
            system: String::new(),
            peer: address.to_owned(),
            template: gap
                .paths
                .first()
                .map_or(String::new(), |(method, path)| format!("{method} {path}")),
        };
        draft.said = format!(
            "{} of {of} calls of {from} to {address} lie around requests to {to} that begin a trace of their own",
            gap.pairs
        );
        draft.calls = 1;
        draft.share = Millionths::ratio(gap.pairs, of);
        draft.seen = gap.seen;
        draft.seen.traces = draft.seen.traces.max(gap.pairs);
        draft.term(900_000, "each is the only candidate of the other");
        let share = wants("pairs_share_millionths", draft.share.0, 500_000);
        out.extend(draft.gated([wants("pairs", gap.pairs, PAIRS), share]));
    }
}

type Gaps<'a> = BTreeMap<(&'a str, &'a str, &'a str), Gap<'a>>;

/// What falls together when clocks are so far apart at most: by caller, address and who answered.
fn gaps<'a>(cx: &Evidence<'a>, sides: &BTreeMap<What<'a>, Sides<'a>>, apart: u64) -> Gaps<'a> {
    let mut gaps = Gaps::new();
    for (&path, sides) in sides {
        for (row, service) in matched(sides, apart) {
            let Some(address) = address(cx, &row).filter(|_| row.text.service != service) else {
                continue;
            };
            let gap = gaps.entry((row.text.service, address, service)).or_default();
            gap.pairs += 1;
            gap.paths.insert(path);
            if gap.rows.insert(row.text) {
                gap.seen.add(row.fact);
            }
        }
    }
    gaps
}

/// Where a call goes, as its address says.
fn address<'a>(cx: &Evidence<'a>, row: &Row<'a>) -> Option<&'a str> {
    let facts = cx.callee(row.key.other)?;
    let named = [&*facts.host, facts.service.as_deref().unwrap_or_default()];
    Some(
        named
            .into_iter()
            .find(|name| !name.is_empty())
            .unwrap_or("an unnamed address"),
    )
}

/// Method and path, without host and query; a procedure has no method in front.
type What<'a> = (&'a str, &'a str);

/// What a call asks for: what the server's span says of itself.
fn path(template: &str) -> What<'_> {
    // `GET host/orders/{}?page` is compared by what follows the host.
    let Some((method, rest)) = template.split_once(' ') else {
        return ("", template);
    };
    let path = rest.find('/').map_or("", |slash| &rest[slash..]);
    (method, path.split('?').next().unwrap_or_default())
}

/// The intervals of a fact in stretches that hold all of them, and how often each.
fn intervals<'a>(
    cx: &Evidence<'a>,
    row: &Row<'a>,
    kind: FactKind,
) -> impl Iterator<Item = (u64, u64, u64)> + use<'a> {
    let stretches = row.fact.moments.since(kind, cx.newest());
    let whole = stretches.filter(|(_, stretch)| !stretch.is_crowded());
    whole.flat_map(|(_, stretch)| {
        let happened = stretch.happened.iter();
        happened.map(|happened| (happened.key.0, happened.key.1, happened.times))
    })
}

/// Pairs of which each is the only candidate of the other.
fn matched<'a>(sides: &Sides<'a>, apart: u64) -> Vec<(Row<'a>, &'a str)> {
    let only = |sent: &(u64, u64, Row<'a>)| -> Option<usize> {
        let (from, to) = (sent.0.saturating_sub(apart), sent.1.saturating_add(apart));
        let first = sides.entered.partition_point(|entered| entered.0 < from);
        let inside = sides.entered[first..]
            .iter()
            .take_while(|entered| entered.0 <= to);
        let longest = sent.1.saturating_sub(sent.0);
        let fits =
            |entered: &(u64, u64, &str)| entered.1 <= to && entered.1.saturating_sub(entered.0) <= longest;
        let mut candidates = (first..).zip(inside).filter(|(_, entered)| fits(entered));
        let one = candidates.next()?;
        candidates.next().is_none().then_some(one.0)
    };
    let choices: Vec<Option<usize>> = sides.sent.iter().map(only).collect();
    let mut wanted = vec![0_u32; sides.entered.len()];
    for &at in choices.iter().flatten() {
        wanted[at] += 1;
    }
    let pairs = sides.sent.iter().zip(choices);
    let pairs = pairs.filter_map(|(sent, at)| {
        at.filter(|&at| wanted[at] == 1)
            .map(|at| (sent.2, sides.entered[at].2))
    });
    pairs.collect()
}

fn orphans(cx: &Evidence<'_>, out: &mut Vec<Draft>) {
    let mut services: BTreeMap<&str, (u64, u64, Seen)> = BTreeMap::new();
    for row in cx.facts(FactKind::Orphaned) {
        let (requests, others, seen) = services.entry(row.text.service).or_default();
        // A request names its caller's span; other spans without a parent lost one of their own service.
        match matches!(row.text.class, Class::Server) {
            true => {
                *requests += row.fact.count;
                seen.add(row.fact);
            }
            false => *others += row.fact.count,
        }
    }
    let lost: u64 = services.values().map(|(_, others, _)| others).sum();
    for (service, (orphans, _, seen)) in services {
        let requests = cx.requests_of(service);
        let explained = orphans <= lost.saturating_mul(4);
        let mut draft = Draft::new(&META, service, &["orphans", service]);
        draft.said =
            format!("{orphans} of {requests} requests to {service} name a caller whose span never came");
        draft.calls = 1;
        draft.share = Millionths::ratio(orphans, requests);
        draft.seen = seen;
        draft.term(700_000, "who called cannot be seen");
        let share = wants(
            "orphans_share_millionths",
            draft.share.0,
            Millionths::ONE.0.div_ceil(FEW),
        );
        let conditions = [wants("orphans", orphans, ORPHANS), share];
        out.extend(draft.guarded(explained.then_some("lost-spans"), conditions));
    }
}

fn sentence(facets: &Facets<'_>) -> String {
    facets.evidence.to_owned()
}

fn fix(facets: &Facets<'_>) -> Fix {
    let (service, peer) = (facets.service, &facets.callee.peer);
    match peer.is_empty() {
        true => Fix {
            summary: format!("find who calls {service} and let it send its spans here"),
            how: "the callers send a trace header and no spans: point their exporter here, or let them start no trace; a \
                  proxy that starts spans of its own must export them too"
                .to_owned(),
        },
        false => Fix {
            summary: format!("carry the trace header from {service} through {peer}"),
            how: format!(
                "let {peer} pass the headers traceparent and tracestate on; where {service} makes the call with a client \
                 that is not instrumented, or from a thread pool, hand the context over"
            ),
        },
    }
}

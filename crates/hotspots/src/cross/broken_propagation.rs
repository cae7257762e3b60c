//! # Broken propagation
//!
//! Traces fall apart between services: what one request did is told in pieces that nobody can put together.
//!
//! **Rule**: one of
//! (a) at least 5 % of a service's requests name a parent that never came;
//! (b) calls of X that no server span answers lie around requests of Y that begin a trace, with the same method and
//! path (or RPC method): at least 5 such pairs, each the only candidate of the other, and at least half of X's calls
//! to that address. A request may reach out of its call by 2 ms, once the clocks of both services are brought together:
//! by up to 100 ms, to where most requests begin with their calls.
//! Calls moved by some seconds must find fewer, by more than chance;
//! (c) at least 10 calls or messages of a service begin a trace, and at least 90 % of them while the same instance
//! answers requests by one operation, whose spans show no call and fill at most half of the time.
//!
//! **Guards**: health checks and webhooks; spans that are lost everywhere, not between services alone; calls by the
//! clock; minutes with more requests of one path than are held. Of sampled traces (a) is not judged, and for (b) and
//! (c) a pair stands for those of which one side was not kept.
//!
//! **Saves**: nothing. The impact is exposure: 0.02 of the critical-path seconds an hour whose inside is lost.
//!
//! **Silent when**: a job has no root; workers poll; consumers link to producers.
//!
//! **Fix**: where the header is lost: the proxy between the two, the client without instrumentation, the thread pool.

use std::collections::{BTreeMap, BTreeSet};

use hotspan_model::{Break, CalleeView, Class, Facets, FactKind, Fix, Meta, Millionths, SavingRule, Scope};

use super::chance::{Weight, inside, is_by_the_clock, is_torn};
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
/// How far a request may reach out of its call by clocks that agree: the steps they are read in, in nanoseconds.
const APART: u64 = 2_000_000;
/// How far the clocks of two services may be apart, in nanoseconds.
const SKEW: i64 = 100_000_000;
/// Differences between clocks that are looked at.
const DIFFERENCES_MAX: usize = 16_384;
/// How far calls are moved to see what is found by chance: no period of a clock, in nanoseconds.
const MOVED: [i64; 4] = [3_700_000_000, 7_300_000_000, 11_900_000_000, 17_300_000_000];
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
        strays(cx, out);
    }
}

/// A service and one of its addresses, and the service that seems to answer there.
#[derive(Debug, Default)]
struct Gap<'a> {
    pairs: u64,
    /// Pairs of calls that were moved in time, all together.
    chance: u64,
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
        for (start, end, times) in intervals(cx, &row) {
            *calls.entry((row.text.service, address)).or_default() += times;
            // Calls at the same moment cannot be told apart.
            if times == 1 {
                sides.entry(path).or_default().sent.push((start, end, row));
            }
        }
    }
    let mut weights: BTreeMap<&str, Weight> = BTreeMap::new();
    for row in cx.facts(FactKind::Entered) {
        weights.entry(row.text.service).or_default().add(row.fact);
        let Some(path) = row.text.what.map(path) else {
            continue;
        };
        if let (Some(sides), false) = (sides.get_mut(&path), is_check(path.1) || is_hook(path.1)) {
            let intervals = intervals(cx, &row);
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
    let [mut gaps, aligned] = [false, true].map(|aligned| gaps(cx, &sides, aligned));
    for (key, gap) in aligned {
        let known = gaps.get(&key).map_or(0, |known| known.pairs);
        if known < gap.pairs {
            gaps.insert(key, gap);
        }
    }
    for ((from, address, to), gap) in gaps {
        let of = calls.get(&(from, address)).copied().unwrap_or(0);
        let weight = weights.get(to).copied().unwrap_or_default();
        let beyond = beyond_chance(&gap, weight);
        let whole = beyond.unwrap_or(gap.pairs);
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
        draft.share = Millionths::ratio(gap.pairs.max(whole), of);
        draft.seen = gap.seen;
        draft.seen.traces = draft.seen.traces.max(gap.pairs);
        draft.term(900_000, "each is the only candidate of the other");
        let share = wants("pairs_share_millionths", Millionths::ratio(whole, of).0, 500_000);
        let guard = beyond.is_none().then_some("chance");
        out.extend(draft.guarded(guard, [wants("pairs", gap.pairs, PAIRS), share]));
    }
}

/// How many pairs there are at most beside those of chance, and those of which one side was not kept; `None` when they
/// are too few to be more than chance.
fn beyond_chance(gap: &Gap<'_>, weight: Weight) -> Option<u64> {
    let chance = gap.chance.div_ceil(MOVED.len() as u64);
    let real = gap.pairs.saturating_sub(chance);
    if real < PAIRS + 5 * chance.isqrt() / 2 {
        return None;
    }
    Some(match weight.of(1) {
        0 | 1 => real,
        _ => weight.of(real + 2 * gap.pairs.isqrt()),
    })
}

type Gaps<'a> = BTreeMap<(&'a str, &'a str, &'a str), Gap<'a>>;

/// What falls together by clocks that agree, or are brought to: by caller, address and who answered.
fn gaps<'a>(cx: &Evidence<'a>, sides: &BTreeMap<What<'a>, Sides<'a>>, aligned: bool) -> Gaps<'a> {
    let mut gaps = Gaps::new();
    for (&path, sides) in sides {
        for ((from, to), late) in differences(sides) {
            let late = if aligned { densest(late) } else { 0 };
            let matched = |by: i64| {
                let pairs = matched(sides, late + by).into_iter();
                let pairs = pairs.filter(move |&(row, service)| (row.text.service, service) == (from, to));
                pairs.filter_map(|(row, service)| Some(((from, address(cx, &row)?, service), row)))
            };
            for (key, row) in matched(0) {
                let gap: &mut Gap<'_> = gaps.entry(key).or_default();
                gap.pairs += 1;
                gap.paths.insert(path);
                if gap.rows.insert(row.text) {
                    gap.seen.add(row.fact);
                }
            }
            for (key, _) in MOVED.iter().flat_map(|&by| matched(by)) {
                if let Some(gap) = gaps.get_mut(&key) {
                    gap.chance += 1;
                }
            }
        }
    }
    gaps
}

/// How much later than a call of one service requests to another begin, as far as their clocks may be apart.
fn differences<'a>(sides: &Sides<'a>) -> BTreeMap<(&'a str, &'a str), Vec<i64>> {
    let mut differences: BTreeMap<(&str, &str), Vec<i64>> = BTreeMap::new();
    for (start, _, row) in &sides.sent {
        let from = start.saturating_add_signed(-SKEW);
        let first = sides.entered.partition_point(|entered| entered.0 < from);
        let near = sides.entered[first..]
            .iter()
            .take_while(|entered| entered.0 <= start.saturating_add_signed(SKEW));
        for entered in near.filter(|entered| entered.2 != row.text.service) {
            let late = differences.entry((row.text.service, entered.2)).or_default();
            if late.len() < DIFFERENCES_MAX {
                late.push(i64::try_from(entered.0).unwrap_or(0) - i64::try_from(*start).unwrap_or(0));
            }
        }
    }
    differences
}

/// Where most of the numbers lie close together: what clocks are apart shows in every pair.
fn densest(mut numbers: Vec<i64>) -> i64 {
    numbers.sort_unstable();
    let width = 2 * APART.cast_signed();
    let within = |from: usize| numbers.partition_point(|&number| number <= numbers[from] + width) - from;
    let most = (0..numbers.len()).max_by_key(|&from| (within(from), std::cmp::Reverse(from)));
    most.map_or(0, |from| numbers[from + within(from) / 2])
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

/// The intervals of a fact, and how often each.
fn intervals<'a>(cx: &Evidence<'a>, row: &Row<'a>) -> impl Iterator<Item = (u64, u64, u64)> + use<'a> {
    row.happened(cx)
        .map(|happened| (happened.key.0, happened.key.1, happened.times))
}

/// Pairs of which each is the only candidate of the other, when calls are moved by so much.
fn matched<'a>(sides: &Sides<'a>, by: i64) -> Vec<(Row<'a>, &'a str)> {
    let only = |sent: &(u64, u64, Row<'a>)| -> Option<usize> {
        let (start, end) = (sent.0.saturating_add_signed(by), sent.1.saturating_add_signed(by));
        let (from, to) = (start.saturating_sub(APART), end.saturating_add(APART));
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
            true if is_hook(row.text.operation) || is_check(row.text.operation) => {}
            true => {
                *requests += row.fact.count;
                seen.add(row.fact);
            }
            false => *others += row.fact.count,
        }
    }
    let lost: u64 = services.values().map(|(_, others, _)| others).sum();
    // Only who calls something leaves a part behind when a span is lost.
    let callers: BTreeSet<&str> = cx.edges().map(|(text, ..)| text.from).collect();
    let losing: u64 = callers.into_iter().map(|service| cx.requests_of(service)).sum();
    for (service, (orphans, _, seen)) in services {
        let requests = cx.requests_of(service);
        let explained = !is_beyond((orphans, requests), (lost, losing.max(lost)));
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

/// How seldom chance may put all losses on one side: once in so many systems.
const ONCE_IN: u128 = 1_000;
/// Losses that are looked at for that.
const LOSSES_MAX: u128 = 4_096;

/// Whether a share is more than one and a half times another, by three standard deviations. Where none is lost of the
/// others, all `k` were among the `n` by chance with the probability (n / (n + of))^k, as Poisson's law has it.
fn is_beyond((k, n): (u64, u64), (lost, of): (u64, u64)) -> bool {
    let [k, n, lost, of] = [k, n, lost, of].map(u128::from);
    if lost == 0 {
        let mut chance = u128::from(u64::MAX);
        (0..k.min(LOSSES_MAX)).for_each(|_| chance = chance * n / (n + of).max(1));
        return of == 0 || chance < u128::from(u64::MAX) / ONCE_IN;
    }
    let apart = (2 * k)
        .saturating_mul(of)
        .saturating_sub((3 * lost).saturating_mul(n));
    let square = |number: u128| number.saturating_mul(number);
    let variance = (4 * k)
        .saturating_mul(square(of))
        .saturating_add((9 * lost).saturating_mul(square(n)));
    square(apart) >= variance.saturating_mul(9)
}

/// Words in routes by which others call back: they name spans of theirs.
const HOOKS: [&str; 4] = ["hook", "callback", "notif", "ipn"];

fn is_hook(operation: &str) -> bool {
    let parts = operation.split(['/', ' ', '.', '-', '_']);
    let mut parts = parts.map(str::to_ascii_lowercase);
    parts.any(|part| {
        HOOKS
            .iter()
            .any(|word| part.starts_with(word) || part.starts_with("webhook"))
    })
}

/// What an instance does: calls that begin a trace, and its operations.
#[derive(Debug, Default)]
struct Instance<'a> {
    strays: Vec<u64>,
    seen: Seen,
    operations: BTreeMap<&'a str, Work>,
}

/// When an instance worked for one operation.
#[derive(Debug, Default)]
struct Work {
    busy: Vec<(u64, u64)>,
    weight: Weight,
}

fn strays(cx: &Evidence<'_>, out: &mut Vec<Draft>) {
    let mut instances: BTreeMap<(&str, &str), Instance<'_>> = BTreeMap::new();
    for row in cx.facts(FactKind::Strayed) {
        let mut starts: Vec<u64> = intervals(cx, &row).map(|at| at.0).collect();
        starts.sort_unstable();
        if !is_by_the_clock(&starts) {
            let key = (row.text.service, row.text.what.unwrap_or_default());
            let instance = instances.entry(key).or_default();
            instance.strays.extend(starts);
            instance.seen.add(row.fact);
        }
    }
    for row in cx.facts(FactKind::Working) {
        let key = (row.text.service, row.text.what.unwrap_or_default());
        if let (Some(instance), false) = (instances.get_mut(&key), is_check(row.text.operation)) {
            let work = instance.operations.entry(row.text.operation).or_default();
            work.busy
                .extend(intervals(cx, &row).map(|(start, end, _)| (start, end)));
            work.weight.add(row.fact);
        }
    }
    // The worst instance speaks for its service and operation.
    let mut worst: BTreeMap<(&str, &str), (u64, u64, Seen)> = BTreeMap::new();
    for ((service, _), instance) in instances {
        let count = instance.strays.len() as u64;
        for (operation, Work { mut busy, weight }) in instance.operations {
            busy.sort_unstable();
            let inside = inside(&instance.strays, &busy);
            let known = worst.get(&(service, operation)).map_or(0, |known| known.0);
            if known < inside && is_torn(count, inside, &busy, weight) {
                worst.insert((service, operation), (inside, count, instance.seen.clone()));
            }
        }
    }
    for ((service, operation), (inside, count, seen)) in worst {
        let mut draft = Draft::new(&META, service, &["strays", service, operation]);
        draft.operation = operation.to_owned();
        draft.said = format!(
            "{inside} of {count} calls of {service} that begin a trace lie inside requests by {operation}"
        );
        draft.calls = 1;
        draft.share = Millionths::ratio(inside, count);
        draft.seen = seen;
        draft.term(800_000, "they are there at the same time");
        out.push(draft);
    }
}

fn sentence(facets: &Facets<'_>) -> String {
    facets.evidence.to_owned()
}

fn fix(facets: &Facets<'_>) -> Fix {
    let (service, peer) = (facets.service, &facets.callee.peer);
    match peer.is_empty() {
        true if !facets.operation.is_empty() => Fix {
            summary: format!("hand the context of {} over to the threads that call", facets.operation),
            how: "wrap the thread pool, queue or timer that makes the calls so that it carries the context of who filled it; \
                  most SDKs have a wrapper for executors"
                .to_owned(),
        },
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

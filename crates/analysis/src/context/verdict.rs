//! What can be said about a group without knowing which detector asks: cost, order, arguments, guards.

use hotspan_model::{Class, Flag, Nanos, Params, Verb, Visibility};

use super::groups::Input;
use crate::Node;

/// The verdict on one group.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Verdict {
    /// Length of the union of the members, clipped to the segment root.
    pub wall: Nanos,
    /// More than half of the neighbours overlap.
    pub parallel: bool,
    /// What the arguments show.
    pub params: Params,
    /// Reads with visible, all equal arguments: one query repeated, not one for each item.
    pub redundant: bool,
    /// Half of them failed.
    pub failing: bool,
    /// Nearly each goes to a host of its own.
    pub scatter: bool,
    /// Their gaps are a clock's.
    pub polling: bool,
    /// They fetch from one cursor.
    pub cursor: bool,
    /// They read pages by key.
    pub keyset: bool,
}

impl Verdict {
    /// `members` in order of time, at least one.
    pub(super) fn new(input: Input<'_>, members: &[u32], arguments: &mut Vec<(u64, u32)>) -> Verdict {
        let first = input.operation(members[0]);
        let facts = first.own.and_then(|own| input.dictionary.template(own));
        let verb = facts.map_or(Verb::Other, |facts| facts.verb);
        let sums = Sums::new(input, members, arguments);
        let params = params(sums.weakest, arguments);
        let reads = verb == Verb::Read || first.class == Class::Call;
        let times = Times::new(input, members);
        let waits = match first.class {
            Class::Call => true,
            Class::Db => verb == Verb::Read && (skips_locked(facts) || !is_awaited(input, members)),
            Class::Cache
            | Class::Publish
            | Class::UnknownOut
            | Class::Internal
            | Class::Server
            | Class::Consumer
            | Class::Wait
            | Class::Connect
            | Class::Checkout
            | Class::DbMeta => false,
        };
        Verdict {
            wall: times.wall,
            parallel: times.overlaps * 2 > times.neighbours,
            params,
            redundant: reads && params == Params::Visible { distinct: 1 },
            failing: sums.failed * 2 >= sums.weight,
            scatter: !sums.one_callee && is_scatter(input, members, arguments),
            polling: waits && is_polling(input, members),
            cursor: facts.is_some_and(|facts| facts.cursor),
            keyset: facts.is_some_and(|facts| facts.keyset),
        }
    }
}

/// Whether a few operations of one template are one read made again: visible arguments, all equal.
pub(super) fn is_redundant(input: Input<'_>, members: impl Iterator<Item = u32> + Clone) -> bool {
    let argument = |at: u32| {
        let row = input.operation(at);
        let node = input.forest.node(row.node);
        let one = !row.folded && !node.bits.has(Flag::Summary);
        let visible = one && node.bits.visibility() == Visibility::Visible;
        let span = input.trace.spans.get(row.span as usize).filter(|_| visible)?;
        Some((span.params.0, row.own))
    };
    let Some(first) = members.clone().next() else {
        return false;
    };
    let facts = input
        .operation(first)
        .own
        .and_then(|own| input.dictionary.template(own));
    let reads = facts.is_some_and(|facts| facts.verb == Verb::Read);
    let known = argument(first);
    (reads || input.operation(first).class == Class::Call)
        && known.is_some()
        && members.clone().all(|at| argument(at) == known)
}

fn node<'a>(input: Input<'a>, at: &u32) -> &'a Node {
    input.forest.node(input.operation(*at).node)
}

fn skips_locked(facts: Option<&hotspan_model::TemplateFacts>) -> bool {
    facts.is_some_and(|facts| facts.skip_locked)
}

fn is_awaited(input: Input<'_>, members: &[u32]) -> bool {
    super::units::is_awaited(input.forest, node(input, &members[0]).head)
}

/// Cost and order of members.
struct Times {
    wall: Nanos,
    neighbours: u64,
    overlaps: u64,
}

impl Times {
    fn new(input: Input<'_>, members: &[u32]) -> Times {
        let segment = &input.segments.rows[input.operation(members[0]).segment as usize];
        let (mut wall, mut covered) = (0i64, segment.start);
        let mut times = Times {
            wall: Nanos::ZERO,
            neighbours: 0,
            overlaps: 0,
        };
        let mut before: Option<&Node> = None;
        for at in members {
            let (node, row) = (node(input, at), input.operation(*at));
            let (start, end) = (node.start.max(covered), node.end.min(segment.end));
            if start < end {
                wall += end - start;
                covered = end;
            }
            if let Some(before) = before {
                times.neighbours += 1;
                times.overlaps += u64::from(overlap(before, node));
            }
            // Of a summary only sums are known: it is a sequence when they nearly fill its window.
            let length = u64::try_from(node.e - node.b).unwrap_or(0);
            let inner = row.weight.saturating_sub(1);
            times.neighbours += inner;
            if row.folded && !is_sequence(row.total, length) {
                times.overlaps += inner;
            }
            before = Some(before.filter(|before| before.end > node.end).unwrap_or(node));
        }
        times.wall = Nanos(u64::try_from(wall).unwrap_or(0));
        times
    }
}

/// Whether operations of that total duration within a window ran one after another.
fn is_sequence(total: u64, window: u64) -> bool {
    let (total, window) = (u128::from(total), u128::from(window));
    total * 10 >= window * 8 && total * 2 <= window * 3
}

/// Whether two spans overlap: by more than 5 % of the shorter one and more than a step of their clocks.
pub(crate) fn overlap(a: &Node, b: &Node) -> bool {
    let shared = a.end.min(b.end) - a.start.max(b.start);
    let shorter = (a.end - a.start).min(b.end - b.start);
    shared > 0 && i128::from(shared) * 20 > i128::from(shorter) && shared > clock_step(a).max(clock_step(b))
}

/// Step of a span's clock in nanoseconds.
pub(crate) fn clock_step(node: &Node) -> i64 {
    [1, 1_000, 1_000_000][usize::from(node.step.min(2))]
}

/// What the members add up to.
struct Sums {
    weight: u64,
    failed: u64,
    /// What is seen of the arguments of each.
    weakest: Visibility,
    /// They all have the same address.
    one_callee: bool,
}

impl Sums {
    /// Lists the arguments of all.
    fn new(input: Input<'_>, members: &[u32], arguments: &mut Vec<(u64, u32)>) -> Sums {
        arguments.clear();
        let callee = input.operation(members[0]).callee;
        let mut sums = Sums {
            weight: 0,
            failed: 0,
            weakest: Visibility::Visible,
            one_callee: true,
        };
        for at in members {
            let row = input.operation(*at);
            let node = input.forest.node(row.node);
            sums.weight += row.weight;
            sums.failed += row.failed;
            sums.one_callee &= row.callee == callee;
            let many = row.folded || node.bits.has(Flag::Summary);
            let seen = node.bits.visibility();
            let seen = match many && seen == Visibility::Visible {
                true => Visibility::Hidden,
                false => seen,
            };
            sums.weakest = weaker(sums.weakest, seen);
            let own = row.own.map_or(0, hotspan_model::Symbol::raw);
            let span = input.trace.spans.get(row.span as usize);
            arguments.push((span.map_or(0, |span| span.params.0), own));
        }
        sums
    }
}

fn weaker(a: Visibility, b: Visibility) -> Visibility {
    match (a, b) {
        (Visibility::None, _) | (_, Visibility::None) => Visibility::None,
        (Visibility::Cut, _) | (_, Visibility::Cut) => Visibility::Cut,
        (Visibility::Hidden, _) | (_, Visibility::Hidden) => Visibility::Hidden,
        (Visibility::Visible, Visibility::Visible) => Visibility::Visible,
    }
}

/// What the arguments of the members show, the weakest first.
fn params(weakest: Visibility, arguments: &mut Vec<(u64, u32)>) -> Params {
    match weakest {
        Visibility::None => Params::None,
        Visibility::Cut => Params::Cut,
        Visibility::Hidden => Params::Hidden,
        Visibility::Visible => {
            arguments.sort_unstable();
            arguments.dedup();
            Params::Visible {
                distinct: arguments.len() as u32,
            }
        }
    }
}

/// Whether the members go to nearly as many hosts as there are members: shards, by design.
fn is_scatter(input: Input<'_>, members: &[u32], hosts: &mut Vec<(u64, u32)>) -> bool {
    let callees = members.iter().filter_map(|&at| input.operation(at).callee);
    let mut others = callees.clone();
    let first = others.next();
    if others.all(|callee| Some(callee) == first) {
        return false;
    }
    hosts.clear();
    hosts.extend(callees.map(|callee| (0, callee.raw())));
    hosts.sort_unstable();
    hosts.dedup();
    hosts.len() > 1 && hosts.len() * 10 >= members.len() * 8
}

/// Whether the gaps are at least five times the median duration and all alike: a timer, not work.
fn is_polling(input: Input<'_>, members: &[u32]) -> bool {
    let pairs = || {
        members
            .windows(2)
            .map(|pair| (node(input, &pair[0]), node(input, &pair[1])))
    };
    let gaps = || pairs().map(|(a, b)| b.start - a.end);
    let periods = || pairs().map(|(a, b)| b.start - a.start);
    let Some(least) = gaps().min().filter(|&gap| gap > 0) else {
        return false;
    };
    let longest_of_half = members.len().div_ceil(2);
    let within = members
        .iter()
        .filter(|at| {
            let node = node(input, at);
            i128::from(node.end - node.start) * 5 <= i128::from(least)
        })
        .count();
    within >= longest_of_half && (is_steady(gaps()) || is_steady(periods()))
}

/// Whether the coefficient of variation is at most 0.05.
fn is_steady(values: impl Iterator<Item = i64> + Clone) -> bool {
    // Microseconds, at most 38 hours: the products below fit.
    let values = values.map(|value| i128::from(value / 1_000).min(1 << 37));
    let count = values.clone().count() as i128;
    let sum = values.clone().sum::<i128>();
    let squares = values.map(|value| value * value).sum::<i128>();
    // variance / mean² = (n·Σx² - (Σx)²) / (Σx)² <= 0.0025
    count >= 2 && (count * squares - sum * sum) * 400 <= sum * sum
}

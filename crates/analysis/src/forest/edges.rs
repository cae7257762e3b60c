//! Whether a parent waits for a child: by kind first, then by time; and what of it lies inside its parent.

use hotspan_model::{Flag, Kind, Status};

use super::children::Allowance;
use super::skew::Clocks;
use super::{Edge, Forest, Mark, Marks, NONE, Node, same_host};
use crate::{Overflow, Settings, Tolerance};

impl Forest {
    /// Edges that the kinds decide; all others are taken for sync until times are compared. Edges between two hosts
    /// say something about their clocks.
    pub(super) fn class_by_kind(&mut self, settings: &Settings) {
        let (nodes, clocks) = (&mut self.nodes, &mut self.scratch.clocks);
        clocks.clear();
        for &at in &self.order {
            let family = self.families[at as usize];
            if family.all == 0 {
                continue;
            }
            let parent = &nodes[at as usize];
            let (host, sends) = (parent.host, parent.kind() == Kind::Producer);
            for &child in &self.order[family.all()] {
                let node = &mut nodes[child as usize];
                // Most kinds say nothing, and most children are on their parent's host.
                let special = sends || node.kind() == Kind::Consumer || node.bits.has(Flag::FollowsFrom);
                if !special && node.host == host {
                    node.edge = Edge::Sync;
                    continue;
                }
                let parent = nodes[at as usize];
                let node = &mut nodes[child as usize];
                node.edge = by_kind(&parent, node);
                if settings.skew_correction && parent.host != node.host {
                    clocks.bound(&parent, node);
                }
            }
        }
    }

    /// Edges by time, heads, liveness and clipping, and the orders of children, top-down.
    pub(super) fn class_by_time(&mut self, settings: &Settings) {
        self.by_end.resize(self.order.len(), NONE);
        for &at in &self.roots {
            let node = &mut self.nodes[at as usize];
            let timed = settle(node);
            begin_unit(node, at, timed);
            self.marks.add(node.marks);
            self.heads.push(at);
        }
        for place in 0..self.order.len() {
            let at = self.order[place];
            if self.families[at as usize].all > 0 {
                self.class_children(at, settings);
            }
        }
        let nodes = &self.nodes;
        let place = |&at: &u32| (nodes[at as usize].b, nodes[at as usize].key());
        self.heads.sort_unstable_by_key(place);
    }

    /// The children of a node whose own place is known.
    fn class_children(&mut self, at: u32, settings: &Settings) {
        let Forest { nodes, order, .. } = self;
        let parent = nodes[at as usize];
        let clocks = &self.scratch.clocks;
        let range = self.families[at as usize].all();
        let mut live = range.start;
        let (mut marks, mut allowance) = (Marks::default(), Allowance::default());
        let (mut last, mut sequence) = ((i64::MIN, i64::MIN), true);
        for place in range.clone() {
            let child = order[place];
            let node = &mut nodes[child as usize];
            if is_within(&parent, node) {
                (node.start, node.end, node.head) = (node.b, node.e, parent.head);
                node.marks.set(Mark::Live);
            } else {
                let timed = settle(node);
                if !await_child(clocks, &parent, node, timed, settings) {
                    begin_unit(node, child, timed);
                    marks.add(node.marks);
                    self.heads.push(child);
                    continue;
                }
            }
            marks.add(node.marks);
            if node.is_live() {
                sequence &= last.0 < node.start && last.1 < node.end;
                last = (node.start, node.end);
                allowance.add(clocks, &parent, node);
                if place > live {
                    order.swap(place, live);
                }
                live += 1;
            }
        }
        self.marks.add(marks);
        let live = live - range.start;
        self.families[at as usize].live = live as u32;
        self.sort_children(at, sequence);
        if live > 0 {
            self.nodes[at as usize].tolerance = allowance.tolerance(&parent, settings);
        }
    }
}

/// Makes a node the head of its unit.
fn begin_unit(node: &mut Node, at: u32, timed: bool) {
    node.head = at;
    if timed {
        node.marks.set(Mark::Live);
    }
}

/// Whether nothing speaks against a child: it lies in its parent, which is in the path of its unit and whose caller did
/// not give up. Most do.
#[inline]
fn is_within(parent: &Node, child: &Node) -> bool {
    child.edge == Edge::Sync
        && parent.is_live()
        && !parent.has(Mark::InAbandoned)
        && parent.start <= child.b
        && child.b <= child.e
        && child.e <= parent.end
        && child.b < parent.end
}

/// Joins a child to its parent's unit, when the parent waits for it; answers whether it does.
#[inline]
fn await_child(clocks: &Clocks, parent: &Node, child: &mut Node, timed: bool, settings: &Settings) -> bool {
    if child.edge != Edge::Sync {
        return false;
    }
    // Most children lie within their parents: nothing speaks against those.
    let mut abandoned = parent.has(Mark::InAbandoned);
    if child.b >= parent.e || child.e > parent.e {
        let by_time = by_time(clocks, parent, child, settings);
        if by_time.abandoned {
            child.marks.set(Mark::Abandoned);
            abandoned = true;
        }
        if by_time.detached {
            child.marks.set(Mark::Detached);
            child.edge = Edge::Detached;
            return false;
        }
    }
    child.head = parent.head;
    if abandoned {
        child.marks.set(Mark::InAbandoned);
    }
    if timed && parent.is_live() {
        clip(child, (parent.start, parent.end));
    }
    true
}

/// Gives a node the interval that it says it has, if any; answers whether it has one.
fn settle(node: &mut Node) -> bool {
    let timed = node.b <= node.e;
    if !timed {
        (node.b, node.e) = (0, 0);
    }
    (node.start, node.end) = (node.b, node.e);
    timed
}

/// Cuts an awaited child to its parent, in whose path it takes part unless it lies outside.
fn clip(child: &mut Node, (from, to): (i64, i64)) {
    let (start, end) = (child.b.max(from), child.e.min(to));
    if end < start || end == start && child.b < child.e {
        child.marks.set(Mark::Outside);
        return;
    }
    if (start, end) != (child.b, child.e) {
        child.marks.set(Mark::Clipped);
    }
    (child.start, child.end) = (start, end);
    child.marks.set(Mark::Live);
}

/// What times say about a child that its kind lets its parent wait for.
struct ByTime {
    /// The caller gave up before.
    abandoned: bool,
    /// The parent did not wait.
    detached: bool,
}

fn by_time(clocks: &Clocks, parent: &Node, child: &Node, settings: &Settings) -> ByTime {
    let beyond = child.e > parent.e.saturating_add(tolerance(parent, child, settings));
    let rpc = is_rpc(parent, child);
    let same = same_host(parent.host, child.host);
    let residual = || clocks.residual(parent.host, child.host);
    let after = || !same && !rpc && child.b >= parent.e && child.b >= parent.e.saturating_add(residual());
    ByTime {
        abandoned: rpc && beyond && parent.bits.status() == Status::Error,
        detached: match settings.overflow {
            _ if child.has(Mark::Phantom) => false,
            Overflow::Clip => false,
            Overflow::Detach => beyond || after(),
            Overflow::Auto if rpc => false,
            Overflow::Auto if same => beyond,
            Overflow::Auto => after(),
        },
    }
}

fn by_kind(parent: &Node, child: &Node) -> Edge {
    let same = || same_host(parent.host, child.host);
    let inside = || child.b <= child.e && parent.b <= child.b && child.e <= parent.e;
    let message =
        child.kind() == Kind::Consumer && (parent.kind() == Kind::Producer || !(same() && inside()));
    let follow_up = child.bits.has(Flag::FollowsFrom) || parent.kind() == Kind::Producer && !same();
    if message || follow_up {
        Edge::Async
    } else {
        Edge::Sync
    }
}

/// A call and its answer: the caller waits whatever the clocks say.
pub(super) fn is_rpc(parent: &Node, child: &Node) -> bool {
    parent.kind() == Kind::Client && child.kind() == Kind::Server
}

fn tolerance(parent: &Node, child: &Node, settings: &Settings) -> i64 {
    match settings.tolerance {
        Tolerance::Fixed(fixed) => i64::try_from(fixed.0).unwrap_or(i64::MAX),
        Tolerance::Auto | Tolerance::Percent(_) => STEPS[usize::from(parent.step.max(child.step))],
    }
}

/// Steps of clocks in nanoseconds, by [`Node::step`].
pub(super) const STEPS: [i64; 3] = [1, 1_000, 1_000_000];

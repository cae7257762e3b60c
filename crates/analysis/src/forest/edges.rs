//! Whether a parent waits for a child: by kind first, then by time; and what of it lies inside its parent.

use hotspan_model::{Flag, Kind, Status};

use super::skew::Clocks;
use super::{Edge, Forest, Mark, NONE, Node, same_host};
use crate::{Overflow, Settings, Tolerance};

impl Forest {
    /// Roots and edges that the kinds decide; all others are taken for sync until times are compared.
    pub(super) fn class_by_kind(&mut self) {
        for at in 0..self.nodes.len() {
            let node = &self.nodes[at];
            if node.parent != NONE {
                let edge = by_kind(&self.nodes[node.parent as usize], node);
                self.nodes[at].edge = edge;
            }
        }
    }

    /// Edges by time, heads, liveness and clipping, top-down.
    pub(super) fn class_by_time(&mut self, settings: &Settings) {
        let clocks = &self.scratch.clocks;
        for &at in &self.order {
            let (parent, node) = with_parent(&mut self.nodes, at);
            let timed = node.b <= node.e;
            if !timed {
                (node.b, node.e) = (0, 0);
            }
            (node.start, node.end) = (node.b, node.e);
            if let Some(parent) = parent
                && node.edge == Edge::Sync
            {
                node.edge = by_time(clocks, parent, node, settings);
                if node.edge == Edge::Sync {
                    await_child(parent, node, timed);
                    continue;
                }
            }
            node.head = at;
            if timed {
                node.marks.set(Mark::Live);
            }
            self.heads.push(at);
        }
        let nodes = &self.nodes;
        let place = |&at: &u32| (nodes[at as usize].b, nodes[at as usize].key());
        self.heads.sort_unstable_by_key(place);
    }
}

/// A node and its parent, which is another one.
fn with_parent(nodes: &mut [Node], at: u32) -> (Option<&Node>, &mut Node) {
    let (at, parent) = (at as usize, nodes[at as usize].parent);
    if parent == NONE {
        return (None, &mut nodes[at]);
    }
    let parent = parent as usize;
    let (before, behind) = nodes.split_at_mut(at.max(parent));
    match at < parent {
        true => (Some(&behind[0]), &mut before[at]),
        false => (Some(&before[parent]), &mut behind[0]),
    }
}

fn by_time(clocks: &Clocks, parent: &Node, child: &mut Node, settings: &Settings) -> Edge {
    let beyond = child.e > parent.e.saturating_add(tolerance(parent, child, settings));
    let rpc = is_rpc(parent, child);
    if rpc && beyond && parent.bits.status() == Status::Error {
        child.marks.set(Mark::Abandoned);
    }
    let same = same_host(parent.host, child.host);
    let after = || {
        let residual = clocks.residual(parent.host, child.host);
        !same && !rpc && child.b >= parent.e.saturating_add(residual)
    };
    let detached = match settings.overflow {
        _ if child.has(Mark::Phantom) => false,
        Overflow::Clip => false,
        Overflow::Detach => beyond || after(),
        Overflow::Auto if rpc => false,
        Overflow::Auto if same => beyond,
        Overflow::Auto => after(),
    };
    if !detached {
        return Edge::Sync;
    }
    child.marks.set(Mark::Detached);
    Edge::Detached
}

/// Joins an awaited child to its parent's unit, and cuts it to the parent if both take part.
fn await_child(parent: &Node, child: &mut Node, timed: bool) {
    child.head = parent.head;
    if child.has(Mark::Abandoned) || parent.has(Mark::InAbandoned) {
        child.marks.set(Mark::InAbandoned);
    }
    if !timed || !parent.is_live() {
        return;
    }
    let (start, end) = (child.b.max(parent.start), child.e.min(parent.end));
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

fn by_kind(parent: &Node, child: &Node) -> Edge {
    let same = same_host(parent.host, child.host);
    let inside = child.b <= child.e && parent.b <= child.b && child.e <= parent.e;
    let message = child.kind() == Kind::Consumer && (parent.kind() == Kind::Producer || !(same && inside));
    let follow_up = child.bits.has(Flag::FollowsFrom) || parent.kind() == Kind::Producer && !same;
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

//! Whether a parent waits for a child: by kind first, then by time; and what of it lies inside its parent.

use hotspan_model::{Flag, Kind, Status};

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
        for place in 0..self.order.len() {
            let at = self.order[place];
            let mut node = self.nodes[at as usize];
            let timed = node.b <= node.e;
            if !timed {
                (node.b, node.e) = (0, 0);
            }
            (node.start, node.end) = (node.b, node.e);
            if node.parent != NONE {
                let parent = self.nodes[node.parent as usize];
                if node.edge == Edge::Sync {
                    node.edge = self.by_time(&parent, &mut node, settings);
                }
                if node.edge == Edge::Sync {
                    node.head = parent.head;
                    if timed && parent.is_live() {
                        self.clip(&parent, &mut node);
                    }
                    if node.has(Mark::Abandoned) || parent.has(Mark::InAbandoned) {
                        node.marks.set(Mark::InAbandoned);
                    }
                }
            }
            if node.edge != Edge::Sync {
                node.head = at;
                self.heads.push(at);
                if timed {
                    node.marks.set(Mark::Live);
                }
            }
            self.nodes[at as usize] = node;
        }
        let nodes = &self.nodes;
        let place = |&at: &u32| (nodes[at as usize].b, nodes[at as usize].key());
        self.heads.sort_unstable_by_key(place);
    }

    fn by_time(&mut self, parent: &Node, child: &mut Node, settings: &Settings) -> Edge {
        let beyond = child.e > parent.e.saturating_add(tolerance(parent, child, settings));
        let rpc = is_rpc(parent, child);
        if rpc && beyond && parent.bits.status() == Status::Error {
            child.marks.set(Mark::Abandoned);
        }
        let same = same_host(parent.host, child.host);
        let awaited = child.has(Mark::Phantom);
        let detached = match settings.overflow {
            Overflow::Clip => false,
            _ if awaited => false,
            Overflow::Detach => beyond || self.starts_after(parent, child),
            Overflow::Auto if rpc => false,
            Overflow::Auto if same => beyond,
            Overflow::Auto => self.starts_after(parent, child),
        };
        if !detached {
            return Edge::Sync;
        }
        child.marks.set(Mark::Detached);
        Edge::Detached
    }

    fn starts_after(&self, parent: &Node, child: &Node) -> bool {
        !same_host(parent.host, child.host)
            && !is_rpc(parent, child)
            && child.b >= parent.e.saturating_add(self.residual(parent.host, child.host))
    }

    /// Cuts a live awaited child to its live parent.
    fn clip(&mut self, parent: &Node, child: &mut Node) {
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
        Tolerance::Auto | Tolerance::Percent(_) => step_of(parent).max(step_of(child)),
    }
}

/// Step of a node's clock in nanoseconds.
pub(super) fn step_of(node: &Node) -> i64 {
    1_000_i64.pow(u32::from(node.step))
}

//! The two orders of children, and how far they may overlap.

use std::cmp::Reverse;

use hotspan_model::{MILLION, Millionths};

use super::edges::STEPS;
use super::{Edge, Forest, Node, same_host};
use crate::{Settings, Tolerance};

impl Forest {
    /// Sorts every range of children: live awaited ones first, in both orders.
    pub(super) fn sort_children(&mut self) {
        self.live.clear();
        self.live.resize(self.nodes.len(), 0);
        for at in 0..self.nodes.len() {
            let range = self.range(at as u32);
            if range.is_empty() {
                continue;
            }
            let nodes = &self.nodes;
            let takes_part = |&child: &u32| {
                let node = &nodes[child as usize];
                node.edge == Edge::Sync && node.is_live()
            };
            let children = &mut self.by_start[range];
            let live = partition(children, takes_part);
            self.live[at] = live as u32;
            if live == children.len() && is_sequence(nodes, children) {
                continue;
            }
            let by_start = |&child: &u32| {
                let node: &Node = &nodes[child as usize];
                (node.start, node.end, node.key())
            };
            children[..live].sort_unstable_by_key(by_start);
            children[live..].sort_unstable_by_key(by_start);
        }
        self.by_end.clear();
        self.by_end.extend_from_slice(&self.by_start);
        for at in 0..self.nodes.len() as u32 {
            let range = self.range(at);
            let live = self.live[at as usize] as usize;
            if live < 2 {
                continue;
            }
            let nodes = &self.nodes;
            let children = &mut self.by_end[range][..live];
            let sequence = is_sequence(nodes, children);
            children.reverse();
            if sequence {
                continue;
            }
            children.sort_unstable_by_key(|&child| {
                let node = &nodes[child as usize];
                (Reverse(node.end), node.start, node.key())
            });
        }
    }

    /// Gives nodes other times, as start and end after `from`. Whatever else depends on times stays as it is.
    pub(crate) fn restage(&mut self, from: i64, times: &[Option<(u64, u64)>]) {
        let moment = |offset: u64| from.saturating_add_unsigned(offset);
        for (node, time) in self.nodes.iter_mut().zip(times) {
            if let &Some((start, end)) = time {
                (node.start, node.end) = (moment(start), moment(end));
            }
        }
        self.sort_children();
    }

    /// Sets the tolerance of every parent.
    pub(super) fn set_tolerance(&mut self, settings: &Settings) {
        for at in 0..self.nodes.len() {
            if self.live[at] == 0 {
                continue;
            }
            let node = &self.nodes[at];
            let length = node.end - node.start;
            self.nodes[at].tolerance = match settings.tolerance {
                Tolerance::Fixed(fixed) => i64::try_from(fixed.0).unwrap_or(i64::MAX),
                Tolerance::Percent(share) => below(share, length),
                Tolerance::Auto => self.clock_tolerance(at as u32).min(length / 10),
            };
        }
    }

    fn clock_tolerance(&self, at: u32) -> i64 {
        let parent = self.node(at);
        let (mut step, mut residual) = (None, 0);
        for &child in self.by_start(at) {
            let child = self.node(child);
            if child.end > child.start {
                step = step.max(Some(child.step));
                if !same_host(parent.host, child.host) {
                    residual = residual.max(self.scratch.clocks.residual(parent.host, child.host));
                }
            }
        }
        step.map_or(0, |step| STEPS[usize::from(step)].saturating_add(residual))
    }
}

/// Whether each begins and ends later than the one before: their order is then the same by start and by end.
fn is_sequence(nodes: &[Node], children: &[u32]) -> bool {
    let mut last = (i64::MIN, i64::MIN);
    children.iter().all(|&child| {
        let node = &nodes[child as usize];
        let (start, end) = std::mem::replace(&mut last, (node.start, node.end));
        start < node.start && end < node.end
    })
}

/// The largest whole number below this share of `length`.
fn below(share: Millionths, length: i64) -> i64 {
    let parts = i128::from(length) * i128::from(share.0);
    let whole = (parts + i128::from(MILLION) - 1) / i128::from(MILLION) - 1;
    i64::try_from(whole.max(0)).unwrap_or(i64::MAX)
}

/// Moves what passes `test` to the front; answers how many did.
fn partition(list: &mut [u32], test: impl Fn(&u32) -> bool) -> usize {
    let mut passed = 0;
    for at in 0..list.len() {
        if test(&list[at]) {
            list.swap(at, passed);
            passed += 1;
        }
    }
    passed
}

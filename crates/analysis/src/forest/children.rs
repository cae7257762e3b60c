//! The two orders of children, and how far they may overlap.

use std::cmp::Reverse;

use hotspan_model::{MILLION, Millionths};

use super::edges::STEPS;
use super::skew::Clocks;
use super::{Forest, Node, same_host};
use crate::{Settings, Tolerance};

impl Forest {
    /// Sorts the children of a node, of which those that take part in its path come first, in both orders. `sequence`
    /// when those begin and end one after the other already.
    pub(super) fn sort_children(&mut self, at: u32, sequence: bool) {
        let nodes = &self.nodes;
        let family = self.families[at as usize];
        let by_start = |&child: &u32| {
            let node: &Node = &nodes[child as usize];
            (node.start, node.end, node.key())
        };
        if !sequence {
            self.order[family.live()].sort_unstable_by_key(by_start);
        }
        if family.live < family.all {
            let dead = family.live().end..family.all().end;
            self.order[dead].sort_unstable_by_key(by_start);
        }
        let by_end = &mut self.by_end[family.live()];
        let by_start = self.order[family.live()].iter().rev();
        by_end
            .iter_mut()
            .zip(by_start)
            .for_each(|(place, &child)| *place = child);
        if !sequence {
            by_end.sort_unstable_by_key(|&child| {
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
        for at in 0..self.nodes.len() as u32 {
            if self.families[at as usize].all > 0 {
                self.sort_children(at, false);
            }
        }
    }
}

/// What the clocks of some siblings allow: the coarsest step, and how far they may be from their parent's.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Allowance {
    /// One more than the step; 0 for none.
    step: u8,
    residual: i64,
}

impl Allowance {
    /// One more sibling; a moment says nothing.
    pub(super) fn add(&mut self, clocks: &Clocks, parent: &Node, child: &Node) {
        if child.end <= child.start {
            return;
        }
        self.step = self.step.max(child.step + 1);
        if !same_host(parent.host, child.host) {
            self.residual = self.residual.max(clocks.residual(parent.host, child.host));
        }
    }

    /// How far the siblings may overlap and still count as one after the other.
    pub(super) fn tolerance(self, parent: &Node, settings: &Settings) -> i64 {
        let length = parent.end - parent.start;
        let by_clocks = |step: u8| STEPS[usize::from(step)].saturating_add(self.residual);
        match settings.tolerance {
            Tolerance::Fixed(fixed) => i64::try_from(fixed.0).unwrap_or(i64::MAX),
            Tolerance::Percent(share) => below(share, length),
            Tolerance::Auto => self.step.checked_sub(1).map_or(0, by_clocks).min(length / 10),
        }
    }
}

/// The largest whole number below this share of `length`.
fn below(share: Millionths, length: i64) -> i64 {
    let parts = i128::from(length) * i128::from(share.0);
    let whole = (parts + i128::from(MILLION) - 1) / i128::from(MILLION) - 1;
    i64::try_from(whole.max(0)).unwrap_or(i64::MAX)
}

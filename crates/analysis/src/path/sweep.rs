//! One backward pass over a unit: from its end, always to the child that ended last before.

use hotspan_model::Cause;

use super::cause::cause;
use super::{Path, Segment};
use crate::{Forest, NONE, Node};

/// One span that is being walked through, from its end backwards.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub node: u32,
    /// Next child to look at, in order of ends.
    pub next: u32,
    /// The child walked through last; its start is where the walk stands.
    pub right: u32,
    /// A child that still ran then is no predecessor.
    pub selection: i64,
}

impl Path {
    pub(super) fn push_frame(&mut self, node: u32, selection: i64) {
        self.frames.push(Frame {
            node,
            next: 0,
            right: NONE,
            selection,
        });
    }

    /// Walks through all frames from `edge` backwards; emits nothing before `floor`. Answers where it arrived.
    pub(super) fn run(&mut self, forest: &Forest, mut edge: i64, floor: i64) -> i64 {
        while let Some(&Frame { node: at, .. }) = self.frames.last() {
            edge = self.walk_through(forest, edge, floor);
            let deeper = self.frames.last().is_some_and(|frame| frame.node != at);
            if !deeper {
                self.leave(at);
            }
        }
        edge
    }

    /// Walks through the top frame as far as its start, or into the next child that has children itself.
    fn walk_through(&mut self, forest: &Forest, mut edge: i64, floor: i64) -> i64 {
        let Some(&frame) = self.frames.last() else {
            return edge;
        };
        let (at, node, children) = (frame.node, forest.node(frame.node), forest.by_end(frame.node));
        let Frame {
            mut next,
            mut right,
            mut selection,
            ..
        } = frame;
        let mut below = 0;
        while let Some(&left) = children.get(next as usize) {
            next += 1;
            let child = forest.node(left);
            let reach = selection.saturating_add(node.tolerance);
            if child.start >= child.end || child.start >= edge || child.end > reach {
                continue;
            }
            if child.end < edge {
                let cause = self.cause(forest, node, Some(child), right);
                self.emit(at, cause, child.end.max(floor), edge);
                edge = child.end;
            }
            (right, selection) = (left, child.start);
            if !forest.is_leaf(left) {
                self.times[at as usize].subtree += below;
                if let Some(frame) = self.frames.last_mut() {
                    *frame = Frame {
                        next,
                        right,
                        selection,
                        ..*frame
                    };
                }
                self.push_frame(left, child.end);
                return edge;
            }
            // A leaf needs no frame of its own.
            let cause = self.cause(forest, child, None, NONE);
            let own = self.emit(left, cause, child.start.max(floor), edge);
            self.times[left as usize].subtree += own;
            below += own;
            edge = child.start;
        }
        self.times[at as usize].subtree += below;
        if node.start < edge {
            let cause = self.cause(forest, node, None, right);
            self.emit(at, cause, node.start.max(floor), edge);
            edge = node.start;
        }
        edge
    }

    #[inline]
    fn cause(&self, forest: &Forest, node: &Node, left: Option<&Node>, right: u32) -> Cause {
        match self.without_causes {
            true => Cause::OwnTime,
            false => cause(forest, node, left, right),
        }
    }

    /// Adds a segment, unless it is empty; answers its length.
    pub(super) fn emit(&mut self, node: u32, cause: Cause, start: i64, end: i64) -> i64 {
        if start >= end {
            return 0;
        }
        self.times[node as usize].own += end - start;
        self.segments.push(Segment {
            node,
            cause,
            start,
            end,
        });
        end - start
    }

    fn leave(&mut self, at: u32) {
        self.frames.pop();
        let times = &mut self.times[at as usize];
        times.subtree += times.own;
        let subtree = times.subtree;
        if let Some(parent) = self.frames.last() {
            self.times[parent.node as usize].subtree += subtree;
        }
    }
}

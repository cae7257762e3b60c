//! One backward pass over a unit: from its end, always to the child that ended last before.

use hotspan_model::Cause;

use super::{Path, Segment};
use crate::{Forest, NONE};

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
        while let Some(frame) = self.frames.last_mut() {
            let (at, right) = (frame.node, frame.right);
            let left = predecessor(forest, frame, edge);
            let until = left.map_or(forest.node(at).start, |child| forest.node(child).end);
            if until < edge {
                let cause = super::cause::cause(forest, at, left, right);
                self.emit(at, cause, until.max(floor), edge);
                edge = until;
            }
            match left {
                Some(child) => self.push_frame(child, forest.node(child).end),
                None => self.leave(at),
            }
        }
        edge
    }

    pub(super) fn emit(&mut self, node: u32, cause: Cause, start: i64, end: i64) {
        if start < end {
            self.own[node as usize] += end - start;
            self.segments.push(Segment {
                node,
                cause,
                start,
                end,
            });
        }
    }

    fn leave(&mut self, at: u32) {
        self.frames.pop();
        self.subtree[at as usize] += self.own[at as usize];
        if let Some(parent) = self.frames.last() {
            self.subtree[parent.node as usize] += self.subtree[at as usize];
        }
    }
}

/// The next child that ended by the selection, begins before `edge` and is not empty; each is looked at once.
fn predecessor(forest: &Forest, frame: &mut Frame, edge: i64) -> Option<u32> {
    let reach = frame.selection.saturating_add(forest.node(frame.node).tolerance);
    let children = &forest.by_end(frame.node)[frame.next as usize..];
    for &child in children {
        frame.next += 1;
        let node = forest.node(child);
        if node.start < node.end && node.start < edge && node.end <= reach {
            frame.selection = node.start;
            frame.right = child;
            return Some(child);
        }
    }
    None
}

//! The critical path of one unit: which span's time is the unit's time, moment by moment.

use hotspan_model::{Cause, Nanos};

use crate::Forest;

/// A piece of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Whose time it is.
    pub node: u32,
    /// Why.
    pub cause: Cause,
    /// From, as an offset in ns.
    pub start: i64,
    /// Up to.
    pub end: i64,
}

/// The path of one unit, or the completion path. Buffers are reused.
#[derive(Debug, Default)]
pub struct Path {
    segments: Vec<Segment>,
    own: Vec<i64>,
    subtree: Vec<i64>,
}

impl Path {
    /// The response path of the unit under `head`.
    pub fn sweep(&mut self, forest: &Forest, head: u32) {
        let _ = head;
        self.clear(forest);
    }

    /// The completion path: until all work that the primary root caused is done.
    pub fn completion(&mut self, forest: &Forest) {
        self.clear(forest);
    }

    fn clear(&mut self, forest: &Forest) {
        self.segments.clear();
        self.own.clear();
        self.own.resize(forest.nodes().len(), 0);
        self.subtree.clear();
        self.subtree.resize(forest.nodes().len(), 0);
    }

    /// Its pieces, latest first: contiguous, disjoint, none empty.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Path time of the node itself.
    pub fn own(&self, node: u32) -> Nanos {
        Nanos(u64::try_from(self.own[node as usize]).unwrap_or(0))
    }

    /// Path time of the node and all that is below it.
    pub fn subtree(&self, node: u32) -> Nanos {
        Nanos(u64::try_from(self.subtree[node as usize]).unwrap_or(0))
    }
}

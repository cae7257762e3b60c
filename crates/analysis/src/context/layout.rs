//! The nodes of a forest in one canonical order, in which a subtree is a range.

use crate::{Forest, NONE, Node};

/// Where a node stands in the order: parents before children, siblings by time. The subtree of place `p` is
/// `p..end(p)`.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    nodes: Vec<u32>,
    places: Vec<u32>,
    ends: Vec<u32>,
    parents: Vec<u32>,
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
    pub children: &'a [u32],
}

impl Layout {
    /// All nodes in order.
    pub(super) fn visits<'a>(&'a self, forest: &'a Forest) -> impl Iterator<Item = Visit<'a>> {
        let places = (0..).zip(self.nodes.iter().zip(&self.parents));
        places.map(|(place, (&at, &above))| Visit {
            place,
            at,
            node: forest.node(at),
            above,
            children: forest.children(at),
        })
    }

    pub(super) fn build(&mut self, forest: &Forest) {
        let count = forest.nodes().len();
        for list in [
            &mut self.nodes,
            &mut self.places,
            &mut self.ends,
            &mut self.parents,
        ] {
            list.clear();
            list.resize(count, NONE);
        }
        self.measure(forest);
        let mut next = 0;
        for &root in forest.roots() {
            next = self.put(root, next, NONE);
        }
        // Parents have their places before their children look for theirs.
        for &at in forest.top_down() {
            let place = self.places[at as usize];
            let mut next = place + 1;
            for &child in forest.children(at) {
                next = self.put(child, next, place);
            }
        }
    }

    fn measure(&mut self, forest: &Forest) {
        self.sizes.clear();
        self.sizes.resize(forest.nodes().len(), 1);
        for &at in forest.top_down().iter().rev() {
            if let Some(parent) = forest.node(at).parent() {
                self.sizes[parent as usize] += self.sizes[at as usize];
            }
        }
    }

    /// Puts a node at a place; where its next sibling stands.
    fn put(&mut self, node: u32, place: u32, parent: u32) -> u32 {
        let end = place + self.sizes[node as usize];
        self.places[node as usize] = place;
        self.nodes[place as usize] = node;
        self.parents[place as usize] = parent;
        self.ends[place as usize] = end;
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
        self.ends[place as usize]
    }

    /// Place of the parent, or [`NONE`].
    pub(crate) fn parent(&self, place: u32) -> u32 {
        self.parents[place as usize]
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

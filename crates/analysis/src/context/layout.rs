//! The nodes of a forest in one canonical order, in which a subtree is a range.

use crate::{Forest, NONE};

/// Where a node stands in the order: parents before children, siblings by time. The subtree of place `p` is
/// `p..end(p)`.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    nodes: Vec<u32>,
    places: Vec<u32>,
    ends: Vec<u32>,
    parents: Vec<u32>,
    /// Nodes to be entered, the next one last, and the places of their parents.
    stack: Vec<(u32, u32)>,
}

impl Layout {
    pub(super) fn build(&mut self, forest: &Forest) {
        let count = forest.nodes().len();
        self.nodes.clear();
        self.ends.clear();
        self.parents.clear();
        self.places.clear();
        self.places.resize(count, NONE);
        self.stack.clear();
        self.stack
            .extend(forest.roots().iter().rev().map(|&root| (root, NONE)));
        while let Some((node, parent)) = self.stack.pop() {
            let place = self.nodes.len() as u32;
            self.places[node as usize] = place;
            self.nodes.push(node);
            self.ends.push(place + 1);
            self.parents.push(parent);
            let children = forest.children(node).iter().rev();
            self.stack.extend(children.map(|&child| (child, place)));
        }
        for place in (0..self.nodes.len()).rev() {
            let end = self.ends[place];
            if let Some(above) = self.ends.get_mut(self.parents[place] as usize) {
                *above = end.max(*above);
            }
        }
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

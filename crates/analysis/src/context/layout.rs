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
        for &root in forest.roots() {
            self.visit(forest, root);
        }
    }

    fn visit(&mut self, forest: &Forest, root: u32) {
        self.enter(root, NONE);
        self.stack.push((root, 0));
        while let Some((node, next)) = self.stack.last_mut() {
            let place = self.places[*node as usize];
            match forest.children(*node).get(*next as usize) {
                Some(&child) => {
                    *next += 1;
                    self.enter(child, place);
                    if forest.children(child).is_empty() {
                        continue;
                    }
                    self.stack.push((child, 0));
                }
                None => {
                    self.ends[place as usize] = self.nodes.len() as u32;
                    self.stack.pop();
                }
            }
        }
    }

    fn enter(&mut self, node: u32, parent: u32) {
        let place = self.nodes.len() as u32;
        self.places[node as usize] = place;
        self.nodes.push(node);
        self.ends.push(place + 1);
        self.parents.push(parent);
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

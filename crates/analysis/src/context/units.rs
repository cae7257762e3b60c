//! Units: sync trees, whether somebody waits for them, and their critical paths.

use hotspan_model::{Kind, Nanos};

use super::layout::Layout;
use crate::{Edge, Forest, Mark, NONE, Path};

/// Critical-path time of every span in its own unit.
#[derive(Debug, Default)]
pub(crate) struct Units {
    /// By node: its own.
    own: Vec<i64>,
    /// By node: its own and that of all below it in the same unit.
    subtree: Vec<i64>,
    path: Path,
}

impl Units {
    pub(super) fn build(&mut self, forest: &Forest, layout: &Layout) {
        self.own.clear();
        self.own.resize(forest.nodes().len(), 0);
        for &head in forest.heads() {
            if forest.by_end(head).is_empty() {
                let node = forest.node(head);
                self.own[head as usize] = if node.is_live() { node.end - node.start } else { 0 };
                continue;
            }
            self.path.sweep(forest, head);
            for piece in self.path.segments() {
                self.own[piece.node as usize] += piece.end - piece.start;
            }
        }
        self.subtree.clear();
        self.subtree.extend_from_slice(&self.own);
        for (place, &at) in layout.nodes().iter().enumerate().rev() {
            let parent = layout.parent(place as u32);
            if parent != NONE && forest.node(at).is_awaited() {
                self.subtree[layout.node(parent) as usize] += self.subtree[at as usize];
            }
        }
    }

    /// Path time of the node itself.
    pub(crate) fn own(&self, node: u32) -> Nanos {
        Nanos(u64::try_from(self.own[node as usize]).unwrap_or(0))
    }

    /// Path time of the node and all that is below it in its unit.
    pub(crate) fn subtree(&self, node: u32) -> Nanos {
        Nanos(u64::try_from(self.subtree[node as usize]).unwrap_or(0))
    }
}

/// Whether somebody waits for the unit under `head`: it answers a request. A placeholder answers what its first
/// child answers.
pub(crate) fn is_awaited(forest: &Forest, head: u32) -> bool {
    let node = forest.node(head);
    if node.edge != Edge::Root {
        return false;
    }
    match node.has(Mark::Phantom) {
        false => node.kind() == Kind::Server,
        true => {
            let mut children = forest.children(head).iter().map(|&child| forest.node(child));
            children.next().is_some_and(|child| child.kind() != Kind::Consumer)
        }
    }
}

//! Units: sync trees, whether somebody waits for them, and their critical paths.

use hotspan_model::Kind;

use crate::{Edge, Forest, Mark, Path};

/// Sweeps every unit of `forest` into `path`.
pub(crate) fn sweep(path: &mut Path, forest: &Forest) {
    path.begin(forest);
    for &head in forest.heads() {
        path.sweep(forest, head);
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
            children
                .next()
                .is_some_and(|child| child.kind() != Kind::Consumer)
        }
    }
}

//! Units: sync trees, whether somebody waits for them, and their critical paths.

use hotspan_model::{Class, Kind};

use crate::{Edge, Forest, Mark, Path};

/// Sweeps every unit of `forest` into `path`.
pub(crate) fn sweep(path: &mut Path, forest: &Forest) {
    path.begin(forest);
    for &head in forest.heads() {
        path.sweep(forest, head);
    }
}

/// How many wrappers above a server span are looked through.
const WRAPPERS_MAX: usize = 16;

/// Whether somebody waits for the unit under `head`: it answers a request.
pub(crate) fn is_awaited(forest: &Forest, head: u32) -> bool {
    let node = forest.node(head);
    let kind = rooted_in(forest, head);
    node.edge == Edge::Root && (kind == Kind::Server || node.has(Mark::Phantom) && kind != Kind::Consumer)
}

/// The kind of the span that a unit is rooted in: placeholders answer what their first child answers, and a wrapper
/// what its only child does.
pub(crate) fn rooted_in(forest: &Forest, head: u32) -> Kind {
    let mut at = head;
    for _ in 0..WRAPPERS_MAX {
        let node = forest.node(at);
        at = match *forest.children(at) {
            [first, ..] if node.has(Mark::Phantom) => first,
            [only] if node.class() == Class::Internal => only,
            _ => break,
        };
    }
    forest.node(at).kind()
}

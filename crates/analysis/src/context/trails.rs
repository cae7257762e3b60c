//! Trails: how places were reached from the roots of their segments. Few traces have operations that only these keep
//! apart, so they are made when they are first asked for.

use hotspan_model::{Class, Symbol};

use super::layout::Layout;
use super::segments::Segments;
use crate::{Forest, NONE, Node};

/// How one place was reached.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trail {
    /// Hash of the operations from the segment root down to it, runs of one operation folded.
    pub path: u64,
    /// The same without transparent spans.
    pub clear_path: u64,
    /// Last operation of `path`, 0 for none.
    tail: u32,
    /// Last operation of `clear_path`, 0 for none.
    clear_tail: u32,
    /// An INTERNAL span that its only child fills.
    pub transparent: bool,
}

/// The trails of one trace by place, of those that something hangs from.
#[derive(Debug, Default)]
pub(super) struct Trails {
    rows: Vec<Trail>,
    are_made: bool,
}

impl Trails {
    /// Forgets those of the trace before.
    pub(super) fn clear(&mut self) {
        self.are_made = false;
    }

    /// All of them.
    pub(super) fn of(&mut self, forest: &Forest, layout: &Layout, segments: &Segments) -> &[Trail] {
        if !self.are_made {
            self.make(forest, layout, segments);
        }
        &self.rows
    }

    fn make(&mut self, forest: &Forest, layout: &Layout, segments: &Segments) {
        self.are_made = true;
        self.rows.clear();
        self.rows.resize(layout.nodes().len(), Trail::default());
        let segment = |place: u32| segments.places[place as usize].segment;
        for (place, &at) in (0..).zip(layout.nodes()) {
            if forest.children(at).is_empty() {
                continue;
            }
            let above = layout.parent(place);
            let within = above != NONE && segment(above) == segment(place);
            let above = within.then(|| self.rows[above as usize]);
            self.rows[place as usize] = trail_of(forest, at, above);
        }
    }
}

/// Whether an INTERNAL span has one child that fills 90 % of it.
pub(super) fn is_transparent(forest: &Forest, at: u32) -> bool {
    let &[child] = forest.children(at) else {
        return false;
    };
    let (node, child): (&Node, &Node) = (forest.node(at), forest.node(child));
    let (length, inner) = (node.end - node.start, child.end - child.start);
    node.class() == Class::Internal
        && child.start >= node.start
        && child.end <= node.end
        && i128::from(inner) * 10 >= i128::from(length) * 9
}

fn trail_of(forest: &Forest, at: u32, above: Option<Trail>) -> Trail {
    let Trail {
        path,
        tail,
        clear_path,
        clear_tail,
        ..
    } = above.unwrap_or_default();
    let element = forest.node(at).operation.map_or(0, Symbol::raw);
    let transparent = is_transparent(forest, at);
    let (clear_path, clear_tail) = match transparent && above.is_some() {
        true => (clear_path, clear_tail),
        false => extend(clear_path, clear_tail, element),
    };
    let (path, tail) = extend(path, tail, element);
    Trail {
        path,
        clear_path,
        tail,
        clear_tail,
        transparent,
    }
}

/// One more element of a path; a repeat of the last one is folded, a placeholder is none.
fn extend(path: u64, tail: u32, element: u32) -> (u64, u32) {
    if element == 0 || element == tail {
        return (path, tail);
    }
    let mixed = (path.rotate_left(23) ^ u64::from(element)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 32, element)
}

//! Sibling spans that do the same: equal operations below each of them.

use hotspan_model::{Class, Visibility};

use super::argument;
use crate::context::{Context, Operation};
use crate::detectors::Findings;
use crate::detectors::family::is_by_design;

/// Siblings of one shape that are a loop.
pub(super) const SHAPES_MIN: usize = 4;

/// Most operations of a shape.
const OPERATIONS_MAX: usize = 16;

/// An outgoing operation that may be part of a shape.
#[derive(Clone, Copy, Debug)]
struct Outgoing {
    segment: u32,
    place: u32,
    at: u32,
    /// Of it and all before it.
    sum: u64,
}

/// A span and the operations below it, as a range of [`Shapes::outgoing`].
#[derive(Clone, Copy, Debug)]
struct Sibling {
    shape: u64,
    name: u32,
    from: u32,
    to: u32,
}

/// A loop: its anchor, and its operations as a range of [`Shapes::members`].
#[derive(Clone, Copy, Debug)]
struct Loop {
    anchor: u32,
    from: u32,
    to: u32,
}

/// Loops of one trace.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    /// By segment and place.
    outgoing: Vec<Outgoing>,
    /// By operation: it is no part of any shape.
    barred: Vec<bool>,
    siblings: Vec<Sibling>,
    members: Vec<u32>,
    loops: Vec<Loop>,
}

/// Whether there are enough spans, and operations in one segment, for a loop.
pub(super) fn are_possible(cx: &Context<'_>) -> bool {
    let rich = || (0..cx.segments().len() as u32).any(|segment| is_rich(cx, segment));
    cx.census().count(Class::Internal) as usize >= SHAPES_MIN && rich()
}

impl Shapes {
    /// Finds all loops.
    pub(super) fn find(&mut self, cx: &Context<'_>, out: &Findings<'_>) {
        self.loops.clear();
        self.members.clear();
        if !are_possible(cx) {
            return;
        }
        self.collect(cx, out);
        if self.outgoing.len() < 2 * SHAPES_MIN {
            return;
        }
        for &node in cx.nodes() {
            let children = cx.forest.by_start(node);
            if children.len() < SHAPES_MIN {
                continue;
            }
            self.siblings.clear();
            for &child in children {
                let sibling = self.sibling(cx, child);
                self.siblings.extend(sibling);
            }
            if self.siblings.len() >= SHAPES_MIN {
                self.compare(cx, cx.place_of(node));
            }
        }
    }

    /// Anchor and operations of each loop.
    pub(super) fn loops(&self) -> impl Iterator<Item = (u32, &[u32])> {
        let members = |found: &Loop| &self.members[found.from as usize..found.to as usize];
        self.loops.iter().map(move |found| (found.anchor, members(found)))
    }

    /// Lists the operations that shapes are made of.
    fn collect(&mut self, cx: &Context<'_>, out: &Findings<'_>) {
        self.barred.clear();
        self.barred.resize(cx.operations().len(), false);
        for group in cx.groups().iter().filter(|group| is_by_design(group)) {
            for &at in cx.members(group) {
                self.barred[at as usize] = true;
            }
        }
        self.outgoing.clear();
        for (at, row) in (0..).zip(cx.operations()) {
            let free = !self.barred[at as usize] && !out.is_claimed(at);
            if free && row.counts() && row.weight == 1 && is_rich(cx, row.segment) {
                self.outgoing.push(Outgoing {
                    segment: row.segment,
                    place: row.place,
                    at,
                    sum: 0,
                });
            }
        }
        self.outgoing.sort_unstable_by_key(|row| (row.segment, row.place));
        let mut sum = 0_u64;
        for row in &mut self.outgoing {
            sum = sum.wrapping_add(mixed(cx.operation(row.at)));
            row.sum = sum;
        }
    }

    /// The shape of a child: which operations, in whatever order.
    fn sibling(&self, cx: &Context<'_>, child: u32) -> Option<Sibling> {
        let node = cx.forest.node(child);
        if node.class() != Class::Internal {
            return None;
        }
        let place = cx.place_of(child);
        let (segment, end) = (cx.segment_at(place), cx.end(place));
        let until = |bound: u32| {
            self.outgoing
                .partition_point(|row| (row.segment, row.place) < (segment, bound))
        };
        let (from, to) = (until(place), until(end));
        if !(2..=OPERATIONS_MAX).contains(&(to - from)) {
            return None;
        }
        let before = |at: usize| at.checked_sub(1).map_or(0, |last| self.outgoing[last].sum);
        Some(Sibling {
            shape: before(to).wrapping_sub(before(from)),
            name: name(cx, place),
            from: from as u32,
            to: to as u32,
        })
    }

    /// Keeps every set of equal siblings that is large enough.
    fn compare(&mut self, cx: &Context<'_>, anchor: u32) {
        let Shapes {
            outgoing,
            siblings,
            members,
            loops,
            ..
        } = self;
        let first_loop = loops.len();
        siblings.sort_unstable_by_key(|sibling| (sibling.shape, sibling.name, sibling.from));
        let same = siblings.chunk_by(|a, b| (a.shape, a.name) == (b.shape, b.name));
        for same in same.filter(|same| same.len() >= SHAPES_MIN) {
            let first = &outgoing[same[0].from as usize..same[0].to as usize];
            let from = members.len();
            for sibling in same {
                let own = &outgoing[sibling.from as usize..sibling.to as usize];
                members.extend(own.iter().map(|row| row.at).filter(|&at| is_once(cx, first, at)));
            }
            let each = (members.len() - from) / same.len();
            if each < 2 || !is_loop(cx, &members[from..], each) {
                members.truncate(from);
                continue;
            }
            let (from, to) = (from as u32, members.len() as u32);
            loops.push(Loop { anchor, from, to });
        }
        // Shapes are numbers of this run: the place of the first operation decides what comes first.
        loops[first_loop..].sort_unstable_by_key(|found| members[found.from as usize]);
    }
}

/// Whether an operation comes once below a sibling like `first`: what comes more often is a list of its own.
fn is_once(cx: &Context<'_>, first: &[Outgoing], at: u32) -> bool {
    let key = cx.operation(at).key();
    let same = first.iter().filter(|row| cx.operation(row.at).key() == key);
    same.count() == 1
}

/// Whether some argument is another one than the first sibling's, or cannot be seen; `each` operations a sibling.
fn is_loop(cx: &Context<'_>, members: &[u32], each: usize) -> bool {
    let (first, later) = members.split_at(each);
    later.iter().any(|&at| {
        let hidden = cx.node_of(at).bits.visibility() != Visibility::Visible;
        hidden || !first.iter().any(|&other| argument(cx, other) == argument(cx, at))
    })
}

/// Whether a segment has operations for a loop at all.
fn is_rich(cx: &Context<'_>, segment: u32) -> bool {
    let segment = cx.segment(segment);
    segment.outgoing >= 2 * SHAPES_MIN as u64 && !segment.front_end
}

/// What a span does, as a number; wrappers are looked through.
fn name(cx: &Context<'_>, mut place: u32) -> u32 {
    while cx.is_transparent(place) {
        // The only child comes next.
        let inner = cx.node_at(place + 1);
        if inner.class() != Class::Internal {
            break;
        }
        place += 1;
    }
    cx.node_at(place).operation.map_or(0, hotspan_model::Symbol::raw)
}

/// A number for an operation's template whose sum tells sets of them apart.
fn mixed(row: &Operation) -> u64 {
    let key = row.key().wrapping_add(0x9e37_79b9_7f4a_7c15);
    let key = (key ^ key >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let key = (key ^ key >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ key >> 31
}

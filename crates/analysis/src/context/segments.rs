//! Segments: the spans of one service below one server or consumer span (or unit root), down to the next.

use hotspan_model::{Class, Kind, Symbol};

use super::layout::Visit;
use super::sources::Sources;
use crate::{Edge, Forest, Mark, Marks, NONE, Node};

/// One segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    /// Place of its root.
    pub root: u32,
    /// The segment its root hangs in, or [`NONE`].
    pub parent: u32,
    /// Its service.
    pub service: Symbol,
    /// The segment operation.
    pub operation: Symbol,
    /// Outgoing operations before its root.
    pub operations_before: u32,
    /// Interval of its root, in offsets.
    pub start: i64,
    /// See `start`.
    pub end: i64,
    /// It is a browser's or a phone's.
    pub front_end: bool,
    /// Outgoing operations in it, by weight.
    pub outgoing: u64,
}

impl Segment {
    /// Whether its real root was lost: it hangs from a placeholder, and is not entered itself.
    pub(crate) fn is_headless(&self, forest: &Forest, root: &Node) -> bool {
        let entered = matches!(root.kind(), Kind::Server | Kind::Consumer);
        let orphan = root
            .parent()
            .is_some_and(|parent| forest.node(parent).has(Mark::Phantom));
        !entered && (orphan || root.has(Mark::Phantom))
    }

    /// Duration of its root.
    pub(crate) fn length(&self) -> u64 {
        u64::try_from(self.end - self.start).unwrap_or(0)
    }
}

/// What segments say about one place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Its segment, or [`NONE`] for a placeholder without one.
    pub segment: u32,
    /// Slot of its source, or [`NONE`].
    pub source: u32,
}

/// The segments of one trace, and which place is in which.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    pub rows: Vec<Segment>,
    pub places: Vec<Place>,
}

impl Segments {
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.places.clear();
    }

    /// Finds the segment of a place, which it answers; those before have theirs.
    #[inline]
    pub(super) fn visit(
        &mut self,
        forest: &Forest,
        visit: Visit<'_>,
        (source, before): (u32, u32),
        sources: &Sources,
    ) -> u32 {
        let inherited = match visit.above {
            NONE => NONE,
            above => self.places[above as usize].segment,
        };
        let segment = match self.starts(visit.node, inherited) {
            true => self.open(forest, visit, inherited, (source, before), sources),
            false => inherited,
        };
        self.places.push(Place { segment, source });
        segment
    }

    /// Whether no segment begins at a place.
    #[inline]
    pub(super) fn is_inside(&self, place: u32) -> bool {
        self.rows.last().is_none_or(|last| last.root != place)
    }

    /// The next place is like the last one, which it answers.
    #[inline]
    pub(super) fn again(&mut self) -> Place {
        let last = self.places[self.places.len() - 1];
        self.places.push(last);
        last
    }

    /// Whether a segment begins at a node whose parent is in segment `inherited`.
    fn starts(&self, node: &Node, inherited: u32) -> bool {
        if inherited == NONE || is_entry(node) {
            return true;
        }
        let above = &self.rows[inherited as usize];
        if node.service.is_some_and(|service| service != above.service) {
            return true;
        }
        // A call that outlives its parent still belongs; so does a handler that ends a little late. What mostly
        // runs after the answer is a unit of work of its own.
        let is_head = matches!(node.edge, Edge::Async | Edge::Detached);
        is_head && !node.class().is_outgoing() && node.end - above.end > above.end - node.start
    }

    fn open(
        &mut self,
        forest: &Forest,
        Visit { place, at, node, .. }: Visit<'_>,
        parent: u32,
        (source, operations_before): (u32, u32),
        sources: &Sources,
    ) -> u32 {
        // A placeholder at the top stands for the span that its first own child was made in.
        let named = match node.service {
            Some(_) => Some(node),
            None => forest
                .children(at)
                .iter()
                .map(|&child| forest.node(child))
                .find(|child| child.service.is_some() && !is_entry(child)),
        };
        let Some((service, operation)) = named.and_then(|node| node.service.zip(node.operation)) else {
            return NONE;
        };
        self.rows.push(Segment {
            root: place,
            parent,
            service,
            operation,
            operations_before,
            start: node.start,
            end: node.end,
            front_end: source != NONE && sources.row(source).front_end,
            outgoing: 0,
        });
        self.rows.len() as u32 - 1
    }
}

/// Whether a span answers a request or works on a message.
pub(crate) fn is_entry(node: &Node) -> bool {
    node.kind() == Kind::Server || matches!(node.class(), Class::Server | Class::Consumer)
}

/// Whether a span's time and count can be used (flags of normalisation, not of its sender).
pub(crate) fn is_trusted(node: &Node) -> bool {
    const DOUBT: Marks = Marks::of([
        Mark::NegativeDuration,
        Mark::NoTime,
        Mark::Implausible,
        Mark::Outside,
        Mark::Phantom,
    ]);
    node.is_live() && !node.marks.any(DOUBT)
}

//! Segments: the spans of one service below one server or consumer span (or unit root), down to the next.

use hotspan_model::{Assembled, Class, Kind, Lookup, Symbol};

use super::layout::Layout;
use super::sources::Sources;
use crate::{Edge, Forest, Mark, NONE, Node};

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

/// The segments of one trace, and which place is in which.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    pub rows: Vec<Segment>,
    pub places: Vec<Place>,
}

impl Segments {
    pub(super) fn build(
        &mut self,
        trace: &Assembled,
        forest: &Forest,
        layout: &Layout,
        sources: &mut Sources,
        dictionary: &dyn Lookup,
    ) {
        self.rows.clear();
        self.places.clear();
        for (place, &at) in layout.nodes().iter().enumerate() {
            let node = forest.node(at);
            let source = match (node.span, node.group) {
                (NONE, NONE) => NONE,
                (NONE, group) => sources.slot(trace.groups[group as usize].source, dictionary),
                (span, _) => sources.slot(trace.spans[span as usize].source, dictionary),
            };
            let above = layout.parent(place as u32);
            let above = (above != NONE).then(|| self.places[above as usize]);
            let inherited = above.map_or(NONE, |above| above.segment);
            let segment = match self.starts(node, inherited) {
                true => self.open(forest, place as u32, at, inherited, source, sources),
                false => inherited,
            };
            let within = above.filter(|above| above.segment == segment);
            self.places.push(place_of(forest, at, segment, source, within));
        }
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
        place: u32,
        at: u32,
        parent: u32,
        source: u32,
        sources: &Sources,
    ) -> u32 {
        let node = forest.node(at);
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
    let doubt = [
        Mark::NegativeDuration,
        Mark::NoTime,
        Mark::Implausible,
        Mark::Outside,
        Mark::Phantom,
    ];
    node.is_live() && !doubt.into_iter().any(|mark| node.has(mark))
}

/// Whether an INTERNAL span has one child that fills 90 % of it.
fn is_transparent(forest: &Forest, at: u32) -> bool {
    let node = forest.node(at);
    let &[child] = forest.children(at) else {
        return false;
    };
    let child = forest.node(child);
    let (length, inner) = (node.end - node.start, child.end - child.start);
    node.class() == Class::Internal
        && child.start >= node.start
        && child.end <= node.end
        && i128::from(inner) * 10 >= i128::from(length) * 9
}

fn place_of(forest: &Forest, at: u32, segment: u32, source: u32, above: Option<Place>) -> Place {
    let node = forest.node(at);
    let (path, tail, clear_path, clear_tail) = match above {
        Some(above) => (above.path, above.tail, above.clear_path, above.clear_tail),
        None => (0, 0, 0, 0),
    };
    let element = node.operation.map_or(0, Symbol::raw);
    let transparent = is_transparent(forest, at);
    let (path, tail) = extend(path, tail, element);
    let (clear_path, clear_tail) = match transparent && above.is_some() {
        true => (clear_path, clear_tail),
        false => extend(clear_path, clear_tail, element),
    };
    Place {
        segment,
        source,
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

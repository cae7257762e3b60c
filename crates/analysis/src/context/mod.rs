//! What several detectors need, computed once a trace.

mod census;
mod groups;
mod layout;
mod operations;
mod peers;
mod segments;
#[cfg(test)]
mod siblings;
mod sources;
mod tally;
mod thresholds;
mod trails;
mod units;
mod verdict;
mod wrappers;

use hotspan_model::{
    Assembled, Class, DefectKind, Extras, Flag, Knob, Lookup, Millionths, Side, SideOf, SpanId, Symbol,
    Terms, names_detector,
};

use crate::{Forest, Mark, NONE, Node, Path};

pub(crate) use groups::{Group, NearGroup, is_fast, is_near};
pub(crate) use operations::Operation;
pub(crate) use peers::decision;
pub(crate) use segments::{Place, Segment, is_trusted};
pub(crate) use sources::Source;
pub(crate) use thresholds::Thresholds;
pub(crate) use units::{is_awaited, rooted_in};
pub(crate) use verdict::{clock_step, overlap};
pub(crate) use wrappers::Wrappers;

use census::Census;
use groups::{Groups, Input};
use layout::{Layout, Visit};
use operations::Operations;
use segments::Segments;
use sources::Sources;

/// The scratch behind a [`Context`].
#[derive(Debug, Default)]
pub(crate) struct Prepared {
    census: Census,
    layout: Layout,
    sources: Sources,
    segments: Segments,
    thresholds: Thresholds,
    operations: Operations,
    groups: Groups,
    paths: Path,
    /// Calls that count, by segment and time.
    calls: Vec<u32>,
}

/// One prepared trace, as detectors see it.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub(crate) trace: &'a Assembled,
    pub(crate) forest: &'a Forest,
    pub(crate) dictionary: &'a dyn Lookup,
    /// Spans that hang below a flat wrapper, and that wrapper.
    adopted: &'a [(u32, SpanId)],
    prepared: &'a Prepared,
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("trace", &self.trace.trace)
            .finish_non_exhaustive()
    }
}

impl Prepared {
    /// One with no scratch yet, for detectors with these thresholds.
    pub(crate) fn new(thresholds: Thresholds) -> Prepared {
        Prepared {
            thresholds,
            paths: Path::without_causes(),
            ..Prepared::default()
        }
    }

    /// Prepares the first `spans` spans of `trace`, whose trees are in `forest`.
    pub(crate) fn context<'a>(
        &'a mut self,
        trace: &'a Assembled,
        spans: usize,
        forest: &'a Forest,
        dictionary: &'a dyn Lookup,
        adopted: &'a [(u32, SpanId)],
    ) -> Context<'a> {
        self.layout.build(forest);
        self.visit(trace, forest, dictionary, true);
        self.operations
            .finish(trace, forest, &self.layout, &mut self.segments, spans);
        self.thresholds
            .assign(&self.segments.rows, forest, &self.layout, dictionary);
        units::sweep(&mut self.paths, forest);
        self.list_calls(forest);
        self.groups.build(Input {
            trace,
            forest,
            layout: &self.layout,
            segments: &self.segments,
            operations: &self.operations,
            dictionary,
            thresholds: &self.thresholds,
        });
        Context {
            trace,
            forest,
            dictionary,
            adopted,
            prepared: self,
        }
    }

    /// One walk over all nodes, parents first; siblings that repeat are taken `together`, or looked at one by one.
    #[inline]
    fn visit(&mut self, trace: &Assembled, forest: &Forest, dictionary: &dyn Lookup, together: bool) {
        self.census = Census::new(trace);
        self.sources.clear(trace);
        self.segments.clear();
        self.operations.clear(trace);
        let layout = std::mem::take(&mut self.layout);
        let mut before = None;
        for visit in layout.visits(forest) {
            // What hangs from a placeholder is counted one by one.
            let again = together
                && self.census.missing() == 0
                && before.is_some_and(|before| visit.repeats(&before, trace))
                && self.segments.is_inside(visit.place - 1);
            match again {
                true => self.again(visit),
                false => self.read(trace, forest, visit, dictionary),
            }
            before = Some(visit);
        }
        self.layout = layout;
    }

    /// A node that is like none before, as far as is known.
    #[inline]
    fn read(&mut self, trace: &Assembled, forest: &Forest, visit: Visit<'_>, dictionary: &dyn Lookup) {
        let node = visit.node;
        self.census.add(visit);
        let source = match (node.span, node.group) {
            (NONE, NONE) => None,
            (NONE, group) => Some(trace.groups[group as usize].source),
            (span, _) => Some(trace.spans[span as usize].source),
        };
        let source = source.map_or(NONE, |source| {
            let slot = self.sources.slot(source, dictionary);
            // Parents come first, and are counted.
            let orphan = self.census.missing() > 0 && visit.above != NONE;
            let orphan = orphan && forest.node(node.parent).has(Mark::Phantom);
            self.sources.count(slot, trace, visit, orphan);
            slot
        });
        let before = self.operations.rows.len() as u32;
        let segment = self
            .segments
            .visit(forest, visit, (source, before), &self.sources);
        self.operations.visit(trace, visit, segment, &self.segments);
    }

    /// A node that repeats its sibling right before: whatever is found out about it but its time is the same.
    #[inline]
    fn again(&mut self, visit: Visit<'_>) {
        self.census.again(visit.node);
        let place = self.segments.again();
        self.sources.again(place.source, visit.node);
        self.operations.again(visit);
    }

    fn list_calls(&mut self, forest: &Forest) {
        self.calls.clear();
        let rows = &self.operations.rows;
        let calls = rows
            .iter()
            .enumerate()
            .filter(|(_, row)| row.class == Class::Call && row.counts());
        self.calls.extend(calls.map(|(at, _)| at as u32));
        self.calls.sort_unstable_by_key(|&at| {
            let row = &rows[at as usize];
            let node = forest.node(row.node);
            (row.segment, node.start, node.key())
        });
    }
}

impl<'a> Context<'a> {
    /// What the trace has at all.
    pub(crate) fn census(self) -> &'a Census {
        &self.prepared.census
    }

    /// A threshold in a segment.
    pub(crate) fn knob(self, segment: u32, knob: &Knob) -> u64 {
        self.prepared.thresholds.get(segment, knob)
    }

    /// No segment of this trace has a lower one.
    pub(crate) fn least(self, knob: &Knob) -> u64 {
        self.prepared.thresholds.least(knob)
    }

    /// How many operations of `class` are a repeat in a segment.
    pub(crate) fn required(self, segment: u32, class: Class) -> u64 {
        match is_fast(class) {
            true => self.prepared.thresholds.repeat_min_fast(segment),
            false => self.prepared.thresholds.repeat_min(segment),
        }
    }

    /// Groups of `class` that reach their required weight, by their first member.
    pub(crate) fn repeats(self, class: Class) -> impl Iterator<Item = &'a Group> {
        self.groups().iter().filter(move |group| group.class == class)
    }

    /// All groups, by their first member.
    pub(crate) fn groups(self) -> &'a [Group] {
        &self.prepared.groups.rows
    }

    /// Groups of `class` that nearly reach their required weight.
    pub(crate) fn near_repeats(self, class: Class) -> impl Iterator<Item = &'a NearGroup> {
        let near = self.prepared.groups.near.iter();
        near.filter(move |group| group.class == class)
    }

    /// Members of a group, in order of time.
    pub(crate) fn members(self, group: &Group) -> &'a [u32] {
        self.prepared.groups.members_of(group)
    }

    /// Operations that members of a group stand for.
    pub(crate) fn doubled(self, group: &Group) -> &'a [u32] {
        self.prepared.groups.doubled_of(group)
    }

    /// All outgoing operations, in canonical order.
    pub(crate) fn operations(self) -> &'a [Operation] {
        &self.prepared.operations.rows
    }

    /// One of them.
    pub(crate) fn operation(self, at: u32) -> &'a Operation {
        &self.prepared.operations.rows[at as usize]
    }

    /// The operation at a place, if it is one.
    pub(crate) fn operation_at(self, place: u32) -> Option<&'a Operation> {
        self.prepared.operations.at(place)
    }

    /// Number of the operation at a place, if it is one.
    pub(crate) fn operation_index(self, place: u32) -> Option<u32> {
        self.prepared.operations.index(place)
    }

    /// Outgoing operations at a place and below it, in canonical order.
    pub(crate) fn operations_below(self, place: u32) -> &'a [Operation] {
        let (rows, end) = (self.operations(), self.prepared.layout.end(place));
        let from = rows.partition_point(|row| row.place < place);
        let to = rows.partition_point(|row| row.place < end);
        &rows[from..to]
    }

    /// Calls that count, segment by segment, each in order of time.
    pub(crate) fn calls(self) -> impl Iterator<Item = &'a [u32]> {
        let segment = move |at: &u32| self.operation(*at).segment;
        self.prepared.calls.chunk_by(move |a, b| segment(a) == segment(b))
    }

    /// All segments, in canonical order.
    pub(crate) fn segments(self) -> &'a [Segment] {
        &self.prepared.segments.rows
    }

    /// One of them.
    pub(crate) fn segment(self, at: u32) -> &'a Segment {
        &self.prepared.segments.rows[at as usize]
    }

    /// The node of an operation.
    pub(crate) fn node_of(self, at: u32) -> &'a Node {
        self.forest.node(self.operation(at).node)
    }

    /// The node at a place.
    pub(crate) fn node_at(self, place: u32) -> &'a Node {
        self.forest.node(self.prepared.layout.node(place))
    }

    /// All nodes, parents first, siblings by time.
    pub(crate) fn nodes(self) -> &'a [u32] {
        self.prepared.layout.nodes()
    }

    /// Place of a parent, or [`NONE`].
    pub(crate) fn parent(self, place: u32) -> u32 {
        self.prepared.layout.parent(place)
    }

    /// Whether `inner` is `outer` or below it.
    pub(crate) fn contains(self, outer: u32, inner: u32) -> bool {
        self.prepared.layout.contains(outer, inner)
    }

    /// First place behind the subtree of `place`.
    pub(crate) fn end(self, place: u32) -> u32 {
        self.prepared.layout.end(place)
    }

    /// The lowest span above both places.
    pub(crate) fn common(self, first: u32, last: u32) -> u32 {
        self.prepared.layout.common(first, last)
    }

    /// What segments say about all places, in order.
    pub(crate) fn places(self) -> &'a [Place] {
        &self.prepared.segments.places
    }

    /// Segment of a place, or [`NONE`].
    pub(crate) fn segment_at(self, place: u32) -> u32 {
        self.prepared.segments.places[place as usize].segment
    }

    /// Whether the span at a place is INTERNAL and filled by its only child.
    pub(crate) fn is_transparent(self, place: u32) -> bool {
        trails::is_transparent(self.forest, self.prepared.layout.node(place))
    }

    /// Source of a place; `None` for a placeholder.
    pub(crate) fn source_at(self, place: u32) -> Option<&'a Source> {
        let slot = self.source_slot(place);
        (slot != NONE).then(|| self.prepared.sources.row(slot))
    }

    /// Slot of the source of a place, or [`NONE`] for a placeholder; below [`Context::source_count`].
    pub(crate) fn source_slot(self, place: u32) -> u32 {
        self.prepared.segments.places[place as usize].source
    }

    /// One of the trace's sources.
    pub(crate) fn source(self, slot: u32) -> &'a Source {
        self.prepared.sources.row(slot)
    }

    /// Place of a node.
    pub(crate) fn place_of(self, node: u32) -> u32 {
        self.prepared.layout.place(node)
    }

    /// How many sources the trace has.
    pub(crate) fn source_count(self) -> usize {
        self.prepared.sources.len()
    }

    /// Critical paths of all units.
    pub(crate) fn paths(self) -> &'a Path {
        &self.prepared.paths
    }

    /// The text of a symbol.
    pub(crate) fn text(self, symbol: Symbol) -> &'a str {
        self.dictionary.text(symbol)
    }

    /// Rare attributes of a node's span.
    pub(crate) fn extras(self, node: &Node) -> Option<&'a Extras> {
        if !node.bits.has(Flag::HasSide) || node.span == NONE {
            return None;
        }
        let from = self.trace.sides.partition_point(|side| side.span < node.span);
        let mine = self.trace.sides[from..]
            .iter()
            .take_while(|side| side.span == node.span);
        mine.filter_map(|side| match &side.side {
            Side::Extras(extras) => Some(extras),
            Side::Link(_) | Side::Summary(_) => None,
        })
        .next()
    }

    /// What `hotspan.ignore` says on a node.
    pub(crate) fn ignored(self, node: &Node) -> Option<Symbol> {
        match node.bits.has(Flag::Ignored) {
            true => self.extras(node)?.ignore,
            false => None,
        }
    }

    /// Whether `hotspan.ignore` on a node names `detector`.
    pub(crate) fn ignores(self, node: &Node, detector: &str) -> bool {
        let ids = self.ignored(node);
        ids.is_some_and(|ids| names_detector(self.text(ids), detector))
    }

    /// The span that stands for a place in an answer: itself, or the nearest above it that was received.
    pub(crate) fn named(self, mut place: u32) -> Option<(u32, SpanId)> {
        loop {
            if let Some(id) = self.node_at(place).span_id() {
                return Some((place, id));
            }
            place = self.parent(place);
            if place == NONE {
                return None;
            }
        }
    }

    /// The terms of confidence that the trace itself decides, for evidence that rests on `members`.
    pub(crate) fn terms(self, members: &[u32]) -> Terms {
        self.terms_of(members.iter().map(|&at| self.node_of(at)))
    }

    /// The same for evidence that rests on these nodes.
    pub(crate) fn terms_of<'n>(self, members: impl Iterator<Item = &'n Node> + Clone) -> Terms {
        let missing = u64::from(self.census().missing());
        let found = self.forest.nodes().len() as u64 - missing;
        let of_kind = |kind: DefectKind| self.forest.defects().iter().any(|defect| defect.kind == kind);
        let corrected = || members.clone().any(|node| node.has(Mark::SkewCorrected));
        let clock = match of_kind(DefectKind::InconsistentClock) {
            true => Millionths(700_000),
            false if corrected() => Millionths(900_000),
            false => Millionths::ONE,
        };
        let is_adopted = |node: &Node| {
            self.adopted
                .binary_search_by_key(&node.span, |&(span, _)| span)
                .is_ok()
        };
        Terms {
            completeness: Millionths::ratio(found, found + missing),
            clock,
            visibility: Millionths::ONE,
            detector: match !self.adopted.is_empty() && members.clone().any(is_adopted) {
                true => Millionths(900_000),
                false => Millionths::ONE,
            },
        }
    }

    /// Rows that the last query before a group returned, when that query says so.
    pub(crate) fn rows_before(self, group: &Group) -> Option<u32> {
        let says = |side: &SideOf| matches!(&side.side, Side::Extras(extras) if extras.rows.is_some());
        if !self.trace.sides.iter().any(says) {
            return None;
        }
        let first = self.node_of(self.members(group)[0]);
        let before = self
            .operations()
            .iter()
            .filter(|row| row.segment == group.segment && row.class == Class::Db);
        let nodes = before.map(|row| self.forest.node(row.node));
        let ended = nodes.filter(|node| node.end <= first.start + verdict::clock_step(first));
        let last = ended.max_by_key(|node| (node.end, node.start, node.key()))?;
        self.extras(last)?.rows
    }
}

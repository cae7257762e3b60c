//! A trace as trees: what normalisation makes of its spans, in arrays that are reused.
//!
//! Every span that survives is one [`Node`]; so is every placeholder of a missing parent and every interval of a
//! folded group. Times are offsets in nanoseconds from [`Forest::base`]. Nodes stand in order of arrival, which
//! must not show in a result: whatever needs an order takes it from times and [`Node::key`].

mod children;
mod edges;
mod identity;
mod index;
mod infer;
mod node;
mod parents;
mod read;
mod skew;

pub use node::{Edge, Mark, Marks, NONE, Node};

use std::ops::Range;

use hotspan_model::{Assembled, Defect, DefectKind, Lookup, Nanos, Side, Span, Symbol, Timestamp};

use crate::Settings;

/// The trees of one trace. Buffers are reused: [`Forest::normalise`] clears them, nothing frees them.
#[derive(Debug, Default)]
pub struct Forest {
    nodes: Vec<Node>,
    /// Node of each span of the trace: its own, or that of the copy which was kept.
    of_span: Vec<u32>,
    /// Where the children of each node stand in `order` and `by_end`.
    families: Vec<Family>,
    /// All nodes, level by level: the children of one node stand together, those that take part in its path first,
    /// by start.
    order: Vec<u32>,
    /// At the same places, by end, those that take part.
    by_end: Vec<u32>,
    roots: Vec<u32>,
    heads: Vec<u32>,
    links: Vec<(u32, u32)>,
    primary: Option<u32>,
    base: Timestamp,
    defects: Vec<Defect>,
    /// Some node has no interval of its own.
    hollow: bool,
    /// What normalisation found out about any node.
    marks: Marks,
    scratch: Scratch,
}

/// The children of one node.
#[derive(Clone, Copy, Debug)]
struct Family {
    /// Place of the first; while children are being listed, the first of them.
    first: u32,
    /// How many there are.
    all: u32,
    /// How many take part in the path of the node; while children are being listed, the node's next sibling.
    live: u32,
}

impl Family {
    const EMPTY: Family = Family {
        first: NONE,
        all: 0,
        live: NONE,
    };

    fn all(self) -> Range<usize> {
        self.first as usize..(self.first + self.all) as usize
    }

    fn live(self) -> Range<usize> {
        self.first as usize..(self.first + self.live) as usize
    }
}

/// What one normalisation reads.
#[derive(Clone, Copy)]
struct Input<'a> {
    trace: &'a Assembled,
    spans: &'a [Span],
    dictionary: &'a dyn Lookup,
    settings: &'a Settings,
}

/// Buffers that mean nothing between two normalisations, but for the clocks, whose residuals are asked for later.
#[derive(Debug, Default)]
struct Scratch {
    /// Nodes by id, for traces in which no two share one.
    index: index::Index,
    /// Id and node, by (id, twin), where some share one; empty otherwise.
    ids: Vec<(u64, u32)>,
    run: Vec<u32>,
    /// Missing parent and child.
    missing: Vec<(u64, u32)>,
    group_order: Vec<u32>,
    /// First node of each group.
    group_first: Vec<u32>,
    search: infer::Search,
    clocks: skew::Clocks,
}

impl Scratch {
    fn clear(&mut self) {
        self.ids.clear();
        self.run.clear();
        self.missing.clear();
        self.group_order.clear();
        self.group_first.clear();
    }

    fn bytes(&self) -> usize {
        let pairs = self.ids.capacity() + self.missing.capacity();
        let indices = self.run.capacity() + self.group_order.capacity() + self.group_first.capacity();
        self.index.bytes()
            + pairs * size_of::<(u64, u32)>()
            + indices * size_of::<u32>()
            + self.search.bytes()
            + self.clocks.bytes()
    }
}

/// Said once a host, not once a span.
fn of_hosts(kind: DefectKind) -> bool {
    matches!(kind, DefectKind::SkewCorrected | DefectKind::SkewCapped)
}

/// Whether two spans share a clock, as far as is known.
fn same_host(a: Option<Symbol>, b: Option<Symbol>) -> bool {
    a == b || a.is_none() || b.is_none()
}

impl Forest {
    /// Makes the trees of `trace`, or of its first `prefix` spans: an older version. Never fails.
    pub fn normalise(
        &mut self,
        trace: &Assembled,
        prefix: Option<usize>,
        dictionary: &dyn Lookup,
        settings: &Settings,
    ) {
        let count = prefix.map_or(trace.spans.len(), |prefix| prefix.min(trace.spans.len()));
        let input = Input {
            trace,
            spans: &trace.spans[..count],
            dictionary,
            settings,
        };
        self.clear();
        self.read(&input);
        self.settle_ids(&input);
        self.read_groups(&input);
        self.find_parents(&input);
        self.arrange();
        self.measure_hollow();
        self.infer_parents();
        self.choose_primary();
        self.class_by_kind(settings);
        self.correct_clocks(&input);
        self.measure_hollow();
        self.class_by_time(settings);
        self.resolve_links(&input);
        self.list_defects();
    }

    fn clear(&mut self) {
        let Forest {
            nodes,
            of_span,
            // Made anew as a whole.
            order: _,
            by_end: _,
            families,
            roots,
            heads,
            links,
            primary,
            base,
            defects,
            hollow,
            marks,
            scratch,
        } = self;
        for list in [roots, heads, of_span] {
            list.clear();
        }
        nodes.clear();
        families.clear();
        links.clear();
        defects.clear();
        scratch.clear();
        (*primary, *base, *hollow, *marks) = (None, Timestamp(0), false, Marks::default());
    }

    fn choose_primary(&mut self) {
        self.roots.extend(
            self.order
                .iter()
                .take_while(|&&at| self.nodes[at as usize].depth == 0),
        );
        let nodes = &self.nodes;
        self.roots
            .sort_unstable_by_key(|&at| (nodes[at as usize].b, nodes[at as usize].key()));
        let real = self.roots.iter().filter(|&&at| self.is_real_root(at)).count();
        // Without a time it is shorter than any.
        let length = |at: u32| {
            nodes[at as usize]
                .e
                .checked_sub(nodes[at as usize].b)
                .unwrap_or(-1)
        };
        let candidates = self
            .roots
            .iter()
            .filter(|&&at| real == 0 || self.is_real_root(at));
        // The last of equals when counted from behind is the first by (start, key).
        self.primary = candidates.rev().copied().max_by_key(|&at| length(at));
        if real == 0 && self.primary.is_some() {
            self.defect(DefectKind::Rootless);
        } else if real > 1 {
            self.defect(DefectKind::MultiRoot);
        }
    }

    /// In-trace links of heads; a head is acausal when one of its causes starts after it.
    fn resolve_links(&mut self, input: &Input<'_>) {
        let known = input
            .trace
            .sides
            .iter()
            .take_while(|side| (side.span as usize) < input.spans.len());
        for side in known {
            let Side::Link(link) = side.side else { continue };
            let head = self.of_span[side.span as usize];
            let node = self.node(head);
            if node.head == head
                && Some(link.trace) == input.trace.trace
                && let Some((cause, _)) = self.find(input, link.span, node)
                && cause != head
            {
                self.links.push((head, cause));
            }
        }
        self.links.sort_unstable();
        self.links.dedup();
        for place in 0..self.heads.len() {
            let at = self.heads[place];
            let head = self.node(at);
            let after = |cause: u32| self.node(cause).b > head.b;
            let acausal =
                head.parent().is_some_and(after) || self.links_of(at).iter().any(|link| after(link.1));
            if acausal {
                self.nodes[at as usize].marks.set(Mark::Acausal);
                self.marks.set(Mark::Acausal);
            }
        }
    }

    /// Something that is wrong with the trace as a whole.
    fn defect(&mut self, kind: DefectKind) {
        self.defects.push(Defect { kind, span: None });
    }

    fn list_defects(&mut self) {
        if !self.marks.any_own_defect() {
            return self.defects.sort_unstable();
        }
        for node in self.nodes.iter().filter(|node| node.marks.any_own_defect()) {
            let span = node.span_id();
            let own = node.defects().filter(|&kind| !of_hosts(kind));
            self.defects.extend(own.map(|kind| Defect { kind, span }));
        }
        self.defects.sort_unstable();
    }

    /// All nodes; indices into this are what every other list holds.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// One node.
    pub fn node(&self, at: u32) -> &Node {
        &self.nodes[at as usize]
    }

    /// The node of a span of the trace by its place there; of a dropped copy, the one that was kept.
    pub fn of_span(&self, span: u32) -> u32 {
        self.of_span[span as usize]
    }

    /// All children: those on the response path of its unit first, by start; then dead, detached and async ones.
    pub fn children(&self, at: u32) -> &[u32] {
        match self.families[at as usize] {
            Family { all: 0, .. } => &[],
            family => &self.order[family.all()],
        }
    }

    /// Live awaited children, earliest start first (start, end, key): the order of replay.
    pub fn by_start(&self, at: u32) -> &[u32] {
        match self.families[at as usize] {
            Family { live: 0, .. } => &[],
            family => &self.order[family.live()],
        }
    }

    /// Whether no child takes part in the path of its unit.
    pub(crate) fn is_leaf(&self, at: u32) -> bool {
        self.families[at as usize].live == 0
    }

    /// Live awaited children, latest end first (end descending, start, key): the order of the sweep.
    pub fn by_end(&self, at: u32) -> &[u32] {
        match self.families[at as usize] {
            Family { live: 0, .. } => &[],
            family => &self.by_end[family.live()],
        }
    }

    /// All nodes, parents before their children.
    pub fn top_down(&self) -> &[u32] {
        &self.order
    }

    /// Real and fragment roots, by (start, key).
    pub fn roots(&self) -> &[u32] {
        &self.roots
    }

    /// Where sync trees hang from: roots, and lower ends of async and detached edges; by (start, key).
    pub fn heads(&self) -> &[u32] {
        &self.heads
    }

    /// The root whose path is the response path; `None` only for a trace without spans.
    pub fn primary(&self) -> Option<u32> {
        self.primary
    }

    /// The moment that offset 0 stands for.
    pub fn base(&self) -> Timestamp {
        self.base
    }

    /// The moment of an offset.
    pub fn moment(&self, offset: i64) -> Timestamp {
        Timestamp(self.base.0.saturating_add_signed(offset))
    }

    /// Duration of the primary root.
    pub fn duration(&self) -> Nanos {
        self.primary.map_or(Nanos::ZERO, |root| self.node(root).length())
    }

    /// What is wrong with the trace, sorted.
    pub fn defects(&self) -> &[Defect] {
        &self.defects
    }

    /// Bytes that its buffers hold.
    pub fn bytes(&self) -> usize {
        let lists = [&self.of_span, &self.by_end, &self.order, &self.roots, &self.heads];
        let indices: usize = lists.iter().map(|list| list.capacity()).sum();
        self.nodes.capacity() * size_of::<Node>()
            + indices * size_of::<u32>()
            + self.families.capacity() * size_of::<Family>()
            + self.links.capacity() * size_of::<(u32, u32)>()
            + self.defects.capacity() * size_of::<Defect>()
            + self.scratch.bytes()
    }

    /// In-trace links of heads: (head, node it links to), by head.
    pub fn links(&self) -> &[(u32, u32)] {
        &self.links
    }

    /// Those of one head.
    pub fn links_of(&self, head: u32) -> &[(u32, u32)] {
        let from = self.links.partition_point(|link| link.0 < head);
        let to = self.links.partition_point(|link| link.0 <= head);
        &self.links[from..to]
    }
}

#[cfg(test)]
mod tests {
    use hotspan_model::{Bits, Class, Group, Kind, SpanId};
    use hotspan_testkit::{Drawing, EPOCH};

    use super::*;

    fn read(drawing: &Drawing) -> Forest {
        let mut forest = Forest::default();
        forest.normalise(&drawing.trace, None, &drawing.dictionary, &Settings::default());
        forest
    }

    /// Nodes in tree order as `name start..end`, in ms from the epoch; `!` for those off the path.
    fn check(drawing: &Drawing, expected: &[&str]) {
        let forest = read(drawing);
        let mut stack: Vec<u32> = forest.roots().iter().rev().copied().collect();
        let mut lines = Vec::new();
        while let Some(at) = stack.pop() {
            let node = forest.node(at);
            let name = node
                .operation
                .map_or("?", |operation| drawing.dictionary.text(operation));
            let millis = |offset: i64| (forest.moment(offset).0 as i64 - EPOCH.0 as i64) / 1_000_000;
            let (start, end) = (millis(node.start), millis(node.end));
            let off = if node.is_live() { "" } else { " !" };
            lines.push(format!(
                "{}{name} {start}..{end}{off}",
                " ".repeat(node.depth as usize)
            ));
            stack.extend(forest.children(at).iter().rev());
        }
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_missing_parent_hangs_from_the_shortest_span_of_its_callers_service() {
        check(
            &Drawing::new(
                "
                shop GET /         0..100
                  internal long   10..90
                    internal near 15..60
                    price other   18..50
                shop db a         20..30 parent=77
                shop db b         30..40 parent=77
                ",
            ),
            &[
                "GET / 0..100",
                " long 10..90",
                "  near 15..60",
                "   ? 20..40",
                "    a 20..30",
                "    b 30..40",
                "  other 18..50",
            ],
        );
    }

    #[test]
    fn a_missing_parent_above_servers_or_two_services_hangs_from_the_root() {
        check(
            &Drawing::new(
                "
                shop GET /         0..100
                  internal long   10..90
                price server x    20..30 parent=77
                shop db a         40..50 parent=78
                price db b        50..60 parent=78
                ",
            ),
            &[
                "GET / 0..100",
                " long 10..90",
                " ? 20..30",
                "  x 20..30",
                " ? 40..60",
                "  a 40..50",
                "  b 50..60",
            ],
        );
    }

    #[test]
    fn a_missing_parent_beyond_the_root_is_a_fragment() {
        check(
            &Drawing::new(
                "
                shop GET /      0..100
                shop db a     150..160 parent=77
                ",
            ),
            &["GET / 0..100", "? 150..160", " a 150..160"],
        );
    }

    #[test]
    fn a_span_without_a_time_has_that_of_its_children() {
        let mut drawing = Drawing::new(
            "
            shop GET /         0..100
              internal blank  10..20
                db a          30..40
                db b          50..70
              internal empty  10..20
            ",
        );
        for at in [1, 4] {
            drawing.trace.spans[at].start = Timestamp(0);
        }
        check(
            &drawing,
            &[
                "GET / 0..100",
                " blank 30..70",
                "  a 30..40",
                "  b 50..70",
                " empty 0..0 !",
            ],
        );
    }

    #[test]
    fn strangers_with_one_id_are_leaves_of_their_own_parents() {
        check(
            &Drawing::new(
                "
                shop GET /        0..100
                  internal first 10..30 id=9
                  internal other 40..80 id=9
                shop db child    50..60 parent=9
                ",
            ),
            &["GET / 0..100", " first 10..30", "  child 50..60", " other 40..80"],
        );
    }

    #[test]
    fn intervals_of_a_group_are_siblings_and_parents_of_what_hung_from_it() {
        let mut drawing = Drawing::new(
            "
            shop GET /      0..100
              db q         10..20
            shop db below  41..43 parent=500
            ",
        );
        let interval = |b: u64, e: u64| {
            (
                Timestamp(EPOCH.0 + b * 1_000_000),
                Timestamp(EPOCH.0 + e * 1_000_000),
            )
        };
        drawing.trace.groups.push(Group {
            parent: SpanId::new(1),
            source: drawing.trace.spans[1].source,
            operation: drawing.trace.spans[1].operation,
            template: drawing.trace.spans[1].template,
            callee: drawing.trace.spans[1].callee,
            bits: Bits::new(Kind::Client, Class::Db),
            count: 7,
            errors: 0,
            sum: Nanos(0),
            intervals: vec![interval(20, 30), interval(40, 50)],
            union_approx: false,
        });
        drawing.trace.folded_parents.push((SpanId::new(500).unwrap(), 0));
        check(
            &drawing,
            &[
                "GET / 0..100",
                " q 10..20",
                " q 20..30",
                " q 40..50",
                "  below 41..43",
            ],
        );
        let kinds: Vec<_> = read(&drawing)
            .defects()
            .iter()
            .map(|defect| defect.kind.name())
            .collect();
        assert_eq!(kinds, ["compacted"]);
    }

    #[test]
    fn two_calls_that_fit_leave_clocks_alone_and_three_centre_them() {
        let call = "
              call a           10..20
                price server x 11..13 host=y
              call b           30..40
                price server x 31..33 host=y
            ";
        let two = format!("\nshop GET / 0..100 host=x{call}");
        check(
            &Drawing::new(&two),
            &[
                "GET / 0..100",
                " a 10..20",
                "  x 11..13",
                " b 30..40",
                "  x 31..33",
            ],
        );
        let three = format!("{two}  call c           50..60\n                price server x 51..53 host=y\n");
        check(
            &Drawing::new(&three),
            &[
                "GET / 0..100",
                " a 10..20",
                "  x 14..16",
                " b 30..40",
                "  x 34..36",
                " c 50..60",
                "  x 54..56",
            ],
        );
    }

    #[test]
    fn a_clock_too_far_off_is_left_alone_and_one_that_contradicts_itself_is_said_so() {
        let text = "
            shop GET /                   0..100 host=x
              call a                    10..20
                price server x      900010..900015 host=y
            ";
        let defects = |text: &str| {
            let forest = read(&Drawing::new(text));
            forest
                .defects()
                .iter()
                .map(|defect| defect.kind.name())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(defects(text), "skew_capped outside");
        let torn = "
            shop GET /             0..100 host=x
              call a              10..20
                price server x    60..65 host=y
              call b              30..40
                price server x    31..39 host=y
            ";
        assert_eq!(defects(torn), "inconsistent_clock outside");
    }

    #[test]
    fn the_same_traces_again_need_no_more_memory() {
        let texts = [
            "shop GET / 0..9\n call a 1..2\n  b server x 1..2 id=2\n db q 3..4 x40",
            "shop a 0..9\nshop b 1..2 parent=9\nshop c 1..2 id=9 parent=9",
        ];
        let drawings = texts.map(Drawing::new);
        let mut forest = Forest::default();
        let mut pass = || {
            for drawing in &drawings {
                forest.normalise(&drawing.trace, None, &drawing.dictionary, &Settings::default());
            }
            forest.bytes()
        };
        assert_eq!(pass(), pass());
    }
}

//! Spans and intervals of groups become nodes; times become offsets.

use hotspan_model::{Bits, DefectKind, Flag, Group, Lookup, Symbol};

use super::{Edge, Forest, Input, Mark, Marks, NONE, Node};

/// Later than this after the first start is no time.
const OFFSET_MAX: u64 = 1 << 62;

/// Longer than this is implausible: a day.
const PLAUSIBLE_MAX: i64 = 24 * 3_600 * 1_000_000_000;

/// Twins of intervals of groups count from here: more than any number of spans that share an id.
const GROUP_TWINS: u32 = 1 << 31;

/// A node before its span is read: without parent and without time.
pub(super) fn blank() -> Node {
    Node {
        id: 0,
        twin: 0,
        span: NONE,
        group: NONE,
        parent: NONE,
        head: NONE,
        depth: 0,
        service: None,
        host: None,
        operation: None,
        bits: Bits::default(),
        b: i64::MAX,
        e: i64::MIN,
        start: 0,
        end: 0,
        tolerance: 0,
        marks: Marks::default(),
        edge: Edge::Root,
        step: 0,
    }
}

impl Forest {
    /// One node for each span, at its place, then one for each interval of each group.
    pub(super) fn read(&mut self, input: &Input<'_>) {
        // What says no time is later than any other.
        let least = |least: u64, start: u64| least.min(start.wrapping_sub(1));
        let first = input.spans.iter().map(|span| span.start.0).fold(u64::MAX, least);
        let groups = input.trace.groups.iter().flat_map(|group| &group.intervals);
        let first = groups.map(|(start, _)| start.0).fold(first, least);
        self.base.0 = first.wrapping_add(1);
        let (base, mut marks) = (self.base.0, Marks::default());
        let mut source = Sources::default();
        self.nodes.extend((0..).zip(input.spans).map(|(at, span)| {
            let (service, host) = source.find(input.dictionary, span.source);
            let times = Times::new(base, span.start.0, span.end().0);
            let mut own = times.marks;
            if span.has(Flag::NegativeDuration) {
                own.set(Mark::NegativeDuration);
            }
            if span.has(Flag::BadParent) {
                own.set(Mark::BadParent);
            }
            marks.add(own);
            Node {
                id: span.id.get(),
                span: at,
                service: Some(service),
                host,
                operation: Some(span.operation),
                bits: span.bits,
                b: times.b,
                e: times.e,
                step: times.step,
                marks: own,
                ..blank()
            }
        }));
        self.hollow |= marks.has(Mark::NoTime);
        self.of_span.extend(0..input.spans.len() as u32);
    }

    /// Adds the intervals of groups, once the spans that are kept stand at their final places.
    pub(super) fn read_groups(&mut self, input: &Input<'_>) {
        let groups = &input.trace.groups;
        if groups.is_empty() {
            return;
        }
        self.defect(DefectKind::Compacted);
        self.scratch.group_order.extend(0..groups.len() as u32);
        let text = |group: &Group| {
            let text = |symbol| input.dictionary.text(symbol);
            (
                group.parent,
                text(group.operation),
                text(group.source),
                group.bits,
            )
        };
        self.scratch
            .group_order
            .sort_unstable_by(|&a, &b| text(&groups[a as usize]).cmp(&text(&groups[b as usize])));
        self.scratch.group_first.resize(groups.len(), NONE);
        let mut twin = GROUP_TWINS;
        for place in 0..groups.len() {
            let at = self.scratch.group_order[place];
            let group = &groups[at as usize];
            self.scratch.group_first[at as usize] = self.nodes.len() as u32;
            let source = input.dictionary.source(group.source);
            let mut common = Node {
                id: u64::MAX,
                group: at,
                service: source.map(|source| source.service),
                host: source.and_then(|source| source.host),
                operation: Some(group.operation),
                bits: group.bits,
                ..blank()
            };
            common.marks.set(Mark::Folded);
            if group.union_approx {
                common.marks.set(Mark::UnionApprox);
                self.defect(DefectKind::UnionApprox);
            }
            for &(start, end) in &group.intervals {
                let times = Times::new(self.base.0, start.0, end.0.max(start.0));
                self.hollow |= times.marks.has(Mark::NoTime);
                let mut node = Node {
                    twin,
                    b: times.b,
                    e: times.e,
                    step: times.step,
                    ..common
                };
                node.marks.add(times.marks);
                self.nodes.push(node);
                twin += 1;
            }
        }
    }
}

/// When a node says it ran, and what is wrong with that.
struct Times {
    b: i64,
    e: i64,
    step: u8,
    marks: Marks,
}

impl Times {
    fn new(base: u64, start: u64, end: u64) -> Times {
        let mut marks = Marks::default();
        // No start but zero is before the base, and no end before its start.
        let (b, e) = (start.wrapping_sub(base), end.wrapping_sub(base));
        if start == 0 || b > OFFSET_MAX || e > OFFSET_MAX {
            marks.set(Mark::NoTime);
            let (b, e) = (i64::MAX, i64::MIN);
            return Times { b, e, step: 0, marks };
        }
        // Both are at most 2^62.
        let (b, e) = (b as i64, e as i64);
        if e - b > PLAUSIBLE_MAX {
            marks.set(Mark::Implausible);
        }
        let step = step(start, end);
        Times { b, e, step, marks }
    }
}

/// Step of the clock that gave these times, as a power of 1,000 ns. A script's clock cuts the start to
/// milliseconds and adds a fine duration.
fn step(start: u64, end: u64) -> u8 {
    if !start.is_multiple_of(1_000) {
        return 0;
    }
    let fine = !end.is_multiple_of(1_000);
    let coarse = start.is_multiple_of(1_000_000) && (fine || end.is_multiple_of(1_000_000));
    match (coarse, fine) {
        (true, _) => 2,
        (false, true) => 0,
        (false, false) => 1,
    }
}

/// Service and host of sources: spans of a trace mostly share a few.
#[derive(Default)]
struct Sources {
    known: [Option<(Symbol, Symbol, Option<Symbol>)>; 8],
}

impl Sources {
    fn find(&mut self, dictionary: &dyn Lookup, source: Symbol) -> (Symbol, Option<Symbol>) {
        let place = source.index() % self.known.len();
        if let Some((known, service, host)) = self.known[place]
            && known == source
        {
            return (service, host);
        }
        let facts = dictionary.source(source);
        // A source always has facts; without them its own text has to name it.
        let service = facts.map_or(source, |facts| facts.service);
        let host = facts.and_then(|facts| facts.host);
        self.known[place] = Some((source, service, host));
        (service, host)
    }
}

#[cfg(test)]
mod tests {
    use super::step;

    #[test]
    fn the_step_of_a_clock_shows_in_its_times() {
        assert_eq!(step(5_000_000, 7_000_000), 2);
        assert_eq!(step(5_000_000, 7_000_123), 2, "a script's clock");
        assert_eq!(step(5_000_000, 7_001_000), 1);
        assert_eq!(step(5_001_000, 7_000_123), 0);
        assert_eq!(step(5_001_001, 7_000_000), 0);
    }
}

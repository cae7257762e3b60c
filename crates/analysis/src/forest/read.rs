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
        let starts = input.spans.iter().map(|span| span.start.0);
        let groups = input.trace.groups.iter().flat_map(|group| &group.intervals);
        let starts = starts.chain(groups.map(|(start, _)| start.0));
        self.base.0 = starts.filter(|&start| start > 0).min().unwrap_or(0);
        self.nodes.reserve(input.spans.len());
        self.of_span.reserve(input.spans.len());
        let mut source = Sources::default();
        for (at, span) in input.spans.iter().enumerate() {
            let at = at as u32;
            let (service, host) = source.find(input.dictionary, span.source);
            let mut node = Node {
                id: span.id.get(),
                span: at,
                service: Some(service),
                host,
                operation: Some(span.operation),
                bits: span.bits,
                ..blank()
            };
            self.put_times(&mut node, span.start.0, span.end().0);
            if span.has(Flag::NegativeDuration) {
                node.marks.set(Mark::NegativeDuration);
            }
            if span.has(Flag::BadParent) {
                node.marks.set(Mark::BadParent);
            }
            self.nodes.push(node);
            self.of_span.push(at);
        }
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
                let mut node = Node { twin, ..common };
                self.put_times(&mut node, start.0, end.0.max(start.0));
                self.nodes.push(node);
                twin += 1;
            }
        }
    }

    fn put_times(&mut self, node: &mut Node, start: u64, end: u64) {
        let offset = |time: u64| time.checked_sub(self.base.0).filter(|&at| at <= OFFSET_MAX);
        let (Some(b), Some(e), 1..) = (offset(start), offset(end), start) else {
            node.marks.set(Mark::NoTime);
            self.hollow = true;
            return;
        };
        // Both are at most 2^62.
        (node.b, node.e) = (b as i64, e as i64);
        node.step = step(start, end);
        if node.e - node.b > PLAUSIBLE_MAX {
            node.marks.set(Mark::Implausible);
        }
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

/// Service and host of sources: neighbours mostly share one.
#[derive(Default)]
struct Sources {
    last: Option<(Symbol, Symbol, Option<Symbol>)>,
}

impl Sources {
    fn find(&mut self, dictionary: &dyn Lookup, source: Symbol) -> (Symbol, Option<Symbol>) {
        if let Some((last, service, host)) = self.last
            && last == source
        {
            return (service, host);
        }
        let facts = dictionary.source(source);
        // A source always has facts; without them its own text has to name it.
        let service = facts.map_or(source, |facts| facts.service);
        let host = facts.and_then(|facts| facts.host);
        self.last = Some((source, service, host));
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

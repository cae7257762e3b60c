//! A trace as it is shown: its spans in tree order, its paths, what is wrong with it. Findings are added by whoever
//! has them.

use std::cmp::Reverse;

use hotspan_model::{Assembled, Flag, Lookup, Nanos, PathSegment, Side, SpanView, TraceView};

use crate::{Forest, Mark, NONE, Node, Path, Segment};

/// How much of a trace is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most spans, in tree order.
    pub spans_max: usize,
    /// Most segments of each path, longest first.
    pub segments_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            spans_max: 10_000,
            segments_max: 1_000,
        }
    }
}

/// The trace as it is shown, without findings; `None` for an unused buffer.
pub fn explain(
    trace: &Assembled,
    forest: &Forest,
    response: &Path,
    completion: &Path,
    dictionary: &dyn Lookup,
    limits: Limits,
) -> Option<TraceView> {
    let shown = Shown {
        trace,
        forest,
        response,
        dictionary,
    };
    let order = tree_order(forest);
    let spans: Vec<SpanView> = order
        .iter()
        .take(limits.spans_max)
        .map(|&at| shown.span(at))
        .collect();
    let differs = completion.segments() != response.segments();
    let caused = if differs { completion.segments() } else { &[] };
    let cut = response.segments().len().max(caused.len()) > limits.segments_max;
    Some(TraceView {
        trace: trace.trace?,
        version: trace.version,
        reason: trace.reason,
        incomplete: trace.is_incomplete(),
        duration: forest.duration(),
        truncated: cut || spans.len() < order.len(),
        spans,
        span_count: span_count(trace, forest),
        critical_path: shown.segments(response.segments(), limits.segments_max),
        completion_path: shown.segments(caused, limits.segments_max),
        findings: Vec::new(),
        near_misses: Vec::new(),
        defects: forest.defects().to_vec(),
        completeness: trace.completeness,
    })
}

/// Received spans but copies, folded ones included.
fn span_count(trace: &Assembled, forest: &Forest) -> u64 {
    let held = forest.nodes().iter().filter(|node| node.span != NONE).count() as u64;
    trace
        .groups
        .iter()
        .fold(held, |sum, group| sum.saturating_add(group.count))
}

/// All nodes, each before its children, earliest first; the primary root's tree before the others.
fn tree_order(forest: &Forest) -> Vec<u32> {
    let place = |at: u32| (forest.node(at).b, forest.node(at).key());
    let mut stack: Vec<u32> = forest.roots().to_vec();
    stack.sort_unstable_by_key(|&root| (Some(root) == forest.primary(), Reverse(place(root))));
    let mut order = Vec::with_capacity(forest.nodes().len());
    while let Some(at) = stack.pop() {
        order.push(at);
        let from = stack.len();
        stack.extend_from_slice(forest.children(at));
        stack[from..].sort_unstable_by_key(|&child| Reverse(place(child)));
    }
    order
}

/// Time of a node in which none of its awaited children ran.
fn self_time(forest: &Forest, at: u32) -> Nanos {
    let node = forest.node(at);
    let (mut idle, mut edge) = (0, node.start);
    for &child in forest.by_start(at) {
        let child = forest.node(child);
        idle += (child.start - edge).max(0);
        edge = edge.max(child.end);
    }
    Nanos(u64::try_from(idle + (node.end - edge)).unwrap_or(0))
}

struct Shown<'a> {
    trace: &'a Assembled,
    forest: &'a Forest,
    response: &'a Path,
    dictionary: &'a dyn Lookup,
}

impl Shown<'_> {
    fn span(&self, at: u32) -> SpanView {
        let (forest, node) = (self.forest, self.forest.node(at));
        let text = |symbol| self.dictionary.text(symbol).to_owned();
        let group = self.trace.groups.get(node.group as usize);
        let template = match group {
            Some(group) => group.template,
            None => self
                .trace
                .spans
                .get(node.span as usize)
                .and_then(|span| span.template),
        };
        SpanView {
            id: node.span_id().filter(|_| !node.has(Mark::Phantom)),
            parent: node.parent().and_then(|parent| forest.node(parent).span_id()),
            service: node.service.map_or_else(|| "?".to_owned(), text),
            operation: node.operation.map_or_else(|| "?".to_owned(), text),
            template: template.map(text).unwrap_or_default(),
            kind: node.kind(),
            class: node.class(),
            start: forest.moment(node.b),
            duration: Nanos(u64::try_from(node.e - node.b).unwrap_or(0)),
            self_time: self_time(forest, at),
            path_time: self.response.own(at),
            depth: node.depth,
            failed: node.bits.has(Flag::Failed) || group.is_some_and(|group| group.errors > 0),
            count: self.count(at, node),
            defects: node.defects().collect(),
        }
    }

    /// How many spans a node stands for. A group is counted at its first interval, the others stand for none.
    fn count(&self, at: u32, node: &Node) -> u64 {
        if let Some(group) = self.trace.groups.get(node.group as usize) {
            let first = at == 0 || self.forest.node(at - 1).group != node.group;
            return if first { group.count } else { 0 };
        }
        if !node.bits.has(Flag::Summary) {
            return 1;
        }
        let sides = &self.trace.sides;
        let from = sides.partition_point(|side| side.span < node.span);
        let own = sides[from..].iter().take_while(|side| side.span == node.span);
        let summary = own.filter_map(|side| match side.side {
            Side::Summary(summary) => Some(summary.count),
            Side::Link(_) | Side::Extras(_) => None,
        });
        summary.max().unwrap_or(1)
    }

    /// The longest segments, earliest first.
    fn segments(&self, segments: &[Segment], segments_max: usize) -> Vec<PathSegment> {
        let mut kept: Vec<&Segment> = segments.iter().collect();
        kept.sort_unstable_by_key(|segment| (Reverse(segment.end - segment.start), segment.start));
        kept.truncate(segments_max);
        kept.sort_unstable_by_key(|segment| segment.start);
        let show = |segment: &Segment| {
            let node = self.forest.node(segment.node);
            PathSegment {
                span: node.span_id().filter(|_| !node.has(Mark::Phantom)),
                start: self.forest.moment(segment.start),
                end: self.forest.moment(segment.end),
                cause: segment.cause,
            }
        };
        kept.into_iter().map(show).collect()
    }
}

#[cfg(test)]
mod tests {
    use hotspan_model::{DefectKind, SpanId};
    use hotspan_testkit::Drawing;

    use super::*;
    use crate::Settings;

    fn view(text: &str, limits: Limits) -> TraceView {
        let drawing = Drawing::new(text);
        let (mut forest, mut response, mut completion) =
            (Forest::default(), Path::default(), Path::default());
        forest.normalise(&drawing.trace, None, &drawing.dictionary, &Settings::default());
        response.response(&forest);
        completion.completion(&forest);
        explain(
            &drawing.trace,
            &forest,
            &response,
            &completion,
            &drawing.dictionary,
            limits,
        )
        .unwrap()
    }

    const SHOP: &str = "
        shop GET /cart      0..100
          db SELECT cart   40..60
          internal render  70..95
            db SELECT item 75..85
          internal lost    90..300
        shop internal late 5..6 parent=77
        ";

    #[test]
    fn spans_stand_in_tree_order_with_their_times() {
        let view = view(SHOP, Limits::default());
        let lines: Vec<_> = view
            .spans
            .iter()
            .map(|span| {
                let millis = |time: Nanos| time.0 / 1_000_000;
                let (own, path) = (millis(span.self_time), millis(span.path_time));
                format!(
                    "{}{} {} self {own} path {path}",
                    " ".repeat(span.depth as usize),
                    span.operation,
                    millis(span.duration)
                )
            })
            .collect();
        assert_eq!(
            lines,
            [
                "GET /cart 100 self 54 path 54",
                " ? 1 self 0 path 0",
                "  late 1 self 1 path 1",
                " SELECT cart 20 self 20 path 20",
                " render 25 self 15 path 15",
                "  SELECT item 10 self 10 path 10",
                " lost 210 self 210 path 0",
            ]
        );
        assert_eq!((view.span_count, view.spans[1].id), (6, None));
        assert_eq!(view.spans[6].defects, [DefectKind::Detached]);
        assert_eq!(view.spans[4].parent, SpanId::new(1));
        assert_eq!(
            view.completion_path.last().map(|segment| segment.span),
            Some(SpanId::new(5))
        );
        assert!(!view.truncated);
    }

    #[test]
    fn the_longest_segments_are_shown_earliest_first() {
        let limits = Limits {
            spans_max: 2,
            segments_max: 2,
        };
        let view = view(SHOP, limits);
        let path: Vec<_> = view.critical_path.iter().map(|segment| segment.span).collect();
        assert_eq!(path, [SpanId::new(1), SpanId::new(2)]);
        assert_eq!((view.spans.len(), view.truncated), (2, true));
    }
}

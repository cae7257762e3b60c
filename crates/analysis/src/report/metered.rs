//! What counters count: roots of segments and outgoing operations, by name and by who calls whom.

use hotspan_model::{
    Class, Ends, Flag, Kind, Latencies, LinkRow, Nanos, OpRef, Report, SpanId, SpanRow, Symbol, Target,
};

use crate::context::{Context, Operation, Segment};
use crate::few::Few;
use crate::{Mark, NONE, Node};

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Rows {
    spans: Few,
    links: Few,
    /// The rows that the operation before fell in: neighbours mostly share them.
    last: (u32, u32),
}

/// What tells [`SpanRow`]s apart.
type SpanKey = (OpRef, Kind, bool);

impl Rows {
    pub(super) fn fill(&mut self, cx: Context<'_>, report: &mut Report) {
        self.spans.clear();
        self.links.clear();
        self.last = (NONE, NONE);
        for segment in cx.segments() {
            self.add_segment(cx, segment, report);
        }
        for operation in cx.operations().iter().filter(|row| row.counts()) {
            self.add_operation(cx, operation, report);
        }
    }

    /// Its root, unless that is an outgoing operation itself or was never received.
    fn add_segment(&mut self, cx: Context<'_>, segment: &Segment, report: &mut Report) {
        let root = cx.node_at(segment.root);
        if root.has(Mark::Phantom)
            || segment.is_headless(cx.forest, root)
            || cx.operation_at(segment.root).is_some()
        {
            return;
        }
        let at = OpRef {
            service: segment.service,
            operation: segment.operation,
        };
        let (failed, span) = (root.bits.has(Flag::Failed), root.span_id());
        let length = timed(root).then(|| length(root));
        let place = self.span_row((at, root.kind(), failed), &mut report.metered);
        count(&mut report.metered[place as usize], 1, length, span);
        if root.kind() != Kind::Server {
            return;
        }
        let ends = match above(cx, root) {
            Above::Nothing => Ends::Entered(segment.service),
            Above::Lost => Ends::Called(segment.service),
            Above::Span => return,
        };
        let place = self.link_row(ends, Class::Call, &mut report.links);
        let link = &mut report.links[place as usize];
        link.calls += 1;
        link.failed += u64::from(failed);
        if let Some(length) = length {
            link.server.record(1, length, span);
        }
    }

    fn add_operation(&mut self, cx: Context<'_>, operation: &Operation, report: &mut Report) {
        // Intervals of a folded group that only fill time.
        if operation.weight == 0 {
            return;
        }
        let node = cx.forest.node(operation.node);
        self.add_spans(operation, node, report);
        let (calls, mut failed) = (operation.weight, operation.failed);
        let service = cx.segment(operation.segment).service;
        let place = self.link_row(ends(cx, service, operation), operation.class, &mut report.links);
        let link = &mut report.links[place as usize];
        link.client.record(calls, Nanos(operation.total), node.span_id());
        link.path = link.path.plus(cx.paths().subtree(operation.node));
        if operation.server != NONE {
            let server = cx.node_at(operation.server);
            failed = failed.max(u64::from(server.bits.has(Flag::Failed)));
            if timed(server) {
                link.server.record(1, length(server), server.span_id());
            }
        }
        link.calls = link.calls.saturating_add(calls);
        link.failed = link.failed.saturating_add(failed.min(calls));
    }

    /// Folded operations count with their mean, failed or not.
    fn add_spans(&mut self, operation: &Operation, node: &Node, report: &mut Report) {
        let (Some(service), Some(name)) = (node.service, node.operation) else {
            return;
        };
        let at = OpRef {
            service,
            operation: name,
        };
        let failed = operation.failed.min(operation.weight);
        let mean = operation.total / operation.weight;
        for (count_of, is_failed) in [(operation.weight - failed, false), (failed, true)] {
            if count_of == 0 {
                continue;
            }
            let place = self.span_row((at, kind(operation, node), is_failed), &mut report.metered);
            let length = Nanos(mean.saturating_mul(count_of));
            count(
                &mut report.metered[place as usize],
                count_of,
                Some(length),
                node.span_id(),
            );
        }
    }

    fn span_row(&mut self, key: SpanKey, rows: &mut Vec<SpanRow>) -> u32 {
        let is_same = |row: &SpanRow| span_key(row) == key;
        if rows.get(self.last.0 as usize).is_some_and(is_same) {
            return self.last.0;
        }
        let known = self.spans.find(rows, || span_hash(key), is_same);
        self.last.0 = known.unwrap_or_else(|| {
            let (at, kind, failed) = key;
            rows.push(SpanRow {
                at,
                kind,
                failed,
                count: 0,
                latencies: Latencies::default(),
            });
            self.spans.list(rows, |row| span_hash(span_key(row)))
        });
        self.last.0
    }

    fn link_row(&mut self, ends: Ends, class: Class, rows: &mut Vec<LinkRow>) -> u32 {
        let is_same = |row: &LinkRow| (row.ends, row.class) == (ends, class);
        if rows.get(self.last.1 as usize).is_some_and(is_same) {
            return self.last.1;
        }
        let known = self.links.find(rows, || link_hash(ends, class), is_same);
        self.last.1 = known.unwrap_or_else(|| {
            rows.push(LinkRow {
                ends,
                class,
                calls: 0,
                failed: 0,
                client: Latencies::default(),
                server: Latencies::default(),
                path: Nanos::ZERO,
            });
            self.links.list(rows, |row| link_hash(row.ends, row.class))
        });
        self.last.1
    }
}

fn count(row: &mut SpanRow, by: u64, length: Option<Nanos>, span: Option<SpanId>) {
    row.count = row.count.saturating_add(by);
    if let Some(length) = length {
        row.latencies.record(by, length, span);
    }
}

/// A node that stands for a folded group may not tell its kind; its class does.
fn kind(operation: &Operation, node: &Node) -> Kind {
    match (node.kind(), operation.class) {
        (Kind::Unspecified, Class::Publish) => Kind::Producer,
        (Kind::Unspecified, _) => Kind::Client,
        (kind, _) => kind,
    }
}

/// Whom an operation calls: who answered, else whom its address names.
fn ends(cx: Context<'_>, from: Symbol, operation: &Operation) -> Ends {
    let answered = match (operation.answered, operation.server) {
        (Some((_, service)), _) => Some(service),
        (None, NONE) => None,
        (None, server) => cx.node_at(server).service,
    };
    let target = match (answered, operation.callee) {
        (Some(service), _) => Target::Service(service),
        (None, Some(callee)) => Target::Callee(callee),
        (None, None) => return Ends::Caller(from),
    };
    Ends::Both(from, target)
}

/// What a span hangs from.
enum Above {
    Nothing,
    Lost,
    Span,
}

fn above(cx: Context<'_>, node: &Node) -> Above {
    match node.parent() {
        Some(parent) if cx.forest.node(parent).has(Mark::Phantom) => Above::Lost,
        Some(_) => Above::Span,
        None if node.has(Mark::MissingParent) || node.has(Mark::BadParent) => Above::Lost,
        None => Above::Nothing,
    }
}

/// Whether its duration may enter statistics.
fn timed(node: &Node) -> bool {
    let doubt = [Mark::Implausible, Mark::NoTime, Mark::NegativeDuration];
    !doubt.into_iter().any(|mark| node.has(mark))
}

fn length(node: &Node) -> Nanos {
    Nanos(u64::try_from(node.e - node.b).unwrap_or(0))
}

fn span_key(row: &SpanRow) -> SpanKey {
    (row.at, row.kind, row.failed)
}

fn span_hash((at, kind, failed): SpanKey) -> u64 {
    let name = u64::from(at.service.raw()) << 32 | u64::from(at.operation.raw());
    mix([name, (kind as u64) << 1 | u64::from(failed)])
}

fn link_hash(ends: Ends, class: Class) -> u64 {
    let (end, from, to) = match ends {
        Ends::Both(from, Target::Service(to)) => (0, from.raw(), to.raw()),
        Ends::Both(from, Target::Callee(to)) => (1, from.raw(), to.raw()),
        Ends::Entered(to) => (2, 0, to.raw()),
        Ends::Caller(from) => (3, from.raw(), 0),
        Ends::Called(to) => (4, 0, to.raw()),
    };
    mix([u64::from(from) << 32 | u64::from(to), end << 8 | class as u64])
}

fn mix(parts: [u64; 2]) -> u64 {
    let mix = |hash: u64, part: u64| (hash.rotate_left(29) ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = parts.into_iter().fold(0, mix);
    mixed ^ mixed >> 32
}

//! What counters count: roots of segments and outgoing operations, by name and by who calls whom.

use hotspan_model::{
    Class, Ends, Flag, Kind, Latencies, LinkRow, Nanos, OpRef, Peer, Report, SpanId, SpanRow, Symbol, Target,
    Took,
};

use crate::context::{Context, Operation, Segment};
use crate::few::Few;
use crate::{Mark, NONE, Node};

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Rows {
    wanted: Metered,
    spans: Few,
    links: Few,
    /// By call row: where its last operation was counted, or [`NONE`].
    of_calls: Vec<Places>,
}

/// Which rows a report gets for counters that only grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metered {
    /// Spans by name, kind and outcome.
    pub spans: bool,
    /// All calls by both ends; calls to other companies are counted whatever is wanted.
    pub links: bool,
}

impl Default for Metered {
    fn default() -> Metered {
        Metered {
            spans: true,
            links: true,
        }
    }
}

/// A row of spans and one of links.
#[derive(Clone, Copy, Debug)]
struct Places {
    span: u32,
    link: u32,
}

const NOWHERE: Places = Places {
    span: NONE,
    link: NONE,
};

/// What tells [`SpanRow`]s apart.
type SpanKey = (OpRef, Kind, bool);

impl Rows {
    pub(super) fn new(wanted: Metered) -> Rows {
        Rows {
            wanted,
            ..Rows::default()
        }
    }

    /// `calls` has the call row of each operation: those of one have the same ends, and mostly one name.
    pub(super) fn fill(&mut self, cx: Context<'_>, calls: &[u32], report: &mut Report) {
        self.spans.clear();
        self.links.clear();
        self.of_calls.clear();
        self.of_calls.resize(report.calls.len(), NOWHERE);
        if self.wanted.spans || self.wanted.links {
            for segment in cx.segments() {
                self.add_segment(cx, segment, report);
            }
        }
        for (operation, &call) in cx.operations().iter().zip(calls) {
            // Intervals of a folded group only fill time.
            if operation.counts() && operation.weight > 0 {
                let known = self.of_calls.get(call as usize).copied().unwrap_or(NOWHERE);
                let places = self.add_operation(cx, operation, known, report);
                if let Some(known) = self.of_calls.get_mut(call as usize) {
                    *known = places;
                }
            }
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
        let length = timed(root).then(|| Took::new(1, length(root)));
        if self.wanted.spans {
            let place = self.span_row(NONE, (at, root.kind(), failed), &mut report.metered);
            count(&mut report.metered[place as usize], 1, length, span);
        }
        if root.kind() != Kind::Server || !self.wanted.links {
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
            link.server.add(length, span);
        }
    }

    /// An operation whose like was counted where `known` says; answers where it is counted itself.
    fn add_operation(
        &mut self,
        cx: Context<'_>,
        operation: &Operation,
        known: Places,
        report: &mut Report,
    ) -> Places {
        if !self.wanted.spans && !self.wanted.links && operation.class != Class::Call {
            return NOWHERE;
        }
        let node = cx.forest.node(operation.node);
        let took = Took::new(operation.weight, Nanos(operation.total));
        let span = match self.wanted.spans {
            true => self.add_spans(operation, node, (took, known.span), report),
            false => NONE,
        };
        let link = match known.link {
            NONE => self.find_link(cx, operation, report),
            link => link,
        };
        if let Some(row) = report.links.get_mut(link as usize) {
            add_link(cx, operation, (node, took), row);
        }
        Places { span, link }
    }

    /// Where calls of an operation are counted, or [`NONE`].
    fn find_link(&mut self, cx: Context<'_>, operation: &Operation, report: &mut Report) -> u32 {
        let ends = ends(cx, cx.segment(operation.segment).service, operation);
        match self.wanted.links || is_third_party(cx, ends, operation.class) {
            true => self.link_row(ends, operation.class, &mut report.links),
            false => NONE,
        }
    }

    /// Folded operations count with their mean, failed or not. Answers the last row.
    #[inline]
    fn add_spans(
        &mut self,
        operation: &Operation,
        node: &Node,
        (took, known): (Took, u32),
        report: &mut Report,
    ) -> u32 {
        let (Some(service), Some(name)) = (node.service, node.operation) else {
            return known;
        };
        let at = OpRef {
            service,
            operation: name,
        };
        let kind = kind(operation, node);
        let rows = &mut report.metered;
        if operation.weight == 1 {
            let place = self.span_row(known, (at, kind, operation.failed > 0), rows);
            count(&mut rows[place as usize], 1, Some(took), node.span_id());
            return place;
        }
        let failed = operation.failed.min(operation.weight);
        let mean = operation.total / operation.weight;
        let mut last = known;
        for (count_of, is_failed) in [(operation.weight - failed, false), (failed, true)] {
            if count_of > 0 {
                last = self.span_row(last, (at, kind, is_failed), rows);
                let took = Took::new(count_of, Nanos(mean.saturating_mul(count_of)));
                count(&mut rows[last as usize], count_of, Some(took), node.span_id());
            }
        }
        last
    }

    /// The row of a key, which is mostly the `known` one.
    #[inline]
    fn span_row(&mut self, known: u32, key: SpanKey, rows: &mut Vec<SpanRow>) -> u32 {
        match rows.get(known as usize).is_some_and(|row| span_key(row) == key) {
            true => known,
            false => self.find_span_row(key, rows),
        }
    }

    #[inline(never)]
    fn find_span_row(&mut self, key: SpanKey, rows: &mut Vec<SpanRow>) -> u32 {
        let is_same = |row: &SpanRow| span_key(row) == key;
        let known = self.spans.find(rows, span_hash(key), is_same);
        known.unwrap_or_else(|| {
            let (at, kind, failed) = key;
            rows.push(SpanRow {
                at,
                kind,
                failed,
                count: 0,
                latencies: Latencies::default(),
            });
            self.spans.list(rows, |row| span_hash(span_key(row)))
        })
    }

    #[inline(never)]
    fn link_row(&mut self, ends: Ends, class: Class, rows: &mut Vec<LinkRow>) -> u32 {
        let is_same = |row: &LinkRow| row.class == class && row.ends == ends;
        let known = self.links.find(rows, link_hash(ends, class), is_same);
        known.unwrap_or_else(|| {
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
        })
    }
}

#[inline]
fn add_link(cx: Context<'_>, operation: &Operation, (node, took): (&Node, Took), row: &mut LinkRow) {
    let (calls, mut failed) = (operation.weight, operation.failed);
    row.client.add(took, node.span_id());
    row.path = row.path.plus(cx.paths().subtree(operation.node));
    if operation.server != NONE {
        let server = cx.node_at(operation.server);
        failed = failed.max(u64::from(server.bits.has(Flag::Failed)));
        if timed(server) {
            row.server.record(1, length(server), server.span_id());
        }
    }
    row.calls = row.calls.saturating_add(calls);
    row.failed = row.failed.saturating_add(failed.min(calls));
}

/// Whether a call goes to another company.
fn is_third_party(cx: Context<'_>, ends: Ends, class: Class) -> bool {
    let Ends::Both(_, Target::Callee(callee)) = ends else {
        return false;
    };
    let facts = cx.dictionary.callee(callee);
    class == Class::Call && facts.is_some_and(|facts| facts.peer == Peer::ThirdParty)
}

#[inline]
fn count(row: &mut SpanRow, by: u64, took: Option<Took>, span: Option<SpanId>) {
    row.count = row.count.saturating_add(by);
    if let Some(took) = took {
        row.latencies.add(took, span);
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

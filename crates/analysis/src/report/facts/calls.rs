//! Calls that other services answered, calls that nobody answered, messages that waited.

use hotspan_model::{Class, FactKind, FactRow, Flag, Moment, Nanos, Report, Side, Symbol};

use super::{at, claimed, shown};
use crate::context::{Context, Operation, is_trusted};
use crate::{Mark, NONE, Node};

/// So many calls of one template in one segment are a loop, which is another fault: they count once.
const LOOP: u64 = 5;

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Service and template of each answered call of a segment, and the call.
    answered: Vec<(u64, u32)>,
}

impl Rows {
    pub(super) fn fill(&mut self, cx: Context<'_>, report: &mut Report) {
        for calls in cx.calls() {
            if cx.segment(cx.operation(calls[0]).segment).front_end {
                continue;
            }
            self.answered.clear();
            for &call in calls {
                let operation = cx.operation(call);
                match operation.answered {
                    Some(_) => self.answered.push((operation.key(), call)),
                    None => report.facts.extend(sent(cx, operation)),
                }
            }
            self.answered.sort_unstable();
            for same in self.answered.chunk_by(|a, b| a.0 == b.0) {
                report.facts.extend(paired(cx, same));
            }
        }
        if cx.census().count(Class::Publish) > 0 {
            let messages = cx.operations().iter().filter(|row| row.class == Class::Publish);
            let facts = messages.filter_map(|row| queued(cx, row).or_else(|| sending(cx, row)));
            report.facts.extend(facts);
        }
        if cx.census().count(Class::Consumer) > 0 {
            for segment in 0..cx.segments().len() as u32 {
                taken(cx, segment, report);
            }
        }
    }
}

/// All calls of one segment to one service under one template.
fn paired(cx: Context<'_>, same: &[(u64, u32)]) -> Option<FactRow> {
    let first = cx.operation(same[0].1);
    let (template, service) = first.answered?;
    if cx.segment(first.segment).service == service {
        return None;
    }
    let mut row = FactRow {
        other: Some(service),
        what: Some(template),
        count: 0,
        span: shown(cx.forest.node(first.node)),
        ..FactRow::new(FactKind::Paired, Class::Call, at(cx, first.segment))
    };
    for &(_, call) in same {
        let operation = cx.operation(call);
        row.count = row.count.saturating_add(operation.weight);
        row.path = row.path.plus(cx.paths().subtree(operation.node));
        // The call was made even if its answer was lost; how long the network took, only an answer tells.
        if operation.server == NONE || !is_trusted(cx.node_at(operation.server)) {
            continue;
        }
        let (client, server) = (cx.forest.node(operation.node), cx.node_at(operation.server));
        let ignored = cx.ignored(client).or_else(|| cx.ignored(server));
        row.ignored = row.ignored.or(ignored);
        let (client, server) = (own_length(client), own_length(server));
        row.time = row.time.plus(client);
        row.inner = row.inner.plus(server.min(client));
    }
    if row.count >= LOOP {
        row.count = 1;
    }
    (row.count > 0).then_some(row)
}

/// How long a span says it took: what it is clipped to depends on two clocks.
fn own_length(node: &Node) -> Nanos {
    Nanos(u64::try_from(node.e - node.b).unwrap_or(0))
}

/// A call without anything below it.
fn sent(cx: Context<'_>, operation: &Operation) -> Option<FactRow> {
    let node = cx.forest.node(operation.node);
    if operation.folded || !cx.forest.children(operation.node).is_empty() {
        return None;
    }
    let (start, end) = claimed(cx, node)?;
    Some(FactRow {
        other: operation.callee,
        what: operation.own,
        time: node.length(),
        path: cx.paths().subtree(operation.node),
        moment: Some(Moment {
            at: start,
            key: (start.0, end.0),
        }),
        span: shown(node),
        ignored: cx.ignored(node),
        ..FactRow::new(FactKind::Sent, Class::Call, at(cx, operation.segment))
    })
}

/// A message that a consumer took, when their clocks can be compared.
fn queued(cx: Context<'_>, operation: &Operation) -> Option<FactRow> {
    if operation.server == NONE || !operation.counts() || operation.folded {
        return None;
    }
    let (sent, taken) = (cx.forest.node(operation.node), cx.node_at(operation.server));
    let doubt = [
        Mark::SkewCorrected,
        Mark::SkewCapped,
        Mark::Acausal,
        Mark::Outside,
    ];
    let clocks = doubt.into_iter().any(|mark| sent.has(mark) || taken.has(mark));
    let segment = cx.segment_at(operation.server);
    if clocks || segment == NONE || !is_trusted(taken) {
        return None;
    }
    let group: Option<Symbol> = cx.extras(taken).and_then(|extras| extras.group);
    let length = |from: i64, to: i64| Nanos(u64::try_from(to - from).unwrap_or(0));
    Some(FactRow {
        other: operation.callee,
        what: group,
        time: length(sent.e, taken.b),
        inner: length(taken.b, taken.e),
        path: cx.paths().subtree(cx.nodes()[operation.server as usize]),
        span: shown(taken),
        ignored: cx.ignored(taken).or_else(|| cx.ignored(sent)),
        ..FactRow::new(FactKind::Queued, Class::Consumer, at(cx, segment))
    })
}

/// A message that nobody of this trace took: a consumer that begins a trace may link to it.
fn sending(cx: Context<'_>, operation: &Operation) -> Option<FactRow> {
    let node = cx.forest.node(operation.node);
    if operation.server != NONE || !operation.counts() || operation.folded {
        return None;
    }
    let ((_, end), span) = (claimed(cx, node)?, shown(node)?);
    Some(FactRow {
        other: operation.callee,
        path: cx.paths().subtree(operation.node),
        moment: Some(Moment {
            at: end,
            key: (span.get(), end.0),
        }),
        span: Some(span),
        ..FactRow::new(FactKind::Sending, Class::Publish, at(cx, operation.segment))
    })
}

/// The messages that the consumer at the root of a segment links to.
fn taken(cx: Context<'_>, place: u32, report: &mut Report) {
    let root = cx.node_at(cx.segment(place).root);
    if root.class() != Class::Consumer || !root.bits.has(Flag::HasSide) || !is_trusted(root) {
        return;
    }
    let Some((start, end)) = claimed(cx, root) else {
        return;
    };
    let row = FactRow {
        other: cx.trace.spans[root.span as usize].callee,
        what: cx.extras(root).and_then(|extras| extras.group),
        time: end.since(start),
        path: cx.paths().subtree(cx.nodes()[cx.segment(place).root as usize]),
        span: shown(root),
        ..FactRow::new(FactKind::Taken, Class::Consumer, at(cx, place))
    };
    let from = cx.trace.sides.partition_point(|side| side.span < root.span);
    let mine = cx.trace.sides[from..]
        .iter()
        .take_while(|side| side.span == root.span);
    for side in mine {
        let Side::Link(link) = side.side else { continue };
        if Some(link.trace) != cx.trace.trace {
            report.facts.push(FactRow {
                moment: Some(Moment {
                    at: start,
                    key: (link.span.get(), start.0),
                }),
                ..row
            });
        }
    }
}

//! What one trace says that means something only beside other traces: rows for the detectors over traces.
//!
//! Front ends are callers, not backends: their segments make none. No row is a verdict. Rows are made of the trace as it came: what detectors claim in it changes none of them.

mod calls;
mod loops;
mod outcomes;
mod pools;
mod segments;
mod statements;

use hotspan_model::{OpRef, Report, SpanId, Symbol, Timestamp};

use crate::context::Context;
use crate::{NONE, Node};

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Rows {
    calls: calls::Rows,
    statements: statements::Rows,
    pools: pools::Rows,
}

impl Rows {
    pub(super) fn fill(&mut self, cx: Context<'_>, report: &mut Report) {
        segments::fill(cx, report);
        loops::fill(cx, report);
        outcomes::fill(cx, report);
        self.calls.fill(cx, report);
        self.statements.fill(cx, report);
        self.pools.fill(cx, report);
    }
}

/// A segment as rows name it.
fn at(cx: Context<'_>, segment: u32) -> OpRef {
    let segment = cx.segment(segment);
    OpRef {
        service: segment.service,
        operation: segment.operation,
    }
}

/// When a node's span says it started and ended; `None` for what is no single span.
fn claimed(cx: Context<'_>, node: &Node) -> Option<(Timestamp, Timestamp)> {
    let span = (node.span != NONE).then(|| &cx.trace.spans[node.span as usize])?;
    Some((span.start, span.end()))
}

/// Which instance of its service the span at a place belongs to.
fn instance(cx: Context<'_>, place: u32) -> Option<Symbol> {
    cx.source_at(place)?.instance
}

/// The span that a row shows.
fn shown(node: &Node) -> Option<SpanId> {
    node.span_id()
}

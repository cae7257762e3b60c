//! Outgoing operations by caller, target, class and template.

use hotspan_model::{CallRow, Nanos, OpRef, Report, Symbol, Target};

use crate::NONE;
use crate::context::{Context, Operation};
use crate::few::Few;

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Rows {
    known: Few,
    /// By operation: its row in the report, or [`NONE`].
    of_operations: Vec<u32>,
}

impl Rows {
    pub(super) fn fill(&mut self, cx: Context<'_>, report: &mut Report) {
        self.known.clear();
        self.of_operations.clear();
        self.of_operations.resize(cx.operations().len(), NONE);
        let mut last: Option<(&Operation, u32)> = None;
        for (nth, operation) in cx.operations().iter().enumerate() {
            if !operation.counts() {
                continue;
            }
            let at = match last.filter(|(last, _)| is_alike(last, operation)) {
                Some((_, at)) => at,
                None => match fresh(cx, operation) {
                    Some(fresh) => self.find(&fresh, &mut report.calls),
                    None => continue,
                },
            };
            last = Some((operation, at));
            self.of_operations[nth] = at;
            let row = &mut report.calls[at as usize];
            let path = cx.paths().subtree(operation.node);
            if row.calls == 0 {
                row.ignored = cx.ignored(cx.forest.node(operation.node));
            }
            row.calls = row.calls.saturating_add(operation.weight);
            row.failed = row.failed.saturating_add(operation.failed);
            row.time = row.time.plus(Nanos(operation.total));
            row.path = row.path.plus(path);
            row.path_in_trace = row.path_in_trace.max(path);
            row.span = row.span.or_else(|| cx.forest.node(operation.node).span_id());
        }
    }

    /// By operation: its row in the report that was filled last, or [`NONE`].
    pub(super) fn of_operations(&self) -> &[u32] {
        &self.of_operations
    }

    fn find(&mut self, fresh: &CallRow, calls: &mut Vec<CallRow>) -> u32 {
        let known = self.known.find(calls, hash(fresh), |row| is_same(row, fresh));
        known.unwrap_or_else(|| {
            calls.push(*fresh);
            self.known.list(calls, hash)
        })
    }
}

/// The row of an operation, with nothing counted yet; `None` when nobody says whom it reaches.
fn fresh(cx: Context<'_>, operation: &Operation) -> Option<CallRow> {
    let segment = cx.segment(operation.segment);
    let answered = match (operation.answered, operation.server) {
        (Some((_, service)), _) => Some(service),
        (None, NONE) => None,
        (None, server) => cx.node_at(server).service,
    };
    let target = match answered {
        Some(service) => Target::Service(service),
        None => Target::Callee(operation.callee?),
    };
    Some(CallRow {
        from: OpRef {
            service: segment.service,
            operation: segment.operation,
        },
        target,
        callee: operation.callee,
        class: operation.class,
        template: operation.template(),
        calls: 0,
        failed: 0,
        time: Nanos::ZERO,
        path: Nanos::ZERO,
        path_in_trace: Nanos::ZERO,
        span: None,
        ignored: None,
    })
}

/// Whether two operations share a row, as far as can be seen at once.
fn is_alike(a: &Operation, b: &Operation) -> bool {
    let callee = a.callee == b.callee && a.answered == b.answered;
    callee
        && (a.answered.is_some() || a.server == b.server)
        && (a.segment, a.class, a.template()) == (b.segment, b.class, b.template())
}

fn is_same(a: &CallRow, b: &CallRow) -> bool {
    (a.from, a.target, a.class, a.template) == (b.from, b.target, b.class, b.template)
}

fn hash(row: &CallRow) -> u64 {
    let target = match row.target {
        Target::Service(service) => u64::from(service.raw()) << 32,
        Target::Callee(callee) => u64::from(callee.raw()),
    };
    let parts = [
        u64::from(row.from.service.raw()) << 32 | u64::from(row.from.operation.raw()),
        target,
        (row.class as u64) << 32 | u64::from(row.template.map_or(0, Symbol::raw)),
    ];
    let mix = |hash: u64, part: u64| (hash.rotate_left(29) ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = parts.into_iter().fold(0, mix);
    mixed ^ mixed >> 32
}

//! Waits for a connection, and how busy their store was: second by second.
//!
//! Rows are made for segments that show a checkout, whose service says how long it waits.

use hotspan_model::{Class, FactKind, FactRow, Moment, Nanos, OpRef, Report, Timestamp};

use super::{claimed, instance, shown};
use crate::NONE;
use crate::context::{Context, is_trusted};

const SECOND: u64 = 1_000_000_000;
/// Seconds that one statement is spread over at most.
const SECONDS_MAX: u64 = 60;

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// By segment: a checkout is in it.
    waits: Vec<bool>,
}

impl Rows {
    pub(super) fn fill(&mut self, cx: Context<'_>, report: &mut Report) {
        if cx.census().count(Class::Checkout) == 0 {
            return;
        }
        let checkouts = || {
            let nodes = cx.nodes().iter().enumerate();
            nodes.filter(|&(_, &at)| is_wait(cx, at))
        };
        self.waits.clear();
        self.waits.resize(cx.segments().len(), false);
        for (place, &at) in checkouts() {
            let (node, segment) = (cx.forest.node(at), cx.segment_at(place as u32));
            if segment == NONE || !is_trusted(node) {
                continue;
            }
            self.waits[segment as usize] = true;
            let Some((start, _)) = claimed(cx, node) else {
                continue;
            };
            let callee = cx.trace.spans[node.span as usize].callee;
            report.facts.push(FactRow {
                other: callee,
                time: node.length(),
                inner: Nanos(cx.segment(segment).length()),
                path: cx.paths().own(at),
                moment: Some(second(start)),
                span: shown(node),
                ignored: cx.ignored(node),
                ..row(cx, FactKind::Waited, segment, place as u32)
            });
        }
        self.busy(cx, report);
    }

    fn busy(&self, cx: Context<'_>, report: &mut Report) {
        for operation in cx.operations().iter().filter(|row| row.class == Class::Db) {
            if !operation.counts() || !self.waits[operation.segment as usize] {
                continue;
            }
            let Some((start, end)) = claimed(cx, cx.forest.node(operation.node)) else {
                continue;
            };
            let row = FactRow {
                other: operation.callee,
                ..row(cx, FactKind::Busy, operation.segment, operation.place)
            };
            for part in parts(start, end) {
                add(row, part, report);
            }
        }
    }
}

/// Whether a node waits for a pool: a handshake inside makes a connection, and waits for none.
fn is_wait(cx: Context<'_>, at: u32) -> bool {
    let class = |at: u32| cx.forest.node(at).class();
    let mut inside = cx.forest.children(at).iter();
    class(at) == Class::Checkout && !inside.any(|&child| class(child) == Class::Connect)
}

fn row(cx: Context<'_>, kind: FactKind, segment: u32, place: u32) -> FactRow {
    let service = cx.segment(segment).service;
    // A pool belongs to the process, whatever the operation.
    let whole = OpRef {
        service,
        operation: service,
    };
    FactRow {
        what: instance(cx, place),
        ..FactRow::new(kind, Class::Db, whole)
    }
}

fn second(at: Timestamp) -> Moment {
    Moment { at, key: (0, 0) }
}

/// The seconds that an interval touches, each with how much of it.
fn parts(start: Timestamp, end: Timestamp) -> impl Iterator<Item = (Timestamp, Nanos)> {
    let first = start.0 / SECOND;
    let last = (end.0 / SECOND).min(first.saturating_add(SECONDS_MAX - 1));
    (first..=last).map(move |second| {
        let from = start.0.max(second.saturating_mul(SECOND));
        let to = end.0.min((second + 1).saturating_mul(SECOND));
        (Timestamp(from), Nanos(to.saturating_sub(from)))
    })
}

/// Statements of one segment mostly run in one second: they share a row.
fn add(row: FactRow, (at, time): (Timestamp, Nanos), report: &mut Report) {
    let same = |last: &&mut FactRow| {
        let within = last.moment.map(|moment| moment.at.0 / SECOND) == Some(at.0 / SECOND);
        within && (last.kind, last.at, last.other, last.what) == (row.kind, row.at, row.other, row.what)
    };
    match report.facts.last_mut().filter(same) {
        Some(last) => last.time = last.time.plus(time),
        None => report.facts.push(FactRow {
            time,
            moment: Some(second(at)),
            ..row
        }),
    }
}

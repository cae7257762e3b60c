//! What one trace contributes beside its findings: rows of segments, services, paths, calls, ordering.

mod calls;
mod facts;
mod hand_offs;
mod metered;
mod path;
mod services;
pub(crate) mod view;

pub use metered::Metered;

use hotspan_model::{Flag, Nanos, OpRef, Report, SegmentRow};

use crate::Mark;
use crate::context::{Context, Segment};

/// Buffers of filling reports.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    path: path::Rows,
    services: services::Rows,
    calls: calls::Rows,
    metered: metered::Rows,
    facts: facts::Rows,
    hand_offs: hand_offs::Rows,
}

impl Rows {
    /// Empty buffers, for reports with these rows for counters.
    pub(crate) fn new(metered: Metered) -> Rows {
        Rows {
            metered: metered::Rows::new(metered),
            ..Rows::default()
        }
    }

    /// Adds all rows that need no finding.
    pub(crate) fn fill(&mut self, cx: Context<'_>, report: &mut Report) {
        report.duration = cx.forest.duration();
        for defect in cx.forest.defects() {
            report.defects[defect.kind as usize] += 1;
        }
        let entry = entry(cx);
        report.entry = entry.map(|at| at_of(cx.segment(at)));
        for (at, segment) in cx.segments().iter().enumerate() {
            report.segments.push(row(cx, segment, entry == Some(at as u32)));
        }
        self.path.fill(cx, report);
        self.services.fill(cx, report);
        self.calls.fill(cx, report);
        self.metered.fill(cx, self.calls.of_operations(), report);
        self.facts.fill(cx, report);
    }

    /// Adds ordering evidence; findings that are chains (segment, place in the report) get theirs.
    pub(crate) fn hand_offs(&mut self, cx: Context<'_>, chains: &[(u32, u32)], report: &mut Report) {
        self.hand_offs.fill(cx, chains, report);
    }
}

/// The segment that requests entered by: that of the primary root, or the first one below a placeholder.
fn entry(cx: Context<'_>) -> Option<u32> {
    let root = cx.place_of(cx.forest.primary()?);
    let inside = |segment: &Segment| cx.contains(root, segment.root);
    cx.segments().iter().position(inside).map(|at| at as u32)
}

fn at_of(segment: &Segment) -> OpRef {
    OpRef {
        service: segment.service,
        operation: segment.operation,
    }
}

fn row(cx: Context<'_>, segment: &Segment, entry: bool) -> SegmentRow {
    let node = cx.node_at(segment.root);
    let doubt = [
        Mark::Implausible,
        Mark::NoTime,
        Mark::NegativeDuration,
        Mark::Phantom,
    ];
    SegmentRow {
        at: at_of(segment),
        version: cx.source_at(segment.root).and_then(|source| source.version),
        duration: Nanos(u64::try_from(node.e - node.b).unwrap_or(0)),
        failed: node.bits.has(Flag::Failed),
        timed: !doubt.into_iter().any(|mark| node.has(mark)),
        entry,
        path: [Nanos::ZERO; 7],
    }
}

//! Spans by service, version and namespace.

use hotspan_model::{Inputs, Report, ServiceRow, Symbol};

use crate::NONE;
use crate::context::Context;

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// By slot of a source: its row in the report.
    row: Vec<u32>,
    /// Service, version and namespace as numbers, and slot.
    order: Vec<([u32; 3], u32)>,
}

impl Rows {
    pub(super) fn fill(&mut self, cx: Context<'_>, report: &mut Report) {
        self.share_rows(cx);
        // Slots are in order of first use: rows stand in canonical order of spans.
        for slot in 0..cx.source_count() as u32 {
            let tally = &cx.source(slot).tally;
            report.spans = report.spans.saturating_add(tally.spans);
            let first = self.order_of(slot);
            let row = self.row_of(cx, first, report);
            row.spans = row.spans.saturating_add(tally.spans);
            row.failed = row.failed.saturating_add(tally.failed);
            row.orphans += tally.orphans;
            row.inputs.join(tally.inputs());
            row.parents += tally.parents;
            row.lost_parents += tally.lost_parents;
        }
    }

    /// Sources of one service, version and namespace share the row of one of them.
    fn share_rows(&mut self, cx: Context<'_>) {
        let raw = |symbol: Option<Symbol>| symbol.map_or(0, Symbol::raw);
        self.order.clear();
        for slot in 0..cx.source_count() as u32 {
            let source = cx.source(slot);
            let key = [source.service, source.version, source.namespace].map(raw);
            self.order.push((key, slot));
        }
        self.order.sort_unstable();
        self.row.clear();
        self.row.resize(self.order.len() * 2, NONE);
        for same in self.order.chunk_by(|a, b| a.0 == b.0) {
            for &(_, slot) in same {
                self.row[slot as usize * 2] = same[0].1;
            }
        }
    }

    /// The slot that stands for all of its service, version and namespace.
    fn order_of(&self, slot: u32) -> u32 {
        self.row[slot as usize * 2]
    }

    /// The row of a slot, made at its first use: rows stand in canonical order of spans.
    fn row_of<'r>(&mut self, cx: Context<'_>, slot: u32, report: &'r mut Report) -> &'r mut ServiceRow {
        let source = cx.source(slot);
        let at = &mut self.row[slot as usize * 2 + 1];
        if *at == NONE {
            *at = report.services.len() as u32;
            report.services.push(ServiceRow {
                service: source.service.unwrap_or(source.symbol),
                version: source.version,
                namespace: source.namespace,
                spans: 0,
                failed: 0,
                orphans: 0,
                inputs: Inputs::default(),
                parents: 0,
                lost_parents: 0,
            });
        }
        &mut report.services[*at as usize]
    }
}

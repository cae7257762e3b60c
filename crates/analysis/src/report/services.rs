//! Spans by service and version.

use hotspan_model::{Flag, Kind, Report, ServiceRow, Symbol};

use crate::context::Context;
use crate::{Mark, NONE};

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// By slot of a source: its row in the report.
    row: Vec<u32>,
    /// Service and version as numbers, slot.
    order: Vec<(u32, u32, u32)>,
    groups_seen: Vec<bool>,
}

impl Rows {
    pub(super) fn fill(&mut self, cx: Context<'_>, report: &mut Report) {
        self.share_rows(cx);
        self.groups_seen.clear();
        self.groups_seen.resize(cx.trace.groups.len(), false);
        for (place, &at) in cx.nodes().iter().enumerate() {
            let node = cx.forest.node(at);
            let slot = cx.source_slot(place as u32);
            if slot == NONE {
                continue;
            }
            let (spans, failed) = match cx.trace.groups.get(node.group as usize) {
                Some(group) => match std::mem::replace(&mut self.groups_seen[node.group as usize], true) {
                    true => (0, 0),
                    false => (group.count, group.errors),
                },
                None => (1, u64::from(node.bits.has(Flag::Failed))),
            };
            let parent = cx.parent(place as u32);
            let orphan = parent != NONE && cx.node_at(parent).has(Mark::Phantom);
            report.spans = report.spans.saturating_add(spans);
            let first = self.order_of(slot);
            let row = self.row_of(cx, first, report);
            row.spans = row.spans.saturating_add(spans);
            row.failed = row.failed.saturating_add(failed);
            row.orphans += u64::from(orphan);
            // What a service answers, somebody else asked. A parent is counted at the first of its children.
            let asked = matches!(node.kind(), Kind::Server | Kind::Consumer);
            if !asked && parent != NONE && parent + 1 == place as u32 {
                row.parents += 1;
                row.lost_parents += u64::from(orphan);
            }
        }
    }

    /// Sources of one service and version share the row of one of them.
    fn share_rows(&mut self, cx: Context<'_>) {
        let raw = |symbol: Option<Symbol>| symbol.map_or(0, Symbol::raw);
        self.order.clear();
        for slot in 0..cx.source_count() as u32 {
            let source = cx.source(slot);
            self.order.push((raw(source.service), raw(source.version), slot));
        }
        self.order.sort_unstable();
        self.row.clear();
        self.row.resize(self.order.len() * 2, NONE);
        let mut first = (0, 0, NONE);
        for &(service, version, slot) in &self.order {
            if (service, version) != (first.0, first.1) || first.2 == NONE {
                first = (service, version, slot);
            }
            self.row[slot as usize * 2] = first.2;
        }
    }

    /// The slot that stands for all of its service and version.
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
                spans: 0,
                failed: 0,
                orphans: 0,
                parents: 0,
                lost_parents: 0,
            });
        }
        &mut report.services[*at as usize]
    }
}

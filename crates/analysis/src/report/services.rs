//! Spans by service, version and namespace.

use hotspan_model::{Class, Flag, Input, Inputs, Report, ServiceRow, Symbol, Visibility};

use crate::context::Context;
use crate::{Mark, NONE, Node};

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// By slot of a source: its row in the report.
    row: Vec<u32>,
    /// Service, version and namespace as numbers, and slot.
    order: Vec<([u32; 3], u32)>,
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
            tell(cx, node, &mut row.inputs);
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
            });
        }
        &mut report.services[*at as usize]
    }
}

/// Adds what one span tells.
fn tell(cx: Context<'_>, node: &Node, inputs: &mut Inputs) {
    match node.class() {
        Class::Internal | Class::Server | Class::Consumer | Class::Wait | Class::Cache | Class::Publish => {}
        Class::Db => {
            inputs.add(Input::Queries);
            if node.bits.visibility() == Visibility::Visible {
                inputs.add(Input::Arguments);
            }
        }
        Class::Call => {
            inputs.add(Input::Calls);
            let span = cx.trace.spans.get(node.span as usize);
            if span.is_some_and(|span| span.callee.is_some()) {
                inputs.add(Input::Addresses);
            }
        }
        Class::UnknownOut => inputs.add(Input::UnknownCalls),
        Class::Connect => inputs.add(Input::Handshakes),
        Class::Checkout => inputs.add(Input::Checkouts),
        Class::DbMeta => inputs.add(Input::Sessions),
    }
}

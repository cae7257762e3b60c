//! Spans by service, version and namespace.

use hotspan_model::{Inputs, Report, ServiceRow, Symbol};

use crate::context::{Context, Source};
use crate::few::Few;

/// Service, version and namespace.
type Key = [Option<Symbol>; 3];

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Of each row in the report.
    keys: Vec<Key>,
    known: Few,
}

impl Rows {
    pub(super) fn fill(&mut self, cx: Context<'_>, report: &mut Report) {
        self.keys.clear();
        self.known.clear();
        // Slots are in order of first use: rows stand in canonical order of spans.
        for slot in 0..cx.source_count() as u32 {
            let source = cx.source(slot);
            let tally = &source.tally;
            report.spans = report.spans.saturating_add(tally.spans);
            let row = self.row_of(source, &mut report.services);
            row.spans = row.spans.saturating_add(tally.spans);
            row.failed = row.failed.saturating_add(tally.failed);
            row.orphans += tally.orphans;
            row.inputs.join(tally.inputs());
            row.parents += tally.parents;
            row.lost_parents += tally.lost_parents;
        }
    }

    /// The row that sources of one service, version and namespace share.
    fn row_of<'r>(&mut self, source: &Source, rows: &'r mut Vec<ServiceRow>) -> &'r mut ServiceRow {
        let key = [source.service, source.version, source.namespace];
        let known = self.known.find(&self.keys, hash(&key), |&known| known == key);
        let at = known.unwrap_or_else(|| {
            rows.push(ServiceRow {
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
            self.keys.push(key);
            self.known.list(&self.keys, hash)
        });
        &mut rows[at as usize]
    }
}

fn hash(key: &Key) -> u64 {
    let parts = key.map(|symbol| u64::from(symbol.map_or(0, Symbol::raw)));
    let mix = |hash: u64, part: u64| (hash.rotate_left(29) ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = parts.into_iter().fold(0, mix);
    mixed ^ mixed >> 32
}

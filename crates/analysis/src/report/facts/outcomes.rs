//! What became of calls that change something: whether their request could do without them.

use hotspan_model::{Class, FactKind, FactRow, Flag, Report, Verb};

use super::{at, shown};
use crate::context::{Context, Operation};

pub(super) fn fill(cx: Context<'_>, report: &mut Report) {
    for row in cx.operations() {
        let sends = matches!(row.class, Class::Call | Class::Publish) && row.counts();
        if sends && let Some(kind) = outcome(cx, row) {
            report.facts.push(FactRow {
                what: row.template(),
                span: shown(cx.forest.node(row.node)),
                ..FactRow::new(kind, row.class, at(cx, row.segment))
            });
        }
    }
}

fn outcome(cx: Context<'_>, row: &Operation) -> Option<FactKind> {
    let empty = matches!(cx.forest.node(row.node).bits.http_status(), 202 | 204);
    if row.failed == 0 && !empty || cx.segment(row.segment).front_end {
        return None;
    }
    let facts = row.own.and_then(|own| cx.dictionary.template(own));
    if row.class == Class::Call && facts.is_none_or(|facts| facts.verb == Verb::Read) {
        return None;
    }
    let root = cx.node_at(cx.segment(row.segment).root);
    match (row.failed > 0, root.bits.has(Flag::Failed)) {
        (false, _) => Some(FactKind::Emptied),
        (true, false) => Some(FactKind::Survived),
        (true, true) => Some(FactKind::Sunk),
    }
}

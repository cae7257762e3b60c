//! Statements: reads that another request may have made before, writes, and those that say nothing.

use hotspan_model::{
    Class, FactKind, FactRow, Flag, Millionths, Moment, Nanos, Report, Symbol, TemplateFacts, Verb,
    Visibility,
};

use super::{at, claimed, shown};
use crate::context::{Context, Operation};
use crate::detectors::COST_SHARE;

/// Distinct arguments of one template in one segment that are looked at.
const ARGUMENTS_MAX: usize = 32;

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Statements in order.
    order: Vec<Statement>,
    /// Arguments seen, and rows.
    seen: Vec<(u64, u64)>,
}

/// One statement: in order of segment, template and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Statement {
    group: (u32, u32),
    start: i64,
    id: (u64, u32),
    operation: u32,
}

impl Rows {
    pub(super) fn fill(&mut self, cx: Context<'_>, report: &mut Report) {
        self.order.clear();
        for (place, row) in cx.operations().iter().enumerate() {
            if row.class == Class::Db && row.counts() {
                let node = cx.forest.node(row.node);
                let template = row.own.map_or(0, Symbol::raw);
                self.order.push(Statement {
                    group: (row.segment, template),
                    start: node.start,
                    id: node.key(),
                    operation: place as u32,
                });
            }
        }
        self.order.sort_unstable();
        let order = std::mem::take(&mut self.order);
        for same in order.chunk_by(|a, b| a.group == b.group) {
            self.group(cx, same, report);
        }
        self.order = order;
    }

    /// The statements of one template in one segment, in order of time.
    fn group(&mut self, cx: Context<'_>, same: &[Statement], report: &mut Report) {
        let first = cx.operation(same[0].operation);
        let node = cx.forest.node(first.node);
        let row = FactRow {
            other: first.callee,
            what: first.own,
            count: same
                .iter()
                .map(|member| cx.operation(member.operation).weight)
                .sum(),
            span: shown(node),
            ignored: cx.ignored(node),
            ..FactRow::new(FactKind::Wordless, Class::Db, at(cx, first.segment))
        };
        if node.bits.has(Flag::Unnamed) {
            report.facts.push(row);
            return;
        }
        let Some(facts) = first.own.and_then(|own| cx.dictionary.template(own)) else {
            return;
        };
        if facts.verb == Verb::Write || !facts.writes.is_empty() {
            if let Some((start, _)) = claimed(cx, node) {
                report.facts.push(FactRow {
                    kind: FactKind::Wrote,
                    moment: Some(Moment {
                        at: start,
                        key: (0, 0),
                    }),
                    ..row
                });
            }
        } else if is_repeatable(facts) && is_dear(cx, same) {
            self.reads(cx, same, row, report);
        }
    }

    /// One row for each set of arguments.
    fn reads(&mut self, cx: Context<'_>, same: &[Statement], row: FactRow, report: &mut Report) {
        self.seen.clear();
        for member in same {
            let operation = cx.operation(member.operation);
            let node = cx.forest.node(operation.node);
            let Some(span) = cx.trace.spans.get(operation.span as usize) else {
                continue;
            };
            let rows = cx.extras(node).and_then(|extras| extras.rows);
            let key = (span.params.0, rows.map_or(0, |rows| u64::from(rows) + 1));
            let visible = span.bits.visibility() == Visibility::Visible;
            if !visible || self.seen.len() == ARGUMENTS_MAX || self.seen.contains(&key) {
                continue;
            }
            self.seen.push(key);
            report.facts.push(FactRow {
                kind: FactKind::Read,
                count: operation.weight,
                path: cx.paths().subtree(operation.node),
                time: node.length(),
                moment: Some(Moment { at: span.start, key }),
                ..row
            });
        }
    }
}

/// Whether asking again may give the same answer, as far as the statement tells.
fn is_repeatable(facts: &TemplateFacts) -> bool {
    facts.verb == Verb::Read && !facts.reads.is_empty() && !facts.skip_locked && !facts.cursor
}

/// Whether the statements take their share of the segment: the length of their union, which are in order of time.
fn is_dear(cx: Context<'_>, same: &[Statement]) -> bool {
    let (mut covered, mut until) = (0_i64, i64::MIN);
    for member in same {
        let operation: &Operation = cx.operation(member.operation);
        let node = cx.forest.node(operation.node);
        covered += (node.end - node.start.max(until)).max(0);
        until = until.max(node.end);
    }
    let segment = cx.operation(same[0].operation).segment;
    let share = Millionths(cx.knob(segment, &COST_SHARE)).of(cx.segment(segment).length());
    Nanos(u64::try_from(covered).unwrap_or(0)) >= Nanos(share)
}

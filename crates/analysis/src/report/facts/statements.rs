//! Statements and requests: reads that another request may have made before, writes, and those that say nothing.

use hotspan_model::{
    Class, FactKind, FactRow, Flag, Millionths, Moment, Nanos, Report, Symbol, TemplateFacts, Verb,
    Visibility,
};

use super::{at, claimed, shown};
use crate::context::Context;
use crate::detectors::COST_SHARE;

/// Distinct arguments of one template in one segment that are looked at.
const ARGUMENTS_MAX: usize = 32;

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Statements of one segment and template, a stretch of neighbours each.
    order: Vec<Stretch>,
    /// Those of one segment and template, in order of time.
    same: Vec<u32>,
    /// Arguments seen, and rows.
    seen: Vec<(u64, u64)>,
}

/// Neighbouring statements of one segment and template, which are one number, to be sorted quickly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stretch {
    of: u64,
    from: u32,
    to: u32,
}

impl Rows {
    pub(super) fn fill(&mut self, cx: Context<'_>, report: &mut Report) {
        self.order.clear();
        for (at, row) in (0..).zip(cx.operations()) {
            if !matches!(row.class, Class::Db | Class::Call) || !row.counts() {
                continue;
            }
            let of = u64::from(row.segment) << 32 | u64::from(row.own.map_or(0, Symbol::raw));
            match self.order.last_mut() {
                Some(last) if (last.of, last.to) == (of, at) => last.to += 1,
                Some(_) | None => self.order.push(Stretch {
                    of,
                    from: at,
                    to: at + 1,
                }),
            }
        }
        self.order.sort_unstable();
        let (order, mut same) = (std::mem::take(&mut self.order), std::mem::take(&mut self.same));
        for stretches in order.chunk_by(|a, b| a.of == b.of) {
            same.clear();
            for stretch in stretches {
                same.extend(stretch.from..stretch.to);
            }
            // Siblings are in order of time already.
            if !same.is_sorted_by(|&a, &b| cx.node_of(a).start < cx.node_of(b).start) {
                same.sort_unstable_by_key(|&at| (cx.node_of(at).start, cx.node_of(at).key()));
            }
            self.group(cx, &same, report);
        }
        (self.order, self.same) = (order, same);
    }

    /// The statements of one template in one segment, in order of time.
    fn group(&mut self, cx: Context<'_>, same: &[u32], report: &mut Report) {
        let first = cx.operation(same[0]);
        let node = cx.forest.node(first.node);
        if first.class == Class::Call {
            return self.calls(cx, same, report);
        }
        let row = || FactRow {
            other: first.callee,
            what: first.own,
            count: same.iter().map(|&at| cx.operation(at).weight).sum(),
            span: shown(node),
            ignored: cx.ignored(node),
            ..FactRow::new(FactKind::Wordless, Class::Db, at(cx, first.segment))
        };
        if node.bits.has(Flag::Unnamed) {
            report.facts.push(row());
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
                    ..row()
                });
            }
        } else if is_repeatable(facts) && is_dear(cx, same) {
            self.reads(cx, same, row(), report);
        }
    }

    /// The calls of one template in one segment: reads of a resource, or changes of it.
    fn calls(&mut self, cx: Context<'_>, same: &[u32], report: &mut Report) {
        let first = cx.operation(same[0]);
        let node = cx.forest.node(first.node);
        let Some(template) = first.own else { return };
        let row = FactRow {
            other: first.callee,
            what: Some(template),
            span: shown(node),
            ..FactRow::new(FactKind::Wrote, Class::Call, at(cx, first.segment))
        };
        match cx.text(template).split_once(' ') {
            // What differs from user to user without an argument that shows, a header tells.
            Some(("GET", url)) if is_dear(cx, same) && is_of_some(url) => {
                self.reads(
                    cx,
                    same,
                    FactRow {
                        kind: FactKind::Read,
                        ..row
                    },
                    report,
                );
            }
            Some(("POST" | "PUT" | "PATCH" | "DELETE", _)) => {
                if let Some((start, _)) = claimed(cx, node) {
                    report.facts.push(FactRow {
                        moment: Some(Moment {
                            at: start,
                            key: (0, 0),
                        }),
                        ..row
                    });
                }
            }
            Some(_) | None => {}
        }
    }

    /// One row for each set of arguments.
    fn reads(&mut self, cx: Context<'_>, same: &[u32], row: FactRow, report: &mut Report) {
        self.seen.clear();
        for &at in same {
            let operation = cx.operation(at);
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

/// Whether a request names one of many things.
fn is_of_some(url: &str) -> bool {
    url.bytes().any(|byte| matches!(byte, b'{' | b'?'))
}

/// Whether asking again may give the same answer, as far as the statement tells.
fn is_repeatable(facts: &TemplateFacts) -> bool {
    facts.verb == Verb::Read && !facts.reads.is_empty() && !facts.skip_locked && !facts.cursor
}

/// Whether the statements take their share of the segment: the length of their union, which are in order of time.
fn is_dear(cx: Context<'_>, same: &[u32]) -> bool {
    let (mut covered, mut until) = (0_i64, i64::MIN);
    for &at in same {
        let node = cx.node_of(at);
        covered += (node.end - node.start.max(until)).max(0);
        until = until.max(node.end);
    }
    let segment = cx.operation(same[0]).segment;
    let share = Millionths(cx.knob(segment, &COST_SHARE)).of(cx.segment(segment).length());
    Nanos(u64::try_from(covered).unwrap_or(0)) >= Nanos(share)
}

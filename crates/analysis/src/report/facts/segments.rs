//! Requests served, requests without a beginning, services without a name.

use hotspan_model::{Class, FactKind, FactRow, Kind, Millionths, Moment, Nanos, Report};

use super::{at, claimed, instance, shown};
use crate::Mark;
use crate::context::{Context, Segment, is_trusted};

pub(super) fn fill(cx: Context<'_>, report: &mut Report) {
    let backends = cx.segments().iter().enumerate();
    for (place, segment) in backends.filter(|(_, segment)| !segment.front_end) {
        let root = cx.node_at(segment.root);
        let class = match (root.kind(), root.class()) {
            (Kind::Server, _) => Class::Server,
            (_, class) => class,
        };
        let at = at(cx, place as u32);
        let row = FactRow {
            span: shown(root),
            ignored: cx.ignored(root),
            path: cx.paths().subtree(cx.nodes()[segment.root as usize]),
            ..FactRow::new(FactKind::Served, class, at)
        };
        if matches!(class, Class::Server | Class::Consumer) && is_trusted(root) {
            report.facts.push(FactRow {
                what: cx.source_at(segment.root).and_then(|source| source.version),
                time: Nanos(u64::try_from(root.e - root.b).unwrap_or(0)),
                ..row
            });
        }
        // A sampled trace lacks what was sampled away.
        if is_orphan(cx, segment) && report.weight == Millionths::ONE {
            report.facts.push(FactRow {
                kind: FactKind::Orphaned,
                ..row
            });
        }
        if is_nameless(cx, segment) {
            report.facts.push(FactRow {
                kind: FactKind::Nameless,
                ..row
            });
        }
        report.facts.extend(entered(cx, segment, row));
        report.facts.extend(inside(cx, segment, row));
    }
}

/// Whether the segment hangs from a span that was never received.
fn is_orphan(cx: Context<'_>, segment: &Segment) -> bool {
    let root = cx.node_at(segment.root);
    let above = root.parent().map(|parent| cx.forest.node(parent));
    root.has(Mark::Phantom) || above.is_some_and(|above| above.has(Mark::Phantom))
}

fn is_nameless(cx: Context<'_>, segment: &Segment) -> bool {
    cx.source_at(segment.root).is_some_and(|source| source.unnamed)
}

/// The trace, or a part of it, begins with a request that nobody of ours seems to have made.
fn entered(cx: Context<'_>, segment: &Segment, row: FactRow) -> Option<FactRow> {
    let root = cx.node_at(segment.root);
    let span = cx.trace.spans.get(root.span as usize)?;
    if row.class != Class::Server || !span.is_root() || !is_trusted(root) {
        return None;
    }
    let (start, end) = claimed(cx, root)?;
    Some(FactRow {
        kind: FactKind::Entered,
        what: span.callee,
        moment: Some(Moment {
            at: start,
            key: (start.0, end.0),
        }),
        ..row
    })
}

/// Calls and messages that begin a trace, and server spans that may have made them. Those that show what they call have
/// lost nothing.
fn inside(cx: Context<'_>, segment: &Segment, row: FactRow) -> Option<FactRow> {
    let root = cx.node_at(segment.root);
    let span = cx.trace.spans.get(root.span as usize)?;
    let strays = span.is_root() && matches!(row.class, Class::Call | Class::Publish | Class::UnknownOut);
    let kind = match row.class == Class::Server {
        true => (!calls_out(cx, segment)).then_some(FactKind::Working),
        false => strays.then_some(FactKind::Strayed),
    }?;
    let (start, end) = is_trusted(root).then(|| claimed(cx, root))??;
    Some(FactRow {
        kind,
        what: instance(cx, segment.root),
        moment: Some(Moment {
            at: start,
            key: (start.0, end.0),
        }),
        ..row
    })
}

/// Whether anything below a segment's root is a call or a message.
fn calls_out(cx: Context<'_>, segment: &Segment) -> bool {
    let (from, end) = (segment.operations_before as usize, cx.end(segment.root));
    let below = cx.operations()[from..].iter().take_while(|row| row.place < end);
    let mut classes = below.map(|operation| operation.class);
    classes.any(|class| matches!(class, Class::Call | Class::Publish | Class::UnknownOut))
}

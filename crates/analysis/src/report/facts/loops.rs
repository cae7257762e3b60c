//! Calls that come back: a chain of segments, each waiting for the next, that meets an operation twice.

use hotspan_model::{Class, FactKind, FactRow, Identity, Report, Symbol};

use super::{at, shown};
use crate::NONE;
use crate::context::{Context, Segment};

/// Segments that are climbed to find the same operation again.
const CLIMB: usize = 16;

pub(super) fn fill(cx: Context<'_>, report: &mut Report) {
    for (place, segment) in cx.segments().iter().enumerate() {
        if let Some(above) = again(cx, segment) {
            push(cx, place as u32, above, report);
        }
    }
}

/// The nearest segment above that is of the same service and operation and waits for this one through another
/// service.
fn again(cx: Context<'_>, segment: &Segment) -> Option<u32> {
    let (mut below, mut foreign) = (segment, false);
    for _ in 0..CLIMB {
        if below.parent == NONE {
            return None;
        }
        let above = cx.segment(below.parent);
        // Whoever waits is in the same unit.
        if cx.node_at(below.root).head != cx.node_at(above.root).head {
            return None;
        }
        if foreign
            && (above.service, above.operation) == (segment.service, segment.operation)
            && tenant(cx, above) == tenant(cx, segment)
        {
            return Some(below.parent);
        }
        foreign |= above.service != segment.service;
        below = above;
    }
    None
}

/// Two tenants may run services of one name.
fn tenant(cx: Context<'_>, segment: &Segment) -> Option<Symbol> {
    cx.source_at(segment.root)?.namespace
}

/// One row for each edge from `above` down to `place`.
fn push(cx: Context<'_>, place: u32, above: u32, report: &mut Report) {
    let text = |segment: u32| cx.text(cx.segment(segment).service);
    // Services in order, so that the same circle met from another side is the same group.
    let mut names = [""; CLIMB + 1];
    let (mut count, mut at_segment) = (0, place);
    while at_segment != above && count < CLIMB {
        names[count] = text(at_segment);
        (count, at_segment) = (count + 1, cx.segment(at_segment).parent);
    }
    names[..count].sort_unstable();
    let circle = Identity::new("circle");
    let mut last = "";
    let circle = names[..count].iter().fold(circle, |circle, &name| {
        let known = name == std::mem::replace(&mut last, name);
        if known { circle } else { circle.text(name) }
    });
    // Half of the identity tells circles apart well enough.
    let group = (circle.finish() >> 64) as u64;
    let root = cx.segment(place).root;
    let path = cx.paths().subtree(cx.nodes()[root as usize]);
    let mut below = place;
    while below != above {
        let caller = cx.segment(below).parent;
        let (from, to) = (cx.segment(caller), cx.segment(below));
        if from.service != to.service {
            report.facts.push(FactRow {
                other: Some(to.service),
                group,
                path,
                span: shown(cx.node_at(to.root)),
                ignored: cx.ignored(cx.node_at(to.root)),
                ..FactRow::new(FactKind::Looped, Class::Call, at(cx, caller))
            });
        }
        below = caller;
    }
}

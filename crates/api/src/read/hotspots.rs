//! The ranked list, and one hotspot with its evidence.

use std::collections::BTreeSet;

use hotspan_model::{self as model, EvidenceTrace, FindingId, Fingerprint, Hotspot, SpanDetail, TraceView};
use serde::Serialize;

use super::coverage;
use crate::ask::{HotspotFilter, PageOf, Problem, Waterfalls};
use crate::shape::{self, BeforeAfter, HotspotDetail, HotspotList, Mark, Replay, Trace, Waterfall};
use crate::{Backend, Place, View, links};

/// Most spans of one exemplar beside its hotspot.
const SPANS_MAX: usize = 2_000;
/// Most bytes of attributes of one exemplar beside its hotspot.
const DETAIL_BYTES_MAX: usize = 512 << 10;
/// Most exemplars that are shown beside their hotspot; more are never kept.
const WATERFALLS_MAX: usize = 3;

/// A page of the hotspots that are asked for.
pub(crate) fn hotspots(view: &View, filter: &HotspotFilter) -> HotspotList {
    let page = hotspot_rows(view, filter, |hotspot| hotspot);
    HotspotList {
        hotspots: page.rows,
        total: page.total,
        next_cursor: page.next_cursor,
        truncated: page.truncated,
        coverage: coverage(view),
    }
}

/// The same page with rows that are made of its rows.
pub(crate) fn hotspot_rows<T: Serialize>(
    view: &View,
    filter: &HotspotFilter,
    row: impl Fn(shape::Hotspot) -> T,
) -> PageOf<T> {
    let wanted = view
        .answers
        .hotspots
        .iter()
        .filter(|hotspot| filter.matches(hotspot));
    filter.page.page(
        wanted,
        |hotspot| filter.key(hotspot),
        |hotspot| row(shown(view, hotspot)),
    )
}

/// One hotspot, listed or not, with as many of the exemplars that somebody still holds as are asked for.
pub(crate) async fn hotspot(
    backend: &dyn Backend,
    view: &View,
    id: &str,
    waterfalls: Waterfalls,
) -> Result<HotspotDetail, Problem> {
    let Some(hotspot) = find(view, id) else {
        return Err(Problem::no_hotspot());
    };
    let exemplars = match waterfalls {
        Waterfalls::All => WATERFALLS_MAX,
        Waterfalls::None => 0,
    };
    let (mut waterfalls, mut before_after) = (Vec::new(), Vec::new());
    for evidence in hotspot.evidence.iter().take(exemplars) {
        let finding = FindingId::new(evidence.trace, hotspot.detector, evidence.anchor, hotspot.id);
        let found = backend.fix(evidence.trace, finding).await;
        before_after.push(replayed(evidence, finding, found.as_ref()));
        if let Some((trace, details, _)) = found {
            let links = links(&view.links, &Place::of_trace(&trace));
            let mut trace = Trace::bounded(&trace, &details, SPANS_MAX, DETAIL_BYTES_MAX);
            mark(&mut trace, evidence);
            trace.links = links;
            waterfalls.push(Waterfall {
                role: evidence.role.into(),
                trace,
            });
        }
    }
    Ok(HotspotDetail {
        hotspot: shown(view, hotspot),
        waterfalls,
        before_after,
    })
}

/// A hotspot with its links.
pub(super) fn shown(view: &View, of: &Hotspot) -> shape::Hotspot {
    shape::Hotspot {
        links: links(&view.links, &Place::of_hotspot(of)),
        ..shape::Hotspot::from(of)
    }
}

/// The replay of one exemplar, or why there is none.
fn replayed(
    evidence: &EvidenceTrace,
    finding: FindingId,
    found: Option<&(TraceView, Vec<SpanDetail>, Option<model::BeforeAfter>)>,
) -> BeforeAfter {
    let replay = found.and_then(|(_, _, after)| Some(Replay::bounded(after.as_ref()?, SPANS_MAX)));
    let why_not = match found {
        _ if replay.is_some() => None,
        None => Some("the trace is no longer held"),
        Some((trace, ..)) if trace.findings.iter().any(|own| own.id == finding) => {
            Some("no replay says that the fix makes this trace shorter")
        }
        Some(_) => Some("the fault shows in many traces together, or no longer in this one"),
    };
    BeforeAfter {
        role: evidence.role.into(),
        trace_id: evidence.trace.to_string(),
        replay,
        why_not: why_not.map(str::to_owned),
    }
}

/// The hotspot of an id.
pub(crate) fn find<'a>(view: &'a View, id: &str) -> Option<&'a Hotspot> {
    let id = Fingerprint::from_hex(id)?;
    view.answers.hotspots.iter().find(|hotspot| hotspot.id == id)
}

/// Marks the evidence; a span that is anchor and member is the anchor.
fn mark(trace: &mut Trace, evidence: &EvidenceTrace) {
    let anchor = evidence.anchor.to_string();
    let members: BTreeSet<String> = evidence.spans.iter().map(|id| id.to_string()).collect();
    for span in &mut trace.spans {
        span.mark = match span.span_id.as_deref() {
            Some(id) if id == anchor => Some(Mark::Anchor),
            Some(id) if members.contains(id) => Some(Mark::Member),
            Some(_) | None => None,
        };
    }
}

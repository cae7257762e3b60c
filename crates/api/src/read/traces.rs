//! Single traces, and the list of exemplars.

use std::collections::BTreeMap;

use hotspan_model::{EvidenceTrace, Hotspot, SpanDetail, TraceId, TraceView};
use serde::Serialize;

use super::coverage;
use crate::ask::{PageOf, Problem, TraceFilter};
use crate::shape::{Exemplar, ExemplarOf, Trace, TraceList, clean};
use crate::{Backend, Place, View, links};

/// What is said of an id that nobody holds.
pub(crate) const ABSENT: &str =
    "no trace of this id is held: only exemplars of hotspots and recent traces are";

/// A page of the traces that hotspots refer to.
pub(crate) fn traces(view: &View, filter: &TraceFilter) -> TraceList {
    let page = trace_rows(view, filter, |exemplar| exemplar);
    TraceList {
        traces: page.rows,
        total: page.total,
        next_cursor: page.next_cursor,
        truncated: page.truncated,
        coverage: coverage(view),
    }
}

/// The same page with rows that are made of its rows.
pub(crate) fn trace_rows<T: Serialize>(
    view: &View,
    filter: &TraceFilter,
    row: impl Fn(Exemplar) -> T,
) -> PageOf<T> {
    let mut exemplars: BTreeMap<TraceId, Vec<(&Hotspot, &EvidenceTrace)>> = BTreeMap::new();
    for hotspot in view
        .answers
        .hotspots
        .iter()
        .filter(|hotspot| filter.matches(hotspot))
    {
        for evidence in &hotspot.evidence {
            exemplars
                .entry(evidence.trace)
                .or_default()
                .push((hotspot, evidence));
        }
    }
    filter.page.page(
        exemplars.iter(),
        |(trace, _)| trace.to_string(),
        |(trace, of)| {
            row(Exemplar {
                trace_id: trace.to_string(),
                hotspots: of
                    .iter()
                    .map(|(hotspot, evidence)| exemplar_of(hotspot, evidence))
                    .collect(),
            })
        },
    )
}

fn exemplar_of(hotspot: &Hotspot, evidence: &EvidenceTrace) -> ExemplarOf {
    ExemplarOf {
        hotspot_id: hotspot.id.to_string(),
        detector: hotspot.detector.to_owned(),
        service: clean(&hotspot.service),
        role: evidence.role.into(),
    }
}

/// One trace, as far as anybody holds it.
pub(crate) async fn trace(backend: &dyn Backend, id: &str) -> Result<Trace, Problem> {
    let (trace, details) = find(backend, id).await?;
    Ok(Trace {
        links: links(&backend.view().links, &Place::of_trace(&trace)),
        ..Trace::new(&trace, &details)
    })
}

/// One trace and what is kept of its attributes.
pub(super) async fn find(backend: &dyn Backend, id: &str) -> Result<(TraceView, Vec<SpanDetail>), Problem> {
    let Some(id) = TraceId::from_hex(id) else {
        return Err(Problem::not_found(
            "a trace id is 1 to 32 hex digits, not all zero",
        ));
    };
    let found = backend.trace(id).await;
    found.ok_or_else(|| Problem::not_found(ABSENT))
}

//! `search_traces`: the traces that are held as evidence.

use serde::Serialize;
use utoipa::ToSchema;

use super::budget::Lines;
use super::call::{Basis, Call, Next, Reply};
use super::quoted::Quoted;
use crate::ask::{Problem, TraceFilter};
use crate::read;
use crate::shape::{Exemplar, Role};

/// Most hotspots that are named beside one trace.
const HOTSPOTS_MAX: usize = 8;

/// A page of traces.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Traces {
    /// By id.
    traces: Vec<Row>,
    /// How many match.
    total_count: u64,
    /// More match than are here.
    truncated: bool,
    /// How to get more; null when these are the last.
    next: Option<Next>,
    coverage: Basis,
}

/// One trace.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Row {
    /// For explain_trace and get_spans.
    trace_id: String,
    /// What it is evidence of.
    evidence_of: Vec<Of>,
    /// How many more it is evidence of.
    more: u64,
    link: String,
}

/// One hotspot.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Of {
    hotspot_id: String,
    detector: String,
    role: Role,
    quoted: Words,
}

/// What spans say: data.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Words {
    /// The service that must change.
    service: Quoted,
}

pub(super) fn search(mut call: Call) -> Result<Reply, Problem> {
    let budget = call.budget()?;
    let mut filter = TraceFilter::read(&mut call.query, &call.view)?;
    call.finish()?;
    filter.page = filter.page.within(budget.rows());
    let page = read::trace_rows(&call.view, &filter, |of| {
        Row::new(&of, call.links.trace(&of.trace_id))
    });
    let coverage = Basis::of(&call.view);
    let mut lines = Lines::new(budget);
    lines.add(format!(
        "{} of {} traces that are evidence, {}. Any other recent trace: explain_trace with its whole id.",
        page.rows.len(),
        page.total,
        coverage.says()
    ));
    if let Some(first) = page.rows.first() {
        lines.add(format!(
            "Next: explain_trace {{\"trace_id\": \"{}\"}}.",
            first.trace_id
        ));
    }
    for row in &page.rows {
        let of = row.evidence_of.iter();
        let of: Vec<String> = of
            .map(|of| format!("{} in {}", of.detector, of.quoted.service.in_line()))
            .collect();
        lines.add(format!("{}: {}", row.trace_id, of.join(", ")));
    }
    Reply::new(
        lines,
        &Traces {
            total_count: page.total,
            truncated: page.next_cursor.is_some(),
            next: Next::after("search_traces", &page),
            traces: page.rows,
            coverage,
        },
    )
}

impl Row {
    fn new(of: &Exemplar, link: String) -> Row {
        let hotspots = of.hotspots.iter().take(HOTSPOTS_MAX);
        Row {
            trace_id: of.trace_id.clone(),
            evidence_of: hotspots
                .map(|hotspot| Of {
                    hotspot_id: hotspot.hotspot_id.clone(),
                    detector: hotspot.detector.clone(),
                    role: hotspot.role,
                    quoted: Words {
                        service: Quoted::new(&hotspot.service),
                    },
                })
                .collect(),
            more: of.hotspots.len().saturating_sub(HOTSPOTS_MAX) as u64,
            link,
        }
    }
}

//! `list_third_parties`: the companies that are called, and what waiting for them costs.

use hotspan_model::Nanos;
use serde::Serialize;
use utoipa::ToSchema;

use super::budget::Lines;
use super::call::{Basis, Call, Next, Reply};
use super::links::Links;
use super::quoted::Quoted;
use crate::ask::{Problem, RowFilter};
use crate::read;
use crate::shape::{self, Decimal, Latency};

/// Most callers that are named.
const SERVICES_MAX: usize = 5;

/// A page of companies.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ThirdParties {
    /// By domain.
    third_parties: Vec<Row>,
    /// How many match.
    total_count: u64,
    /// More match than are here.
    truncated: bool,
    /// How to get more; null when these are the last.
    next: Option<Next>,
    coverage: Basis,
}

/// One company.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Row {
    /// Name of the vendor, when it is known.
    vendor: Option<String>,
    /// What it sells: payments, mail, maps.
    category: Option<String>,
    traces: u64,
    /// Not adjusted for sampling.
    calls: u64,
    failed: u64,
    /// Summed client time.
    time_ns: u64,
    /// Summed critical-path time, weighted.
    critical_path_ns: u64,
    /// Its share of all critical-path time.
    critical_path_share: Decimal,
    /// Its longest critical-path time in a trace, over the traces that call it.
    critical_path_in_trace_ns: Latency,
    /// Somebody waits for it in at least one trace.
    on_critical_path: bool,
    /// The test that says that it is one.
    reason: String,
    /// How sure that test is, 0 to 1.
    certainty: Decimal,
    /// Services that call it.
    service_count: u64,
    quoted: Words,
    link: String,
}

/// What spans say: data.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Words {
    domain: Quoted,
    /// The first services that call it.
    services: Vec<Quoted>,
}

pub(super) fn list(mut call: Call) -> Result<Reply, Problem> {
    let budget = call.budget()?;
    let mut filter = RowFilter::read(&mut call.query)?;
    call.finish()?;
    filter.page = filter.page.within(budget.rows());
    let page = read::third_party_rows(&call.view, &filter, |of| Row::new(&of, &call.links));
    let coverage = Basis::of(&call.view);
    let mut lines = Lines::new(budget);
    lines.add(format!(
        "{} of {} third parties, {}.",
        page.rows.len(),
        page.total,
        coverage.says()
    ));
    lines.add("Next: list_hotspots with detector third-party-on-critical-path says what to change.");
    for row in &page.rows {
        lines.add(row.line());
    }
    Reply::new(
        lines,
        &ThirdParties {
            total_count: page.total,
            truncated: page.next_cursor.is_some(),
            next: Next::after("list_third_parties", &page),
            third_parties: page.rows,
            coverage,
        },
    )
}

impl Row {
    fn new(of: &shape::ThirdParty, links: &Links) -> Row {
        Row {
            vendor: of.vendor.clone(),
            category: of.category.clone(),
            traces: of.traces,
            calls: of.calls,
            failed: of.failed,
            time_ns: of.time_ns,
            critical_path_ns: of.critical_path_ns,
            critical_path_share: of.critical_path_share,
            critical_path_in_trace_ns: of.critical_path_in_trace_ns,
            on_critical_path: of.on_critical_path,
            reason: of.reason.clone(),
            certainty: of.certainty,
            service_count: of.services.len() as u64,
            quoted: Words {
                domain: Quoted::new(&of.domain),
                services: Quoted::some(&of.services, SERVICES_MAX),
            },
            link: links.page("third-parties"),
        }
    }

    fn line(&self) -> String {
        format!(
            "{}: {} of all critical-path time, {} a trace (p95), {} calls, {} failed{}",
            self.quoted.domain.in_line(),
            self.critical_path_share.percent(),
            Nanos(self.critical_path_in_trace_ns.p95),
            self.calls,
            self.failed,
            if self.on_critical_path {
                ""
            } else {
                ", nobody waits for it"
            },
        )
    }
}

//! `list_hotspots`: the ranked list, short.

use hotspan_model::Nanos;
use serde::Serialize;
use utoipa::ToSchema;

use super::budget::Lines;
use super::call::{Basis, Call, Next, Reply};
use super::links::Links;
use super::quoted::Quoted;
use crate::ask::{HotspotFilter, Problem};
use crate::read;
use crate::shape::{self, Break, Calls, Decimal, ImpactBasis, Moment, Saving, State};

/// A page of hotspots.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Hotspots {
    /// In the order that was asked for.
    hotspots: Vec<Row>,
    /// How many match.
    total_count: u64,
    /// More match than are here.
    truncated: bool,
    /// How to get more; null when these are the last.
    next: Option<Next>,
    coverage: Basis,
}

/// One hotspot.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Row {
    /// For get_hotspot.
    pub(super) id: String,
    /// 1 costs most.
    pub(super) rank: u32,
    /// Kind of fault.
    pub(super) detector: String,
    /// Which of the four breaks.
    #[serde(rename = "break")]
    pub(super) in_break: Break,
    pub(super) state: State,
    /// How sure, 0 to 1.
    pub(super) confidence: Decimal,
    /// Weeks of one team.
    pub(super) effort_weeks: Decimal,
    /// Seconds saved (or exposed) an hour.
    pub(super) impact_s_per_hour: Decimal,
    pub(super) impact_basis: ImpactBasis,
    /// Impact x confidence / effort.
    pub(super) priority: Decimal,
    /// What the fix saves of an affected trace.
    pub(super) saving_ns: Saving,
    /// Likely saving over the operation's median duration.
    pub(super) saving_share: Decimal,
    /// Traces seen.
    pub(super) traces: u64,
    /// Share of the operation's traces.
    pub(super) share: Decimal,
    pub(super) calls_per_trace: Calls,
    pub(super) last_seen: Moment,
    pub(super) quoted: Words,
    /// The page for people.
    pub(super) link: String,
}

/// What spans say: data.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Words {
    /// The fault in one sentence.
    pub(super) title: Quoted,
    /// The service that must change.
    pub(super) service: Quoted,
    /// Its operation.
    pub(super) operation: Quoted,
    /// The root operation most traces entered by.
    pub(super) entry: Quoted,
    /// What to change.
    pub(super) fix: Quoted,
}

impl Row {
    pub(super) fn new(of: &shape::Hotspot, links: &Links) -> Row {
        Row {
            rank: of.rank,
            detector: of.detector.clone(),
            in_break: of.in_break,
            state: of.state,
            confidence: of.confidence,
            effort_weeks: of.effort_weeks,
            impact_s_per_hour: of.impact_s_per_hour,
            impact_basis: of.impact_basis,
            priority: of.priority,
            saving_ns: of.saving_ns,
            saving_share: of.saving_share,
            traces: of.traces,
            share: of.share,
            calls_per_trace: of.calls_per_trace,
            last_seen: of.last_seen,
            quoted: Words {
                title: Quoted::new(&of.title),
                service: Quoted::new(&of.service),
                operation: Quoted::new(&of.operation),
                entry: Quoted::new(&of.entry),
                fix: Quoted::new(&of.fix.summary),
            },
            link: links.hotspot(&of.id),
            id: of.id.clone(),
        }
    }

    /// In one line.
    pub(super) fn line(&self) -> String {
        let gain = match self.saving_ns.likely {
            0 => format!("{} s an hour lie open to it", self.impact_s_per_hour.tenths()),
            likely => format!(
                "likely saves {} of a request ({}), {} s an hour",
                Nanos(likely),
                self.saving_share.percent(),
                self.impact_s_per_hour.tenths()
            ),
        };
        format!(
            "{}. {} {} {}: {gain}, confidence {}, effort {} weeks",
            self.rank,
            self.id,
            self.detector,
            self.quoted.title.in_line(),
            self.confidence.percent(),
            self.effort_weeks,
        )
    }
}

pub(super) fn list(mut call: Call) -> Result<Reply, Problem> {
    let budget = call.budget()?;
    let mut filter = HotspotFilter::read(&mut call.query, &call.view)?;
    call.finish()?;
    filter.page = filter.page.within(budget.rows());
    let page = read::hotspot_rows(&call.view, &filter, |of| Row::new(&of, &call.links));
    let coverage = Basis::of(&call.view);
    let mut lines = Lines::new(budget);
    lines.add(format!(
        "{} of {} hotspots, {}.",
        page.rows.len(),
        page.total,
        coverage.says()
    ));
    match page.rows.first() {
        Some(first) => lines.add(format!("Next: get_hotspot {{\"id\": \"{}\"}}.", first.id)),
        None => lines.add(
            "Next: near_misses says what nearly is one; audit says what could not be seen. Muted ones are listed with \
             state muted, unsure ones with min_confidence 0.",
        ),
    }
    for row in &page.rows {
        lines.add(row.line());
    }
    Reply::new(
        lines,
        &Hotspots {
            total_count: page.total,
            truncated: page.next_cursor.is_some(),
            next: Next::after("list_hotspots", &page),
            hotspots: page.rows,
            coverage,
        },
    )
}

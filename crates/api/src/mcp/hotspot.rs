//! `get_hotspot`: one hotspot with what proves it.

use hotspan_model::Nanos;
use serde::Serialize;
use utoipa::ToSchema;

use super::budget::{LeftOut, Lines, Room};
use super::call::{Basis, Call, Reply};
use super::evidence::Evidence;
use super::hotspots::Row;
use super::links::Links;
use super::quoted::Quoted;
use crate::Link;
use crate::ask::{Problem, Waterfalls};
use crate::read;
use crate::shape::{self, Decimal, Moment, Outlook, Over, PathTime, State, TrendPoint};

/// Most texts of one list.
const TEXTS_MAX: usize = 8;
/// Most hours of the trend.
const HOURS_MAX: usize = 24;

/// One hotspot.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Hotspot {
    hotspot: Row,
    /// Start of the first filled trend bucket.
    first_seen: Moment,
    /// Critical-path time a trace.
    critical_path_ns: PathTime,
    /// Median duration of the operation, before and after the fix.
    operation_p50_ns: Outlook,
    /// The same for the 95th percentile.
    operation_p95_ns: Outlook,
    /// Whether the slow requests carry it.
    tail: Option<String>,
    /// Traces adjusted for sampling.
    weighted_traces: Decimal,
    /// Detectors merged into it.
    related: Vec<String>,
    /// What a person said last; null when nobody did.
    note: Option<Note>,
    quoted: Details,
    /// Traces that prove it: worst, median, newest.
    evidence: Vec<Evidence>,
    /// By hour: Unix seconds, traces, critical-path nanoseconds.
    trend: Vec<TrendPoint>,
    /// Where people look beside the page.
    links: Vec<Link>,
    coverage: Basis,
    left_out: Vec<LeftOut>,
}

/// What a person said.
#[derive(Debug, Serialize, ToSchema)]
struct Note {
    decision: Option<State>,
    until: Option<Moment>,
    /// Why it holds no longer; null while it does.
    over: Option<Over>,
    quoted: Said,
}

/// In their words: data.
#[derive(Debug, Serialize, ToSchema)]
struct Said {
    reason: Quoted,
    by: Quoted,
}

/// What spans say: data.
#[derive(Debug, Serialize, ToSchema)]
struct Details {
    /// What to change, in this framework's words.
    fix_how: Quoted,
    /// Why the confidence is what it is.
    confidence_why: Vec<Quoted>,
    /// Where the fault sits.
    anchor_service: Quoted,
    anchor_operation: Quoted,
    /// Whom its members call.
    callee_peer: Quoted,
    callee_system: Quoted,
    /// What its members do.
    template: Quoted,
    /// Root operations with traces, most first.
    entries: Vec<Quoted>,
    /// Places in the code: file:line function.
    code: Vec<Quoted>,
    /// Versions it was seen in.
    versions: Vec<Quoted>,
}

pub(super) async fn get(mut call: Call) -> Result<Reply, Problem> {
    let budget = call.budget()?;
    let id = call.needed(
        "id",
        "the id of a hotspot, or its first digits; list_hotspots names them",
    )?;
    call.finish()?;
    let id = call.hotspot_id("id", &id)?;
    let detail = read::hotspot(&*call.backend, &call.view, &id, Waterfalls::All).await?;
    let of = &detail.hotspot;
    let mut room = Room::new(budget.rows());
    let mut answer = Hotspot {
        hotspot: Row::new(of, &call.links),
        first_seen: of.first_seen,
        critical_path_ns: of.critical_path_ns,
        operation_p50_ns: of.operation_p50_ns,
        operation_p95_ns: of.operation_p95_ns,
        tail: of.tail.as_ref().map(|tail| tail.says.clone()),
        weighted_traces: of.weighted_traces,
        related: of.related.iter().take(TEXTS_MAX).cloned().collect(),
        note: note(&of.note),
        quoted: details(of),
        evidence: Vec::new(),
        trend: Vec::new(),
        links: Links::elsewhere(&of.links, [&of.service, &of.operation]),
        coverage: Basis::of(&call.view),
        left_out: Vec::new(),
    };
    shorten(&mut answer.quoted, &mut room);
    room.take(&answer.hotspot);
    room.take(&answer.links);
    let evidence = Evidence::of(&detail, &call.links);
    let how = "ask again with a larger max_bytes; explain_trace and get_spans show each trace";
    answer.evidence = room.fit("evidence", how, evidence.len(), evidence);
    let trend = of.trend.hour.iter().rev().take(HOURS_MAX).rev().copied();
    answer.trend = room.fit("trend", "ask again with a larger max_bytes", HOURS_MAX, trend);
    answer.left_out = room.left_out();
    Reply::new(text(&answer, Lines::new(budget)), &answer)
}

/// Gives up lists of words where they would leave no room for evidence.
fn shorten(of: &mut Details, room: &mut Room) {
    let how = "ask again with a larger max_bytes";
    for (what, list) in [
        ("confidence_why", &mut of.confidence_why),
        ("code", &mut of.code),
        ("entries", &mut of.entries),
        ("versions", &mut of.versions),
    ] {
        let all = std::mem::take(list);
        *list = room.fit(what, how, TEXTS_MAX, all);
    }
    room.take(of);
}

fn note(of: &shape::Note) -> Option<Note> {
    of.decision.map(|decision| Note {
        decision: Some(decision),
        until: of.until,
        over: of.over,
        quoted: Said {
            reason: Quoted::new(of.reason.as_deref().unwrap_or_default()),
            by: Quoted::new(of.by.as_deref().unwrap_or_default()),
        },
    })
}

fn details(of: &shape::Hotspot) -> Details {
    let place = |code: &shape::Code| Quoted::new(&format!("{}:{} {}", code.file, code.line, code.function));
    Details {
        fix_how: Quoted::new(&of.fix.how),
        confidence_why: Quoted::some(&of.confidence_why, TEXTS_MAX),
        anchor_service: Quoted::new(&of.anchor.service),
        anchor_operation: Quoted::new(&of.anchor.operation),
        callee_peer: Quoted::new(&of.callee.peer),
        callee_system: Quoted::new(&of.callee.system),
        template: Quoted::new(&of.callee.template),
        entries: of.entries.iter().map(|entry| Quoted::new(&entry.0)).collect(),
        code: of.code.iter().map(place).collect(),
        versions: Quoted::some(&of.versions, TEXTS_MAX),
    }
}

fn text(of: &Hotspot, mut lines: Lines) -> Lines {
    let (row, words) = (&of.hotspot, &of.hotspot.quoted);
    lines.add(row.line());
    lines.add(format!(
        "Fix: {} {}",
        words.fix.in_line(),
        of.quoted.fix_how.in_line()
    ));
    if let Some(first) = of.evidence.first() {
        lines.add(format!(
            "Next: explain_trace {{\"trace_id\": \"{id}\"}}, or get_spans {{\"trace_id\": \"{id}\", \"hotspot\": \
             \"{}\"}}.",
            row.id,
            id = first.trace_id,
        ));
    }
    lines.add(format!(
        "Seen in {} traces ({} of its operation's), {} to {} calls a trace, critical path {} a trace (median).",
        row.traces,
        row.share.percent(),
        row.calls_per_trace.min,
        row.calls_per_trace.max,
        Nanos(of.critical_path_ns.p50),
    ));
    for why in &of.quoted.confidence_why {
        lines.add(format!("Confidence: {}", why.in_line()));
    }
    for place in &of.quoted.code {
        lines.add(format!("Code: {}", place.in_line()));
    }
    for evidence in &of.evidence {
        lines.add(evidence.line());
    }
    lines.add(format!("Page: {}", row.link));
    for link in &of.links {
        lines.add(format!("Elsewhere, {}: {}", link.name, link.url));
    }
    lines
}

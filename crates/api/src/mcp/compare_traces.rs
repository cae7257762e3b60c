//! `compare` of two traces: what their spans do, and what was found in each.

use hotspan_model::Nanos;
use serde::Serialize;
use utoipa::ToSchema;

use super::budget::{Lines, Room};
use super::call::{Call, Next, Reply, TRACE};
use super::compare::{Compared, Side, word};
use super::links::Links;
use super::quoted::Quoted;
use crate::ask::{Cursor, Problem, size};
use crate::read;
use crate::shape::{CallChange, CallSum, Change, FindingChange, TraceSide};

/// Most findings.
const FINDINGS_MAX: usize = 50;
/// Arguments that two traces have no use for.
const OF_SIDES: [&str; 5] = ["a", "b", "service", "detector", "change"];

/// One of two traces.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct TraceOf {
    /// For explain_trace and get_spans.
    trace_id: String,
    /// Duration of the primary root.
    duration_ns: u64,
    span_count: u64,
    /// Its findings may rest on missing spans.
    incomplete: bool,
    link: String,
}

/// All spans of one kind in both traces.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct CallRow {
    /// By critical-path time (a fifth and 1 ms) or number (a fifth and 2).
    change: Change,
    /// server, db, cache, call, publish.
    class: String,
    a: CallSum,
    b: CallSum,
    quoted: Does,
}

/// What it does: data.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Does {
    service: Quoted,
    operation: Quoted,
    template: Quoted,
}

/// A hotspot that one of the traces shows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct FindingRow {
    /// For get_hotspot, when it is listed.
    hotspot_id: String,
    detector: String,
    /// 0 when it is not found in the first trace.
    calls_a: u64,
    calls_b: u64,
    /// What the fix would likely save of the first trace.
    saving_a_ns: u64,
    saving_b_ns: u64,
    quoted: Of,
    link: String,
}

/// What spans say: data.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Of {
    /// The service that must change.
    service: Quoted,
}

/// Both traces, `given` as `trace_a` and `trace_b`.
pub(super) async fn traces(mut call: Call, given: [Option<String>; 2]) -> Result<Reply, Problem> {
    let budget = call.budget()?;
    for name in OF_SIDES {
        if let Some(value) = call.query.all(name).first() {
            let allowed = "absent beside trace_a and trace_b: two traces are compared whole";
            return Err(Problem::bad_value(name, value, allowed));
        }
    }
    let cursor = Cursor::read(&mut call.query)?;
    call.finish()?;
    let whole = |name, given: Option<String>| {
        let id = given.ok_or_else(|| Problem::missing(name, TRACE))?;
        call.trace_id(name, &id)
    };
    let [a, b] = given;
    let (a, b) = (whole("trace_a", a)?, whole("trace_b", b)?);
    let found = read::compare_traces(&*call.backend, [("trace_a", &a), ("trace_b", &b)]).await;
    let found = found.map_err(|problem| {
        Problem::not_found(format!("{}; search_traces names exemplars", problem.detail))
    })?;
    let [a, b] = [&found.a, &found.b].map(|of| side(of, &call.links));
    let sides = size(&a) + size(&b);
    // Calls come first; a third stays for the findings.
    let room_of_calls = (budget.rows() / 3 * 2).saturating_sub(sides);
    let page = cursor.within(room_of_calls).page(
        found.calls.iter().enumerate(),
        |(at, _)| format!("{at:08}"),
        |(_, of)| CallRow::new(of),
    );
    let mut room = Room::new(budget.rows().saturating_sub(sides));
    page.rows.iter().for_each(|row| room.take(row));
    let findings = room.fit(
        "findings",
        "explain_trace names those of one trace; or ask with a larger max_bytes",
        FINDINGS_MAX,
        found.findings.iter().map(|of| FindingRow::new(of, &call.links)),
    );
    let answer = Compared {
        a,
        b,
        counts: None,
        changes: Vec::new(),
        total_count: page.total,
        truncated: page.next_cursor.is_some() || found.truncated,
        next: Next::after("compare", &page),
        calls: page.rows,
        findings,
        left_out: room.left_out(),
        coverage: None,
    };
    let mut lines = Lines::new(budget);
    lines.add(format!(
        "Trace {} with trace {}; {} of {} kinds of spans are here.",
        says(&found.a),
        says(&found.b),
        answer.calls.len(),
        answer.total_count
    ));
    lines.add(format!(
        "Next: get_spans {{\"trace_id\": \"{}\", \"critical_path\": true}}, or get_hotspot for a finding.",
        found.b.trace_id
    ));
    for row in &answer.findings {
        lines.add(row.line());
    }
    for row in &answer.calls {
        lines.add(row.line());
    }
    Reply::new(lines, &answer)
}

/// A trace in a few words.
fn says(of: &TraceSide) -> String {
    format!(
        "{} ({}, {} spans{})",
        of.trace_id,
        Nanos(of.duration_ns),
        of.span_count,
        if of.incomplete { ", incomplete" } else { "" }
    )
}

fn side(of: &TraceSide, links: &Links) -> Side {
    let trace = TraceOf {
        trace_id: of.trace_id.clone(),
        duration_ns: of.duration_ns,
        span_count: of.span_count,
        incomplete: of.incomplete,
        link: links.trace(&of.trace_id),
    };
    // One text of both, so that the sides leave room for rows.
    Side::of_trace(trace, Quoted::new(&format!("{} {}", of.service, of.operation)))
}

impl CallRow {
    fn new(of: &CallChange) -> CallRow {
        CallRow {
            change: of.change,
            class: of.class.clone(),
            a: of.a,
            b: of.b,
            quoted: Does {
                service: Quoted::new(&of.service),
                operation: Quoted::new(&of.operation),
                template: Quoted::new(&of.template),
            },
        }
    }

    fn line(&self) -> String {
        let what = match self.quoted.template.is_empty() {
            true => &self.quoted.operation,
            false => &self.quoted.template,
        };
        format!(
            "{} {} in {}: {} spans, then {}; on the critical path {}, then {}",
            word(self.change),
            what.in_line(),
            self.quoted.service.in_line(),
            self.a.count,
            self.b.count,
            Nanos(self.a.critical_path_ns),
            Nanos(self.b.critical_path_ns),
        )
    }
}

impl FindingRow {
    fn new(of: &FindingChange, links: &Links) -> FindingRow {
        FindingRow {
            hotspot_id: of.hotspot_id.clone(),
            detector: of.detector.clone(),
            calls_a: of.calls_a,
            calls_b: of.calls_b,
            saving_a_ns: of.saving_a_ns,
            saving_b_ns: of.saving_b_ns,
            quoted: Of {
                service: Quoted::new(&of.service),
            },
            link: links.hotspot(&of.hotspot_id),
        }
    }

    fn line(&self) -> String {
        format!(
            "Found: {} {} in {}: {} calls, then {}; likely saves {}, then {}.",
            self.hotspot_id,
            self.detector,
            self.quoted.service.in_line(),
            self.calls_a,
            self.calls_b,
            Nanos(self.saving_a_ns),
            Nanos(self.saving_b_ns),
        )
    }
}

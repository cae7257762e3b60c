//! The traces that prove a hotspot: which spans, and what the fix would do to them.

use hotspan_model::Nanos;
use serde::Serialize;
use utoipa::ToSchema;

use super::links::Links;
use super::quoted::Quoted;
use crate::shape::{self, After, HotspotDetail, Mark, Role, Trace};

/// Most members of one trace that are shown.
const MEMBERS_MAX: usize = 5;

/// One exemplar trace.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Evidence {
    /// For explain_trace and get_spans.
    pub(super) trace_id: String,
    /// Why this one.
    role: Role,
    /// It is still held with its spans.
    held: bool,
    /// Its duration, 0 when it is no longer held.
    duration_ns: u64,
    /// Its spans, 0 when it is no longer held.
    span_count: u64,
    /// The span under which the fault sits.
    anchor_span_id: String,
    /// Members in it.
    member_count: u64,
    /// The first of them, times from the start of the trace.
    members: Vec<Member>,
    /// The request or job with the fix, replayed; null when there is no replay.
    replay: Option<Replay>,
    /// Why there is none.
    why_not: Option<String>,
    link: String,
}

/// One member.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Member {
    span_id: String,
    /// From the start of the trace.
    start_ns: u64,
    duration_ns: u64,
    critical_path_ns: u64,
    quoted: Does,
}

/// What it does: data.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Does {
    service: Quoted,
    operation: Quoted,
    template: Quoted,
}

/// Before and after the fix.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
struct Replay {
    before_ns: u64,
    after_ns: After,
}

impl Evidence {
    /// All of a hotspot.
    pub(super) fn of(detail: &HotspotDetail, links: &Links) -> Vec<Evidence> {
        let evidence = detail.hotspot.evidence.iter();
        evidence.map(|of| Evidence::new(of, detail, links)).collect()
    }

    fn new(of: &shape::Evidence, detail: &HotspotDetail, links: &Links) -> Evidence {
        let mut waterfalls = detail.waterfalls.iter();
        let held = waterfalls.find(|one| one.role == of.role && one.trace.trace_id == of.trace_id);
        let trace = held.map(|one| &one.trace);
        let mut replays = detail.before_after.iter();
        let replay = replays.find(|one| one.role == of.role && one.trace_id == of.trace_id);
        Evidence {
            trace_id: of.trace_id.clone(),
            role: of.role,
            held: trace.is_some(),
            duration_ns: trace.map_or(0, |trace| trace.duration_ns),
            span_count: trace.map_or(0, |trace| trace.span_count),
            anchor_span_id: of.anchor_span_id.clone(),
            member_count: of.span_count,
            members: trace.map(members).unwrap_or_default(),
            replay: replay.and_then(|one| one.replay.as_ref()).map(|replay| Replay {
                before_ns: replay.before_ns,
                after_ns: replay.after_ns,
            }),
            why_not: replay.and_then(|one| one.why_not.clone()),
            link: links.trace(&of.trace_id),
        }
    }

    /// In one line.
    pub(super) fn line(&self) -> String {
        let held = match self.held {
            true => format!("{} long, {} spans", Nanos(self.duration_ns), self.span_count),
            false => "no longer held".to_owned(),
        };
        let fixed = match &self.replay {
            Some(replay) => format!(
                "; with the fix {} instead of {}",
                Nanos(replay.after_ns.likely),
                Nanos(replay.before_ns)
            ),
            None => String::new(),
        };
        format!(
            "Evidence: trace {} ({held}), {} spans under span {}{fixed}.",
            self.trace_id, self.member_count, self.anchor_span_id
        )
    }
}

fn members(trace: &Trace) -> Vec<Member> {
    let begin = begin(trace);
    let members = trace.spans.iter().filter(|span| span.mark == Some(Mark::Member));
    members
        .take(MEMBERS_MAX)
        .map(|span| Member {
            span_id: span.span_id.clone().unwrap_or_default(),
            start_ns: span.start.0.saturating_sub(begin),
            duration_ns: span.duration_ns,
            critical_path_ns: span.critical_path_ns,
            quoted: Does {
                service: Quoted::new(&span.service),
                operation: Quoted::new(&span.operation),
                template: Quoted::new(&span.template),
            },
        })
        .collect()
}

/// When the first span of a trace starts, in nanoseconds since 1970.
pub(super) fn begin(trace: &Trace) -> u64 {
    trace
        .spans
        .iter()
        .map(|span| span.start.0)
        .min()
        .unwrap_or_default()
}

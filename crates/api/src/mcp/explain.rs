//! `explain_trace`: where one trace's time goes and what was found in it, whatever its size.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use hotspan_model::{Millionths, Nanos};
use serde::Serialize;
use utoipa::ToSchema;

use super::budget::{Budget, LeftOut, Lines, Room};
use super::call::{Call, Reply};
use super::links::Links;
use super::quoted::Quoted;
use crate::Link;
use crate::ask::Problem;
use crate::shape::{self, Cause, Completeness, Decimal, Saving, Trace};

/// Most bytes of a reply when nobody says: an explanation is short.
const BYTES: usize = 9_500;
/// Most parts of the critical path.
const PARTS_MAX: usize = 12;
/// Most findings.
const FINDINGS_MAX: usize = 8;
/// Most near misses.
const NEAR_MAX: usize = 5;
/// Most spans that are named for one finding.
const SPANS_MAX: usize = 3;

/// One trace, explained.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Explained {
    trace_id: String,
    /// Duration of the primary root.
    duration_ns: u64,
    span_count: u64,
    /// Services with spans in it.
    service_count: u64,
    /// Its findings may rest on missing spans.
    incomplete: bool,
    /// What the response waited for, dearest first; all parts together are the duration.
    critical_path: Vec<Part>,
    /// What the detectors say, what saves most first.
    findings: Vec<Finding>,
    /// What they nearly say.
    near_misses: Vec<Near>,
    /// Defects of the trace, by kind.
    defects: BTreeMap<String, u64>,
    completeness: Completeness,
    left_out: Vec<LeftOut>,
    link: String,
    /// Where people look beside the page.
    links: Vec<Link>,
}

/// The time of one operation on the critical path.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Part {
    /// Critical-path time.
    path_ns: u64,
    /// Of the trace's duration.
    share: Decimal,
    /// self, net_out, net_in, dispatch, queue, wait_unknown, abandoned.
    cause: Cause,
    /// server, db, cache, call, publish.
    class: String,
    /// How many spans.
    spans: u64,
    /// The one with the most of it, for get_spans; null for spans that were never received.
    span_id: Option<String>,
    quoted: Does,
}

/// What it does: data.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Does {
    service: Quoted,
    operation: Quoted,
    template: Quoted,
}

/// One finding.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Finding {
    /// For get_hotspot, when it is listed.
    hotspot_id: String,
    detector: String,
    calls: u64,
    saving_ns: Saving,
    confidence: Decimal,
    /// Where it sits.
    anchor_span_id: String,
    /// The first of its members.
    span_ids: Vec<String>,
    quoted: Does,
    link: String,
}

/// One rule that nearly speaks.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Near {
    detector: String,
    /// What stopped it.
    reason: String,
    members: u64,
    quoted: Does,
}

pub(super) async fn explain(mut call: Call) -> Result<Reply, Problem> {
    let budget = Budget::read(&mut call.query, BYTES)?;
    let trace = call.trace().await?;
    let mut room = Room::new(budget.rows());
    let root = trace.spans.first();
    let names = root.map_or([""; 2], |root| {
        [&root.service, &root.operation].map(String::as_str)
    });
    let links = Links::elsewhere(&trace.links, names);
    room.take(&links);
    let all = "get_spans with critical_path true lists the spans";
    let spent = spent(&trace);
    let whole = spent.iter().map(|of| of.path_ns).sum();
    let parts = spent.iter().map(|of| Part::new(of, whole));
    let critical_path = room.fit("critical_path", all, PARTS_MAX, parts);
    let mut found: Vec<&shape::Finding> = trace.findings.iter().collect();
    found.sort_by_key(|of| Reverse(of.saving_ns.likely));
    let found = found.iter().map(|of| Finding::new(of, &call.links));
    let findings = room.fit(
        "findings",
        "list_hotspots ranks them over all traces",
        FINDINGS_MAX,
        found,
    );
    let near = trace.near_misses.iter().map(Near::new);
    let near_misses = room.fit(
        "near_misses",
        "near_misses lists them over all traces",
        NEAR_MAX,
        near,
    );
    let services: BTreeSet<&str> = trace.spans.iter().map(|span| span.service.as_str()).collect();
    let mut defects = BTreeMap::new();
    for defect in &trace.defects {
        *defects.entry(defect.kind.clone()).or_default() += 1;
    }
    let answer = Explained {
        link: call.links.trace(&trace.trace_id),
        links,
        duration_ns: trace.duration_ns,
        span_count: trace.span_count,
        service_count: services.len() as u64,
        incomplete: trace.incomplete,
        critical_path,
        findings,
        near_misses,
        defects,
        completeness: trace.completeness,
        left_out: room.left_out(),
        trace_id: trace.trace_id,
    };
    Reply::new(text(&answer, Lines::new(budget)), &answer)
}

/// Critical-path time by what it was spent on.
struct Spent<'a> {
    /// Service, operation, template, class.
    names: [&'a str; 4],
    cause: Cause,
    by_span: BTreeMap<&'a str, u64>,
    path_ns: u64,
}

/// All of it, dearest first.
fn spent(trace: &Trace) -> Vec<Spent<'_>> {
    let spans: BTreeMap<&str, &shape::Span> = trace
        .spans
        .iter()
        .filter_map(|span| Some((span.span_id.as_deref()?, span)))
        .collect();
    let mut sums: BTreeMap<([&str; 4], Cause), BTreeMap<&str, u64>> = BTreeMap::new();
    for segment in &trace.critical_path {
        let id = segment.span_id.as_deref().unwrap_or_default();
        let names = spans.get(id).map_or([""; 4], |of| {
            [&of.service, &of.operation, &of.template, &of.class].map(String::as_str)
        });
        let by_span = sums.entry((names, segment.cause)).or_default();
        *by_span.entry(id).or_default() += segment.end.0.saturating_sub(segment.start.0);
    }
    let mut spent: Vec<Spent<'_>> = sums
        .into_iter()
        .map(|((names, cause), by_span)| Spent {
            path_ns: by_span.values().sum(),
            names,
            cause,
            by_span,
        })
        .collect();
    spent.sort_by_key(|of| Reverse(of.path_ns));
    spent
}

impl Part {
    fn new(of: &Spent<'_>, whole: u64) -> Part {
        let [service, operation, template, class] = of.names;
        let longest = of.by_span.iter().max_by_key(|(_, length)| **length);
        Part {
            path_ns: of.path_ns,
            share: share(of.path_ns, whole),
            cause: of.cause,
            class: class.to_owned(),
            spans: of.by_span.len() as u64,
            span_id: longest
                .map(|(id, _)| (*id).to_owned())
                .filter(|id| !id.is_empty()),
            quoted: Does::new(service, operation, template),
        }
    }

    fn line(&self) -> String {
        format!(
            "{} ({}) {} {}, {} spans",
            Nanos(self.path_ns),
            self.share.percent(),
            self.cause.name(),
            self.quoted.words(),
            self.spans
        )
    }
}

fn share(part: u64, whole: u64) -> Decimal {
    let millionths = u128::from(part) * 1_000_000 / u128::from(whole.max(1));
    Millionths(u64::try_from(millionths).unwrap_or(u64::MAX)).into()
}

impl Finding {
    fn new(of: &shape::Finding, links: &Links) -> Finding {
        Finding {
            hotspot_id: of.hotspot_id.clone(),
            detector: of.detector.clone(),
            calls: of.calls,
            saving_ns: of.saving_ns,
            confidence: of.confidence,
            anchor_span_id: of.anchor_span_id.clone(),
            span_ids: of.span_ids.iter().take(SPANS_MAX).cloned().collect(),
            quoted: Does::new(&of.service, &of.operation, &of.template),
            link: links.hotspot(&of.hotspot_id),
        }
    }
}

impl Near {
    fn new(of: &shape::NearMissHere) -> Near {
        Near {
            detector: of.detector.clone(),
            reason: of.reason.clone(),
            members: of.members,
            quoted: Does::new(&of.service, &of.operation, &of.template),
        }
    }
}

impl Does {
    fn new(service: &str, operation: &str, template: &str) -> Does {
        Does {
            service: Quoted::new(service),
            operation: Quoted::new(operation),
            template: Quoted::new(template),
        }
    }

    /// In a few words.
    fn words(&self) -> String {
        let what = if self.template.is_empty() {
            &self.operation
        } else {
            &self.template
        };
        match self.service.is_empty() {
            true => "spans that were never received".to_owned(),
            false => format!("{} in {}", what.in_line(), self.service.in_line()),
        }
    }
}

fn text(of: &Explained, mut lines: Lines) -> Lines {
    lines.add(format!(
        "Trace {}: {}, {} spans of {} services{}.",
        of.trace_id,
        Nanos(of.duration_ns),
        of.span_count,
        of.service_count,
        if of.incomplete { ", incomplete" } else { "" },
    ));
    match of.findings.first() {
        Some(first) => lines.add(format!(
            "Next: get_hotspot {{\"id\": \"{}\"}}, or get_spans {{\"trace_id\": \"{}\", \"hotspot\": \"{}\"}}.",
            first.hotspot_id, of.trace_id, first.hotspot_id
        )),
        None => lines.add(format!(
            "Nothing was found in it. Next: get_spans {{\"trace_id\": \"{}\", \"critical_path\": true}}.",
            of.trace_id
        )),
    }
    for finding in &of.findings {
        lines.add(format!(
            "Found: {} {}, {} calls, likely saves {}, confidence {}.",
            finding.detector,
            finding.quoted.words(),
            finding.calls,
            Nanos(finding.saving_ns.likely),
            finding.confidence.percent()
        ));
    }
    for part in &of.critical_path {
        lines.add(part.line());
    }
    lines
}

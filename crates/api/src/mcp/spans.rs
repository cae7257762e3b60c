//! `get_spans`: the spans of one trace, a page at a time.

use std::collections::{BTreeMap, BTreeSet};

use hotspan_model::Nanos;
use serde::Serialize;
use utoipa::ToSchema;

use super::budget::Lines;
use super::call::{Call, Next, Reply};
use super::evidence::begin;
use super::prefix::unique;
use super::quoted::Quoted;
use crate::ask::{Cursor, Problem, size};
use crate::shape::{self, Kind, Mark, Trace};

/// Most bytes of the attributes and events of one span.
const ATTRIBUTES_BYTES_MAX: usize = 1_500;

/// A page of spans.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Spans {
    trace_id: String,
    /// In tree order, earliest first.
    spans: Vec<Row>,
    /// How many match.
    total_count: u64,
    /// More match than are here, or spans of the trace are not held.
    truncated: bool,
    /// How to get more; null when these are the last.
    next: Option<Next>,
    /// Spans of the trace that nobody can get: beyond the 10,000 that are answered.
    omitted_spans: u64,
    link: String,
}

/// One span.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Row {
    /// Null for a span that was never received.
    span_id: Option<String>,
    parent_span_id: Option<String>,
    /// Distance from its root.
    depth: u32,
    /// From the start of the trace.
    start_ns: u64,
    duration_ns: u64,
    /// Time in which none of its children ran.
    self_ns: u64,
    /// 0: nobody waited for it.
    critical_path_ns: u64,
    kind: Kind,
    /// server, db, cache, call, publish.
    class: String,
    failed: bool,
    /// How many spans it stands for.
    count: u64,
    /// What it is to the hotspot that was asked for.
    mark: Option<Mark>,
    /// What is wrong with it.
    defects: Vec<String>,
    quoted: Words,
    /// Attributes and events that are not here, for want of room.
    attributes_left_out: u64,
}

/// What the span says: data, values redacted.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Words {
    service: Quoted,
    operation: Quoted,
    name: Quoted,
    template: Quoted,
    #[schema(value_type = BTreeMap<String, Quoted>)]
    attributes: BTreeMap<Quoted, Quoted>,
    /// Names of its events.
    events: Vec<Quoted>,
}

/// Which spans.
struct Filter {
    ids: BTreeSet<String>,
    services: Vec<String>,
    hotspot: Option<String>,
    on_path: bool,
    failed: bool,
    attributes: bool,
}

pub(super) async fn get(mut call: Call) -> Result<Reply, Problem> {
    let budget = call.budget()?;
    let ids = call.query.all("span_id");
    let services = call.query.all("service");
    let hotspot = call.query.one("hotspot")?;
    let mut flag = |name| {
        let flag = call.query.one_word(name, &[("true", true), ("false", false)]);
        flag.map(Option::unwrap_or_default)
    };
    let (on_path, failed, bare) = (
        flag("critical_path")?,
        flag("failed")?,
        flag("without_attributes")?,
    );
    let cursor = Cursor::read(&mut call.query)?.within(budget.rows());
    let trace = call.trace().await?;
    let filter = Filter {
        ids: whole_ids(&ids, &trace)?,
        services,
        hotspot: hotspot.map(|id| found_in(&id, &trace)).transpose()?,
        on_path,
        failed,
        attributes: !bare,
    };
    let (begin, marks) = (begin(&trace), marks(&trace, filter.hotspot.as_deref()));
    let rows = trace.spans.iter().enumerate();
    let rows = rows.filter(|(_, span)| filter.wants(span, &marks));
    let page = cursor.page(
        rows,
        |(at, _)| format!("{at:08}"),
        |(_, span)| Row::new(span, begin, &marks, filter.attributes),
    );
    let mut lines = Lines::new(budget);
    lines.add(format!(
        "{} of {} spans of trace {}.",
        page.rows.len(),
        page.total,
        trace.trace_id
    ));
    for row in &page.rows {
        lines.add(row.line());
    }
    Reply::new(
        lines,
        &Spans {
            link: call.links.trace(&trace.trace_id),
            total_count: page.total,
            truncated: page.next_cursor.is_some() || trace.omitted_spans > 0,
            next: Next::after("get_spans", &page),
            spans: page.rows,
            omitted_spans: trace.omitted_spans,
            trace_id: trace.trace_id,
        },
    )
}

/// The spans that are meant; those of which nothing is known are refused.
fn whole_ids(prefixes: &[String], trace: &Trace) -> Result<BTreeSet<String>, Problem> {
    let mut whole = BTreeSet::new();
    for prefix in prefixes {
        let ids = trace.spans.iter().filter_map(|span| span.span_id.clone());
        let found = unique("span_id", prefix, ids)?;
        let absent = || Problem::not_found(format!("this trace has no span whose id begins with `{prefix}`"));
        whole.insert(found.ok_or_else(absent)?);
    }
    Ok(whole)
}

/// The hotspot that is meant, among those with a finding in the trace.
fn found_in(prefix: &str, trace: &Trace) -> Result<String, Problem> {
    let ids = trace.findings.iter().map(|of| of.hotspot_id.clone());
    let found = unique("hotspot", prefix, ids)?;
    found.ok_or_else(|| {
        Problem::not_found(
            "this trace has no finding of that hotspot; explain_trace names those it has, get_hotspot the traces \
             that prove it",
        )
    })
}

/// What spans are to a hotspot; a span that is anchor and member is the anchor.
fn marks(trace: &Trace, hotspot: Option<&str>) -> BTreeMap<String, Mark> {
    let mut marks = BTreeMap::new();
    let findings = trace
        .findings
        .iter()
        .filter(|of| Some(of.hotspot_id.as_str()) == hotspot);
    for of in findings {
        for id in &of.span_ids {
            marks.entry(id.clone()).or_insert(Mark::Member);
        }
        marks.insert(of.anchor_span_id.clone(), Mark::Anchor);
    }
    marks
}

impl Filter {
    fn wants(&self, span: &shape::Span, marks: &BTreeMap<String, Mark>) -> bool {
        let id = span.span_id.as_deref().unwrap_or_default();
        (self.ids.is_empty() || self.ids.contains(id))
            && (self.services.is_empty() || self.services.contains(&span.service))
            && (self.hotspot.is_none() || marks.contains_key(id))
            && (!self.on_path || span.critical_path_ns > 0)
            && (!self.failed || span.failed)
    }
}

impl Row {
    fn new(of: &shape::Span, begin: u64, marks: &BTreeMap<String, Mark>, with_attributes: bool) -> Row {
        let mut words = Words {
            service: Quoted::new(&of.service),
            operation: Quoted::new(&of.operation),
            name: Quoted::new(&of.name),
            template: Quoted::new(&of.template),
            attributes: BTreeMap::new(),
            events: Vec::new(),
        };
        let left_out = match with_attributes {
            true => words.add(of),
            false => 0,
        };
        Row {
            span_id: of.span_id.clone(),
            parent_span_id: of.parent_span_id.clone(),
            depth: of.depth,
            start_ns: of.start.0.saturating_sub(begin),
            duration_ns: of.duration_ns,
            self_ns: of.self_ns,
            critical_path_ns: of.critical_path_ns,
            kind: of.kind,
            class: of.class.clone(),
            failed: of.failed,
            count: of.count,
            mark: of.span_id.as_ref().and_then(|id| marks.get(id)).copied(),
            defects: of.defects.clone(),
            quoted: words,
            attributes_left_out: left_out,
        }
    }

    fn line(&self) -> String {
        let what = match self.quoted.template.is_empty() {
            true => &self.quoted.operation,
            false => &self.quoted.template,
        };
        format!(
            "{} {} at {} for {}, on the critical path {}: {}",
            self.span_id.as_deref().unwrap_or("(never received)"),
            self.quoted.service.in_line(),
            Nanos(self.start_ns),
            Nanos(self.duration_ns),
            Nanos(self.critical_path_ns),
            what.in_line(),
        )
    }
}

impl Words {
    /// Adds attributes and events while there is room; how many there was none for.
    fn add(&mut self, of: &shape::Span) -> u64 {
        let (mut left, mut left_out) = (ATTRIBUTES_BYTES_MAX, 0);
        for (key, value) in &of.attributes {
            let (key, value) = (Quoted::new(key), Quoted::new(value));
            match left.checked_sub(size(&key) + size(&value) + 2) {
                Some(rest) => {
                    left = rest;
                    self.attributes.insert(key, value);
                }
                None => left_out += 1,
            }
        }
        for event in &of.events {
            let name = Quoted::new(&event.name);
            match left.checked_sub(size(&name) + 1) {
                Some(rest) => {
                    left = rest;
                    self.events.push(name);
                }
                None => left_out += 1,
            }
        }
        left_out
    }
}

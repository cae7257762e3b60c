//! Searches in TraceQL.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde_json::{Map, Value as JsonValue, json};

use super::ql::{Field, Matched, Question, STEPS_MAX};
use super::refusal::Refusal;
use crate::Backend;
use crate::ask::{Problem, Query};
use crate::compat::{self, LIMIT_MAX, Span, Summary, Trace, Value, Wanted, of_resource, of_span};

/// Traces of an answer when nobody says.
const LIMIT: usize = 20;
/// Spans shown of each when nobody says.
const SPANS: usize = 3;
/// What a hit weighs beside its spans, and each of these, nearly.
const HIT_BYTES: (usize, usize) = (1_024, 512);

/// Traces with spans that match, newest first.
pub(super) async fn search(
    State(backend): State<Arc<dyn Backend>>,
    mut query: Query,
) -> Result<Response, Refusal> {
    if let Some(tags) = query.one("tags")? {
        return Err(Problem::bad_value("tags", &tags, "left out: ask with `q` in TraceQL").into());
    }
    let question = Question::new(&query.one("q")?.unwrap_or_default())?;
    let limit = number(&mut query, "limit")?.unwrap_or(LIMIT);
    let spans_max = number(&mut query, "spss")?.unwrap_or(SPANS);
    let wanted = window(&mut query)?;
    let mut steps = STEPS_MAX;
    let found = compat::search(&*backend, &wanted, limit, |trace| {
        let summary = Summary::new(&trace);
        let matched = question.judge(&trace, &summary, &mut steps)?;
        let shown = matched.spans.len().min(spans_max);
        let weight = HIT_BYTES.0 + shown * HIT_BYTES.1;
        Some((hit(&question, &trace, &summary, &matched, spans_max), weight))
    });
    let found = found.await;
    let cut = AppendHeaders(compat::truncated(found.truncated || steps == 0));
    let metrics = json!({"inspectedTraces": found.looked_at, "completedJobs": 1, "totalJobs": 1});
    Ok((cut, Json(json!({"traces": found.found, "metrics": metrics}))).into_response())
}

/// When the traces that are asked for were.
pub(super) fn window(query: &mut Query) -> Result<Wanted, Problem> {
    let seconds = "a whole number of seconds since 1970";
    Ok(Wanted {
        from: query.parsed("start", seconds, compat::moment)?,
        to: query.parsed("end", seconds, compat::moment)?,
        ..Wanted::default()
    })
}

fn number(query: &mut Query, name: &'static str) -> Result<Option<usize>, Problem> {
    query.parsed(
        name,
        &format!("a whole number from 1 to {LIMIT_MAX}"),
        compat::limit,
    )
}

fn hit(
    question: &Question,
    trace: &Trace,
    summary: &Summary<'_>,
    matched: &Matched<'_>,
    spans_max: usize,
) -> JsonValue {
    let shown = matched.spans.iter().take(spans_max);
    let spans: Vec<JsonValue> = shown.map(|span| span_of(question, span)).collect();
    let services = summary.services.iter();
    let services: Map<String, JsonValue> = services
        .map(|(name, stats)| {
            let stats = json!({"spanCount": stats.spans, "errorCount": stats.errors});
            ((*name).to_owned(), stats)
        })
        .collect();
    json!({
        "traceID": trace.id.to_string(),
        "rootServiceName": summary.root_service,
        "rootTraceName": summary.root_name,
        "startTimeUnixNano": summary.start.to_string(),
        "durationMs": millis(summary.end.saturating_sub(summary.start)),
        "spanSets": [{"matched": matched.spans.len(), "spans": spans}],
        "serviceStats": services,
    })
}

/// Clients read 32 bits.
fn millis(nanos: u64) -> u32 {
    u32::try_from(nanos / 1_000_000).unwrap_or(u32::MAX)
}

fn span_of(question: &Question, span: &Span) -> JsonValue {
    json!({
        "spanID": span.id.to_string(),
        "name": span.name,
        "startTimeUnixNano": span.start.to_string(),
        "durationNanos": span.duration.to_string(),
        "attributes": compared(question, span),
    })
}

/// The attributes that were asked about, as far as the span has them.
fn compared(question: &Question, span: &Span) -> Vec<JsonValue> {
    let mut seen = BTreeSet::new();
    let mut attributes = Vec::new();
    for field in question.attributes() {
        let (key, values) = match field {
            Field::Span(key) => (key, of_span(span, key)),
            Field::Resource(key) => (key, of_resource(span, key)),
            Field::Any(key) => {
                let own = of_span(span, key);
                (
                    key,
                    if own.is_empty() {
                        of_resource(span, key)
                    } else {
                        own
                    },
                )
            }
            Field::Name
            | Field::Status
            | Field::Kind
            | Field::Duration
            | Field::RootName
            | Field::RootServiceName
            | Field::TraceDuration => continue,
        };
        if !values.is_empty() && seen.insert(key) {
            let text = Value::Text(values.join(","));
            attributes.push(compat::attribute(&(key.clone(), text)));
        }
    }
    attributes
}

//! The request that a probe sends, and what is known of it: a handler that asks for twelve rows one by one.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use serde_json::Value;

use super::{Check, milliseconds};
use crate::client::Client;
use crate::exit::Failure;

const SERVICE: &str = "hotspan-probe";
const DETECTOR: &str = "n-plus-one-query";
const TEMPLATE: &str = "select name from probe_items where id=?";
/// Queries, one after another.
const QUERIES: u64 = 12;
const QUERY_NS: u64 = 3_000_000;
/// From the end of one query to the start of the next.
const APART_NS: u64 = 200_000;
const REQUEST_NS: u64 = 40_000_000;
/// A fix leaves one query.
const SAVING_NS: u64 = (QUERIES - 1) * QUERY_NS;

/// One request, told apart from others by its trace id.
pub(super) struct Known {
    trace: u128,
    end: u64,
    is_listed: bool,
}

impl Known {
    /// One that ends at `end`, in Unix nanoseconds.
    pub(super) fn new(trace: u128, end: u64, is_listed: bool) -> Known {
        Known {
            trace,
            end,
            is_listed,
        }
    }

    /// The trace id, as everybody writes it.
    pub(super) fn trace(&self) -> String {
        format!("{:032x}", self.trace)
    }

    pub(super) fn request(&self) -> ExportTraceServiceRequest {
        let mut spans = vec![self.handler()];
        spans.extend((0..QUERIES).map(|at| self.query(at)));
        let resource = Resource {
            attributes: vec![text("service.name", SERVICE)],
            ..Resource::default()
        };
        let scope_spans = vec![ScopeSpans {
            spans,
            ..ScopeSpans::default()
        }];
        ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                resource: Some(resource),
                scope_spans,
                ..ResourceSpans::default()
            }],
        }
    }

    fn handler(&self) -> Span {
        let mut attributes = vec![text("http.request.method", "GET"), text("http.route", "/probe")];
        if !self.is_listed {
            attributes.push(text("hotspan.ignore", "*"));
        }
        Span {
            attributes,
            ..self.span(1, "GET /probe", SpanKind::Server, 0, REQUEST_NS)
        }
    }

    fn query(&self, at: u64) -> Span {
        let statement = format!("SELECT name FROM probe_items WHERE id = {at}");
        let after = APART_NS + at * (QUERY_NS + APART_NS);
        Span {
            parent_span_id: id(1),
            attributes: vec![
                text("db.system.name", "postgresql"),
                text("db.query.text", &statement),
            ],
            ..self.span(at + 2, "SELECT probe_items", SpanKind::Client, after, QUERY_NS)
        }
    }

    fn span(&self, span: u64, name: &str, kind: SpanKind, after: u64, duration: u64) -> Span {
        let start = self.end.saturating_sub(REQUEST_NS) + after;
        Span {
            trace_id: self.trace.to_be_bytes().into(),
            span_id: id(span),
            name: name.to_owned(),
            kind: kind.into(),
            start_time_unix_nano: start,
            end_time_unix_nano: start + duration,
            ..Span::default()
        }
    }

    /// What the daemon says of the trace, once it was analysed.
    pub(super) fn find(&self, client: &Client) -> Result<Option<Value>, Failure> {
        let reply = client.reply(&format!("/api/v1/traces/{}", self.trace()), &[])?;
        let trace = (reply.status == 200)
            .then(|| client.parse(&reply.text))
            .transpose()?;
        Ok(trace.filter(|trace| !self.fault(trace).is_null()))
    }

    /// The fault as the trace tells it.
    fn fault<'a>(&self, trace: &'a Value) -> &'a Value {
        let list = match self.is_listed {
            true => &trace["findings"],
            false => &trace["near_misses"],
        };
        let found = list.as_array().into_iter().flatten();
        let mut found = found.filter(|fault| fault["detector"] == DETECTOR);
        found.next().unwrap_or(&Value::Null)
    }

    /// What must be so of the trace.
    pub(super) fn checks(&self, trace: &Value) -> Vec<Check> {
        let fault = self.fault(trace);
        let path = &trace["critical_path"];
        let spans = path
            .as_array()
            .into_iter()
            .flatten()
            .map(|segment| &segment["span_id"]);
        let queries = spans.filter(|span| *span != "0000000000000001").count() as u64;
        let calls = ["calls", "members"].map(|name| fault[name].as_u64());
        let mut checks = vec![
            same("spans", &trace["span_count"], QUERIES + 1),
            same("duration", &trace["duration_ns"], REQUEST_NS),
            ("critical path", are("queries", Some(queries), QUERIES)),
            (
                "fault",
                are(&format!("queries by {DETECTOR}"), calls[0].or(calls[1]), QUERIES),
            ),
            (
                "template",
                match &fault["template"] {
                    known if known == TEMPLATE => Ok(TEMPLATE.to_owned()),
                    other => Err(format!("{other}, not {TEMPLATE:?}")),
                },
            ),
        ];
        if self.is_listed {
            let saving = &fault["saving_ns"];
            let [least, most] = ["min", "max"].map(|end| saving[end].as_u64());
            let holds =
                least.is_some_and(|least| least <= SAVING_NS) && most.is_some_and(|most| SAVING_NS <= most);
            let said = format!(
                "{} to {}",
                milliseconds(&saving["min"]),
                milliseconds(&saving["max"])
            );
            checks.push((
                "saving",
                match holds {
                    true => Ok(said),
                    false => Err(format!("{said}, but a fix saves {} ms", SAVING_NS / 1_000_000)),
                },
            ));
        }
        checks
    }

    /// The priority of the hotspot, once the list has it.
    pub(super) fn listed(&self, client: &Client) -> Result<Option<Value>, Failure> {
        let asked = [("service", SERVICE), ("detector", DETECTOR)];
        let asked = asked.map(|(name, value)| (name, value.to_owned()));
        let list = client.json("/api/v1/hotspots", &asked)?;
        let first = &list["hotspots"][0];
        Ok((!first.is_null()).then(|| first["priority"].clone()))
    }
}

fn same(what: &'static str, said: &Value, known: u64) -> Check {
    let said = match said.as_u64() {
        Some(number) if number == known => Ok(known.to_string()),
        _ => Err(format!("{said}, not {known}")),
    };
    (what, said)
}

fn are(what: &str, said: Option<u64>, known: u64) -> Result<String, String> {
    match said {
        Some(number) if number == known => Ok(format!("{known} {what}")),
        other => Err(format!("{} {what}, not {known}", other.unwrap_or(0))),
    }
}

fn id(number: u64) -> Vec<u8> {
    number.to_be_bytes().into()
}

fn text(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}

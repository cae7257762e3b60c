//! Traces as other tools know them: one neutral list of spans, from which every foreign shape is written.

mod bounds;
mod group;
mod held;
mod id;
mod otlp_json;
mod otlp_proto;
mod refusal;
mod search;
mod source;
mod summary;
mod tags;
mod time;
mod trace;

pub(crate) use crate::read::ABSENT;
pub(crate) use bounds::{LIMIT_MAX, limit};
pub(crate) use held::{held, operations, services};
pub(crate) use id::{ID, from_base64, trace_id};
pub(crate) use otlp_json::{Flavour, attribute, resource_spans};
pub(crate) use otlp_proto::resource_spans_proto;
pub(crate) use refusal::sentence;
pub(crate) use search::{BYTES_MAX, Wanted, search, truncated};
pub(crate) use summary::Summary;
pub(crate) use tags::{kind_name, kind_of, of_resource, of_span, says};
pub(crate) use time::{go_duration, moment};
pub(crate) use trace::{Event, Link, Resource, Scope, Span, Status, Trace, Value};

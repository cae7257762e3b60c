//! Traces as other tools know them: one neutral list of spans, from which every foreign shape is written.

mod bounds;
mod group;
mod held;
mod id;
mod otlp_json;
mod refusal;
mod search;
mod summary;
mod tags;
mod time;
mod trace;

pub(crate) use bounds::{LIMIT_MAX, limit};
pub(crate) use group::{OfResource, OfScope, grouped};
pub(crate) use held::{ABSENT, held, operations, services};
pub(crate) use id::{ID, from_base64, trace_id};
pub(crate) use otlp_json::{Flavour, attribute, resource_spans};
pub(crate) use refusal::sentence;
pub(crate) use search::{BYTES_MAX, Found, Wanted, search, truncated};
pub(crate) use summary::{ServiceStats, Summary};
pub(crate) use tags::{kind_name, kind_of, says, values};
pub(crate) use time::{go_duration, moment};
pub(crate) use trace::{Event, Link, Resource, Scope, Span, Status, Trace, Value};

//! The shapes that Tempo's clients decode, as strict as they are.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What Grafana's plugin decodes of a search.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    pub(crate) traces: Vec<Hit>,
    pub(crate) metrics: Metrics,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Metrics {
    pub(crate) inspected_traces: u32,
    #[serde(rename = "completedJobs")]
    _completed_jobs: u32,
    #[serde(rename = "totalJobs")]
    _total_jobs: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Hit {
    #[serde(rename = "traceID")]
    pub(crate) trace_id: String,
    pub(crate) root_service_name: String,
    pub(crate) root_trace_name: String,
    pub(crate) start_time_unix_nano: String,
    pub(crate) duration_ms: u32,
    pub(crate) span_sets: Vec<SpanSet>,
    pub(crate) service_stats: BTreeMap<String, Stats>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpanSet {
    pub(crate) matched: u32,
    pub(crate) spans: Vec<Span>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Span {
    #[serde(rename = "spanID")]
    pub(crate) span_id: String,
    pub(crate) name: String,
    pub(crate) start_time_unix_nano: String,
    pub(crate) duration_nanos: String,
    pub(crate) attributes: Vec<Attribute>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attribute {
    pub(crate) key: String,
    pub(crate) value: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Value {
    pub(crate) string_value: String,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Stats {
    pub(crate) span_count: u32,
    pub(crate) error_count: u32,
}

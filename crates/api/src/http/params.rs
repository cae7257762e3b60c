//! The parameters as OpenAPI describes them. The test `every_parameter_is_described` compares them with those read.
#![allow(dead_code, reason = "read by the derive only")]

use utoipa::{IntoParams, ToSchema};

use crate::shape::{Break, Change, State};

/// Which hotspots, in which order.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct HotspotParams {
    /// Services that must change; repeat for alternatives.
    service: Option<Vec<String>>,
    /// Root operations that traces enter by; repeat for alternatives.
    entry: Option<Vec<String>>,
    /// Ids of detectors; repeat for alternatives.
    detector: Option<Vec<String>>,
    /// Breaks; repeat for alternatives.
    #[param(rename = "break", inline)]
    in_break: Option<Vec<Break>>,
    /// States; repeat for alternatives. What is muted is listed only when it is asked for here.
    #[param(inline)]
    state: Option<Vec<State>>,
    /// Least confidence; 0.4 when absent.
    #[param(minimum = 0, maximum = 1)]
    min_confidence: Option<f64>,
    /// Seen at this moment or later: RFC 3339, Unix seconds, or relative to the snapshot (`-1h`, `90m`, `now`).
    since: Option<String>,
    /// Seen at this moment or before, in the same forms.
    until: Option<String>,
    /// In which order.
    #[param(inline)]
    sort: Option<SortParam>,
}

/// How much of one hotspot.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct HotspotDetailParams {
    /// Whether its exemplars are analysed again; `all` when absent. With `none`, `waterfalls` and `before_after` are
    /// empty, and the answer is a few kilobytes: what a reader needs who asks again and again.
    #[param(inline)]
    waterfalls: Option<WaterfallsParam>,
}

/// Which rows.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RowParams {
    /// Only rows that one of these services is part of; repeat for alternatives.
    service: Option<Vec<String>>,
}

/// Which near misses.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct NearParams {
    /// Only operations of these services; repeat for alternatives.
    service: Option<Vec<String>>,
    /// Only these operations and what their traces reach; names the rules that never came near as well. Repeat for
    /// alternatives.
    entry: Option<Vec<String>>,
}

/// Which exemplars.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TraceParams {
    /// Services of the hotspots they are exemplars of; repeat for alternatives.
    service: Option<Vec<String>>,
    /// Detectors of those hotspots; repeat for alternatives.
    detector: Option<Vec<String>>,
}

/// Which two sides, and which of their changes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CompareParams {
    /// The first side: two moments as `FROM..UNTIL`, each RFC 3339, Unix seconds or relative to the snapshot, or
    /// `version:NAME`. `-24h..-1h` when absent. Windows are cut to whole minutes within the last hour, to whole hours
    /// before.
    a: Option<String>,
    /// The second side, of the same kind. `-1h..now` when absent.
    b: Option<String>,
    /// Services that must change; repeat for alternatives.
    service: Option<Vec<String>>,
    /// Ids of detectors; repeat for alternatives.
    detector: Option<Vec<String>>,
    /// What became of them; repeat for alternatives. All but `same` and `unclear` when absent.
    #[param(inline)]
    change: Option<Vec<Change>>,
}

/// Which two traces.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TracePairParams {
    /// The first: 1 to 32 hex digits; leading zeros may be missing.
    a: String,
    /// The second.
    b: String,
}

/// How much of a list, in which form.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageParams {
    /// Most rows; 50 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// JSON with an envelope, one JSON object a line, or comma-separated values.
    #[param(inline)]
    format: Option<FormatParam>,
    /// Rows without nesting and without an envelope.
    flat: Option<bool>,
}

/// How the audit is written.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditParams {
    /// JSON, Markdown, or one HTML file that needs nothing beside it.
    #[param(inline)]
    format: Option<PageParam>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum PageParam {
    Json,
    Md,
    Html,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum WaterfallsParam {
    All,
    None,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum SortParam {
    Priority,
    Impact,
    LastSeen,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum FormatParam {
    Json,
    Jsonl,
    Csv,
}

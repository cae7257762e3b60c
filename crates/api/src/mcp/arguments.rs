//! What tools take, as their schemas say it. The test `every_argument_is_described` compares them with those read.
#![allow(dead_code, reason = "read by the derive only")]

use utoipa::ToSchema;

use crate::shape::{Break, Change, State};

#[derive(ToSchema)]
pub(super) struct ListHotspots {
    /// Services that must change.
    service: Option<Vec<String>>,
    /// Root operations that traces enter by.
    entry: Option<Vec<String>>,
    /// Kinds of fault, as the answers name them, say n-plus-one-query.
    detector: Option<Vec<String>>,
    #[schema(inline, rename = "break")]
    in_break: Option<Vec<Break>>,
    /// Muted ones are listed only when asked for here.
    #[schema(inline)]
    state: Option<Vec<State>>,
    /// 0 to 1; 0.4 when absent.
    min_confidence: Option<f64>,
    /// Seen at this moment or later: -1h, now, RFC 3339.
    since: Option<String>,
    /// Seen at this moment or before.
    until: Option<String>,
    /// priority (default), impact or last_seen.
    sort: Option<String>,
    /// Most rows; 50 when absent.
    limit: Option<u32>,
    /// The cursor of `next` in the answer before.
    cursor: Option<String>,
    /// Longest reply in bytes; 20000 when absent.
    max_bytes: Option<u32>,
}

#[derive(ToSchema)]
pub(super) struct GetHotspot {
    /// Its id, or the first digits that no other has.
    id: String,
    /// Longest reply in bytes; 20000 when absent.
    max_bytes: Option<u32>,
}

#[derive(ToSchema)]
pub(super) struct Audit {
    /// Longest reply in bytes; 20000 when absent.
    max_bytes: Option<u32>,
}

#[derive(ToSchema)]
pub(super) struct ExplainTrace {
    /// Its id; of evidence the first digits are enough.
    trace_id: String,
    /// Longest reply in bytes; 9500 when absent.
    max_bytes: Option<u32>,
}

#[derive(ToSchema)]
pub(super) struct SearchTraces {
    /// Services of the hotspots they prove.
    service: Option<Vec<String>>,
    /// Detectors of those hotspots.
    detector: Option<Vec<String>>,
    /// Most rows; 50 when absent.
    limit: Option<u32>,
    /// The cursor of `next` in the answer before.
    cursor: Option<String>,
    /// Longest reply in bytes; 20000 when absent.
    max_bytes: Option<u32>,
}

#[derive(ToSchema)]
pub(super) struct GetSpans {
    /// Its id; of evidence the first digits are enough.
    trace_id: String,
    /// Only these spans: ids, or their first digits.
    span_id: Option<Vec<String>>,
    /// Only spans of these services.
    service: Option<Vec<String>>,
    /// Only the anchor and members that prove this hotspot: its id, or its first digits.
    hotspot: Option<String>,
    /// Only spans that somebody waited for.
    critical_path: Option<bool>,
    /// Only failed ones.
    failed: Option<bool>,
    /// No attributes and events: more spans in the same bytes.
    without_attributes: Option<bool>,
    /// Most rows; 50 when absent.
    limit: Option<u32>,
    /// The cursor of `next` in the answer before.
    cursor: Option<String>,
    /// Longest reply in bytes; 20000 when absent.
    max_bytes: Option<u32>,
}

#[derive(ToSchema)]
pub(super) struct Compare {
    /// First side: FROM..UNTIL, each -1h, now or RFC 3339, or version:NAME; -24h..-1h when absent.
    a: Option<String>,
    /// Second side, of the same kind; -1h..now when absent.
    b: Option<String>,
    /// Services that must change.
    service: Option<Vec<String>>,
    /// Kinds of fault, as the answers name them.
    detector: Option<Vec<String>>,
    /// What became of them; all but same and unclear when absent.
    #[schema(inline)]
    change: Option<Vec<Change>>,
    /// Instead of all these: the id of a trace, or of evidence its first digits.
    trace_a: Option<String>,
    /// The trace beside it.
    trace_b: Option<String>,
    /// Most rows; 50 when absent.
    limit: Option<u32>,
    /// The cursor of `next` in the answer before.
    cursor: Option<String>,
    /// Longest reply in bytes; 20000 when absent.
    max_bytes: Option<u32>,
}

/// Rows that services are part of.
#[derive(ToSchema)]
pub(super) struct OfServices {
    /// Only what these services are part of.
    service: Option<Vec<String>>,
    /// Most rows; 50 when absent.
    limit: Option<u32>,
    /// The cursor of `next` in the answer before.
    cursor: Option<String>,
    /// Longest reply in bytes; 20000 when absent.
    max_bytes: Option<u32>,
}

#[derive(ToSchema)]
pub(super) struct NearMisses {
    /// Only operations of these services.
    service: Option<Vec<String>>,
    /// Only these operations and what their traces reach; names the rules that never came near as well.
    entry: Option<Vec<String>>,
    /// Most rows; 50 when absent.
    limit: Option<u32>,
    /// The cursor of `next` in the answer before.
    cursor: Option<String>,
    /// Longest reply in bytes; 20000 when absent.
    max_bytes: Option<u32>,
}

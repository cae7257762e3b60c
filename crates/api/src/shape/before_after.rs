//! An exemplar before and after the fix.

use hotspan_model as model;
use serde::Serialize;
use utoipa::ToSchema;

use super::text::clean;
use super::{Role, Saving};

/// Nanoseconds before and after a fix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Moved {
    /// As it is.
    pub before: u64,
    /// As it would likely be.
    pub after: u64,
}

/// A quantile of durations before and after a fix; null where no replay says that anything would be shorter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Outlook {
    /// As it is.
    pub before: Option<u64>,
    /// As it would likely be.
    pub after: Option<u64>,
}

/// What the fix of a hotspot would do to one of its exemplars.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct BeforeAfter {
    /// Why this trace.
    pub role: Role,
    /// The trace, 32 hex digits.
    pub trace_id: String,
    /// The replay; null when there is none.
    pub replay: Option<Replay>,
    /// Why there is none.
    pub why_not: Option<String>,
}

/// The request or job of a trace that a fix shortens, replayed with the fix of one finding. Timing shows order, not
/// dependency: assumes no contention and unchanged service times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Replay {
    /// Root of the request or job, 16 hex digits; null for one that was never received.
    pub root_span_id: Option<String>,
    /// How long it took.
    pub before_ns: u64,
    /// How long it would take.
    pub after_ns: After,
    /// What the finding says that saves.
    pub saving_ns: Saving,
    /// Its spans in tree order, earliest first, at most 2,000.
    pub spans: Vec<ReplayedSpan>,
    /// How many more there are.
    pub omitted_spans: u64,
}

/// How long a request or job would take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct After {
    /// At best.
    pub best: u64,
    /// Likely: how its spans are shown.
    pub likely: u64,
    /// At worst.
    pub worst: u64,
}

/// One span of a replay. Times count from the start of its root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReplayedSpan {
    /// Its id, 16 hex digits; null for a placeholder.
    pub span_id: Option<String>,
    /// Its service.
    pub service: String,
    /// What it does.
    pub operation: String,
    /// Distance from the root.
    pub depth: u32,
    /// The fix changes or moves it, not only what is around it.
    pub touched: bool,
    /// When it starts.
    pub start_ns: Moved,
    /// When it ends.
    pub end_ns: Moved,
    /// Critical-path time of its own; it is off the path when zero.
    pub critical_path_ns: Moved,
}

impl From<model::Moved> for Moved {
    fn from(of: model::Moved) -> Moved {
        Moved {
            before: of.before.0,
            after: of.after.0,
        }
    }
}

impl From<Option<model::Moved>> for Outlook {
    fn from(of: Option<model::Moved>) -> Outlook {
        Outlook {
            before: of.map(|of| of.before.0),
            after: of.map(|of| of.after.0),
        }
    }
}

impl Replay {
    /// At most `spans_max` spans of it.
    pub(crate) fn bounded(of: &model::BeforeAfter, spans_max: usize) -> Replay {
        let spans: Vec<_> = of.spans.iter().take(spans_max).map(ReplayedSpan::from).collect();
        Replay {
            root_span_id: of.root.map(|id| id.to_string()),
            before_ns: of.before.0,
            after_ns: After {
                best: of.best.0,
                likely: of.likely.0,
                worst: of.worst.0,
            },
            saving_ns: of.saving.into(),
            omitted_spans: of.omitted + (of.spans.len() - spans.len()) as u64,
            spans,
        }
    }
}

impl From<&model::ReplayedSpan> for ReplayedSpan {
    fn from(of: &model::ReplayedSpan) -> ReplayedSpan {
        ReplayedSpan {
            span_id: of.id.map(|id| id.to_string()),
            service: clean(&of.service),
            operation: clean(&of.operation),
            depth: of.depth,
            touched: of.touched,
            start_ns: of.start.into(),
            end_ns: of.end.into(),
            critical_path_ns: of.path.into(),
        }
    }
}

//! Replays as gRPC says them.

use hotspan_proto::v1;

use super::all;
use crate::shape;

impl From<shape::BeforeAfter> for v1::BeforeAfter {
    fn from(of: shape::BeforeAfter) -> v1::BeforeAfter {
        v1::BeforeAfter {
            role: v1::Role::from(of.role).into(),
            trace_id: of.trace_id,
            replay: of.replay.map(v1::Replay::from),
            why_not: of.why_not,
        }
    }
}

impl From<shape::Replay> for v1::Replay {
    fn from(of: shape::Replay) -> v1::Replay {
        v1::Replay {
            root_span_id: of.root_span_id,
            before_ns: of.before_ns,
            after_ns: Some(v1::After {
                best: of.after_ns.best,
                likely: of.after_ns.likely,
                worst: of.after_ns.worst,
            }),
            saving_ns: Some(of.saving_ns.into()),
            spans: all(of.spans),
            omitted_spans: of.omitted_spans,
        }
    }
}

impl From<shape::ReplayedSpan> for v1::ReplayedSpan {
    fn from(of: shape::ReplayedSpan) -> v1::ReplayedSpan {
        v1::ReplayedSpan {
            span_id: of.span_id,
            service: of.service,
            operation: of.operation,
            depth: of.depth,
            touched: of.touched,
            start_ns: Some(of.start_ns.into()),
            end_ns: Some(of.end_ns.into()),
            critical_path_ns: Some(of.critical_path_ns.into()),
        }
    }
}

impl From<shape::Moved> for v1::Moved {
    fn from(of: shape::Moved) -> v1::Moved {
        v1::Moved {
            before: of.before,
            after: of.after,
        }
    }
}

impl From<shape::Outlook> for v1::Outlook {
    fn from(of: shape::Outlook) -> v1::Outlook {
        v1::Outlook {
            before: of.before,
            after: of.after,
        }
    }
}

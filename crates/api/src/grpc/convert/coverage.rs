//! Coverage as gRPC says it.

use hotspan_proto::v1;

use super::{all, timestamp};
use crate::shape;

impl From<shape::Coverage> for v1::Coverage {
    fn from(of: shape::Coverage) -> v1::Coverage {
        v1::Coverage {
            spans: Some(of.spans.into()),
            traces: Some(of.traces.into()),
            complete_share: of.complete_share.as_double(),
            sampling_weight: of.sampling_weight.as_double(),
            first: of.first.map(timestamp),
            last: of.last.map(timestamp),
            window_hours: of.window_hours.as_double(),
            defects: of.defects,
            left_out: Some(of.left_out.into()),
            services: all(of.services),
            pressure: Some(of.pressure.into()),
        }
    }
}

impl From<shape::SpanCounts> for v1::SpanCounts {
    fn from(of: shape::SpanCounts) -> v1::SpanCounts {
        v1::SpanCounts {
            received: of.received,
            analysed: of.analysed,
            dropped: of.dropped,
            open: of.open,
        }
    }
}

impl From<shape::TraceCounts> for v1::TraceCounts {
    fn from(of: shape::TraceCounts) -> v1::TraceCounts {
        v1::TraceCounts {
            analysed: of.analysed,
            weighted: of.weighted.as_double(),
            incomplete: of.incomplete,
            decided: of.decided,
            open: of.open,
        }
    }
}

impl From<shape::LeftOut> for v1::LeftOut {
    fn from(of: shape::LeftOut) -> v1::LeftOut {
        v1::LeftOut {
            below_gate: of.below_gate,
            internal_after_all: of.internal_after_all,
            ignored: of.ignored,
            muted: of.muted,
            sightings_beyond: of.sightings_beyond,
            rows_beyond: of.rows_beyond,
        }
    }
}

impl From<shape::Pressure> for v1::Pressure {
    fn from(of: shape::Pressure) -> v1::Pressure {
        v1::Pressure {
            level: of.level,
            left_out_share: of.left_out_share.as_double(),
            evidence_dropped: of.evidence_dropped,
            requests_refused: of.requests_refused,
        }
    }
}

impl From<shape::Blind> for v1::Blind {
    fn from(of: shape::Blind) -> v1::Blind {
        v1::Blind {
            service: of.service,
            spans: of.spans,
            orphan_spans: of.orphan_spans,
            why: of.why,
        }
    }
}

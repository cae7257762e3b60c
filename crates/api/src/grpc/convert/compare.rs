//! Comparisons as gRPC says them.

use hotspan_proto::v1;

use super::{all, timestamp};
use crate::shape;

impl From<shape::Comparison> for v1::CompareResponse {
    fn from(of: shape::Comparison) -> v1::CompareResponse {
        v1::CompareResponse {
            a: Some(of.a.into()),
            b: Some(of.b.into()),
            counts: Some(of.counts.into()),
            changes: all(of.changes),
            total: of.total,
            next_cursor: of.next_cursor,
            truncated: of.truncated,
            coverage: Some(of.coverage.into()),
        }
    }
}

impl From<shape::Side> for v1::Side {
    fn from(of: shape::Side) -> v1::Side {
        v1::Side {
            from: of.from.map(timestamp),
            until: of.until.map(timestamp),
            traces: of.traces,
            version: of.version,
        }
    }
}

impl From<shape::ChangeCounts> for v1::ChangeCounts {
    fn from(of: shape::ChangeCounts) -> v1::ChangeCounts {
        v1::ChangeCounts {
            appeared: of.appeared,
            grew: of.grew,
            shrank: of.shrank,
            gone: of.gone,
            same: of.same,
            unclear: of.unclear,
        }
    }
}

impl From<shape::HotspotChange> for v1::HotspotChange {
    fn from(of: shape::HotspotChange) -> v1::HotspotChange {
        v1::HotspotChange {
            hotspot_id: of.hotspot_id,
            change: v1::Change::from(of.change).into(),
            ratio: of.ratio.map(shape::Decimal::as_double),
            rank: of.rank,
            detector: of.detector,
            r#break: v1::Break::from(of.in_break).into(),
            title: of.title,
            service: of.service,
            operation: of.operation,
            state: v1::State::from(of.state).into(),
            a: Some(of.a.into()),
            b: Some(of.b.into()),
        }
    }
}

impl From<shape::Measure> for v1::Measure {
    fn from(of: shape::Measure) -> v1::Measure {
        v1::Measure {
            traces: of.traces,
            of_traces: of.of_traces,
            critical_path_ns: of.critical_path_ns,
        }
    }
}

impl From<shape::TraceComparison> for v1::CompareTracesResponse {
    fn from(of: shape::TraceComparison) -> v1::CompareTracesResponse {
        v1::CompareTracesResponse {
            a: Some(of.a.into()),
            b: Some(of.b.into()),
            calls: all(of.calls),
            findings: all(of.findings),
            truncated: of.truncated,
        }
    }
}

impl From<shape::TraceSide> for v1::TraceSide {
    fn from(of: shape::TraceSide) -> v1::TraceSide {
        v1::TraceSide {
            trace_id: of.trace_id,
            service: of.service,
            operation: of.operation,
            duration_ns: of.duration_ns,
            span_count: of.span_count,
            incomplete: of.incomplete,
        }
    }
}

impl From<shape::CallChange> for v1::CallChange {
    fn from(of: shape::CallChange) -> v1::CallChange {
        v1::CallChange {
            service: of.service,
            operation: of.operation,
            template: of.template,
            class: of.class,
            change: v1::Change::from(of.change).into(),
            a: Some(of.a.into()),
            b: Some(of.b.into()),
        }
    }
}

impl From<shape::CallSum> for v1::CallSum {
    fn from(of: shape::CallSum) -> v1::CallSum {
        v1::CallSum {
            count: of.count,
            failed: of.failed,
            duration_ns: of.duration_ns,
            critical_path_ns: of.critical_path_ns,
        }
    }
}

impl From<shape::FindingChange> for v1::FindingChange {
    fn from(of: shape::FindingChange) -> v1::FindingChange {
        v1::FindingChange {
            hotspot_id: of.hotspot_id,
            detector: of.detector,
            service: of.service,
            calls_a: of.calls_a,
            calls_b: of.calls_b,
            saving_a_ns: of.saving_a_ns,
            saving_b_ns: of.saving_b_ns,
        }
    }
}

impl From<shape::Change> for v1::Change {
    fn from(of: shape::Change) -> v1::Change {
        match of {
            shape::Change::Appeared => v1::Change::Appeared,
            shape::Change::Grew => v1::Change::Grew,
            shape::Change::Shrank => v1::Change::Shrank,
            shape::Change::Gone => v1::Change::Gone,
            shape::Change::Same => v1::Change::Same,
            shape::Change::Unclear => v1::Change::Unclear,
        }
    }
}

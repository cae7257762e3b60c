//! Hotspots as gRPC says them.

use hotspan_proto::v1;

use super::{all, timestamp};
use crate::shape;

impl From<shape::Hotspot> for v1::Hotspot {
    fn from(of: shape::Hotspot) -> v1::Hotspot {
        v1::Hotspot {
            id: of.id,
            detector: of.detector,
            r#break: v1::Break::from(of.in_break).into(),
            title: of.title,
            service: of.service,
            operation: of.operation,
            entry: of.entry,
            entries: all(of.entries),
            anchor: Some(of.anchor.into()),
            callee: Some(of.callee.into()),
            state: v1::State::from(of.state).into(),
            traces: of.traces,
            weighted_traces: of.weighted_traces.as_double(),
            share: of.share.as_double(),
            calls_per_trace: Some(of.calls_per_trace.into()),
            critical_path_ns: Some(of.critical_path_ns.into()),
            saving_ns: Some(of.saving_ns.into()),
            saving_share: of.saving_share.as_double(),
            confidence: of.confidence.as_double(),
            confidence_why: of.confidence_why,
            effort_weeks: of.effort_weeks.as_double(),
            impact_s_per_hour: of.impact_s_per_hour.as_double(),
            impact_relative_error: of.impact_relative_error.as_double(),
            impact_basis: v1::ImpactBasis::from(of.impact_basis).into(),
            priority: of.priority.as_double(),
            rank: of.rank,
            fix: Some(of.fix.into()),
            code: all(of.code),
            evidence: all(of.evidence),
            related: of.related,
            change: of.change,
            versions: of.versions,
            first_seen: Some(timestamp(of.first_seen)),
            last_seen: Some(timestamp(of.last_seen)),
            trend: Some(of.trend.into()),
            links: all(of.links),
            waterfalls: Vec::new(),
            operation_p50_ns: Some(of.operation_p50_ns.into()),
            operation_p95_ns: Some(of.operation_p95_ns.into()),
            before_after: Vec::new(),
            note: Some(of.note.into()),
            returns: of.returns,
            returned: of.returned.map(timestamp),
            tail: of.tail.map(Into::into),
            calls_per_trace_bars: all(of.calls_per_trace_bars),
            version_starts: all(of.version_starts),
        }
    }
}

impl From<shape::Note> for v1::Note {
    fn from(of: shape::Note) -> v1::Note {
        v1::Note {
            decision: of.decision.map(|state| v1::State::from(state).into()),
            reason: of.reason,
            by: of.by,
            at: of.at.map(timestamp),
            until: of.until.map(timestamp),
            over: of.over.map(|over| v1::Over::from(over).into()),
        }
    }
}

impl From<shape::Tail> for v1::Tail {
    fn from(of: shape::Tail) -> v1::Tail {
        v1::Tail {
            slow_share: of.slow_share.as_double(),
            fast_share: of.fast_share.as_double(),
            says: of.says,
        }
    }
}

impl From<shape::Anchor> for v1::Anchor {
    fn from(of: shape::Anchor) -> v1::Anchor {
        v1::Anchor {
            service: of.service,
            operation: of.operation,
        }
    }
}

impl From<shape::Callee> for v1::Callee {
    fn from(of: shape::Callee) -> v1::Callee {
        v1::Callee {
            class: of.class,
            system: of.system,
            peer: of.peer,
            template: of.template,
        }
    }
}

impl From<shape::Calls> for v1::Calls {
    fn from(of: shape::Calls) -> v1::Calls {
        v1::Calls {
            min: of.min,
            p50: of.p50,
            p95: of.p95,
            max: of.max,
        }
    }
}

impl From<shape::Bar> for v1::Bar {
    fn from(of: shape::Bar) -> v1::Bar {
        v1::Bar {
            from: of.from,
            up_to: of.up_to,
            count: of.count,
        }
    }
}

impl From<shape::VersionStart> for v1::VersionStart {
    fn from(of: shape::VersionStart) -> v1::VersionStart {
        v1::VersionStart {
            version: of.version,
            at: Some(timestamp(of.at)),
        }
    }
}

impl From<shape::PathTime> for v1::PathTime {
    fn from(of: shape::PathTime) -> v1::PathTime {
        v1::PathTime {
            p50: of.p50,
            p95: of.p95,
            sum: of.sum,
        }
    }
}

impl From<shape::Saving> for v1::Saving {
    fn from(of: shape::Saving) -> v1::Saving {
        v1::Saving {
            min: of.min,
            likely: of.likely,
            max: of.max,
        }
    }
}

impl From<shape::Fix> for v1::Fix {
    fn from(of: shape::Fix) -> v1::Fix {
        v1::Fix {
            summary: of.summary,
            how: of.how,
        }
    }
}

impl From<shape::Code> for v1::Code {
    fn from(of: shape::Code) -> v1::Code {
        v1::Code {
            file: of.file,
            line: of.line,
            function: of.function,
        }
    }
}

impl From<shape::Evidence> for v1::Evidence {
    fn from(of: shape::Evidence) -> v1::Evidence {
        v1::Evidence {
            trace_id: of.trace_id,
            role: v1::Role::from(of.role).into(),
            anchor_span_id: of.anchor_span_id,
            span_ids: of.span_ids,
            span_count: of.span_count,
        }
    }
}

impl From<shape::Trend> for v1::Trend {
    fn from(of: shape::Trend) -> v1::Trend {
        v1::Trend {
            minute: all(of.minute),
            hour: all(of.hour),
        }
    }
}

impl From<shape::Entry> for v1::Entry {
    fn from(shape::Entry(operation, traces): shape::Entry) -> v1::Entry {
        v1::Entry { operation, traces }
    }
}

impl From<shape::TrendPoint> for v1::TrendPoint {
    fn from(shape::TrendPoint(at, traces, critical_path_ns): shape::TrendPoint) -> v1::TrendPoint {
        v1::TrendPoint {
            at,
            traces,
            critical_path_ns,
        }
    }
}

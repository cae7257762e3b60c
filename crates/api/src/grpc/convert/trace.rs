//! Traces as gRPC says them.

use hotspan_proto::v1;

use super::{all, timestamp};
use crate::shape;

impl From<shape::Trace> for v1::Trace {
    fn from(of: shape::Trace) -> v1::Trace {
        v1::Trace {
            trace_id: of.trace_id,
            version: of.version,
            reason: of.reason,
            incomplete: of.incomplete,
            duration_ns: of.duration_ns,
            span_count: of.span_count,
            omitted_spans: of.omitted_spans,
            spans: all(of.spans),
            critical_path: all(of.critical_path),
            completion_path: all(of.completion_path),
            findings: all(of.findings),
            near_misses: all(of.near_misses),
            defects: all(of.defects),
            completeness: Some(of.completeness.into()),
            truncated: of.truncated,
            links: all(of.links),
        }
    }
}

impl From<shape::Span> for v1::Span {
    fn from(of: shape::Span) -> v1::Span {
        v1::Span {
            span_id: of.span_id,
            parent_span_id: of.parent_span_id,
            service: of.service,
            operation: of.operation,
            name: of.name,
            template: of.template,
            kind: v1::Kind::from(of.kind).into(),
            class: of.class,
            start: Some(timestamp(of.start)),
            duration_ns: of.duration_ns,
            self_ns: of.self_ns,
            critical_path_ns: of.critical_path_ns,
            depth: of.depth,
            failed: of.failed,
            count: of.count,
            attributes: of.attributes,
            events: all(of.events),
            defects: of.defects,
            mark: of.mark.map(|mark| v1::Mark::from(mark).into()),
        }
    }
}

impl From<shape::Event> for v1::Event {
    fn from(of: shape::Event) -> v1::Event {
        v1::Event {
            time: Some(timestamp(of.time)),
            name: of.name,
            attributes: of.attributes,
        }
    }
}

impl From<shape::Segment> for v1::Segment {
    fn from(of: shape::Segment) -> v1::Segment {
        v1::Segment {
            span_id: of.span_id,
            start: Some(timestamp(of.start)),
            end: Some(timestamp(of.end)),
            cause: v1::Cause::from(of.cause).into(),
        }
    }
}

impl From<shape::Finding> for v1::Finding {
    fn from(of: shape::Finding) -> v1::Finding {
        v1::Finding {
            id: of.id,
            hotspot_id: of.hotspot_id,
            detector: of.detector,
            service: of.service,
            operation: of.operation,
            template: of.template,
            anchor_span_id: of.anchor_span_id,
            span_ids: of.span_ids,
            calls: of.calls,
            saving_ns: Some(of.saving_ns.into()),
            confidence: of.confidence.as_double(),
            confidence_why: of.confidence_why,
            related: of.related,
        }
    }
}

impl From<shape::Defect> for v1::Defect {
    fn from(of: shape::Defect) -> v1::Defect {
        v1::Defect {
            kind: of.kind,
            span_id: of.span_id,
        }
    }
}

impl From<shape::Completeness> for v1::Completeness {
    fn from(of: shape::Completeness) -> v1::Completeness {
        v1::Completeness {
            root_seen: of.root_seen,
            missing_parents: of.missing_parents,
            unanswered: of.unanswered,
            late: of.late,
            truncated: of.truncated,
            compacted: of.compacted,
        }
    }
}

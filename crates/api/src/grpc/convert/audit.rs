//! The audit as gRPC says it.

use std::collections::BTreeMap;

use hotspan_model::Break;
use hotspan_proto::v1;

use super::all;
use crate::shape;

impl From<shape::Audit> for v1::AuditResponse {
    fn from(of: shape::Audit) -> v1::AuditResponse {
        v1::AuditResponse {
            interventions: all(of.interventions),
            later: of.later,
            breaks: Some(breaks(of.breaks)),
            query_patterns: all(of.query_patterns),
            bottlenecks: all(of.bottlenecks),
            coupling: Some(of.coupling.into()),
            observability_gaps: all(of.observability_gaps),
            not_seen: of.not_seen,
            coverage: Some(of.coverage.into()),
        }
    }
}

fn breaks(mut of: BTreeMap<&'static str, Vec<String>>) -> v1::Breaks {
    let mut ids = |name: Break| of.remove(name.name()).unwrap_or_default();
    v1::Breaks {
        database: ids(Break::Database),
        synchronous: ids(Break::Synchronous),
        observability: ids(Break::Observability),
        seams: ids(Break::Seams),
    }
}

impl From<shape::Intervention> for v1::Intervention {
    fn from(of: shape::Intervention) -> v1::Intervention {
        v1::Intervention {
            change: of.change,
            title: of.title,
            fix: Some(of.fix.into()),
            service: of.service,
            hotspots: of.hotspots,
            impact_s_per_hour: of.impact_s_per_hour.as_double(),
            impact_basis: v1::ImpactBasis::from(of.impact_basis).into(),
            marginal_impact_s_per_hour: of.marginal_impact_s_per_hour.map(shape::Decimal::as_double),
            marginal_at_least_s_per_hour: of.marginal_at_least_s_per_hour.as_double(),
            effort_weeks: of.effort_weeks.as_double(),
            confidence: of.confidence.as_double(),
            priority: of.priority.as_double(),
            depends_on: of.depends_on,
            overlaps: of.overlaps,
        }
    }
}

impl From<shape::QueryPattern> for v1::QueryPattern {
    fn from(of: shape::QueryPattern) -> v1::QueryPattern {
        v1::QueryPattern {
            class: of.class,
            system: of.system,
            template: of.template,
            calls: of.calls,
            critical_path_s_per_hour: of.critical_path_s_per_hour.as_double(),
            share: of.share.as_double(),
            operations: all(of.operations),
            more_operations: of.more_operations,
        }
    }
}

impl From<shape::PatternOperation> for v1::PatternOperation {
    fn from(of: shape::PatternOperation) -> v1::PatternOperation {
        v1::PatternOperation {
            service: of.service,
            operation: of.operation,
            calls: of.calls,
            critical_path_s_per_hour: of.critical_path_s_per_hour.as_double(),
        }
    }
}

impl From<shape::Bottleneck> for v1::Bottleneck {
    fn from(of: shape::Bottleneck) -> v1::Bottleneck {
        v1::Bottleneck {
            scope: of.scope,
            service: of.service,
            operation: of.operation,
            share: of.share.as_double(),
            largest: of.largest,
            critical_path_ns: Some(of.critical_path_ns.into()),
            critical_path_share: Some(of.critical_path_share.into()),
        }
    }
}

impl From<shape::Coupling> for v1::Coupling {
    fn from(of: shape::Coupling) -> v1::Coupling {
        v1::Coupling {
            calls: all(of.calls),
            more_calls: of.more_calls,
            chatty_pairs: all(of.chatty_pairs),
            shared_tables: all(of.shared_tables),
            cycles: all(of.cycles),
            seams: all(of.seams),
        }
    }
}

impl From<shape::Said> for v1::Said {
    fn from(of: shape::Said) -> v1::Said {
        v1::Said {
            hotspot: of.hotspot,
            service: of.service,
            detector: of.detector,
            title: of.title,
            fix: Some(of.fix.into()),
        }
    }
}

impl From<shape::Gap> for v1::Gap {
    fn from(of: shape::Gap) -> v1::Gap {
        v1::Gap {
            service: of.service,
            what: of.what,
            hides: of.hides,
            hotspot: of.hotspot,
        }
    }
}

//! Near misses as gRPC says them.

use hotspan_proto::v1;

use super::{all, timestamp};
use crate::shape;

impl From<shape::NearMissList> for v1::NearMissesResponse {
    fn from(of: shape::NearMissList) -> v1::NearMissesResponse {
        v1::NearMissesResponse {
            near_misses: all(of.near_misses),
            silent: all(of.silent),
            total: of.total,
            next_cursor: of.next_cursor,
            truncated: of.truncated,
            coverage: Some(of.coverage.into()),
            spoke: all(of.spoke),
        }
    }
}

impl From<shape::NearMiss> for v1::NearMiss {
    fn from(of: shape::NearMiss) -> v1::NearMiss {
        v1::NearMiss {
            service: of.service,
            operation: of.operation,
            entries: of.entries,
            detector: of.detector,
            reason: of.reason,
            class: of.class,
            template: of.template,
            hotspot_id: of.hotspot_id,
            traces: of.traces,
            evaluated: of.evaluated,
            members: of.members,
            conditions: all(of.conditions),
            distance: of.distance.as_double(),
            last_seen: Some(timestamp(of.last_seen)),
            remedy: of.remedy.map(v1::Remedy::from),
        }
    }
}

impl From<shape::NearMissHere> for v1::NearMissHere {
    fn from(of: shape::NearMissHere) -> v1::NearMissHere {
        v1::NearMissHere {
            service: of.service,
            operation: of.operation,
            detector: of.detector,
            reason: of.reason,
            template: of.template,
            members: of.members,
            conditions: all(of.conditions),
        }
    }
}

impl From<shape::Remedy> for v1::Remedy {
    fn from(of: shape::Remedy) -> v1::Remedy {
        v1::Remedy {
            attribute: of.attribute,
            older: of.older,
            how: of.how,
        }
    }
}

impl From<shape::NearCondition> for v1::NearCondition {
    fn from(of: shape::NearCondition) -> v1::NearCondition {
        v1::NearCondition {
            name: of.name,
            value: of.value,
            threshold: of.threshold,
            distance: of.distance.as_double(),
        }
    }
}

impl From<shape::Rule> for v1::Rule {
    fn from(of: shape::Rule) -> v1::Rule {
        v1::Rule {
            service: of.service,
            operation: of.operation,
            detector: of.detector,
            evaluated: of.evaluated,
            best: of.best.map(v1::NearCondition::from),
        }
    }
}

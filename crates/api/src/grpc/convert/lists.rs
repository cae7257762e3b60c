//! Pages as gRPC says them.

use hotspan_proto::v1;

use super::all;
use crate::shape;

impl From<shape::HotspotList> for v1::ListHotspotsResponse {
    fn from(of: shape::HotspotList) -> v1::ListHotspotsResponse {
        v1::ListHotspotsResponse {
            hotspots: all(of.hotspots),
            total: of.total,
            next_cursor: of.next_cursor,
            truncated: of.truncated,
            coverage: Some(of.coverage.into()),
        }
    }
}

impl From<shape::TraceList> for v1::ListTracesResponse {
    fn from(of: shape::TraceList) -> v1::ListTracesResponse {
        v1::ListTracesResponse {
            traces: all(of.traces),
            total: of.total,
            next_cursor: of.next_cursor,
            truncated: of.truncated,
            coverage: Some(of.coverage.into()),
        }
    }
}

impl From<shape::ServiceList> for v1::ServicesResponse {
    fn from(of: shape::ServiceList) -> v1::ServicesResponse {
        v1::ServicesResponse {
            services: all(of.services),
            total: of.total,
            next_cursor: of.next_cursor,
            truncated: of.truncated,
            coverage: Some(of.coverage.into()),
        }
    }
}

impl From<shape::OperationList> for v1::OperationsResponse {
    fn from(of: shape::OperationList) -> v1::OperationsResponse {
        v1::OperationsResponse {
            operations: all(of.operations),
            total: of.total,
            next_cursor: of.next_cursor,
            truncated: of.truncated,
            coverage: Some(of.coverage.into()),
        }
    }
}

impl From<shape::DependencyList> for v1::DependenciesResponse {
    fn from(of: shape::DependencyList) -> v1::DependenciesResponse {
        v1::DependenciesResponse {
            dependencies: all(of.dependencies),
            total: of.total,
            next_cursor: of.next_cursor,
            truncated: of.truncated,
            coverage: Some(of.coverage.into()),
        }
    }
}

impl From<shape::ThirdPartyList> for v1::ThirdPartiesResponse {
    fn from(of: shape::ThirdPartyList) -> v1::ThirdPartiesResponse {
        v1::ThirdPartiesResponse {
            third_parties: all(of.third_parties),
            total: of.total,
            next_cursor: of.next_cursor,
            truncated: of.truncated,
            coverage: Some(of.coverage.into()),
        }
    }
}

impl From<shape::Exemplar> for v1::Exemplar {
    fn from(of: shape::Exemplar) -> v1::Exemplar {
        v1::Exemplar {
            trace_id: of.trace_id,
            hotspots: all(of.hotspots),
        }
    }
}

impl From<shape::ExemplarOf> for v1::ExemplarOf {
    fn from(of: shape::ExemplarOf) -> v1::ExemplarOf {
        v1::ExemplarOf {
            hotspot_id: of.hotspot_id,
            detector: of.detector,
            service: of.service,
            role: v1::Role::from(of.role).into(),
        }
    }
}

impl From<shape::Waterfall> for v1::Waterfall {
    fn from(of: shape::Waterfall) -> v1::Waterfall {
        v1::Waterfall {
            role: v1::Role::from(of.role).into(),
            trace: Some(of.trace.into()),
        }
    }
}

impl From<shape::HotspotDetail> for v1::Hotspot {
    fn from(of: shape::HotspotDetail) -> v1::Hotspot {
        v1::Hotspot {
            waterfalls: all(of.waterfalls),
            before_after: all(of.before_after),
            ..of.hotspot.into()
        }
    }
}

impl From<crate::Link> for v1::Link {
    fn from(of: crate::Link) -> v1::Link {
        v1::Link {
            name: of.name,
            url: of.url,
        }
    }
}

//! Services, operations, edges and companies as gRPC says them.

use hotspan_proto::v1;

use super::{all, timestamp};
use crate::shape;

impl From<shape::Service> for v1::Service {
    fn from(of: shape::Service) -> v1::Service {
        v1::Service {
            service: of.service,
            traces: of.traces,
            spans: of.spans,
            failed_spans: of.failed_spans,
            orphan_spans: of.orphan_spans,
            critical_path_ns: Some(of.critical_path_ns.into()),
            critical_path_share: of.critical_path_share.as_double(),
            versions: of.versions,
            hotspots: of.hotspots,
            requests: of.requests,
            failed_requests: of.failed_requests,
            error_share: of.error_share.as_double(),
            rate_per_hour: of.rate_per_hour.as_double(),
            latency_ns: Some(of.latency_ns.into()),
            senders: all(of.senders),
        }
    }
}

impl From<shape::Sender> for v1::Sender {
    fn from(of: shape::Sender) -> v1::Sender {
        let (sdk, distro) = (of.sdk, of.distro);
        v1::Sender {
            version: of.version,
            environment: of.environment,
            sdk: Some(v1::Sdk {
                language: sdk.language,
                name: sdk.name,
                version: sdk.version,
            }),
            distro: Some(v1::Distro {
                name: distro.name,
                version: distro.version,
            }),
            transport: of.transport,
            encoding: of.encoding,
            compression: of.compression,
            local: of.local,
            batches: of.batches,
            last_seen: Some(timestamp(of.last_seen)),
        }
    }
}

impl From<shape::Operation> for v1::Operation {
    fn from(of: shape::Operation) -> v1::Operation {
        v1::Operation {
            service: of.service,
            operation: of.operation,
            traces: of.traces,
            requests: of.requests,
            failed: of.failed,
            entries: of.entries,
            error_share: of.error_share.as_double(),
            rate_per_hour: of.rate_per_hour.as_double(),
            latency_ns: Some(of.latency_ns.into()),
            critical_path_ns: Some(of.critical_path_ns.into()),
            critical_path_share: Some(of.critical_path_share.into()),
            latency_ns_bars: all(of.latency_ns_bars),
            calls: all(of.calls),
        }
    }
}

impl From<shape::OperationCall> for v1::OperationCall {
    fn from(of: shape::OperationCall) -> v1::OperationCall {
        v1::OperationCall {
            class: of.class,
            to: of.to,
            peer: of.peer,
            template: of.template,
            traces: of.traces,
            calls: of.calls,
            time_ns: of.time_ns,
            critical_path_ns: of.critical_path_ns,
        }
    }
}

impl From<shape::Dependency> for v1::Dependency {
    fn from(of: shape::Dependency) -> v1::Dependency {
        v1::Dependency {
            from: of.from,
            to: of.to,
            peer: of.peer,
            system: of.system,
            class: of.class,
            traces: of.traces,
            calls: of.calls,
            failed: of.failed,
            time_ns: of.time_ns,
            critical_path_ns: of.critical_path_ns,
            answered: of.answered,
        }
    }
}

impl From<shape::ThirdParty> for v1::ThirdParty {
    fn from(of: shape::ThirdParty) -> v1::ThirdParty {
        v1::ThirdParty {
            domain: of.domain,
            vendor: of.vendor,
            category: of.category,
            services: of.services,
            traces: of.traces,
            calls: of.calls,
            failed: of.failed,
            time_ns: of.time_ns,
            critical_path_ns: of.critical_path_ns,
            critical_path_share: of.critical_path_share.as_double(),
            critical_path_in_trace_ns: Some(of.critical_path_in_trace_ns.into()),
            on_critical_path: of.on_critical_path,
            reason: of.reason,
            certainty: of.certainty.as_double(),
        }
    }
}

impl From<shape::Latency> for v1::Latency {
    fn from(of: shape::Latency) -> v1::Latency {
        v1::Latency {
            p50: of.p50,
            p95: of.p95,
            p99: of.p99,
        }
    }
}

impl From<shape::PathNanos> for v1::PathNanos {
    fn from(of: shape::PathNanos) -> v1::PathNanos {
        v1::PathNanos {
            self_: of.own_time,
            db: of.db,
            cache: of.cache,
            internal: of.internal,
            third_party: of.third_party,
            queue: of.queue,
            gap: of.gap,
        }
    }
}

impl From<shape::PathShares> for v1::PathShares {
    fn from(of: shape::PathShares) -> v1::PathShares {
        v1::PathShares {
            self_: of.own_time.as_double(),
            db: of.db.as_double(),
            cache: of.cache.as_double(),
            internal: of.internal.as_double(),
            third_party: of.third_party.as_double(),
            queue: of.queue.as_double(),
            gap: of.gap.as_double(),
        }
    }
}

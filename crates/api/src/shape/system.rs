//! Services, operations, dependencies and third parties as they are answered.

use hotspan_hotspots as hotspots;
use hotspan_model::{Category, Millionths, Nanos};
use serde::Serialize;
use utoipa::ToSchema;

use super::hotspot::{Bar, texts};
use super::text::{clean, clean_to};
use super::{Decimal, Sender};

/// Characters of a call's template: lists have many of them.
const TEMPLATE_CHARS: usize = 300;

/// One service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Service {
    /// Its name.
    pub service: String,
    /// Traces it takes part in.
    pub traces: u64,
    /// Its spans, not adjusted for sampling.
    pub spans: u64,
    /// Failed ones.
    pub failed_spans: u64,
    /// Spans whose parent was never received.
    pub orphan_spans: u64,
    /// Requests and messages that it worked on, not adjusted for sampling.
    pub requests: u64,
    /// Failed ones.
    pub failed_requests: u64,
    /// Share of requests that failed, weighted.
    pub error_share: Decimal,
    /// Requests an hour in the window, weighted.
    pub rate_per_hour: Decimal,
    /// Durations of requests, over all its operations.
    pub latency_ns: Latency,
    /// Its critical-path time, weighted, by category.
    pub critical_path_ns: PathNanos,
    /// Its share of all critical-path time.
    pub critical_path_share: Decimal,
    /// Versions seen, sorted.
    pub versions: Vec<String>,
    /// Hotspots listed on it.
    pub hotspots: u64,
    /// Who sends its spans, and how: at most four, those that were heard last.
    pub senders: Vec<Sender>,
}

/// One segment operation: what a service does for one kind of request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Operation {
    /// Its service.
    pub service: String,
    /// Its name; `(other)` for those beyond the bound.
    pub operation: String,
    /// Traces in which it was judged.
    pub traces: u64,
    /// Requests, not adjusted for sampling.
    pub requests: u64,
    /// Failed ones.
    pub failed: u64,
    /// Requests that entered the system here.
    pub entries: u64,
    /// Share of requests that failed, weighted.
    pub error_share: Decimal,
    /// Requests an hour in the window, weighted.
    pub rate_per_hour: Decimal,
    /// Durations of requests.
    pub latency_ns: Latency,
    /// The same as a histogram: filled bars, ascending.
    pub latency_ns_bars: Vec<Bar>,
    /// Critical-path time of its own spans, weighted, by category.
    pub critical_path_ns: PathNanos,
    /// The same as shares.
    pub critical_path_share: PathShares,
    /// What its requests wait for, over all its traces: dearest first, at most 16.
    pub calls: Vec<OperationCall>,
}

/// One statement, command, call or message of an operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct OperationCall {
    /// db, cache, call, publish.
    pub class: String,
    /// Service, store, host or domain that is called.
    pub to: String,
    /// What the callee is: internal, datastore, managed, third_party, external, unknown.
    pub peer: String,
    /// Text with placeholders, cut after 300 characters; empty when unknown.
    pub template: String,
    /// Traces with it.
    pub traces: u64,
    /// Calls, not adjusted for sampling.
    pub calls: u64,
    /// Summed client time.
    pub time_ns: u64,
    /// Summed critical-path time of it and of all that works for it, weighted.
    pub critical_path_ns: u64,
}

/// One edge: a service and whom it calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Dependency {
    /// Who calls.
    pub from: String,
    /// Service, store, host or domain that is called.
    pub to: String,
    /// What the callee is: internal, datastore, managed, third_party, external, unknown.
    pub peer: String,
    /// `http`, `postgresql`; empty when unknown.
    pub system: String,
    /// db, cache, call, publish.
    pub class: String,
    /// Traces with such a call.
    pub traces: u64,
    /// Calls, not adjusted for sampling.
    pub calls: u64,
    /// Failed ones.
    pub failed: u64,
    /// Summed client time.
    pub time_ns: u64,
    /// Summed critical-path time.
    pub critical_path_ns: u64,
    /// The callee's server spans are in the traces.
    pub answered: bool,
}

/// One company that the system calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ThirdParty {
    /// Registrable domain, or the host when there is none.
    pub domain: String,
    /// Name of the vendor, when it is known.
    pub vendor: Option<String>,
    /// What it sells: payments, mail, maps.
    pub category: Option<String>,
    /// Services that call it, sorted.
    pub services: Vec<String>,
    /// Traces with such a call.
    pub traces: u64,
    /// Calls, not adjusted for sampling.
    pub calls: u64,
    /// Failed ones.
    pub failed: u64,
    /// Summed client time.
    pub time_ns: u64,
    /// Summed critical-path time, weighted.
    pub critical_path_ns: u64,
    /// Its share of all critical-path time.
    pub critical_path_share: Decimal,
    /// Its longest critical-path time in a trace, over the traces that call it.
    pub critical_path_in_trace_ns: Latency,
    /// Somebody waits for it in at least one trace.
    pub on_critical_path: bool,
    /// Why it counts as one: the test that spoke.
    pub reason: String,
    /// How sure that test is, 0 to 1.
    pub certainty: Decimal,
}

/// Quantiles in nanoseconds: upper bounds of histogram buckets, at most 1 % too high.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Latency {
    /// Median.
    pub p50: u64,
    /// 95th percentile.
    pub p95: u64,
    /// 99th percentile.
    pub p99: u64,
}

/// Nanoseconds by category.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PathNanos {
    /// The service's own work.
    #[serde(rename = "self")]
    pub own_time: u64,
    /// Databases.
    pub db: u64,
    /// Caches.
    pub cache: u64,
    /// Calls to services of the same owner.
    pub internal: u64,
    /// Calls to other companies.
    pub third_party: u64,
    /// Waiting in a queue.
    pub queue: u64,
    /// Nothing is known.
    pub gap: u64,
}

/// Shares by category; they sum to 1 but for rounding, or are all zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PathShares {
    /// The service's own work.
    #[serde(rename = "self")]
    pub own_time: Decimal,
    /// Databases.
    pub db: Decimal,
    /// Caches.
    pub cache: Decimal,
    /// Calls to services of the same owner.
    pub internal: Decimal,
    /// Calls to other companies.
    pub third_party: Decimal,
    /// Waiting in a queue.
    pub queue: Decimal,
    /// Nothing is known.
    pub gap: Decimal,
}

impl From<&hotspots::ServiceAnswer> for Service {
    fn from(of: &hotspots::ServiceAnswer) -> Service {
        Service {
            service: clean(&of.service),
            traces: of.traces,
            spans: of.spans,
            failed_spans: of.failed,
            orphan_spans: of.orphans,
            requests: of.requests,
            failed_requests: of.failed_requests,
            error_share: of.error_share.into(),
            rate_per_hour: of.rate_per_hour.into(),
            latency_ns: of.latency.into(),
            critical_path_ns: of.path.into(),
            critical_path_share: of.path_share.into(),
            versions: of.versions.iter().map(|of| clean(&of.version)).collect(),
            hotspots: of.hotspots,
            senders: Vec::new(),
        }
    }
}

impl From<&hotspots::OperationAnswer> for Operation {
    fn from(of: &hotspots::OperationAnswer) -> Operation {
        Operation {
            service: clean(&of.service),
            operation: clean(&of.operation),
            traces: of.traces,
            requests: of.requests,
            failed: of.failed,
            entries: of.entries,
            error_share: of.error_share.into(),
            rate_per_hour: of.rate_per_hour.into(),
            latency_ns: of.latency.into(),
            latency_ns_bars: of.latency_bars.iter().map(Bar::from).collect(),
            critical_path_ns: of.path.into(),
            critical_path_share: of.path_share.into(),
            calls: of.calls.iter().map(OperationCall::from).collect(),
        }
    }
}

impl From<&hotspots::OperationCall> for OperationCall {
    fn from(of: &hotspots::OperationCall) -> OperationCall {
        OperationCall {
            class: of.class.name().to_owned(),
            to: clean(&of.to),
            peer: of.peer.name().to_owned(),
            template: clean_to(&of.template, TEMPLATE_CHARS),
            traces: of.traces,
            calls: of.calls,
            time_ns: of.time.0,
            critical_path_ns: of.path.0,
        }
    }
}

impl From<&hotspots::Dependency> for Dependency {
    fn from(of: &hotspots::Dependency) -> Dependency {
        Dependency {
            from: clean(&of.from),
            to: clean(&of.to),
            peer: of.peer.name().to_owned(),
            system: clean(&of.system),
            class: of.class.name().to_owned(),
            traces: of.traces,
            calls: of.calls,
            failed: of.failed,
            time_ns: of.time.0,
            critical_path_ns: of.path.0,
            answered: of.answered,
        }
    }
}

impl From<&hotspots::ThirdParty> for ThirdParty {
    fn from(of: &hotspots::ThirdParty) -> ThirdParty {
        ThirdParty {
            domain: clean(&of.domain),
            vendor: of.vendor.map(str::to_owned),
            category: of.category.map(str::to_owned),
            services: texts(&of.services),
            traces: of.traces,
            calls: of.calls,
            failed: of.failed,
            time_ns: of.time.0,
            critical_path_ns: of.path.0,
            critical_path_share: of.path_share.into(),
            critical_path_in_trace_ns: of.path_in_trace.into(),
            on_critical_path: of.on_critical_path,
            reason: of.decision.reason.name().to_owned(),
            certainty: of.decision.certainty.into(),
        }
    }
}

impl From<hotspots::Latency> for Latency {
    fn from(of: hotspots::Latency) -> Latency {
        Latency {
            p50: of.p50.0,
            p95: of.p95.0,
            p99: of.p99.0,
        }
    }
}

impl From<[Nanos; Category::ALL.len()]> for PathNanos {
    fn from(of: [Nanos; Category::ALL.len()]) -> PathNanos {
        let at = |category: Category| of[category as usize].0;
        PathNanos {
            own_time: at(Category::OwnTime),
            db: at(Category::Db),
            cache: at(Category::Cache),
            internal: at(Category::Internal),
            third_party: at(Category::ThirdParty),
            queue: at(Category::Queue),
            gap: at(Category::Gap),
        }
    }
}

impl From<[Millionths; Category::ALL.len()]> for PathShares {
    fn from(of: [Millionths; Category::ALL.len()]) -> PathShares {
        let at = |category: Category| of[category as usize].into();
        PathShares {
            own_time: at(Category::OwnTime),
            db: at(Category::Db),
            cache: at(Category::Cache),
            internal: at(Category::Internal),
            third_party: at(Category::ThirdParty),
            queue: at(Category::Queue),
            gap: at(Category::Gap),
        }
    }
}

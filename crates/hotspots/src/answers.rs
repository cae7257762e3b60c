//! What readers get: the merged shards in words and numbers, each list in a total order by text.

use std::sync::Arc;

use hotspan_model::{
    Bar, Category, Class, DefectKind, Hotspot, LogTime, Lookup, Meta, Millionths, Nanos, Peer, PeerReason,
    Trend, VersionTraces,
};

use crate::audit::{QueryPattern, patterns};
use crate::buckets::Window;
use crate::joint::Joints;
use crate::lists::{coverage, dependencies, operations, services, third_parties};
use crate::merged::Merged;
use crate::near::{NearMissAnswer, near_misses};
use crate::peers::Peers;
use crate::ranking::{Ranked, hotspots};
use crate::view::{Reader, trend};
use crate::{Settings, Snapshot};

/// Everything that follows from reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// By rank. The first [`Answers::listed`] of them reach the least confidence; the others follow, listed
    /// only on request.
    pub hotspots: Vec<Hotspot>,
    /// How many of `hotspots` a reader sees unasked.
    pub listed: usize,
    /// By name.
    pub services: Vec<ServiceAnswer>,
    /// By service and operation.
    pub operations: Vec<OperationAnswer>,
    /// By caller and callee.
    pub dependencies: Vec<Dependency>,
    /// By domain.
    pub third_parties: Vec<ThirdParty>,
    /// By service and operation, nearest first.
    pub near_misses: Vec<NearMissAnswer>,
    /// Statements and cache commands, dearest first, at most 20.
    pub query_patterns: Vec<QueryPattern>,
    /// All traces over time: what trends of hotspots are parts of.
    pub trend: Trend,
    /// What hotspots save together.
    pub joints: Joints,
    /// What the answer rests on, as far as reports tell.
    pub coverage: Coverage,
}

/// Quantiles of a distribution: upper bounds of histogram buckets, so at most 1 % too high.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// Median.
    pub p50: Nanos,
    /// 95th percentile.
    pub p95: Nanos,
    /// 99th percentile.
    pub p99: Nanos,
}

/// One service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceAnswer {
    /// Its name.
    pub service: String,
    /// Traces it takes part in.
    pub traces: u64,
    /// Its spans, raw.
    pub spans: u64,
    /// Failed spans, raw.
    pub failed: u64,
    /// Spans whose parent was never received.
    pub orphans: u64,
    /// Requests, raw.
    pub requests: u64,
    /// Failed requests, raw.
    pub failed_requests: u64,
    /// Share of requests that failed, weighted.
    pub error_share: Millionths,
    /// Requests an hour in the window, weighted.
    pub rate_per_hour: Millionths,
    /// Durations of requests.
    pub latency: Latency,
    /// Its critical-path time in primary units, weighted; `category as usize` is the place.
    pub path: [Nanos; Category::ALL.len()],
    /// Its share of all critical-path time.
    pub path_share: Millionths,
    /// Versions seen, sorted.
    pub versions: Vec<VersionTraces>,
    /// Hotspots listed on it.
    pub hotspots: u64,
}

/// One segment operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationAnswer {
    /// Its service.
    pub service: String,
    /// Its name, `(other)` for those beyond the bound.
    pub operation: String,
    /// Traces in which it was judged.
    pub traces: u64,
    /// Requests, raw.
    pub requests: u64,
    /// Failed requests, raw.
    pub failed: u64,
    /// Requests that entered the system here, raw.
    pub entries: u64,
    /// Share of requests that failed, weighted.
    pub error_share: Millionths,
    /// Requests an hour in the window, weighted.
    pub rate_per_hour: Millionths,
    /// Durations of requests.
    pub latency: Latency,
    /// The same as a histogram: filled bars, ascending.
    pub latency_bars: Vec<Bar>,
    /// Critical-path time of its own spans by category, weighted; `category as usize` is the place.
    pub path: [Nanos; Category::ALL.len()],
    /// Share of each category in that time.
    pub path_share: [Millionths; Category::ALL.len()],
    /// What it does most.
    pub most: Most,
    /// What its requests wait for, dearest first, at most 16.
    pub calls: Vec<OperationCall>,
}

/// One statement, command, call or message of an operation, over all its traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationCall {
    /// What kind it is.
    pub class: Class,
    /// Service, store, host or domain that is called.
    pub to: String,
    /// What the callee is.
    pub peer: Peer,
    /// Text with placeholders; empty when unknown.
    pub template: String,
    /// Traces with it.
    pub traces: u64,
    /// Calls, raw.
    pub calls: u64,
    /// Summed client time, raw.
    pub time: Nanos,
    /// Critical-path time of it and of all that works for it, weighted by the mean weight of its traces.
    pub path: Nanos,
}

/// What an operation does most, on average over the traces in which it does so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Most {
    /// Queries of one template.
    pub queries: u64,
    /// Cache commands of one template.
    pub cache_commands: u64,
    /// Calls of one template.
    pub calls: u64,
    /// Messages to one destination.
    pub publishes: u64,
    /// Different calls, in all traces together.
    pub call_templates: u64,
    /// Critical-path time of the queries of one template.
    pub query_path: Nanos,
    /// The same of calls and messages.
    pub call_path: Nanos,
}

/// One edge: a service and whom it calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// Who calls.
    pub from: String,
    /// Service, store, host or domain that is called.
    pub to: String,
    /// What the callee is.
    pub peer: Peer,
    /// Its system, `http` or `postgresql`; empty when unknown.
    pub system: String,
    /// db, cache, call, publish.
    pub class: Class,
    /// Traces with such a call.
    pub traces: u64,
    /// Calls, raw.
    pub calls: u64,
    /// Failed calls, raw.
    pub failed: u64,
    /// Summed client time, raw.
    pub time: Nanos,
    /// Summed critical-path time, raw.
    pub path: Nanos,
    /// The callee's server spans are in the traces.
    pub answered: bool,
}

/// Why a callee is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerDecision {
    /// What it is.
    pub peer: Peer,
    /// Which test spoke.
    pub reason: PeerReason,
    /// How sure it is.
    pub certainty: Millionths,
}

/// One company that the system calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThirdParty {
    /// Registrable domain, or the host when there is none.
    pub domain: String,
    /// Name of the vendor, when the catalogue knows it.
    pub vendor: Option<&'static str>,
    /// Its category.
    pub category: Option<&'static str>,
    /// Services that call it, sorted.
    pub services: Vec<String>,
    /// Traces with such a call, once for each caller and address in it.
    pub traces: u64,
    /// Calls, raw.
    pub calls: u64,
    /// Failed calls, raw.
    pub failed: u64,
    /// Summed client time, raw.
    pub time: Nanos,
    /// Summed critical-path time, weighted.
    pub path: Nanos,
    /// Share of all critical-path time.
    pub path_share: Millionths,
    /// Longest critical-path time of it in a trace, over the traces that call it.
    pub path_in_trace: Latency,
    /// Somebody waits for it in at least one trace.
    pub on_critical_path: bool,
    /// Why it counts as one.
    pub decision: PeerDecision,
}

/// What the answer rests on, as far as reports tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Traces analysed.
    pub traces: u64,
    /// The same, adjusted for sampling.
    pub weighted_traces: Millionths,
    /// Traces whose findings may rest on missing spans.
    pub incomplete: u64,
    /// Share of traces that are not incomplete.
    pub complete_share: Millionths,
    /// Spans in analysed traces.
    pub spans: u64,
    /// Start of the first filled bucket.
    pub first: Option<LogTime>,
    /// Latest moment a report counted for.
    pub last: Option<LogTime>,
    /// Hours that impacts and rates are taken over.
    pub window_hours: Millionths,
    /// Defects by kind; `kind as usize` is the place.
    pub defects: [u64; DefectKind::ALL.len()],
    /// Fingerprints held that did not pass their gate.
    pub below_gate: u64,
    /// Fingerprints left out because their callee turned out to be internal.
    pub internal_after_all: u64,
    /// Findings, and hotspots over traces, that `hotspan.ignore` accepts in the code.
    pub ignored: u64,
    /// Hotspots that a person muted.
    pub muted: u64,
    /// Sightings of fingerprints beyond `hotspots_max`.
    pub sightings_beyond: u64,
    /// Rows of services, edges and hand-offs beyond their bounds.
    pub rows_beyond: u64,
}

/// Merges the shards' snapshots and answers everything. `now` ends the window of impacts and rates: live the
/// log's time; `None` the latest of the data, for files. `catalogue` words the hotspots; findings of detectors it
/// does not list are left out.
pub fn answers(
    snapshots: &[Arc<Snapshot>],
    dictionary: &dyn Lookup,
    catalogue: &[&'static Meta],
    now: Option<LogTime>,
    settings: &Settings,
) -> Answers {
    let merged = Merged::new(snapshots, dictionary, settings);
    let now = now.unwrap_or(merged.newest);
    let first = merged.totals.timeline.first(merged.newest);
    let peers = Peers::new(&merged, dictionary);
    let reader = Reader {
        merged: &merged,
        peers: &peers,
        window: Window::ending(now, first),
        now,
        settings,
        dictionary,
    };
    let mut coverage = coverage(&reader, first);
    let Ranked {
        hotspots,
        listed,
        stopped,
    } = hotspots(&reader, catalogue, &mut coverage);
    Answers {
        services: services(&reader, &hotspots[..listed]),
        operations: operations(&reader),
        dependencies: dependencies(&reader),
        third_parties: third_parties(&reader),
        near_misses: near_misses(&reader, stopped),
        query_patterns: patterns(&reader),
        trend: trend(&merged.totals.timeline),
        joints: Joints::new(&merged, &hotspots),
        coverage,
        hotspots,
        listed,
    }
}

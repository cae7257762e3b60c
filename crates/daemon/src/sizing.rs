//! How large everything is: settings of each stage, from the configuration and a part of its memory.

use std::net::SocketAddr;
use std::time::Duration;

use hotspan_ingest::{Caps, OtherSignals, SharedDictionary};
use hotspan_model::{Nanos, TableSeed};
use hotspan_otlp::Limits;
use hotspan_pipeline::Settings;

use crate::plan::Plan;
use crate::storage::Pace;
use crate::{Config, MemoryParts};

/// What a hotspot takes with a full reservoir, timeline and histograms.
const HOTSPOT_BYTES: u64 = 40 << 10;
/// The same of an operation, an edge, a service and a pair of operations whose order is watched.
const OPERATION_BYTES: u64 = 2 << 10;
const EDGE_BYTES: u64 = 1 << 10;
const SERVICE_BYTES: u64 = 512;
const HAND_OFF_BYTES: u64 = 128;
/// What counters of one name take, with the copy that readers see.
const METERED_BYTES: u64 = 2 << 10;
/// What a fact takes with a full calendar, and a moment of it.
const FACT_BYTES: u64 = 2 << 10;
const MOMENT_BYTES: u64 = 32;
/// However little memory there is, a shard remembers so many of each.
const ROWS_MIN: usize = 100;
/// Memory for which a decoder's memos get one more entry: they grow to their usual size at 1 GiB.
const BYTES_PER_MEMO_ENTRY: u64 = 64 << 10;

/// What pipelines run with.
pub(crate) fn pipeline(config: &Config, parts: &MemoryParts, shards: usize) -> Settings {
    let shards = shards as u64;
    Settings {
        assembly: hotspan_assembly::Settings {
            complete_quiet: nanos(config.complete_quiet),
            root_quiet: nanos(config.root_quiet),
            rootless_quiet: nanos(config.rootless_quiet),
            age: nanos(config.age),
            ..hotspan_assembly::Settings::within(parts.assembly / shards)
        },
        analysis: hotspan_analysis::AnalyserSettings {
            metered: config.metered(),
            ..hotspan_analysis::AnalyserSettings::default()
        },
        hotspots: aggregates(parts.answers / shards),
        ..Settings::default()
    }
    .tuned(&config.tuning)
}

/// What receivers run with.
pub(crate) fn ingest(config: &Config, plan: &Plan, page: SocketAddr) -> hotspan_ingest::Settings {
    hotspan_ingest::Settings {
        message_bytes_max: config.message_bytes_max,
        inflight_bytes_max: plan.parts.inflight,
        spans_per_second_max: plan.rate,
        tenant: plan.tenant.clone(),
        cors: config.cors(),
        other_signals: match config.refuse_other_signals {
            true => OtherSignals::Refuse,
            false => OtherSignals::Discard,
        },
        grace: config.drain,
        keep_raw: true,
        page: format!("{}://{page}/", config.scheme()).into(),
        ..hotspan_ingest::Settings::default()
    }
}

/// An empty dictionary.
pub(crate) fn dictionary(parts: &MemoryParts, seed: TableSeed) -> SharedDictionary {
    let caps = Caps {
        bytes_max: parts.dictionary,
        ..Caps::default()
    };
    SharedDictionary::new(caps, seed)
}

/// Each worker of the receivers has memos of its own, so that little memory must mean small ones.
pub(crate) fn decoding(parts: &MemoryParts) -> Limits {
    let usual = Limits::default();
    let fit = usize::try_from(parts.total / BYTES_PER_MEMO_ENTRY).unwrap_or(usize::MAX);
    Limits {
        memo_entries_max: fit.min(usual.memo_entries_max),
        ..usual
    }
}

/// Tables as large as `bytes` allow: half for hotspots, an eighth for operations and for facts each, the rest for what
/// lies between.
fn aggregates(bytes: u64) -> hotspan_hotspots::Settings {
    let usual = hotspan_hotspots::Settings::default();
    let fit = |share: u64, each: u64, most: usize| {
        let rows = usize::try_from(bytes / share / each).unwrap_or(usize::MAX);
        rows.clamp(ROWS_MIN, most)
    };
    hotspan_hotspots::Settings {
        hotspots_max: fit(2, HOTSPOT_BYTES, usual.hotspots_max),
        operations_of_all_max: fit(8, OPERATION_BYTES, usual.operations_of_all_max),
        facts_max: fit(16, FACT_BYTES, usual.facts_max),
        moments_max: fit(16, MOMENT_BYTES, usual.moments_max),
        edges_max: fit(8, EDGE_BYTES, usual.edges_max),
        services_max: fit(16, SERVICE_BYTES, usual.services_max),
        hand_offs_max: fit(16, HAND_OFF_BYTES, usual.hand_offs_max),
        metered_max: fit(16, METERED_BYTES, usual.metered_max),
        ..usual
    }
}

/// How often and how much is stored.
pub(crate) fn pace(config: &Config, plan: &Plan) -> Pace {
    Pace {
        interval: config.store_interval,
        limits: hotspan_store::Limits {
            age: nanos(config.store_age),
            bytes: plan.store_bytes_max,
        },
        exemplars_max: plan.store_exemplars_max,
    }
}

pub(crate) fn nanos(time: Duration) -> Nanos {
    Nanos(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_fit_their_memory_and_do_not_grow_for_ever() {
        let small = aggregates(8 << 20);
        assert_eq!((small.hotspots_max, small.operations_of_all_max), (102, 512));
        assert_eq!(aggregates(0).edges_max, ROWS_MIN);
        assert_eq!(aggregates(u64::MAX), hotspan_hotspots::Settings::default());
    }
}

//! How large tables and memos may be in so much memory.

use hotspan_otlp::Limits;

use crate::MemoryParts;

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
pub(crate) fn aggregates(bytes: u64) -> hotspan_hotspots::Settings {
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

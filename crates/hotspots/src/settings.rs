//! Every bound and gate of this crate, with its default.

use hotspan_model::{Knob, Millionths, Tuning};

/// Traces within 24 hours that open a hotspot whose occurrences are cheap, or whose detector looks for
/// habits.
pub static SIGHTINGS: Knob = Knob {
    name: "sightings",
    default: 3,
    what: "traces within 24 hours that open a hotspot whose occurrences are cheap",
};

/// The thresholds over traces that every detector shares.
pub static SHARED: [&Knob; 1] = [&SIGHTINGS];

/// Below this confidence a hotspot is kept and listed only on request.
pub const MIN_CONFIDENCE: Millionths = Millionths(400_000);

/// Bounds of one shard's aggregates, and the gates of reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Fingerprints a shard holds; beyond, sightings are only counted.
    pub hotspots_max: usize,
    /// Services a shard holds.
    pub services_max: usize,
    /// Operations held for one service; beyond, they share the row `(other)`.
    pub operations_max: usize,
    /// Operations a shard holds, of all services; beyond, contributions are only counted.
    pub operations_of_all_max: usize,
    /// Edges (caller, callee, class) a shard holds.
    pub edges_max: usize,
    /// Pairs of operations whose order is watched.
    pub hand_offs_max: usize,
    /// Sets of hotspots that share traces and save less together than each alone.
    pub joints_max: usize,
    /// Facts that a shard holds for the detectors over traces.
    pub facts_max: usize,
    /// Facts held for one service; beyond, they are only counted.
    pub facts_of_service_max: usize,
    /// Kinds of near misses that a shard holds.
    pub near_misses_max: usize,
    /// Moments that all facts of a shard hold; beyond, the stretch of time they fall in is not judged.
    pub moments_max: usize,
    /// Rows of each table of counters that only grow; beyond, they share rows.
    pub metered_max: usize,
    /// Keys of each breakdown of a hotspot: entries, versions, places in the code; the rest is one number.
    pub entries_max: usize,
    /// Affected traces whose replayed savings are kept for each hotspot.
    pub reservoir: usize,
    /// Confidence below which a hotspot is listed only on request.
    pub min_confidence: Millionths,
    /// One trace opens a hotspot, whatever its detector asks of their number: a test run is no traffic.
    pub one_trace_opens: bool,
    /// Confidences are what was observed of like findings, not the products of their terms.
    pub calibrated: bool,
    /// Thresholds and efforts that differ from their defaults.
    pub tuning: Tuning,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            hotspots_max: 10_000,
            services_max: 10_000,
            operations_max: 1_000,
            operations_of_all_max: 100_000,
            edges_max: 20_000,
            hand_offs_max: 65_536,
            joints_max: 4_096,
            facts_max: 32_768,
            facts_of_service_max: 4_096,
            near_misses_max: 16_384,
            moments_max: 131_072,
            metered_max: 4_096,
            entries_max: 16,
            reservoir: 200,
            min_confidence: MIN_CONFIDENCE,
            one_trace_opens: false,
            calibrated: true,
            tuning: Tuning::default(),
        }
    }
}

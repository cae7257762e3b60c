//! Findings to hotspots: what all traces together say about a system, and in which order to fix it.
//!
//! One [`Hotspots`] belongs to one shard. It adds the [`hotspan_model::Report`] of each version of a trace
//! once and subtracts it once; everything it holds is counts, sums and histograms that forget exactly what
//! they learned, and small sets of traces keyed by trace id. [`answers`] merges the shards' [`Snapshot`]s and
//! puts the result in words and numbers. How reports were spread over shards, and in which order they came,
//! shows nowhere.
//!
//! Absent on purpose: clocks (the caller says what time it is), storage, life-cycle states set by people.

mod aggregate;
mod answers;
pub mod audit;
mod buckets;
mod calendar;
mod calibration;
mod confidence;
mod cross;
mod distribution;
mod facts;
mod gates;
mod life;
mod lists;
mod losses;
mod merged;
mod moments;
mod near;
mod peers;
mod ranking;
mod reservoir;
mod sampling;
mod scaling;
mod settings;
mod shard;
mod sighting;
mod sign;
mod table;
mod tally;
mod topology;
mod tuned;
mod view;

pub use answers::{
    Answers, Coverage, Dependency, Latency, OperationAnswer, PeerDecision, ServiceAnswer, ThirdParty, answers,
};
pub use cross::catalogue;
pub use near::NearMissAnswer;
pub use settings::{MIN_CONFIDENCE, SHARED as SHARED_KNOBS, SIGHTINGS, Settings};
pub use shard::{Hotspots, Kept, Snapshot};

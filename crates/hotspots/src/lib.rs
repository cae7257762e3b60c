//! Findings to hotspots: what all traces together say about a system, and in which order to fix it.
//!
//! One [`Hotspots`] belongs to one shard. It adds the [`hotspan_model::Report`] of each version of a trace
//! once and subtracts it once; everything it holds is counts, sums and histograms that forget exactly what
//! they learned, and small sets of traces keyed by trace id. [`answers`] merges the shards' [`Snapshot`]s and
//! puts the result in words and numbers. How reports were spread over shards, and in which order they came,
//! shows nowhere.
//!
//! Absent on purpose: clocks (the caller says what time it is) and storage. [`Notes`] are what people said, held by
//! whoever reads, beside what traces say.

mod aggregate;
mod answers;
pub mod audit;
mod blind;
mod buckets;
mod calendar;
mod calibration;
mod cells;
pub mod compare;
mod confidence;
mod cross;
mod distribution;
mod facts;
mod fixes;
mod gates;
mod groups;
mod growth;
mod ignored;
mod joint;
mod lazily;
mod life;
mod lists;
mod losses;
mod many;
mod merged;
mod metered;
mod moments;
mod near;
mod notes;
mod peers;
mod ranking;
mod recent;
mod reservoir;
mod sampling;
mod scaling;
mod settings;
mod shard;
mod shown;
mod sighting;
mod sign;
mod slots;
mod standing;
mod stored;
mod table;
mod tail;
mod tally;
mod times;
mod topology;
mod tuned;
mod uses;
mod versions;
mod view;

pub use answers::{
    Answers, Coverage, Dependency, Latency, Most, OperationAnswer, OperationCall, PeerDecision,
    ServiceAnswer, ThirdParty, answers,
};
pub use blind::Remedy;
pub use cross::catalogue;
pub use joint::Joints;
pub use metered::{
    Exemplar, FindingMeter, Histogram, LinkMeter, Meters, OVERFLOW_LABEL, Outside, PathMeter, SpanMeter,
    ThirdPartyMeter, meters,
};
pub use near::NearMissAnswer;
pub use notes::{BY_CHARS_MAX, NOTES_MAX, Notes, REASON_CHARS_MAX, Saying, Unsaid};
pub use settings::{MIN_CONFIDENCE, SHARED as SHARED_KNOBS, SIGHTINGS, Settings};
pub use shard::{Hotspots, Kept, Loader, Snapshot};
pub use stored::{Kind as RowKind, Names, Outline, Row, Unreadable, read_trace, trace_row};

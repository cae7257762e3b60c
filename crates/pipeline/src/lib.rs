//! One shard of the line: spans in, hotspots out. Sans-IO: the caller brings the batches and the time.
//!
//! Composes assembly, analysis and hotspots, and keeps the books: after every call
//! `received == analysed + dropped(by reason) + open`. Absent on purpose: threads, queues, clocks; the daemon has
//! them, and `hotspan analyze` needs none.

mod settings;
mod shard;
mod takeover;

use hotspan_model::{Knob, Meta};

pub use hotspan_assembly::Stub;
pub use settings::{Clock, Settings};
pub use shard::{Pipeline, SNAPSHOT_ROWS, Snapshot};
pub use takeover::{Cut, Held, Seam};

/// The thresholds that all detectors share.
pub fn shared_knobs() -> Vec<&'static Knob> {
    let of_a_trace = hotspan_analysis::SHARED_KNOBS.into_iter();
    of_a_trace.chain(hotspan_hotspots::SHARED_KNOBS).collect()
}

/// What is known about every detector: those of one trace in order of evaluation, then those over traces.
pub fn catalogue() -> Vec<&'static Meta> {
    let mut all = hotspan_analysis::catalogue();
    all.extend(hotspan_hotspots::catalogue());
    all
}

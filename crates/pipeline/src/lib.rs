//! One shard of the line: spans in, hotspots out. Sans-IO: the caller brings the batches and the time.
//!
//! Composes assembly, analysis and hotspots, and keeps the books: after every call
//! `received == analysed + dropped(by reason) + open`. Absent on purpose: threads, queues, clocks; the daemon has
//! them, and `hotspan analyze` needs none.

mod settings;
mod shard;

pub use settings::{Clock, Settings};
pub use shard::{Pipeline, Snapshot};

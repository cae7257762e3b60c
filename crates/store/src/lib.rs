//! What outlives the process: hotspots, notes and evidence in one SQLite file, with one writer.
//!
//! The file is a memory of what shards hold, not a second truth: rows are opaque here, written whole when they changed
//! and read once, at start; traces that hotspots show are read one at a time, when
//! somebody asks. A commit is one transaction, so a crash leaves the state of some commit. Nothing here
//! knows threads or clocks; whoever writes decides when.

mod backup;
mod commit;
mod directory;
mod error;
mod load;
mod names;
mod notes;
mod open;
mod retention;
mod schema;
mod traces;

pub use backup::{BackupError, backup};
pub use commit::{Commit, Progress};
pub use directory::{DataDir, FILE};
pub use error::StoreError;
pub use load::{LoadError, Loaded};
pub use names::Known;
pub use notes::{Audited, Said};
pub use open::{Aside, Store};
pub use retention::{Limits, Swept};
pub use traces::{PackedTrace, StoredTrace, TraceReader};

//! The file log: requests in order, on disk before they are acknowledged, and read again after a crash.
//!
//! Segments of records, each with a checksum; `docs/format.md` has the bytes. Whoever appends does so in groups: a
//! group is written and synced as one, and only then is anything done with its records. A failed sync ends its segment:
//! what it held beyond the groups before is void, and the next segment begins where those ended. Absent on purpose:
//! threads, clocks, requests. The caller brings the time, and knows what a payload means.

mod disk;
mod error;
mod format;
mod log;
mod reader;
mod scan;
mod segments;

pub use disk::{Disk, DiskFile, Folder};
pub use error::LogError;
pub use format::{Kind, RECORD_HEAD_BYTES};
pub use log::{Begin, Log, NotAppended, Opened, Settings};
pub use reader::{Passed, Reader, Record};
pub use segments::is_segment;

//! Acknowledged means on disk: requests go over a file log, which is read again after a crash.
//!
//! One thread owns the log. It groups what waits, syncs it, hands it to the shards in the order of the log, and answers.
//! Now and then all shards pass one offset at which they tell how they are; that and the offset are stored in one
//! transaction, and what is below is let go.

mod appender;
mod carried;
mod cuts;
mod replay;
mod start;
mod status;
mod wiring;

pub(crate) use appender::{Appender, Rhythm};
pub(crate) use carried::{Carried, rules};
pub(crate) use cuts::{Complete, Cuts};
pub(crate) use start::{Begun, DIRECTORY, begin};
pub(crate) use status::WalStatus;
pub(crate) use wiring::{appending, begin_log, has_place, seed};

use std::sync::atomic::AtomicU64;

use hotspan_model::Offset;
use hotspan_pipeline::{Held, Seam};

/// What receivers, shards, the store and readers know of the log.
#[derive(Debug)]
pub(crate) struct Wal {
    pub(crate) cuts: Cuts,
    pub(crate) status: WalStatus,
    /// What is below is stored.
    pub(crate) floor: AtomicU64,
    /// What the next process needs, but for what shards hold.
    pub(crate) carried: Carried,
}

/// How a shard goes on.
#[derive(Clone, Debug)]
pub(crate) struct Takeover {
    /// What records below say is stored.
    pub(crate) hi: Offset,
    pub(crate) held: Held,
    pub(crate) seam: Seam,
}

//! The daemon: configuration, shards, wiring, shutdown. A library, so that tests run it in-process on port 0.
//!
//! [`Daemon::start`] builds and binds everything or fails with one clear error; [`Daemon::stop`] drains: receivers
//! first, then shards, then the API. Shutdown is the closing of queues, in that order.

mod alerts;
mod backend;
mod config;
mod daemon;
mod exemplars;
mod house;
mod kept;
mod late_details;
mod log;
mod logged;
mod outline;
mod own_traces;
mod plan;
mod pressure;
mod raw;
mod recorded;
mod reload;
mod shard;
mod shared;
mod shedding;
mod sizing;
mod start_error;
mod storage;
mod threads;
mod viewer;
mod wal;
mod watching;

pub use alerts::Allowed;
pub use config::{
    Ack, Config, ConfigError, ConfigErrors, KEYS, Key, Layers, MemoryParts, Origin, Secret, SecretKey,
    SpanStyles, TenantLimits, bytes, duration, hex_key,
};
pub use daemon::{Addresses, Daemon};
pub use log::{Log, check_log};
pub use recorded::{RecordedLog, is_log};
pub use reload::Changes;
pub use start_error::StartError;

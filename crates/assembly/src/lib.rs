//! Spans in, decided traces out: when a trace is finished, what late spans do, what gives way.
//!
//! The [`Assembler`] is a state machine without I/O. All time is an argument, and that time is log time; the times
//! that spans claim close, order and drop nothing here. For each record of the log the caller raises the clock,
//! calls [`Assembler::handle_timeout`], drains [`Assembler::poll_trace`], pushes the record's spans in order, and
//! drains again. Every output belongs to the record during whose handling it arose.
//!
//! A *session* is the records of one trace id without a long gap. Its spans are a chain through one slab; the chain
//! changes in place until the session is decided, and afterwards only grows, so a new version is the whole chain and
//! the version before it is the chain's head.

mod arena;
mod assembler;
mod births;
mod blocks;
mod caps;
mod completeness;
mod decide;
mod duplicates;
mod fold;
mod output;
mod parts;
mod session;
mod settings;
mod slab;
mod stats;
mod table;
mod takeover;
mod timers;
mod union;

pub use assembler::{Assembler, Outcome};
pub use session::Stub;
pub use settings::{Settings, SettingsError};
pub use stats::{Cause, SPREAD_BUCKETS, Stats};

//! Spans in, decided traces out: when a trace is finished, what late spans do, what gives way.
//!
//! The [`Assembler`] is a state machine without I/O. All time is an argument, and that time is log time; the times
//! that spans claim close, order and drop nothing here. For each record of the log the caller raises the clock,
//! calls [`Assembler::handle_timeout`], drains [`Assembler::poll_trace`], pushes the record's spans in order, and
//! drains again. Every output belongs to the record during whose handling it arose.

mod assembler;
mod settings;
mod stats;

pub use assembler::{Assembler, Outcome};
pub use settings::{Settings, SettingsError};
pub use stats::{Cause, SPREAD_BUCKETS, Stats};

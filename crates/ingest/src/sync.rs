//! What the queue into a shard is made of: atomics and threads of the system. `tests/inbox_model.rs` puts others in their
//! place, whose scheduler tries orders.

pub(crate) use std::sync::atomic;
pub(crate) use std::thread;

/// Messages of one producer in a test.
#[cfg(test)]
pub(crate) const EACH: u32 = 1_000;

/// Runs a test, here once.
#[cfg(test)]
pub(crate) fn check(test: impl Fn() + Send + Sync + 'static) {
    test();
}

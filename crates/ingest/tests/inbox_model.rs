//! The queue into a shard under a scheduler that tries orders: the very source of the crate with other atomics and threads.
//! Its own tests run here in thousands of interleavings each, with wake-ups that come late, twice or for nothing; a message
//! that is lost fails an assertion, and an owner that nobody wakes is a deadlock, which the scheduler reports.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "the source is a module of the crate, and its tests need a part of it"
)]

#[path = "../src/inbox.rs"]
mod inbox;

mod sync {
    pub(crate) use shuttle::sync::atomic;

    /// Messages of one producer.
    pub(crate) const EACH: u32 = 2;
    /// Orders that are tried. A failure prints its seed and schedule.
    const ORDERS: usize = 3_000;

    pub(crate) fn check(test: impl Fn() + Send + Sync + 'static) {
        shuttle::check_random(test, ORDERS);
    }

    pub(crate) mod thread {
        pub(crate) use shuttle::thread::{Thread, current, park, spawn, yield_now};

        /// Time has no length here: it is always over, once the others had their turn.
        pub(crate) fn park_timeout(_: std::time::Duration) {
            yield_now();
        }
    }
}

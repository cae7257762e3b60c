//! What must hold for every trace (P1 to P22 of the critical path), over seeded random ones.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod clocks;
mod paths;
mod random;
mod replays;
mod shapes;

//! The gate of a build: exit codes, the baseline's life, the allow-list's end, and reports that others can read.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests are tests"
)]

mod allow;
mod baseline;
#[path = "../support/daemon.rs"]
mod daemon;
mod gates;
mod given;
mod live;
mod real;
mod reports;
#[path = "../support/mod.rs"]
mod support;

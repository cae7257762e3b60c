//! The receiver's contract over loopback sockets: each test is named by the row it proves.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests: what cannot go on has failed"
)]

#[path = "../hostile/mod.rs"]
mod catalogue;
mod degraded;
mod grpc;
mod hostile;
mod http;
mod refusals;
mod support;

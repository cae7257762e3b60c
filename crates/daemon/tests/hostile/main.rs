//! The hostile catalogue against the running daemon: each test is named by the row it proves. Requests go in by real
//! sockets, over gRPC and over HTTP in both encodings; what became of them is read from the public API.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests: what cannot go on has failed"
)]

mod attributes;
mod breaks;
mod client;
mod crowds;
mod damage;
mod exemplars;
mod ids;
mod message;
mod rig;
mod sizes;
mod times;
mod trees;

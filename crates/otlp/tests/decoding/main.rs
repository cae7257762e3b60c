//! Decoding: the receiver's contract by row, the walk against prost, JSON against protobuf, recorded traces.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests are tests, and the oracle reads generated enums that others extend"
)]

mod contract;
mod differential;
mod hostile;
mod json;
mod meaning;
mod oracle;
mod recorded;
mod request;
mod senders;
mod shuffle;

//! The gRPC API `hotspan.v1`, generated from `proto/`: messages, servers, clients, descriptors.

/// Messages and services of `hotspan.v1`.
#[allow(
    clippy::all,
    unreachable_pub,
    missing_debug_implementations,
    clippy::wildcard_enum_match_arm,
    clippy::too_many_lines,
    clippy::unwrap_used,
    clippy::allow_attributes_without_reason,
    clippy::let_underscore_must_use,
    reason = "generated"
)]
pub mod v1 {
    tonic::include_proto!("hotspan.v1");
}

/// The encoded descriptors of everything in `proto/`, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

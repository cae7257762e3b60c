//! Everything that reads: HTTP/JSON with its OpenAPI, gRPC, metrics and health, on one port.

mod backend;
mod serve;
pub mod shape;

pub use backend::{
    Backend, Check, FoundTrace, Listener, Metrics, Refused, Requests, Shard, Status, TraceFuture, View,
};
pub use serve::{router, serve};

//! Everything that reads: HTTP/JSON with its OpenAPI, gRPC, metrics and health, on one port.

mod ask;
mod backend;
mod grpc;
mod http;
mod metrics;
pub mod page;
mod read;
mod serve;
pub mod shape;

pub use ask::{Parameter, Problem, nearest, rfc3339};
pub use backend::{
    Backend, Check, Connections, Detectors, FixFuture, FoundFix, FoundTrace, Level, Listener, Memory,
    Metrics, NotSaid, Pressure, Refused, Requests, SayFuture, Shard, Status, TraceFuture, View,
};
pub use http::{csv, openapi};
pub use serve::{router, serve};

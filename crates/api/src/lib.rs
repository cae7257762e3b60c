//! Everything that reads: HTTP/JSON with its OpenAPI, gRPC, metrics and health, on one port.

mod ask;
mod backend;
mod grpc;
mod http;
mod mcp;
mod metrics;
pub mod page;
mod read;
mod serve;
pub mod shape;

pub use ask::{Parameter, Problem};
pub use backend::{
    Backend, Check, Connections, Detectors, FixFuture, FoundFix, FoundTrace, Level, Listener, Memory,
    Metrics, NotSaid, Pressure, Refused, Requests, SayFuture, Shard, Status, TraceFuture, View,
};
pub use http::openapi;
pub use serve::{router, serve};

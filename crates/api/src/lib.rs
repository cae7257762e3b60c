//! Everything that reads: HTTP/JSON with its OpenAPI, gRPC, metrics and health, on one port.

mod ask;
mod backend;
mod compat;
mod gate;
mod grpc;
mod http;
mod jaeger;
mod links;
mod mcp;
mod metrics;
pub mod page;
mod read;
mod serve;
pub mod shape;
mod tempo;
mod told;

pub use ask::{Parameter, Problem, closest, nearest, rfc3339};
pub use backend::{
    Alerts, Backend, Check, Compat, Connections, Detectors, Exposed, FixFuture, FoundFix, FoundTrace,
    HeldFuture, Level, Listener, Log, Memory, Metrics, NotSaid, Pressure, Refused, Requests, SayFuture,
    Sender, Shard, Status, Storage, TraceFuture, View,
};
pub use gate::Gate;
pub use hotspan_hotspots::Outline;
pub use http::{csv, openapi};
pub use links::{LINKS_MAX, Link, LinkTemplate, Place, links};
pub use serve::{Backends, router, serve};

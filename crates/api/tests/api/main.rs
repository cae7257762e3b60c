//! The reading side over real sockets: rows of `docs/query-surface.md` that exist, by what they promise.

mod client;
mod grpc;
mod http;
mod metrics;
mod openapi;
mod schema;
mod world;

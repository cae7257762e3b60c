//! The reading side over real sockets, by what it promises.

#[cfg(test)]
mod agent;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod client;
#[cfg(test)]
mod detail;
#[cfg(test)]
mod document;
#[cfg(test)]
mod grpc;
#[cfg(test)]
mod http;
#[cfg(test)]
mod mcp;
#[cfg(test)]
mod mcp_data;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod process;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod shutdown;
#[cfg(test)]
mod state;
#[cfg(test)]
mod world;

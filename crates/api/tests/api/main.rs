//! The reading side over real sockets, by what it promises.

#[cfg(test)]
mod agent;
#[cfg(test)]
mod answers;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod budget;
#[cfg(test)]
mod client;
mod compare;
#[cfg(test)]
mod detail;
#[cfg(test)]
mod document;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod grpc;
#[cfg(test)]
mod grpc_around;
#[cfg(test)]
mod http;
#[cfg(test)]
mod jaeger;
#[cfg(test)]
mod jaeger_clients;
#[cfg(test)]
mod jaeger_grpc;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod mcp;
#[cfg(test)]
mod mcp_compare;
#[cfg(test)]
mod mcp_data;
#[cfg(test)]
mod meters;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod process;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod seen;
#[cfg(test)]
mod shop;
#[cfg(test)]
mod shutdown;
#[cfg(test)]
mod state;
#[cfg(test)]
mod tempo;
#[cfg(test)]
mod tempo_clients;
#[cfg(test)]
mod views;
#[cfg(test)]
mod world;

//! The receiver's contract over loopback sockets: each test is named by the row it proves.

#[path = "../hostile/mod.rs"]
mod catalogue;
mod grpc;
mod hostile;
mod http;
mod support;

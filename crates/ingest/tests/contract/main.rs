//! The receiver's contract over loopback sockets: each test is named by the row it proves.

mod grpc;
mod http;
mod support;

//! What fuzzers drive: each function takes any bytes, and panics when a promise does not hold.
//!
//! `cargo +nightly fuzz run NAME` (from this folder, with cargo-fuzz) looks for inputs; those worth keeping are in
//! `corpus/NAME`, and every build replays them.

#![allow(clippy::panic, reason = "a panic is how a fuzzer is told")]

mod line;
mod questions;
mod segments;
mod texts;

pub use line::{file, json, protobuf};
pub use questions::{config, query};
pub use segments::log;
pub use texts::{statement, text};

/// A function and the name of its corpus.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 8] = [
    ("protobuf", protobuf),
    ("json", json),
    ("statement", statement),
    ("text", text),
    ("file", file),
    ("log", log),
    ("query", query),
    ("config", config),
];

//! OTLP bytes in, span records out.
//!
//! One forward walk over the bytes of a request fills a fixed set of known fields for each span; `resolve` turns
//! them into a 64-byte [`hotspan_model::Span`] whose texts are symbols of a dictionary. JSON is first rewritten as
//! protobuf, so that both encodings share everything behind the first byte. Bad input is data: damage costs the
//! smallest part that can be skipped, and nothing recurses over input.
//!
//! Absent on purpose: I/O, clocks, threads, randomness, and prost's generated types (they are the tests' oracle).

mod attributes;
mod callee;
mod decoder;
mod details;
mod framing;
mod json;
mod keys;
mod limits;
mod memo;
mod parts;
mod peer;
mod resolve;
mod sender;
mod source;
mod tally;
pub mod text;
mod tracestate;
mod undecodable;
mod value;
mod vendors;
mod wire;

pub use decoder::{Decoder, Encoding, Sink};
pub use details::details;
pub use limits::Limits;
pub use tally::{Tally, Unnamed};
pub use undecodable::{Damage, Undecodable};

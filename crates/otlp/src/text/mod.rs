//! What the texts of a span mean: statements, URLs, cache keys, names. Pure, linear, one pass, any bytes in.
//!
//! Every function writes into a buffer of the caller and clears it first. No literal value of an input gets into an
//! output; where a literal cannot be delimited, everything to the end of the text goes with it.

pub mod cache_key;
mod command;
pub mod graphql;
mod json;
pub mod names;
pub mod params;
pub mod redact;
mod segment;
pub mod sql;
pub mod statement;
pub mod url;

pub use params::ParamHasher;
pub use statement::{Statement, analyse, facts, group, is_cache, operation_template};

/// Longest text that is read, in bytes; the rest is cut.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;

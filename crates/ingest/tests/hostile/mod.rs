//! Hostile input, one generator for each row of the catalogue (`receiver.md` 8).

pub(crate) mod http2;
pub(crate) mod messages;

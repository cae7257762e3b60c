//! What tests, demos and load programs need: traces drawn as text, a seeded generator with known answers, a log's
//! clock, a sender.

mod clock;
pub mod demo;
mod drawing;
pub mod generator;
#[cfg(feature = "sender")]
pub mod sender;

pub use clock::LogClock;
pub use drawing::{Drawing, EPOCH};

//! What tests, demos and load programs need: traces drawn as text, a seeded generator with known answers, a
//! sender.

pub mod demo;
mod drawing;
pub mod generator;
#[cfg(feature = "sender")]
pub mod sender;

pub use drawing::{Drawing, EPOCH};

//! What tests, demos and load programs need: traces drawn as text, a seeded generator with known answers, a
//! sender.

mod drawing;
pub mod generator;

pub use drawing::{Drawing, EPOCH};

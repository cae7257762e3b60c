//! Detectors over traces: where they fire, at the threshold, where they stay silent. What is found is held against the
//! laws of every detector by [`world::World::found`].

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod change;
mod database;
mod life;
mod near;
mod observability;
mod services;
mod world;

//! otlp

pub mod text;

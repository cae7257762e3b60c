//! The `hotspan` binary.
fn main() {}

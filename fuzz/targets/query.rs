//! `cargo +nightly fuzz run query`
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| hotspan_fuzz::query(data));

#[cfg(not(fuzzing))]
fn main() {}

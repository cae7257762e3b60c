//! `cargo +nightly fuzz run json`
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| hotspan_fuzz::json(data));

#[cfg(not(fuzzing))]
fn main() {}

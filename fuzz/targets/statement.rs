//! `cargo +nightly fuzz run statement`
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| hotspan_fuzz::statement(data));

#[cfg(not(fuzzing))]
fn main() {}

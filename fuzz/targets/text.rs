//! `cargo +nightly fuzz run text`
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| hotspan_fuzz::text(data));

#[cfg(not(fuzzing))]
fn main() {}

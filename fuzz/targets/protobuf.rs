//! `cargo +nightly fuzz run protobuf`
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| hotspan_fuzz::protobuf(data));

#[cfg(not(fuzzing))]
fn main() {}

//! Every input that was found, or made, is replayed in each build: a promise that was broken once stays kept.

use std::fs;
use std::path::PathBuf;

use hotspan_fuzz::{TARGETS, Target};

#[test]
fn what_fuzzers_found_is_taken() {
    for target in TARGETS {
        assert!(replay(target) > 0, "the corpus of {} is empty", target.0);
    }
}

/// Replays all files of a corpus; how many there are.
fn replay((name, take): Target) -> usize {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(name);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = files.map(|file| file.expect("it can be listed").path()).collect();
    paths.sort();
    for path in &paths {
        // What the harness prints before a failure names the file.
        eprintln!("{}", path.display());
        take(&fs::read(path).expect("it can be read"));
    }
    paths.len()
}

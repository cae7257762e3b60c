//! The baseline's life: what is known, new, worse, repaired.

use std::fs;
use std::path::Path;

use crate::given::{check, generated, path, without, written};

#[test]
fn a_baseline_knows_what_it_was_given_and_fails_what_is_new_or_worse() {
    let test = "baseline";
    let (known, other) = (
        generated(test, "nplus1-query", 5),
        generated(test, "nplus1-cache", 5),
    );
    let baseline = path(test, "hotspan.json");
    drop(fs::remove_file(&baseline));
    let with = ["--baseline", &baseline];
    let update = [&with[..], &["--update-baseline"]].concat();
    check(&[&update[..], &[&known]].concat(), 0, &["has 1"]);
    let first = fs::read_to_string(&baseline).unwrap();
    check(&[&with[..], &[&known]].concat(), 0, &["known n-plus-one-query"]);
    check(
        &[&with[..], &[&known, &other]].concat(),
        1,
        &["FAIL  new n-plus-one-cache", "known n-plus-one-query"],
    );
    // Any finding fails when that is asked for, whatever is known.
    check(
        &[&with[..], &["--fail-on", "any", &known]].concat(),
        1,
        &["FAIL  known"],
    );
    // The operation is not called: that is no proof of a repair, and the line stays.
    check(&[&update[..], &[&other]].concat(), 0, &["not called"]);
    let both = fs::read_to_string(&baseline).unwrap();
    assert_eq!(both.lines().count(), first.lines().count() + 1, "{both}");
    assert!(
        first
            .lines()
            .filter(|line| line.contains("\"id\""))
            .all(|line| both.contains(line))
    );

    let calls = first.split("\"calls_p50\":").nth(1).unwrap();
    let calls: u64 = calls.split(',').next().unwrap().parse().unwrap();
    let fewer = first.replace(&format!("\"calls_p50\":{calls}"), "\"calls_p50\":3");
    fs::write(&baseline, fewer).unwrap();
    let said = format!("3 calls a trace became {calls}");
    check(&[&with[..], &[&known]].concat(), 1, &["FAIL  worse", &said]);
    check(&[&update[..], &[&known]].concat(), 0, &[]);
    assert_eq!(fs::read_to_string(&baseline).unwrap(), first);
}

#[test]
fn nothing_is_written_to_a_baseline_from_silence() {
    let test = "silence";
    let empty = written(test, "empty.json", "{}");
    let baseline = path(test, "hotspan.json");
    drop(fs::remove_file(&baseline));
    check(
        &["--baseline", &baseline, "--update-baseline", &empty],
        3,
        &["left as it is"],
    );
    assert!(!Path::new(&baseline).exists());
}

#[test]
fn a_repaired_fault_is_told_and_leaves_the_baseline() {
    let test = "repaired";
    let file = generated(test, "nplus1-query", 5);
    let baseline = path(test, "hotspan.json");
    drop(fs::remove_file(&baseline));
    check(&["--baseline", &baseline, "--update-baseline", &file], 0, &[]);
    let mut left = std::collections::BTreeMap::<Vec<u8>, u32>::new();
    let repaired = without(test, &file, |span| {
        let seen = left.entry(span.trace_id.clone()).or_default();
        let is_query = span.attributes.iter().any(|pair| pair.key.starts_with("db."));
        *seen += u32::from(is_query);
        is_query && *seen > 2
    });
    assert!(!left.is_empty());
    check(
        &["--baseline", &baseline, &repaired],
        0,
        &["fixed n-plus-one-query"],
    );
    check(
        &["--baseline", &baseline, "--update-baseline", &repaired],
        0,
        &["has 0"],
    );
}

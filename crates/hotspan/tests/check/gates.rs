//! What can be meant, what is seen, and which exit code it ends with.

use crate::given::{check, check_all, generated, json, labelled, path, without, written};

#[test]
fn what_traces_show_decides_between_0_and_1_and_3() {
    let test = "codes";
    let (faulty, clean) = (
        generated(test, "nplus1-query", 1),
        generated(test, "mixed-queries", 3),
    );
    let empty = written(test, "empty.json", "{}");
    let rootless = without(test, &clean, |span| span.parent_span_id.is_empty());
    let lacking = "3 traces lack spans (one is ";
    check_all(&[
        (&[&clean], 0, &["passed: no findings in 3 traces"]),
        (&[&faulty], 1, &["FAIL", "n-plus-one-query", "in 1 trace "]),
        (&["--fail-on", "slow-query", &faulty], 0, &[]),
        (&["--fail-on", "new,slow-query", &faulty], 1, &[]),
        (
            &["--max-db-calls", "1", &clean],
            1,
            &["database calls in trace ", ", 1 allowed"],
        ),
        (&["--max-db-calls", "1000", &clean], 0, &[]),
        (
            &["--max-duration", "1ms", &clean],
            1,
            &["at the median, 1 ms allowed"],
        ),
        (&[&empty], 3, &["there are no traces", "no pass"]),
        (&["--expect-roots", "4", &clean], 3, &["3 of 4 expected traces"]),
        (&[&rootless], 3, &[lacking, "--max-incomplete"]),
        (&["--max-incomplete", "3", &rootless], 0, &[]),
        (&[&rootless, &faulty], 1, &["n-plus-one-query"]),
        (
            &["--label", "no-such-version", &clean],
            3,
            &["there are no traces"],
        ),
    ]);
}

#[test]
fn what_cannot_be_meant_ends_with_2_and_whoever_does_not_answer_with_4() {
    let test = "usage";
    let clean = generated(test, "mixed-queries", 1);
    let unknown = written(test, "unknown.txt", "hello");
    let none = path(test, "none.json");
    let nobody = "http://127.0.0.1:1";
    check_all(&[
        (&[], 2, &["<PATH"]),
        (
            &["--fail-on", "n-plus-one-qery", &clean],
            2,
            &["n-plus-one-query"],
        ),
        (
            &["--fail-on", "worse", &clean],
            2,
            &["worse than what", "--baseline"],
        ),
        (&["--report", "pdf=x", &clean], 2, &["pdf", "sarif"]),
        (&["--baseline", &none, &clean], 2, &[&none, "--update-baseline"]),
        (&["--update-baseline", &clean], 2, &["--baseline"]),
        (&[&unknown], 2, &["unknown.txt"]),
        (
            &["--url", nobody, "--max-db-calls", "3"],
            2,
            &["max_db_calls", "capture"],
        ),
        (
            &["--url", nobody, "--max-duration", "3s", "--label", "1.0"],
            2,
            &["max_duration_ms", "--label"],
        ),
        (
            &["--url", nobody, "--label", "run=7"],
            2,
            &["--label", "service.version"],
        ),
        (&["--url", nobody], 4, &[nobody]),
    ]);
}

#[test]
fn one_trace_of_a_test_run_is_enough_where_a_system_under_load_needs_three() {
    let file = generated("one", "nplus1-query", 1);
    let found = json(&[&file], 1);
    let hotspot = &found["findings"][0]["hotspot"];
    assert_eq!(
        (&hotspot["traces"], &hotspot["detector"]),
        (&1.into(), &"n-plus-one-query".into())
    );
    assert_eq!(found["entries"][0]["traces"], 1);
    assert!(found["entries"][0]["db_calls_max"].as_u64() > Some(5));
}

#[test]
fn a_label_leaves_the_traces_of_one_version_or_run() {
    let test = "label";
    let (faulty, clean) = (
        generated(test, "nplus1-query", 2),
        generated(test, "mixed-queries", 3),
    );
    for (key, named) in [("service.version", "2.0"), ("test.run.id", "test.run.id=2.0")] {
        let old = labelled(test, &faulty, key, "1.0");
        let new = labelled(test, &clean, key, "2.0");
        check(&[&old, &new], 1, &["in 5 traces"]);
        check(&["--label", named, &old, &new], 0, &["in 3 traces"]);
        check(
            &["--label", &named.replace("2.0", "1.0"), &old, &new],
            1,
            &["in 2 traces"],
        );
        check(
            &["--label", &named.replace("2.0", "3.0"), &old, &new],
            3,
            &["no traces"],
        );
    }
    check(&["--label", "=2.0", &clean], 2, &["KEY=VALUE"]);
}

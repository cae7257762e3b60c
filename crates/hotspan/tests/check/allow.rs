//! What is accepted until a day, and budgets.

use std::fs;

use crate::given::{check, generated, json, path, written};
use crate::support::run;

#[test]
fn an_accepted_finding_passes_until_its_day_is_over() {
    let test = "allow";
    let file = generated(test, "nplus1-query", 2);
    let id = json(&[&file], 1)["findings"][0]["hotspot"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let entry = |subject: &str| {
        format!("[[allow]]\n{subject}\nreason = \"goes with release 7\"\nexpires = 2027-03-01\n")
    };
    let by_id = written(test, "id.toml", entry(&format!("id = \"{id}\"")));
    let by_place = written(
        test,
        "place.toml",
        entry("detector = \"n-plus-one-query\"\nservice = \"*\"\noperation = \"*\""),
    );
    for allow in [&by_id, &by_place] {
        let on = |today| [&["--allow", allow, "--today"][..], &[today], &[&file]].concat();
        check(
            &on("2026-11-28"),
            0,
            &[
                "allowed n-plus-one-query",
                "until 2027-03-01: goes with release 7",
            ],
        );
        check(&on("2027-03-01"), 0, &[]);
        check(
            &on("2027-03-02"),
            1,
            &["FAIL  expired", "2027-03-01, which is over: goes with release 7"],
        );
    }
    // What is accepted has its end in the allow-list, so it is not known besides.
    let baseline = path(test, "hotspan.json");
    drop(fs::remove_file(&baseline));
    let update = [
        "--allow",
        &by_id,
        "--today",
        "2026-11-28",
        "--baseline",
        &baseline,
        "--update-baseline",
        &file,
    ];
    check(&update, 0, &["has 0"]);
    let clean = generated(test, "mixed-queries", 2);
    check(
        &["--allow", &by_id, &clean],
        0,
        &["unused in the allow-list", &id],
    );
    let wrong = written(test, "wrong.toml", "[[allow]]\ndetector = \"n-plus-one-query\"\n");
    check(
        &["--allow", &wrong, &file],
        2,
        &["wrong.toml", "[[allow]] number 1", "expires is missing"],
    );
}

#[test]
fn budgets_of_the_file_hold_over_the_flag() {
    let test = "budgets";
    let file = generated(test, "nplus1-query", 2);
    let entry = &json(&[&file], 1)["entries"][0];
    let (operation, calls) = (
        entry["operation"].as_str().unwrap(),
        entry["db_calls_max"].as_u64().unwrap(),
    );
    let budget = |most: u64| format!("[[budget]]\noperation = \"{operation}\"\nmax_db_calls = {most}\n");
    let (enough, less) = (
        written(test, "enough.toml", budget(calls)),
        written(test, "less.toml", budget(calls - 1)),
    );
    let with = |allow: &str, flag: &str| {
        let flags = [
            "--fail-on",
            "slow-query",
            "--allow",
            allow,
            "--max-db-calls",
            flag,
            &file,
        ];
        run(&[&["check"], &flags[..]].concat(), b"").status.code()
    };
    assert_eq!((with(&enough, "1"), with(&less, "1000000")), (Some(0), Some(1)));
}

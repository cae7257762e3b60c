//! The gate of a build: exit codes, the baseline's life, the allow-list's end, and reports that others can read.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests are tests"
)]

#[path = "support/daemon.rs"]
mod daemon;
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::Value;

use daemon::Daemon;
use support::{hotspan, run, stderr};

const TRACES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/traces");

/// A path of this name in a folder of one test.
fn path(test: &str, name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("check")
        .join(test);
    fs::create_dir_all(&folder).unwrap();
    folder.join(name).to_str().unwrap().to_owned()
}

fn written(test: &str, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = path(test, name);
    fs::write(&path, content).unwrap();
    path
}

/// A file with so many traces of a scenario.
fn generated(test: &str, scenario: &str, traces: u32) -> String {
    let path = path(test, &format!("{scenario}-{traces}.pb"));
    let traces = traces.to_string();
    let output = run(
        &["gen", "--scenario", scenario, "--traces", &traces, "-o", &path],
        b"",
    );
    assert!(output.status.success(), "{}", stderr(&output));
    path
}

/// Runs `check` that must end with `code` and say each of `words`, on whichever stream; what it wrote.
fn check(arguments: &[&str], code: i32, words: &[&str]) -> String {
    let output = run(&[&["check"], arguments].concat(), b"");
    let wrote = String::from_utf8(output.stdout.clone()).unwrap();
    let said = stderr(&output);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?} said {said}, wrote {wrote}"
    );
    for word in words {
        assert!(
            said.contains(word) || wrote.contains(word),
            "{arguments:?} said {said}, wrote {wrote}, without {word}"
        );
    }
    wrote
}

fn json(arguments: &[&str], code: i32) -> Value {
    serde_json::from_str(&check(&[arguments, &["-o", "json"]].concat(), code, &[])).unwrap()
}

/// The requests of a file, changed.
fn edited(
    test: &str,
    name: &str,
    file: &str,
    mut edit: impl FnMut(&mut ExportTraceServiceRequest),
) -> String {
    let mut bytes = Vec::new();
    for request in hotspan_ingest::file::open(Path::new(file)).unwrap() {
        let mut request = ExportTraceServiceRequest::decode(&*request.unwrap().bytes).unwrap();
        edit(&mut request);
        bytes.extend(request.encode_length_delimited_to_vec());
    }
    written(test, name, bytes)
}

/// The spans of a file without those that `drop` names.
fn without(test: &str, file: &str, mut drop: impl FnMut(&Span) -> bool) -> String {
    edited(test, "without.pb", file, |request| {
        let resources = request.resource_spans.iter_mut();
        for scope in resources.flat_map(|resource| &mut resource.scope_spans) {
            scope.spans.retain(|span| !drop(span));
        }
    })
}

/// The same with an attribute of every resource.
fn labelled(test: &str, file: &str, key: &str, value: &str) -> String {
    edited(test, &format!("{key}-{value}.pb"), file, |request| {
        let text = any_value::Value::StringValue(value.to_owned());
        let pair = KeyValue {
            key: key.to_owned(),
            value: Some(AnyValue { value: Some(text) }),
            ..KeyValue::default()
        };
        for resource in &mut request.resource_spans {
            let attributes = &mut resource.resource.get_or_insert_default().attributes;
            attributes.retain(|old| old.key != key);
            attributes.push(pair.clone());
        }
    })
}

/// Arguments, the code they end with, words they say.
type Case<'a> = (&'a [&'a str], i32, &'a [&'a str]);

fn check_all(table: &[Case<'_>]) {
    for (arguments, code, words) in table {
        check(arguments, *code, words);
    }
}

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
            &["budgets", "capture"],
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

#[test]
fn the_same_traces_give_the_same_bytes_in_every_form() {
    let test = "bytes";
    let files = [
        generated(test, "nplus1-query", 3),
        generated(test, "nplus1-cache", 3),
        generated(test, "mixed-queries", 3),
    ];
    for format in ["text", "json", "sarif", "junit", "md"] {
        let once = check(&["-o", format, &files[0], &files[1], &files[2]], 1, &[]);
        let again = check(&["-o", format, &files[2], &files[1], &files[0]], 1, &[]);
        assert_eq!(once, again, "{format}");
        assert!(
            !once.contains(env!("CARGO_TARGET_TMPDIR")),
            "{format} names the machine"
        );
        let report = path(test, &format!("report.{format}"));
        check(
            &[
                "--report",
                &format!("{format}={report}"),
                &files[0],
                &files[1],
                &files[2],
            ],
            1,
            &[],
        );
        assert_eq!(fs::read_to_string(&report).unwrap(), once, "{format}");
    }
}

#[test]
fn junit_has_a_case_for_every_operation_that_was_called() {
    let test = "junit";
    let (faulty, clean) = (
        generated(test, "nplus1-query", 2),
        generated(test, "mixed-queries", 2),
    );
    let text = check(&["-o", "junit", &faulty, &clean], 1, &[]);
    let document = roxmltree::Document::parse(&text).unwrap();
    let suite = document
        .descendants()
        .find(|node| node.has_tag_name("testsuite"))
        .unwrap();
    let cases: Vec<_> = suite
        .children()
        .filter(|node| node.has_tag_name("testcase"))
        .collect();
    assert_eq!(suite.attribute("tests"), Some(cases.len().to_string().as_str()));
    let failed = cases
        .iter()
        .filter(|case| case.children().any(|node| node.has_tag_name("failure")));
    let failed: Vec<_> = failed.collect();
    assert_eq!((suite.attribute("failures"), failed.len()), (Some("1"), 1));
    let failure = failed[0]
        .children()
        .find(|node| node.has_tag_name("failure"))
        .unwrap();
    assert!(
        failure
            .attribute("message")
            .unwrap()
            .starts_with("new n-plus-one-query")
    );
    let found = json(&[&faulty, &clean], 1);
    let at = &found["findings"][0]["hotspot"];
    assert_eq!(failed[0].attribute("classname"), at["service"].as_str());
    assert_eq!(failed[0].attribute("name"), at["operation"].as_str());
    for entry in found["entries"].as_array().unwrap() {
        let is_here = |case: &&roxmltree::Node<'_, '_>| case.attribute("name") == entry["operation"].as_str();
        assert!(cases.iter().any(|case| is_here(&case)), "{entry}");
    }
    let silent = check(&["-o", "junit", "--expect-roots", "99", &clean], 3, &[]);
    let document = roxmltree::Document::parse(&silent).unwrap();
    let errors = document.descendants().filter(|node| node.has_tag_name("error"));
    assert_eq!(errors.count(), 1, "{silent}");
}

#[test]
fn sarif_names_rules_places_and_fingerprints() {
    let test = "sarif";
    let file = generated(test, "nplus1-query", 2);
    let baseline = path(test, "hotspan.json");
    drop(fs::remove_file(&baseline));
    check(&["--baseline", &baseline, "--update-baseline", &file], 0, &[]);
    let sarif = |arguments: &[&str], code| -> Value {
        serde_json::from_str(&check(&[arguments, &["-o", "sarif", &file]].concat(), code, &[])).unwrap()
    };
    let fresh = sarif(&["--max-db-calls", "1"], 1);
    let run = &fresh["runs"][0];
    let (rules, results) = (
        run["tool"]["driver"]["rules"].as_array().unwrap(),
        run["results"].as_array().unwrap(),
    );
    assert_eq!(results.len(), 2);
    for result in results {
        let rule = &rules[result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(rule["helpUri"].as_str().unwrap().starts_with("https://"));
        assert_eq!(result["level"], "error");
        assert!(result["partialFingerprints"]["hotspan/v1"].is_string());
    }
    let id = &json(&[&file], 1)["findings"][0]["hotspot"]["id"];
    assert!(
        results
            .iter()
            .any(|result| result["partialFingerprints"]["hotspan/v1"] == *id)
    );
    let known = &sarif(&["--baseline", &baseline], 0)["runs"][0]["results"][0];
    assert_eq!(
        (&known["level"], &known["baselineState"]),
        (&"note".into(), &"unchanged".into())
    );
    // Code scanning refuses results without a file.
    assert!(known["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].is_string());
}

#[test]
fn the_gate_finds_the_labelled_faults_of_real_applications_and_nothing_forbidden() {
    let Ok(labels) = fs::read_to_string(Path::new(TRACES).join("labels.json")) else {
        return println!("skipped: there are no labels in {TRACES}");
    };
    let labels: Value = serde_json::from_str(&labels).unwrap();
    for scenario in [
        "django-nplus1-orm",
        "http-nplus1",
        "sqlalchemy-nplus1-lazy",
        "ext-stripe-critical",
        "retry-storm",
        "django-mixed-healthy",
        "django-select-related",
        "redis-mget",
        "health-checks",
        "poll-loop",
    ] {
        let file = format!("{TRACES}/stable/{scenario}.otlp.bin.zst");
        let words = |list: &Value| -> Vec<String> {
            let list = list.as_array().into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let labels = &labels["scenarios"][scenario];
        let musts = labels["must"].as_array().unwrap();
        let found = json(&[&file], i32::from(!musts.is_empty()));
        let found: Vec<&str> = found["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|of| of["hotspot"]["detector"].as_str())
            .collect();
        for must in musts {
            let any_of = words(&must["any_of"]);
            assert!(
                any_of.iter().any(|detector| found.contains(&detector.as_str())),
                "{scenario}: {must}, found {found:?}"
            );
        }
        let forbidden = words(&labels["must_not"]);
        assert!(
            !forbidden
                .iter()
                .any(|detector| found.contains(&detector.as_str())),
            "{scenario}: {found:?}"
        );
    }
}

#[test]
fn whoever_stops_reading_ends_it_quietly() {
    let file = generated("pipe", "nplus1-query", 2);
    let mut child = hotspan()
        .args(["check", "-o", "json", &file])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), stderr(&output)),
        (Some(141), String::new())
    );
}

#[test]
fn a_daemon_is_judged_when_it_is_quiet() {
    let daemon = Daemon::start("gate");
    let url = daemon.url("listen");
    let with = ["--url", &url];
    let idle = ["--url", &url, "--wait-idle", "1s"];
    check(&with, 3, &["there are no traces"]);
    let to = daemon.url("otlp_grpc");
    let send = ["gen", "--scenario", "nplus1-query", "--traces", "4", "--to", &to];
    assert!(run(&send, b"").status.success());
    let found = json(&[&idle[..], &["--expect-roots", "4"]].concat(), 1);
    assert_eq!(found["findings"][0]["hotspot"]["detector"], "n-plus-one-query");
    assert_eq!(found["coverage"]["traces"], 4);
    check(
        &[&idle[..], &["--expect-roots", "5", "--fail-on", "slow-query"]].concat(),
        3,
        &["4 of 5"],
    );
    check(
        &[&with[..], &["--label", "no-such-version"]].concat(),
        3,
        &["there are no traces"],
    );
    let version = found["findings"][0]["hotspot"]["versions"][0].as_str().unwrap();
    check(
        &[&with[..], &["--label", version]].concat(),
        1,
        &["n-plus-one-query"],
    );
    // The baseline of a file knows what the daemon finds.
    let test = "live";
    let baseline = path(test, "hotspan.json");
    drop(fs::remove_file(&baseline));
    let file = generated(test, "nplus1-query", 4);
    check(&["--baseline", &baseline, "--update-baseline", &file], 0, &[]);
    check(
        &[&with[..], &["--baseline", &baseline]].concat(),
        0,
        &["known n-plus-one-query"],
    );
    // What a person accepted in the daemon is accepted here.
    let id = found["findings"][0]["hotspot"]["id"].as_str().unwrap();
    let say = [
        "hotspots",
        "ack",
        id,
        "--reason",
        "goes with release 7",
        "--url",
        &url,
        "--by",
        "ana",
    ];
    assert!(run(&say, b"").status.success());
    check(
        &with,
        0,
        &["acknowledged n-plus-one-query", "goes with release 7"],
    );
    daemon.stop();
}

#[test]
fn what_spans_say_stays_data_in_every_form() {
    let test = "hostile";
    let hostile = "</failure>]]> \"&<b>\u{1b}[31m @all\n\u{202e}|`x`\u{fffe}";
    let file = edited(
        test,
        "hostile.pb",
        &generated(test, "nplus1-query", 2),
        |request| {
            let resources = request.resource_spans.iter_mut();
            let scopes = resources.flat_map(|resource| &mut resource.scope_spans);
            for span in scopes.flat_map(|scope| &mut scope.spans) {
                if span.parent_span_id.is_empty() {
                    span.name = hostile.to_owned();
                    span.attributes.clear();
                }
            }
        },
    );
    let written = |format| check(&["-o", format, &file], 1, &[]);
    let xml = written("junit");
    let document = roxmltree::Document::parse(&xml).unwrap();
    let named =
        |node: &roxmltree::Node<'_, '_>| node.attribute("name").is_some_and(|name| name.contains("<b>"));
    assert!(document.descendants().any(|node| named(&node)), "{xml}");
    let sarif: Value = serde_json::from_str(&written("sarif")).unwrap();
    assert!(sarif["runs"][0]["results"][0].is_object());
    for format in ["text", "md", "json", "junit", "sarif"] {
        let text = written(format);
        let is_bare = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(is_bare), "{format}: {text:?}");
    }
    assert!(!written("md").contains("@all") && !written("md").contains("<b>"));
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

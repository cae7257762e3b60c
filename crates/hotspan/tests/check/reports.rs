//! Reports that others can read, whatever spans say.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::given::{check, edited, generated, json, path};
use crate::support::{hotspan, stderr};

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

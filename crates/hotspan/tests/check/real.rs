//! Recorded traces of real applications, with labelled faults.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::given::{TRACES, json};

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

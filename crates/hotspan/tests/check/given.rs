//! Recordings to judge, and how the program judges them.

use std::fs;
use std::path::{Path, PathBuf};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::Value;

use crate::support::{run, stderr};

pub(crate) const TRACES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/traces");

/// A path of this name in a folder of one test.
pub(crate) fn path(test: &str, name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("check")
        .join(test);
    fs::create_dir_all(&folder).unwrap();
    folder.join(name).to_str().unwrap().to_owned()
}

pub(crate) fn written(test: &str, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = path(test, name);
    fs::write(&path, content).unwrap();
    path
}

/// A file with so many traces of a scenario.
pub(crate) fn generated(test: &str, scenario: &str, traces: u32) -> String {
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
pub(crate) fn check(arguments: &[&str], code: i32, words: &[&str]) -> String {
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

pub(crate) fn json(arguments: &[&str], code: i32) -> Value {
    serde_json::from_str(&check(&[arguments, &["-o", "json"]].concat(), code, &[])).unwrap()
}

/// The requests of a file, changed.
pub(crate) fn edited(
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
pub(crate) fn without(test: &str, file: &str, mut drop: impl FnMut(&Span) -> bool) -> String {
    edited(test, "without.pb", file, |request| {
        let resources = request.resource_spans.iter_mut();
        for scope in resources.flat_map(|resource| &mut resource.scope_spans) {
            scope.spans.retain(|span| !drop(span));
        }
    })
}

/// The same with an attribute of every resource.
pub(crate) fn labelled(test: &str, file: &str, key: &str, value: &str) -> String {
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
pub(crate) type Case<'a> = (&'a [&'a str], i32, &'a [&'a str]);

pub(crate) fn check_all(table: &[Case<'_>]) {
    for (arguments, code, words) in table {
        check(arguments, *code, words);
    }
}

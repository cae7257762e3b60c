//! The public test cases of the semantic conventions for sanitised text and summary.

use hotspan_model::ParamKey;
use hotspan_otlp::text::{Statement, analyse};
use serde_json::Value;

#[test]
fn sanitised_text_and_summary_are_those_of_the_semantic_conventions() {
    let cases: Value = serde_json::from_str(include_str!("vectors/sql/otel-cases-01-12.json")).unwrap();
    let cases = cases.as_array().unwrap();
    assert_eq!(cases.len(), 12);
    let mut statement = Statement::default();
    for case in cases {
        let text = |path: &str| case.pointer(path).and_then(Value::as_str).unwrap();
        let (system, query) = (text("/input/db.system.name"), text("/input/query"));
        analyse(system, query, ParamKey::BUILT_IN, &mut statement);
        let right = case
            .pointer("/expected/db.query.text")
            .and_then(Value::as_array)
            .unwrap();
        assert!(
            right.iter().any(|text| text == statement.sanitised.as_str()),
            "{query}: {}",
            statement.sanitised
        );
        assert_eq!(statement.summary, text("/expected/db.query.summary"), "{query}");
    }
}

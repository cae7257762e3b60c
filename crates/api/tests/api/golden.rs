//! Answers beside the ones that were read against the clients' sources and committed.

use std::path::Path;

use serde_json::Value;

/// Proves that an answer is the committed one. `UPDATE_GOLDEN=1` writes it instead; then read the difference.
pub(crate) fn golden(name: &str, answer: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/api/golden/{name}.json"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let text = serde_json::to_string_pretty(answer).unwrap() + "\n";
        std::fs::write(&path, text).unwrap();
    }
    let expected: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(*answer, expected, "{name}");
}

//! As much of JSON Schema as the description uses: whether an answer is what was promised.

use serde_json::Value;

/// Where `value` breaks the promise; empty when it keeps it.
pub(crate) fn broken(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    check(document, schema, value, "$", &mut broken);
    broken
}

/// Recursion is bounded by the shapes, which are ours.
fn check(document: &Value, schema: &Value, value: &Value, at: &str, broken: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let target = document
            .pointer(name.trim_start_matches('#'))
            .unwrap_or_else(|| panic!("{name}"));
        return check(document, target, value, at, broken);
    }
    check_type(schema, value, at, broken);
    let every = |key: &str| schema[key].as_array().cloned().unwrap_or_default();
    for part in every("allOf") {
        check(document, &part, value, at, broken);
    }
    let one_of = every("oneOf");
    let fitting = one_of
        .iter()
        .filter(|part| self::broken(document, part, value).is_empty())
        .count();
    if !one_of.is_empty() && fitting != 1 {
        broken.push(format!("{at}: fits {fitting} of {}", one_of.len()));
    }
    if schema["enum"]
        .as_array()
        .is_some_and(|words| !words.contains(value))
    {
        broken.push(format!("{at}: {value} is no word of the list"));
    }
    for name in every("required") {
        if value.get(name.as_str().unwrap()).is_none() {
            broken.push(format!("{at}: lacks {name}"));
        }
    }
    check_parts(document, schema, value, at, broken);
}

fn check_parts(document: &Value, schema: &Value, value: &Value, at: &str, broken: &mut Vec<String>) {
    for (name, part) in value.as_object().into_iter().flatten() {
        let known = schema["properties"]
            .get(name)
            .or_else(|| schema.get("additionalProperties"));
        if let Some(known) = known.filter(|known| known.is_object()) {
            check(document, known, part, &format!("{at}.{name}"), broken);
        }
    }
    for (place, part) in value.as_array().into_iter().flatten().enumerate() {
        let known = schema["prefixItems"].get(place).or_else(|| schema.get("items"));
        if let Some(known) = known.filter(|known| known.is_object()) {
            check(document, known, part, &format!("{at}[{place}]"), broken);
        }
    }
}

fn check_type(schema: &Value, value: &Value, at: &str, broken: &mut Vec<String>) {
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return,
    };
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() && !types.contains(&"number") => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !types.contains(&is) {
        broken.push(format!("{at}: is {is}, not {types:?}"));
    }
}

#[test]
fn a_broken_promise_is_seen() {
    let schema = serde_json::json!({
        "type": "object", "required": ["a"],
        "properties": {"a": {"type": ["integer", "null"]}, "b": {"enum": ["x"]}, "c": {"items": {"type": "string"}}},
    });
    let with = |value| broken(&Value::Null, &schema, &value).len();
    assert_eq!(with(serde_json::json!({"a": 1, "b": "x", "c": ["y"]})), 0);
    assert_eq!(with(serde_json::json!({"a": null, "d": 1})), 0);
    assert_eq!(with(serde_json::json!({"a": 1.5, "b": "z", "c": [1]})), 3);
    assert_eq!(with(serde_json::json!([])), 2);
}

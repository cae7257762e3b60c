//! Values of a JSON answer as people read them. What is absent is empty: readers outlive the writers of a shape.

use hotspan_api::shape::clean;
use hotspan_model::Nanos;
use serde_json::Value;

/// What stands at a path of keys joined by dots; null where there is nothing.
pub(crate) fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |value, key| &value[key])
}

/// The rows of a list; none where there is no list.
pub(crate) fn rows(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

/// A text, number or word; several joined by commas.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => clean(text),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Array(list) => {
            // One level only: deeper lists are no cells.
            let flat = list.iter().filter(|one| !one.is_array());
            flat.map(text).collect::<Vec<_>>().join(", ")
        }
        Value::Object(_) => String::new(),
    }
}

/// A whole number; 0 where there is none.
pub(crate) fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// Nanoseconds with their unit; empty where there are none.
pub(crate) fn nanos(value: &Value) -> String {
    value.as_u64().map_or(String::new(), |of| Nanos(of).to_string())
}

/// A decimal with as many places as tell it from others.
pub(crate) fn amount(value: &Value) -> String {
    value.as_f64().map_or(String::new(), |of| match of {
        of if of >= 10.0 || of == 0.0 => format!("{of:.1}"),
        of if of >= 1.0 => format!("{of:.2}"),
        of => format!("{of:.4}"),
    })
}

/// A share as a percentage.
pub(crate) fn percent_of(value: &Value) -> String {
    let share = value.as_f64().map(|share| share * 100.0);
    share.map_or(String::new(), |share| match share {
        share if share > 0.0 && share < 1.0 => format!("{share:.1} %"),
        share => format!("{share:.0} %"),
    })
}

/// A moment to the second.
pub(crate) fn moment(value: &Value) -> String {
    let text = text(value);
    let second = text.split('.').next().unwrap_or_default().replace('T', " ");
    match second.is_empty() {
        true => second,
        false => format!("{} UTC", second.trim_end_matches('Z')),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_read_as_people_write_them_and_what_is_absent_is_empty() {
        let of = json!({"a": {"b": 1_500_000}, "share": 0.834, "small": 0.0042, "when": "2026-01-02T03:04:05.000000006Z",
            "list": ["x", "y\u{1b}"], "seen": true});
        assert_eq!(nanos(at(&of, "a.b")), "1.5 ms");
        let amounts = [113.93, 2.5, 0.0237, 0.0].map(|of| amount(&of.into()));
        assert_eq!(amounts, ["113.9", "2.50", "0.0237", "0.0"]);
        assert_eq!(percent_of(at(&of, "share")), "83 %");
        assert_eq!(percent_of(at(&of, "small")), "0.4 %");
        assert_eq!(moment(at(&of, "when")), "2026-01-02 03:04:05 UTC");
        assert_eq!(text(at(&of, "list")), "x, y");
        assert_eq!(text(at(&of, "seen")), "yes");
        let absent = at(&of, "a.c.d");
        let all = [text(absent), nanos(absent), percent_of(absent), moment(absent)];
        assert_eq!(all, ["", "", "", ""]);
    }
}

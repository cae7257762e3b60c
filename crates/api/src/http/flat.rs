//! Rows without nesting: for spreadsheets and dashboards.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// One row: nested keys joined by `_`, arrays as counts, in the order of the shape.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub(super) struct Flat(Map<String, Value>);

/// The row of one item.
pub(super) fn flat(item: &impl Serialize) -> Flat {
    let mut row = Map::new();
    // Shapes are objects whose keys are texts, so they always convert.
    if let Ok(Value::Object(fields)) = serde_json::to_value(item) {
        spread(&mut row, "", fields);
    }
    Flat(row)
}

/// Adds `fields` under `prefix`. Shapes nest three deep at most, so the recursion is bounded by their types.
fn spread(row: &mut Map<String, Value>, prefix: &str, fields: Map<String, Value>) {
    for (name, value) in fields {
        let column = format!("{prefix}{name}");
        match value {
            Value::Object(fields) => spread(row, &format!("{column}_"), fields),
            Value::Array(items) => {
                row.insert(column, items.len().into());
            }
            plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                row.insert(column, plain);
            }
        }
    }
}

/// The rows as RFC 4180 with a header; the columns are those of an empty row, so they are there without rows too.
pub fn csv<T: Serialize + Default>(items: &[T]) -> String {
    let columns: Vec<String> = flat(&T::default())
        .0
        .into_iter()
        .map(|(column, _)| column)
        .collect();
    let mut text = columns.join(",");
    text.push_str("\r\n");
    for item in items {
        let Flat(row) = flat(item);
        for (place, column) in columns.iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            push_cell(&mut text, row.get(column).unwrap_or(&Value::Null));
        }
        text.push_str("\r\n");
    }
    text
}

fn push_cell(text: &mut String, value: &Value) {
    match value {
        Value::String(words) => push_words(text, words),
        Value::Bool(_) | Value::Number(_) => {
            write!(text, "{value}").expect("a String takes everything");
        }
        Value::Null | Value::Array(_) | Value::Object(_) => {}
    }
}

/// Words as a cell that no spreadsheet takes for a formula.
fn push_words(text: &mut String, words: &str) {
    let guard = if words.starts_with(['=', '+', '-', '@']) {
        "'"
    } else {
        ""
    };
    match words.contains(['"', ',', '\r', '\n']) {
        true => text.extend(["\"", guard, &words.replace('"', "\"\""), "\""]),
        false => text.extend([guard, words]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default, Serialize)]
    struct Outer {
        name: String,
        inner: Inner,
        list: Vec<u32>,
        absent: Option<u32>,
    }

    #[derive(Default, Serialize)]
    struct Inner {
        p50: u64,
        word: &'static str,
    }

    #[test]
    fn keys_are_joined_in_the_order_of_the_shape_and_arrays_are_counts() {
        let item = Outer {
            name: "=cmd()".to_owned(),
            inner: Inner {
                p50: 7,
                word: "a,\"b\"",
            },
            list: vec![1, 2],
            absent: None,
        };
        assert_eq!(
            csv(&[item]),
            "name,inner_p50,inner_word,list,absent\r\n'=cmd(),7,\"a,\"\"b\"\"\",2,\r\n"
        );
    }

    #[test]
    fn no_cell_begins_a_formula() {
        for words in ["=1", "+1", "-1", "@x", "=a,b"] {
            let mut cell = String::new();
            push_words(&mut cell, words);
            assert!(cell.trim_start_matches('"').starts_with('\''), "{cell}");
        }
    }
}

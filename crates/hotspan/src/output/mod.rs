//! Answers for people and programs: tables, lists in each format, colours. Stdout is data, stderr is talk.

mod list;
mod paint;
mod table;
mod value;

use std::io::{self, Write};

pub(crate) use list::{Column, Form, List, ListFormat};
pub(crate) use paint::{ColorChoice, Paint, Style, of_state};
pub(crate) use table::Table;
pub(crate) use value::{amount, at, moment, nanos, number, percent_of, rows, text};

/// Writes data to stdout.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// A share in millionths as a percentage.
pub(crate) fn percent(share: hotspan_model::Millionths) -> String {
    format!("{} %", (share.0 + 5_000) / 10_000)
}

/// Millionths with one decimal.
pub(crate) fn tenths(value: hotspan_model::Millionths) -> String {
    let tenths = (value.0 + 50_000) / 100_000;
    format!("{}.{}", tenths / 10, tenths % 10)
}

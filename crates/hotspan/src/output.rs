//! Answers for people: tables whose columns line up, and lines of a trace. Stdout is data, stderr is talk.

use std::io::{self, Write};

/// Rows of text under headings; the last column may be any length.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(headings: &[&str]) -> Table {
        Table {
            rows: vec![headings.iter().map(|&heading| heading.to_owned()).collect()],
        }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Writes it to stdout.
    pub(crate) fn print(&self) -> io::Result<()> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |at: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(at))
                .map(|cell| cell.chars().count())
                .max()
        };
        let widths: Vec<usize> = (0..columns).map(|at| width(at).unwrap_or(0)).collect();
        let mut text = String::new();
        for row in &self.rows {
            for (at, cell) in row.iter().enumerate() {
                text.push_str(cell);
                if at + 1 < row.len() {
                    text.extend(std::iter::repeat_n(' ', widths[at] - cell.chars().count() + 2));
                }
            }
            text.push('\n');
        }
        print(&text)
    }
}

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

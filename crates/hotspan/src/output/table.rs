//! Tables whose columns line up, and the same as Markdown.

use std::io;

use hotspan_api::page::markdown_escaped;

use super::{Paint, Style, print};

/// Rows of text under headings; the last column may be any length.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<Cell>>,
}

/// A text and how it stands out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) style: Option<Style>,
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell { text, style: None }
    }
}

impl Table {
    pub(crate) fn new(headings: &[&str]) -> Table {
        let heading = |&text: &&str| Cell {
            text: text.to_owned(),
            style: Some(Style::Bold),
        };
        Table {
            rows: vec![headings.iter().map(heading).collect()],
        }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.cells(cells.into_iter().map(Cell::from).collect());
    }

    pub(crate) fn cells(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Writes it to stdout without colours.
    pub(crate) fn print(&self) -> io::Result<()> {
        print(&self.text(Paint::default()))
    }

    /// The rows under each other, columns aligned.
    pub(crate) fn text(&self, paint: Paint) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |at: usize| self.rows.iter().filter_map(|row| row.get(at)).map(length).max();
        let widths: Vec<usize> = (0..columns).map(|at| width(at).unwrap_or(0)).collect();
        let mut text = String::new();
        for row in &self.rows {
            for (at, cell) in row.iter().enumerate() {
                match cell.style {
                    Some(style) => text.push_str(&paint.text(style, &cell.text)),
                    None => text.push_str(&cell.text),
                }
                if at + 1 < row.len() {
                    text.extend(std::iter::repeat_n(' ', widths[at] - length(cell) + 2));
                }
            }
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
        }
        text
    }

    /// The same for a page or a comment.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        for (at, row) in self.rows.iter().enumerate() {
            let cells: Vec<String> = row.iter().map(|cell| markdown_escaped(&cell.text)).collect();
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
            if at == 0 {
                text.push_str(&format!("|{}\n", "---|".repeat(row.len())));
            }
        }
        text
    }
}

fn length(cell: &Cell) -> usize {
    cell.text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_nothing_trails_the_last_one() {
        let mut table = Table::new(&["A", "B"]);
        table.row(vec!["größe".into(), "1".into()]);
        table.row(vec!["x".into(), String::new()]);
        assert_eq!(table.text(Paint::default()), "A      B\ngröße  1\nx\n");
    }

    #[test]
    fn text_of_spans_is_no_markdown() {
        let mut table = Table::new(&["A"]);
        table.row(vec!["a|b <script> `x` [y](z) *w*".into()]);
        assert_eq!(
            table.markdown(),
            "| A |\n|---|\n| a\\|b &lt;script&gt; \\`x\\` \\[y\\](z) \\*w\\* |\n"
        );
    }
}

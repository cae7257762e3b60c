//! Lists of a daemon in each format: tables here, JSON lines and CSV as the daemon writes them.

use clap::ValueEnum;
use serde_json::Value;

use super::table::Cell;
use super::{Paint, Table, amount, at, moment, nanos, number, of_state, percent_of, print, rows, text};
use crate::client::{Asked, Client};
use crate::exit::Failure;

/// Most letters of a cell of a table, but for the last one; `wide` shows all.
const CELL_MAX: usize = 44;
/// Digits of an id that tell it apart in a table.
const SHORT: usize = 8;

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For people: the columns that matter most
    Table,
    /// For people: every column, nothing cut
    Wide,
    /// For programs: the shapes of the API
    Json,
    /// For programs: one row a line
    Jsonl,
    /// For spreadsheets: every field of every row
    Csv,
    /// For pages and comments
    Md,
}

impl ListFormat {
    /// Its name and kind, where the daemon writes it.
    fn plain(self) -> Option<(&'static str, &'static str)> {
        match self {
            ListFormat::Jsonl => Some(("jsonl", "application/x-ndjson")),
            ListFormat::Csv => Some(("csv", "text/csv")),
            ListFormat::Table | ListFormat::Wide | ListFormat::Json | ListFormat::Md => None,
        }
    }

    /// Whether people read it, and want to know what it rests on.
    pub(crate) fn is_for_people(self) -> bool {
        matches!(self, ListFormat::Table | ListFormat::Wide | ListFormat::Md)
    }
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it stands.
    Text,
    /// Nanoseconds with their unit.
    Nanos,
    /// A share as a percentage.
    Share,
    /// A decimal, with as many places as tell it from others.
    Amount,
    /// To the second.
    Moment,
    /// The first digits of an id; all of it where nothing is cut.
    Id,
    /// The state of a hotspot, in its colour.
    State,
    /// How many there are.
    Length,
}

/// One column of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    heading: &'static str,
    /// Keys joined by dots.
    path: &'static str,
    form: Form,
    wide: bool,
}

impl Column {
    /// A column of every table.
    pub(crate) const fn new(heading: &'static str, path: &'static str, form: Form) -> Column {
        Column {
            heading,
            path,
            form,
            wide: false,
        }
    }

    /// A column that only `wide` shows.
    pub(crate) const fn wide(heading: &'static str, path: &'static str, form: Form) -> Column {
        Column {
            wide: true,
            ..Column::new(heading, path, form)
        }
    }

    fn cell(&self, row: &Value, whole: bool, last: bool) -> Cell {
        let value = at(row, self.path);
        let shown = match self.form {
            Form::Text => text(value),
            Form::Nanos => nanos(value),
            Form::Share => percent_of(value),
            Form::Amount => amount(value),
            Form::Moment => moment(value),
            Form::Id if whole => text(value),
            Form::Id => text(value).chars().take(SHORT).collect(),
            Form::State => text(value),
            Form::Length => rows(value).len().to_string(),
        };
        let style = (self.form == Form::State).then(|| of_state(&shown)).flatten();
        let text = if whole || last { shown } else { cut(shown) };
        Cell { text, style }
    }
}

fn cut(text: String) -> String {
    match text.char_indices().nth(CELL_MAX) {
        None => text,
        Some(_) => text.chars().take(CELL_MAX - 1).chain(['…']).collect(),
    }
}

/// What came of a list.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// Nothing is in it.
    pub(crate) empty: bool,
    /// What was answered; null where the daemon wrote the rows itself.
    pub(crate) answer: Value,
}

/// A list of the API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    /// Where it is asked for.
    pub(crate) path: &'static str,
    /// What its rows are called in the answer and to people.
    pub(crate) key: &'static str,
    pub(crate) columns: &'static [Column],
}

impl List {
    /// Asks and writes; `prepare` adds to the rows that people see.
    pub(crate) fn run(
        &self,
        client: &Client,
        mut asked: Asked,
        (format, paint): (ListFormat, Paint),
        prepare: impl FnOnce(&mut Value) -> Result<(), Failure>,
    ) -> Result<Listed, Failure> {
        if let Some((name, kind)) = format.plain() {
            asked.push(("format", name.to_owned()));
            let reply = client.get(self.path, &asked, kind)?;
            print(&reply.text)?;
            return Ok(Listed {
                empty: reply.total == Some(0),
                answer: Value::Null,
            });
        }
        let reply = client.get(self.path, &asked, "application/json")?;
        let mut answer = client.parse(&reply.text)?;
        match format == ListFormat::Json {
            true => print(&(reply.text + "\n"))?,
            false => {
                prepare(&mut answer)?;
                print(&self.table(rows(&answer[self.key]), format, paint))?;
            }
        }
        Ok(Listed {
            empty: rows(&answer[self.key]).is_empty(),
            answer,
        })
    }

    /// Tells people on stderr how much of the list was shown, and `more`.
    pub(crate) fn talk(&self, listed: &Listed, format: ListFormat, more: &str) {
        if !format.is_for_people() {
            return;
        }
        let answer = &listed.answer;
        let (here, total) = (rows(&answer[self.key]).len(), number(&answer["total"]));
        let spans = at(answer, "coverage.spans");
        let rest = match u64::try_from(here).is_ok_and(|here| here < total) {
            true => " (more with --limit)",
            false => "",
        };
        eprintln!(
            "{here} of {total} {} shown{rest}{more}; {} spans received, {} analysed",
            self.name(),
            number(&spans["received"]),
            number(&spans["analysed"])
        );
    }

    /// The rows as a table.
    pub(crate) fn table(&self, rows: &[Value], format: ListFormat, paint: Paint) -> String {
        if rows.is_empty() {
            return format!("no {}\n", self.name());
        }
        let whole = format == ListFormat::Wide;
        let columns: Vec<&Column> = self
            .columns
            .iter()
            .filter(|column| whole || !column.wide)
            .collect();
        let headings: Vec<&str> = columns.iter().map(|column| column.heading).collect();
        let mut table = Table::new(&headings);
        for row in rows {
            let cells = columns.iter().enumerate();
            let cells = cells.map(|(place, column)| column.cell(row, whole, place + 1 == columns.len()));
            table.cells(cells.collect());
        }
        match format == ListFormat::Md {
            true => table.markdown(),
            false => table.text(paint),
        }
    }

    /// What its rows are called to people.
    fn name(&self) -> String {
        self.key.replace('_', " ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LIST: List = List {
        path: "/",
        key: "hotspots",
        columns: &[
            Column::new("ID", "id", Form::Id),
            Column::new("P50", "latency_ns.p50", Form::Nanos),
            Column::wide("OPERATION", "operation", Form::Text),
            Column::new("STATE", "state", Form::State),
        ],
    };

    fn rows() -> Vec<Value> {
        vec![
            json!({"id": "0123456789abcdef", "latency_ns": {"p50": 2_000_000}, "operation": "GET /|x", "state": "fixed"}),
        ]
    }

    #[test]
    fn a_table_cuts_what_wide_shows() {
        let table = LIST.table(&rows(), ListFormat::Table, Paint::default());
        assert_eq!(table, "ID        P50   STATE\n01234567  2 ms  fixed\n");
        let wide = LIST.table(&rows(), ListFormat::Wide, Paint::default());
        assert!(
            wide.contains("0123456789abcdef") && wide.contains("GET /|x"),
            "{wide}"
        );
        let page = LIST.table(&rows(), ListFormat::Md, Paint::default());
        assert!(
            page.starts_with("| ID | P50 | STATE |\n|---|---|---|\n| 01234567 |"),
            "{page}"
        );
    }

    #[test]
    fn nothing_is_said_to_be_nothing() {
        assert_eq!(
            LIST.table(&[], ListFormat::Table, Paint::default()),
            "no hotspots\n"
        );
        assert_eq!(cut("x".repeat(60)).chars().count(), CELL_MAX);
    }
}

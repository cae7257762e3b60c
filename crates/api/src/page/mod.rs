//! The audit as a page that people read: Markdown, or one HTML file that needs nothing beside it.
//!
//! What it says is put together once, in `content`; the two writers escape it, each in its own way. Texts of spans
//! never reach a page but through them.

mod bars;
mod content;
mod html;
mod map;
mod markdown;

pub(crate) use html::escaped as html_escaped;
pub use html::html;
pub use markdown::{escaped as markdown_escaped, markdown};

/// A piece of the page, in texts that are not escaped yet.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Block {
    /// Heading of a section.
    Section(&'static str),
    /// Heading below a section.
    Part(String),
    /// A paragraph.
    Text(String),
    /// One of a numbered list: its sentence, and what belongs to it by name.
    Item {
        number: usize,
        title: String,
        facts: Vec<(&'static str, String)>,
    },
    /// Rows under headings; those of numbers are aligned right.
    Table {
        heads: Vec<(&'static str, Kind)>,
        rows: Vec<Vec<String>>,
    },
    /// A list of sentences.
    List(Vec<String>),
    /// Shares as bars; only where pictures can be drawn.
    Bars(Vec<bars::Bar>),
    /// Who calls whom; only where pictures can be drawn.
    Map(map::Map),
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Words,
    /// One word, never cut.
    Term,
    Number,
}

/// Most characters of a text in a table or picture; the JSON has all of it.
const CHARS_MAX: usize = 200;

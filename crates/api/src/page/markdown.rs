//! The page as Markdown. Nothing that a span says can format, link or end a cell.

use super::content::content;
use super::{Block, Kind};
use crate::shape::Audit;

/// The audit about `hotspots` in Markdown.
pub fn markdown(audit: &Audit, hotspots: &[&hotspan_model::Hotspot]) -> String {
    let mut out = String::from("# Audit\n");
    for block in content(audit, hotspots) {
        write(&block, &mut out);
    }
    out
}

fn write(block: &Block, out: &mut String) {
    match block {
        Block::Section(title) => out.push_str(&format!("\n## {title}\n")),
        Block::Part(title) => out.push_str(&format!("\n### {}\n", escaped(title))),
        Block::Text(text) => out.push_str(&format!("\n{}\n", escaped(text))),
        Block::Item { number, title, facts } => {
            out.push_str(&format!("\n### {number}. {}\n\n", escaped(title)));
            for (name, text) in facts {
                out.push_str(&format!("- **{name}**: {}\n", escaped(text)));
            }
        }
        Block::Table { heads, rows } => table(heads, rows, out),
        Block::List(sentences) => {
            out.push('\n');
            for sentence in sentences {
                out.push_str(&format!("- {}\n", escaped(sentence)));
            }
        }
        // Markdown has no pictures of its own; the tables beside them say the same.
        Block::Bars(_) | Block::Map(_) => {}
    }
}

fn table(heads: &[(&'static str, Kind)], rows: &[Vec<String>], out: &mut String) {
    out.push_str("\n|");
    for (head, _) in heads {
        out.push_str(&format!(" {head} |"));
    }
    out.push_str("\n|");
    for (_, kind) in heads {
        out.push_str(match kind {
            Kind::Words | Kind::Term => "---|",
            Kind::Number => "---:|",
        });
    }
    for row in rows {
        out.push_str("\n|");
        for cell in row {
            out.push_str(&format!(" {} |", escaped(cell)));
        }
    }
    out.push('\n');
}

/// A text that means itself in Markdown. A `_` inside a word needs nothing, and names are full of them.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut in_word = false;
    while let Some(c) = chars.next() {
        let goes_on = chars.peek().is_some_and(|next| next.is_alphanumeric());
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '_' if in_word && goes_on => out.push(c),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => out.extend(['\\', c]),
            c => out.push(c),
        }
        in_word = c.is_alphanumeric();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_means_itself() {
        assert_eq!(
            escaped("SELECT * FROM order_item | <b> & __x__ [a](b)"),
            r"SELECT \* FROM order_item \| &lt;b&gt; &amp; \_\_x\_\_ \[a\](b)"
        );
    }
}

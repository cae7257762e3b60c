//! The page as one HTML file: no script, no font, no picture from elsewhere; light and dark as the reader has it.

use super::content::content;
use super::{Block, Kind, bars, map};
use crate::shape::Audit;

/// Everything that is drawn has its colours from here.
const STYLE: &str = include_str!("audit.css");

/// The audit about `hotspots` as one HTML file.
pub fn html(audit: &Audit, hotspots: &[&hotspan_model::Hotspot]) -> String {
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Audit</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>Audit</h1>\n"
    );
    for block in content(audit, hotspots) {
        write(&block, &mut out);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn write(block: &Block, out: &mut String) {
    match block {
        Block::Section(title) => out.push_str(&format!("<h2>{}</h2>\n", escaped(title))),
        Block::Part(title) => out.push_str(&format!("<h3>{}</h3>\n", escaped(title))),
        Block::Text(text) => out.push_str(&format!("<p>{}</p>\n", escaped(text))),
        Block::Item { number, title, facts } => {
            let title = escaped(title);
            out.push_str(&format!(
                "<article>\n<h3><span class=\"number\">{number}</span> {title}</h3>\n<dl>\n"
            ));
            for (name, text) in facts {
                out.push_str(&format!("<dt>{name}</dt><dd>{}</dd>\n", escaped(text)));
            }
            out.push_str("</dl>\n</article>\n");
        }
        Block::Table { heads, rows } => table(heads, rows, out),
        Block::List(sentences) => {
            out.push_str("<ul>\n");
            for sentence in sentences {
                out.push_str(&format!("<li>{}</li>\n", escaped(sentence)));
            }
            out.push_str("</ul>\n");
        }
        Block::Bars(all) => bars::draw(all, out),
        Block::Map(of) => map::draw(of, out),
    }
}

fn table(heads: &[(&'static str, Kind)], rows: &[Vec<String>], out: &mut String) {
    let class = |kind: Kind| match kind {
        Kind::Words => "",
        Kind::Term => " class=\"t\"",
        Kind::Number => " class=\"n\"",
    };
    out.push_str("<div class=\"wide\"><table>\n<tr>");
    for &(head, kind) in heads {
        out.push_str(&format!("<th{}>{}</th>", class(kind), escaped(head)));
    }
    out.push_str("</tr>\n");
    for row in rows {
        out.push_str("<tr>");
        for (&(_, kind), cell) in heads.iter().zip(row) {
            // Templates have no spaces after their commas.
            let cell = escaped(cell).replace(',', ",<wbr>");
            out.push_str(&format!("<td{}>{cell}</td>", class(kind)));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table></div>\n");
}

/// A text that is neither a tag nor ends an attribute.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_no_tag_and_ends_no_attribute() {
        assert_eq!(
            escaped("\"><script>alert('1&2')</script>"),
            "&quot;&gt;&lt;script&gt;alert(&#39;1&amp;2&#39;)&lt;/script&gt;"
        );
    }
}

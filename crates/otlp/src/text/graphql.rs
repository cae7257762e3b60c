//! GraphQL documents with their literals as `?`.

use super::TEXT_BYTES_MAX;

/// Writes a document without comments, with strings and numbers as `?` and white space as one blank.
pub fn template(document: &str, out: &mut String) {
    out.clear();
    let text = &document[..document.floor_char_boundary(TEXT_BYTES_MAX)];
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let end = match byte {
            b'"' => string_end(text, at),
            b'#' => memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length),
            b' ' | b'\n' | b'\r' | b'\t' | b',' => at + 1,
            _ => word_end(bytes, at),
        };
        let literal = byte == b'"' || byte.is_ascii_digit() || byte == b'-';
        if byte == b'#' || matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b',') {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.push_str(if literal { "?" } else { &text[at..end] });
        }
        at = end;
    }
    out.truncate(out.trim_end().len());
}

fn word_end(bytes: &[u8], at: usize) -> usize {
    let inside = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | 0x80..);
    let number = bytes[at] == b'-';
    if !number && !inside(&&bytes[at]) {
        return at + 1;
    }
    at + 1 + bytes[at + 1..].iter().take_while(inside).count()
}

/// The end of a string or block string; an open one takes the rest with it.
fn string_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    if text[at..].starts_with("\"\"\"") {
        return text[at + 3..]
            .find("\"\"\"")
            .map_or(bytes.len(), |length| at + 3 + length + 3);
    }
    let mut end = at + 1;
    while end < bytes.len() && bytes[end] != b'"' {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    let end = (end + 1).min(bytes.len());
    text.ceil_char_boundary(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_keeps_fields_and_loses_values() {
        let mut out = String::new();
        template(
            "query Q { user(id: \"secret\", n: [-12,7]) {\n  name # who\n } }",
            &mut out,
        );
        assert_eq!(out, "query Q { user(id: ? n: [? ?]) { name } }");
        template("{ a(x: \"\"\"secret \" text\"\"\") b(y: \"open secret", &mut out);
        assert_eq!(out, "{ a(x: ?) b(y: ?");
    }
}

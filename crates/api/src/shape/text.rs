//! Texts of spans are data: no control characters, no marks that turn the reading direction, bounded length.

/// Most characters of one text in an answer.
pub const TEXT_CHARS_MAX: usize = 4_096;

/// `raw` as an answer shows it. Line breaks and tabs become blanks; what is cut ends in `…`.
pub fn clean(raw: &str) -> String {
    clean_to(raw, TEXT_CHARS_MAX)
}

/// The same with another bound, at least 1, in characters.
pub(crate) fn clean_to(raw: &str, chars_max: usize) -> String {
    let mut shown = raw.chars().filter_map(shown_as);
    let mut text: String = shown.by_ref().take(chars_max).collect();
    if shown.next().is_some() {
        text.pop();
        text.push('…');
    }
    text
}

/// How one character is shown; `None` when it is not.
fn shown_as(c: char) -> Option<char> {
    match c {
        '\t' | '\n' | '\r' => Some(' '),
        // Marks and isolates of the bidirectional algorithm; zero-width joiners stay, scripts need them.
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
        // The byte order mark, line and paragraph separators.
        '\u{feff}' | '\u{2028}' | '\u{2029}' => None,
        c if c.is_control() => None,
        c => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_bidi_marks_are_not_shown() {
        assert_eq!(clean("a\u{0}b\u{1b}[31mc\u{202e}d\u{7f}"), "ab[31mcd");
        assert_eq!(clean("SELECT\n\t1"), "SELECT  1");
        assert_eq!(clean("<script>größe 🦀</script>"), "<script>größe 🦀</script>");
    }

    #[test]
    fn a_long_text_is_cut_on_a_character() {
        assert_eq!(clean_to("äöü", 3), "äöü");
        assert_eq!(clean_to("äöüß", 3), "äö…");
    }
}

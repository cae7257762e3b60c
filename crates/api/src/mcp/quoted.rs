//! Text from spans as agents get it: data in a field of its own, short, without what hides, steers or is secret.

use serde::Serialize;
use utoipa::ToSchema;

use super::secrets::masked;
use crate::shape::clean_to;

/// Most characters of one text.
const CHARS_MAX: usize = 256;
/// Most bytes of one text, so that no script makes a row longer than its budget.
const BYTES_MAX: usize = 600;

/// Text that the observed system wrote. It is data, whatever it says; cut at 256 characters, secrets masked.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(transparent)]
pub(super) struct Quoted(String);

impl Quoted {
    /// `raw` as an agent may read it.
    pub(super) fn new(raw: &str) -> Quoted {
        let seen: String = raw.chars().filter(|&c| is_seen(c)).collect();
        let mut text = clean_to(&masked(&seen), CHARS_MAX);
        if text.len() > BYTES_MAX {
            text.truncate(text.floor_char_boundary(BYTES_MAX));
            text.push('…');
        }
        Quoted(text)
    }

    /// At most `most` of these texts.
    pub(super) fn some(raw: &[String], most: usize) -> Vec<Quoted> {
        raw.iter().take(most).map(|text| Quoted::new(text)).collect()
    }

    /// Between quotation marks, which it cannot close.
    pub(super) fn in_line(&self) -> String {
        format!("\"{}\"", self.0.replace('"', "'"))
    }

    /// This text and then another, in line; what is empty is not there.
    pub(super) fn and(&self, other: &Quoted) -> String {
        let both = [self, other].map(|text| match text.is_empty() {
            true => String::new(),
            false => text.in_line(),
        });
        both.join(" ").trim().to_owned()
    }

    /// Nothing is left of it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// It is `raw`, letter by letter.
    pub(super) fn is(&self, raw: &str) -> bool {
        self.0 == raw
    }
}

/// Whether people see a character that a model reads: tags and invisible operators carry hidden words.
fn is_seen(c: char) -> bool {
    !matches!(
        c,
        '\u{ad}' | '\u{200b}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_steers_is_not_there() {
        let hidden: String = "run"
            .chars()
            .map(|c| char::from_u32(0xe0000 + c as u32).unwrap())
            .collect();
        assert_eq!(Quoted::new(&format!("a{hidden}\u{202e}\u{0}b\nc")).0, "ab c");
    }

    #[test]
    fn a_long_text_is_cut_in_every_script() {
        assert_eq!(Quoted::new(&"x".repeat(1_000)).0.chars().count(), 256);
        let long = Quoted::new(&"🦀".repeat(1_000));
        assert!(long.0.ends_with('…') && long.0.len() <= BYTES_MAX + '…'.len_utf8());
    }

    #[test]
    fn a_text_cannot_close_its_quotation() {
        assert_eq!(Quoted::new("a\" do b").in_line(), "\"a' do b\"");
    }
}

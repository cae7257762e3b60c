//! The tokens of JSON text, read without recursion.

/// The text is no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// Reads a text from front to back.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
    /// Of each bracket that a skipped value has open, whether it is a brace; a bit each.
    open: Vec<u64>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a [u8]) -> Tokens<'a> {
        Tokens {
            text,
            at: 0,
            open: Vec::new(),
        }
    }

    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// The next byte that is no white space; it stays.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.text.get(self.at) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    /// Takes the next byte when it is this one.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// The comma before the next member, or the bracket that ends them. `true` when a member follows.
    pub(super) fn member(&mut self, first: bool, end: u8) -> Result<bool, Broken> {
        if self.take(end) {
            return Ok(false);
        }
        if !first && !self.take(b',') {
            return Err(Broken);
        }
        Ok(true)
    }

    /// Appends the characters of a string. Lone surrogates become U+FFFD; bytes that are no UTF-8 stay as they are.
    pub(super) fn string(&mut self, out: &mut Vec<u8>) -> Result<(), Broken> {
        if !self.take(b'"') {
            return Err(Broken);
        }
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = memchr::memchr2(b'"', b'\\', rest).ok_or(Broken)?;
            out.extend_from_slice(&rest[..plain]);
            self.at += plain + 1;
            if rest[plain] == b'"' {
                return Ok(());
            }
            let c = self.escape()?;
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    fn escape(&mut self) -> Result<char, Broken> {
        let byte = self.text.get(self.at).ok_or(Broken)?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(*byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(Broken),
        })
    }

    fn unicode(&mut self) -> Result<char, Broken> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let before = self.at;
        if self.text[self.at..].starts_with(b"\\u") {
            self.at += 2;
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let c = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        self.at = before;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Result<u32, Broken> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(Broken)?;
        self.at += 4;
        let digit = |value: u32, &byte: &u8| Some(value << 4 | char::from(byte).to_digit(16)?);
        digits.iter().try_fold(0, digit).ok_or(Broken)
    }

    /// A number, `true`, `false` or `null`, as it stands.
    pub(super) fn word(&mut self) -> Result<&'a [u8], Broken> {
        self.peek();
        let rest = &self.text[self.at..];
        let ends = |byte: &u8| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
        let word = &rest[..rest.iter().position(ends).unwrap_or(rest.len())];
        let known = matches!(word, b"true" | b"false" | b"null") || is_number(word);
        if !known {
            return Err(Broken);
        }
        self.at += word.len();
        Ok(word)
    }

    /// Reads a value of any kind and depth, and keeps nothing of it but that it is JSON.
    pub(super) fn skip(&mut self, scratch: &mut Vec<u8>) -> Result<(), Broken> {
        let mut depth = 0;
        loop {
            // A value begins here.
            let opened = match self.peek().ok_or(Broken)? {
                b'{' => Some(true),
                b'[' => Some(false),
                b'"' => {
                    scratch.clear();
                    self.string(scratch)?;
                    None
                }
                _ => self.word().map(|_| None)?,
            };
            if let Some(brace) = opened {
                self.at += 1;
                self.mark(depth, brace);
                depth += 1;
                if self.begin(depth, true, scratch)? {
                    continue;
                }
                depth -= 1;
            }
            // A value has ended: close what it ends.
            loop {
                if depth == 0 {
                    return Ok(());
                }
                if self.begin(depth, false, scratch)? {
                    break;
                }
                depth -= 1;
            }
        }
    }

    /// Goes to the next member of the innermost bracket; `false` when it closes.
    fn begin(&mut self, depth: usize, first: bool, scratch: &mut Vec<u8>) -> Result<bool, Broken> {
        let brace = self.open[(depth - 1) / 64] >> ((depth - 1) % 64) & 1 == 1;
        if !self.member(first, if brace { b'}' } else { b']' })? {
            return Ok(false);
        }
        if brace {
            scratch.clear();
            self.string(scratch)?;
            if !self.take(b':') {
                return Err(Broken);
            }
        }
        Ok(true)
    }

    fn mark(&mut self, depth: usize, brace: bool) {
        if depth / 64 == self.open.len() {
            self.open.push(0);
        }
        let bits = &mut self.open[depth / 64];
        *bits = *bits & !(1 << (depth % 64)) | u64::from(brace) << (depth % 64);
    }
}

/// Whether this is a number by the grammar of JSON; leading zeros are let pass.
fn is_number(word: &[u8]) -> bool {
    let word = word.strip_prefix(b"-").unwrap_or(word);
    let digits = |word: &[u8]| word.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(word);
    let mut rest = &word[whole..];
    if let [b'.', fraction @ ..] = rest {
        let len = digits(fraction);
        if len == 0 {
            return false;
        }
        rest = &fraction[len..];
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = match exponent {
            [b'+' | b'-', exponent @ ..] => exponent,
            exponent => exponent,
        };
        return whole > 0 && !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    whole > 0 && rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skipped(text: &str) -> Result<usize, Broken> {
        let mut tokens = Tokens::new(text.as_bytes());
        tokens.skip(&mut Vec::new()).map(|()| tokens.offset())
    }

    #[test]
    fn any_json_is_skipped_and_nothing_else() {
        for good in [
            "{}",
            "[]",
            "1",
            "-1.5e+9",
            "\"a\\u00e9\"",
            "[1,[2,{\"a\":[]}],null]",
            "{\"a\":{},\"b\":true}",
        ] {
            assert_eq!(skipped(good), Ok(good.len()), "{good}");
        }
        for bad in [
            "", "{", "[1 2]", "{\"a\"}", "{1:2}", "[1,", "nul", "-", "1.", "1e", "\"a", "\"\\x\"", "[}",
        ] {
            assert_eq!(skipped(bad), Err(Broken), "{bad}");
        }
    }

    #[test]
    fn j9_depth_costs_a_bit_a_level() {
        let deep = "[{\"a\":".repeat(50_000) + "1" + &"}]".repeat(50_000);
        assert_eq!(skipped(&deep), Ok(deep.len()));
    }

    #[test]
    fn j9_lone_surrogates_are_replaced() {
        for (text, expected) in [
            (r#""\ud83d\ude00""#, "\u{1f600}"),
            (r#""\ud83dx""#, "\u{fffd}x"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
            (r#""\ude00""#, "\u{fffd}"),
        ] {
            let mut out = Vec::new();
            Tokens::new(text.as_bytes()).string(&mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{text}");
        }
    }
}

//! Bytes to tokens: one pass, no recursion, every byte is in exactly one token.

use memchr::{memchr, memchr2, memmem};

use super::dialect::Dialect;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Space,
    Comment,
    /// A string or number.
    Literal,
    /// `?`, `$1`, `:name`, `@name`, `%s`, `%(name)s`, `{name:Type}`.
    Placeholder,
    /// A keyword or bare identifier.
    Word,
    /// An identifier in quotes of any kind, with them.
    Quoted,
    /// One byte of anything else, or `::`.
    Punct,
}

/// A piece of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// The text ends inside it.
    pub(super) open: bool,
}

/// Gives the tokens of a text in order.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'t> {
    text: &'t [u8],
    at: usize,
    dialect: Dialect,
    /// The last token was a word or quoted identifier: `.5` after it is no number.
    after_name: bool,
    /// A `#` that follows is the masked name of a cursor, not a comment.
    pub(super) name_next: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Space,
    Word,
    Digit,
    Other,
}

const CLASS: [Class; 256] = {
    let mut table = [Class::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => Class::Space,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => Class::Word,
            b'0'..=b'9' => Class::Digit,
            _ => Class::Other,
        };
        byte += 1;
    }
    table
};

fn class(byte: u8) -> Class {
    CLASS[usize::from(byte)]
}

/// Whether a byte can stand in a number or in a word.
pub(super) fn is_alphanumeric(byte: u8) -> bool {
    matches!(class(byte), Class::Word | Class::Digit)
}

/// Whether a byte can stand inside a word. `#` is what masked digits turn into.
pub(super) fn in_word(byte: u8) -> bool {
    is_alphanumeric(byte) || matches!(byte, b'$' | b'#')
}

/// Whether a byte can start a word.
pub(super) fn starts_word(byte: u8) -> bool {
    class(byte) == Class::Word
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str, dialect: Dialect) -> Lexer<'t> {
        Lexer {
            text: text.as_bytes(),
            at: 0,
            dialect,
            after_name: false,
            name_next: false,
        }
    }

    fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(0)
    }

    fn run(&self, from: usize, inside: impl Fn(u8) -> bool) -> usize {
        let rest = self.text.get(from..).unwrap_or(&[]);
        from + rest.iter().position(|&byte| !inside(byte)).unwrap_or(rest.len())
    }

    /// A token from `start` to `end`, or, without an end, to the end of the text.
    fn token(&mut self, kind: Kind, start: usize, end: Option<usize>) -> Token {
        let open = end.is_none();
        let end = end.unwrap_or(self.text.len());
        // What has no end may be a cut string, whatever its first byte says.
        let kind = if open && kind == Kind::Quoted {
            Kind::Literal
        } else {
            kind
        };
        self.at = end;
        self.after_name = matches!(kind, Kind::Word | Kind::Quoted);
        self.name_next = false;
        Token {
            kind,
            start,
            end,
            open,
        }
    }

    fn word(&mut self, start: usize) -> Token {
        let end = self.run(start + 1, in_word);
        if end - start == 8
            && self.byte(end) == b'-'
            && let Some(end) = self.uuid_end(start)
        {
            return self.token(Kind::Literal, start, Some(end));
        }
        if self.byte(end) == b'\''
            && let Some(escapes) = self.string_prefix(start, end)
        {
            let close = self.string_end(end, b'\'', escapes);
            return self.token(Kind::Literal, start, close);
        }
        let unicode = end - start == 1 && matches!(self.text[start], b'u' | b'U') && self.byte(end) == b'&';
        if unicode && self.byte(end + 1) == b'\'' {
            let close = self.string_end(end + 1, b'\'', false);
            return self.token(Kind::Literal, start, close);
        }
        if end - start == 1 && self.dialect.q_quotes && self.byte(end) == b'\'' {
            let close = self.q_quote_end(start, end);
            if close.is_some() {
                return self.token(Kind::Literal, start, close);
            }
        }
        self.token(Kind::Word, start, Some(end))
    }

    /// Whether the word before a quote is a prefix of the string, and if so, whether `\` escapes in it.
    fn string_prefix(&self, start: usize, end: usize) -> Option<bool> {
        let word = &self.text[start..end];
        match word {
            [b'e' | b'E'] => Some(true),
            [b'n' | b'N' | b'b' | b'B' | b'x' | b'X' | b'r' | b'R'] | [b'_', ..] => {
                Some(self.dialect.backslash)
            }
            _ => None,
        }
    }

    fn q_quote_end(&self, start: usize, quote: usize) -> Option<usize> {
        if !self.text[start].eq_ignore_ascii_case(&b'q') {
            return None;
        }
        let close = match self.byte(quote + 1) {
            b'[' => b']',
            b'(' => b')',
            b'{' => b'}',
            b'<' => b'>',
            other => other,
        };
        let rest = self.text.get(quote + 2..)?;
        memmem::find(rest, &[close, b'\''])
            .map(|at| quote + 2 + at + 2)
            .or(Some(self.text.len()))
    }

    /// The end of the string whose opening quote is at `open`.
    fn string_end(&self, open: usize, quote: u8, escapes: bool) -> Option<usize> {
        let triple = [quote; 3];
        if self.dialect.triple_quotes && self.text[open..].starts_with(&triple) {
            let at = memmem::find(&self.text[open + 3..], &triple)?;
            return Some(open + 3 + at + 3);
        }
        let mut at = open + 1;
        loop {
            let rest = self.text.get(at..)?;
            let found = if escapes {
                memchr2(quote, b'\\', rest)
            } else {
                memchr(quote, rest)
            };
            at += found?;
            if self.byte(at) == b'\\' && escapes || self.byte(at + 1) == quote && at + 1 < self.text.len() {
                at += 2;
            } else {
                return Some(at + 1);
            }
        }
    }

    /// The end of an 8-4-4-4-12 identifier at `start`: CQL has it without quotes.
    fn uuid_end(&self, start: usize) -> Option<usize> {
        let text = self.text.get(start..start + 36)?;
        let fits = |(at, &byte): (usize, &u8)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        };
        (text.iter().enumerate().all(fits) && !in_word(self.byte(start + 36))).then_some(start + 36)
    }

    /// The end of a number whose first digit or point is at `at`. Letters that touch it go with it.
    fn number_end(&self, start: usize, at: usize) -> usize {
        if let Some(end) = self.uuid_end(start) {
            return end;
        }
        let hex = self.byte(at) == b'0' && matches!(self.byte(at + 1), b'x' | b'X');
        let mut at = at;
        let mut point = hex;
        while at < self.text.len() {
            let byte = self.text[at];
            let sign = matches!(byte, b'+' | b'-')
                && !hex
                && matches!(self.text[at - 1], b'e' | b'E')
                && self.byte(at + 1).is_ascii_digit();
            let first_point = byte == b'.' && !point && self.byte(at + 1) != b'.';
            point |= first_point;
            if !(is_alphanumeric(byte) || first_point || sign && at > start) {
                break;
            }
            at += 1;
        }
        at
    }

    /// Whether a number starts at `at`: a digit, or a point before one.
    fn is_number(&self, at: usize) -> bool {
        let byte = self.byte(at);
        byte.is_ascii_digit() || byte == b'.' && self.byte(at + 1).is_ascii_digit()
    }

    fn block_comment(&mut self, start: usize) -> Token {
        let mut depth = 1u32;
        let mut at = start + 2;
        while let Some(found) = memchr2(b'*', b'/', self.text.get(at..).unwrap_or(&[])) {
            at += found;
            match (self.byte(at), self.byte(at + 1)) {
                (b'*', b'/') => {
                    depth -= 1;
                    at += 2;
                    if depth == 0 {
                        return self.token(Kind::Comment, start, Some(at));
                    }
                }
                (b'/', b'*') => {
                    depth += 1;
                    at += 2;
                }
                _ => at += 1,
            }
        }
        self.token(Kind::Comment, start, None)
    }

    fn line_comment(&mut self, start: usize) -> Token {
        let end = memchr(b'\n', &self.text[start..]).map_or(self.text.len(), |at| start + at);
        self.token(Kind::Comment, start, Some(end))
    }

    fn dollar(&mut self, start: usize) -> Token {
        let end = self.run(start + 1, is_alphanumeric);
        let tagged = !self.byte(start + 1).is_ascii_digit() && self.byte(end) == b'$';
        if tagged && self.dialect.dollar_quotes {
            let tag = &self.text[start..=end];
            let close = memmem::find(&self.text[end + 1..], tag).map(|at| end + 1 + at + tag.len());
            return self.token(Kind::Literal, start, close);
        }
        let kind = if start + 1 < end {
            Kind::Placeholder
        } else {
            Kind::Punct
        };
        self.token(kind, start, Some(end))
    }

    fn named(&mut self, start: usize) -> Token {
        let twice = self.text[start] == self.byte(start + 1);
        if twice && self.text[start] == b':' {
            return self.token(Kind::Punct, start, Some(start + 2));
        }
        // `@@variable` is no placeholder.
        let name = start + 1 + usize::from(twice);
        let masked = twice && self.byte(name) == b'#';
        if !(masked || is_alphanumeric(self.byte(name))) {
            return self.token(Kind::Punct, start, Some(start + 1));
        }
        let end = self.run(name, in_word);
        let kind = if twice { Kind::Word } else { Kind::Placeholder };
        self.token(kind, start, Some(end))
    }

    fn percent(&mut self, start: usize) -> Token {
        let next = self.byte(start + 1);
        if next == b's' && !in_word(self.byte(start + 2)) {
            return self.token(Kind::Placeholder, start, Some(start + 2));
        }
        let name = self.run(start + 2, in_word);
        let named =
            next == b'(' && name > start + 2 && self.byte(name) == b')' && self.byte(name + 1) == b's';
        if named && !in_word(self.byte(name + 2)) {
            return self.token(Kind::Placeholder, start, Some(name + 2));
        }
        self.token(Kind::Punct, start, Some(start + 1))
    }

    fn brace(&mut self, start: usize) -> Token {
        let name = self.run(start + 1, in_word);
        let kind = self.run(name + 1, |byte| {
            in_word(byte) || matches!(byte, b'(' | b')' | b',')
        });
        let fits = name > start + 1 && self.byte(name) == b':' && kind > name + 1 && self.byte(kind) == b'}';
        if fits {
            return self.token(Kind::Placeholder, start, Some(kind + 1));
        }
        self.token(Kind::Punct, start, Some(start + 1))
    }

    fn quoted(&mut self, start: usize, close: u8) -> Token {
        let end = self.string_end(start, close, false);
        self.token(Kind::Quoted, start, end)
    }

    fn other(&mut self, start: usize) -> Token {
        let next = self.byte(start + 1);
        match self.text[start] {
            b'\'' => {
                let end = self.string_end(start, b'\'', self.dialect.backslash);
                self.token(Kind::Literal, start, end)
            }
            b'"' if self.dialect.double_quoted_strings => {
                let end = self.string_end(start, b'"', self.dialect.backslash);
                self.token(Kind::Literal, start, end)
            }
            b'"' => self.quoted(start, b'"'),
            b'`' => self.quoted(start, b'`'),
            b'[' if self.dialect.brackets => self.quoted(start, b']'),
            b'-' if next == b'-' => self.line_comment(start),
            b'/' if next == b'*' => self.block_comment(start),
            b'#' if self.dialect.hash_comments && !self.name_next => self.line_comment(start),
            b'#' => self.word(start),
            b'+' | b'-' if self.is_number(start + 1) => {
                let end = self.number_end(start + 1, start + 1);
                self.token(Kind::Literal, start, Some(end))
            }
            b'.' if next.is_ascii_digit() && !self.after_name => {
                let end = self.number_end(start, start);
                self.token(Kind::Literal, start, Some(end))
            }
            b'?' => {
                let end = self.run(start + 1, |byte| byte.is_ascii_digit());
                self.token(Kind::Placeholder, start, Some(end))
            }
            b'$' => self.dollar(start),
            b':' | b'@' => self.named(start),
            b'%' => self.percent(start),
            b'{' => self.brace(start),
            _ => self.token(Kind::Punct, start, Some(start + 1)),
        }
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let start = self.at;
        let token = match class(*self.text.get(start)?) {
            Class::Space => {
                let (name_next, after_name) = (self.name_next, self.after_name);
                let end = self.run(start + 1, |byte| class(byte) == Class::Space);
                let token = self.token(Kind::Space, start, Some(end));
                (self.name_next, self.after_name) = (name_next, after_name);
                token
            }
            Class::Word => self.word(start),
            Class::Digit => {
                let end = self.number_end(start, start);
                self.token(Kind::Literal, start, Some(end))
            }
            Class::Other => self.other(start),
        };
        Some(token)
    }
}

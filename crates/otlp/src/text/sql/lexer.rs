//! Bytes to tokens: one pass, no recursion, every byte is in exactly one token.

use super::dialect::Dialect;
use super::marks::{in_word, is_space};
use super::scanner::Scanner;

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
    scanner: Scanner<'t>,
    /// The next token that is not plain.
    ahead: Option<Token>,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str, dialect: Dialect) -> Lexer<'t> {
        let text = text.as_bytes();
        let mut scanner = Scanner::new(text, dialect);
        Lexer {
            text,
            at: 0,
            ahead: scanner.next(),
            scanner,
        }
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    #[inline]
    fn next(&mut self) -> Option<Token> {
        let start = self.at;
        let limit = match self.ahead {
            Some(token) if token.start == start => {
                self.at = token.end;
                self.ahead = self.scanner.next();
                return Some(token);
            }
            Some(token) => token.start,
            None if start == self.text.len() => return None,
            None => self.text.len(),
        };
        let (kind, end) = plain(self.text, start, limit);
        self.at = end;
        Some(Token {
            kind,
            start,
            end,
            open: false,
        })
    }
}

/// The plain token at `start`, and its end. At `limit` starts a token that is not plain, or the text ends.
#[inline]
pub(super) fn plain(text: &[u8], start: usize, limit: usize) -> (Kind, usize) {
    let (first, rest) = (text[start], &text[start + 1..limit]);
    let run = |inside: fn(u8) -> bool| rest.iter().position(|&byte| !inside(byte)).unwrap_or(rest.len());
    let (kind, more) = if in_word(first) && first != b'$' {
        (Kind::Word, run(in_word))
    } else if is_space(first) {
        (Kind::Space, run(is_space))
    } else {
        let twice = first == b':' && rest.first() == Some(&b':');
        (Kind::Punct, usize::from(twice))
    };
    (kind, start + 1 + more)
}

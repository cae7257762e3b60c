//! A statement without its literals: what statements that differ in nothing else have in common, so that one of them
//! answers for all. Every dialect, every form of literal; comments do not count.

use std::hash::{BuildHasher, Hasher};

use hotspan_model::{ParamHash, ParamKey, Visibility};

use super::dialect::Dialect;
use super::lexer::Kind;
use super::marks::in_word;
use super::scanner::Scanner;
use super::{is_cut_short, visibility};
use crate::text::{ParamHasher, TEXT_BYTES_MAX};

/// What stands in the place of a comment, and of a literal or placeholder; more than that when its length counts.
const COMMENT: u8 = 0;
const VALUE: u8 = 1;

/// A statement in two halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skeleton {
    /// Of the system and all but values and comments. Equal: the same template, session, batch and masked part.
    pub hash: u64,
    /// The literals in order, hashed. What the template masks is missing: see [`Skeleton::params`].
    pub literals: ParamHash,
    /// What can be seen of its arguments.
    pub visibility: Visibility,
}

impl Skeleton {
    /// The parameter hash, given [`crate::text::Statement::masked`] of any statement with this skeleton.
    pub fn params(&self, masked: ParamHash) -> ParamHash {
        ParamHash(self.literals.0.wrapping_add(masked.0))
    }
}

/// Takes a SQL text in the dialect of `system` apart, without making its template. Bytes that are no UTF-8 read as
/// letters.
pub fn skeleton(system: &str, text: &[u8], key: ParamKey, seed: &impl BuildHasher) -> Skeleton {
    let whole = text.len() <= TEXT_BYTES_MAX;
    let text = if whole { text } else { cut(text) };
    let mut hasher = seed.build_hasher();
    hasher.write(system.as_bytes());
    let mut params = ParamHasher::new(key);
    let (mut open, mut hidden) = (!whole, false);
    let mut from = 0;
    let mut scanner = Scanner::new(text, Dialect::of(system));
    while let Some(token) = scanner.next() {
        open |= token.open;
        let raw = &text[token.start..token.end];
        let mark = match token.kind {
            Kind::Comment => COMMENT,
            Kind::Literal => {
                params.add(raw);
                value_mark(text, token.start, token.end)
            }
            Kind::Placeholder => {
                hidden = true;
                value_mark(text, token.start, token.end)
            }
            Kind::Quoted | Kind::Word | Kind::Space | Kind::Punct => continue,
        };
        hasher.write(&text[from..token.start]);
        hasher.write_u8(mark);
        from = token.end;
    }
    hasher.write(&text[from..]);
    Skeleton {
        hash: hasher.finish(),
        literals: params.finish(),
        visibility: visibility(open || is_cut_short(text), hidden),
    }
}

/// The text up to its limit, on a character.
fn cut(text: &[u8]) -> &[u8] {
    let continues = |&at: &usize| text[at] & 0xc0 != 0x80;
    let end = (TEXT_BYTES_MAX - 3..=TEXT_BYTES_MAX).rev().find(continues);
    &text[..end.unwrap_or(TEXT_BYTES_MAX)]
}

/// Where a value touches a name, its length decides whether the template has room for a blank between them.
#[inline]
fn value_mark(text: &[u8], start: usize, end: usize) -> u8 {
    let names = |byte: &u8| in_word(*byte) || matches!(byte, b'"' | b'`' | b'[' | b']' | b'@');
    let touches = text[..start].last().is_some_and(names) || text.get(end).is_some_and(names);
    VALUE + if touches { (end - start).min(3) as u8 } else { 0 }
}

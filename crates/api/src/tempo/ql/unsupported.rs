//! What is said of a question that is not understood.

use std::fmt;

use super::lexer::Token;
use crate::shape::clean_to;

/// Most characters of a refused token that are said back.
const SAID_BACK_MAX: usize = 60;

/// The first token that is not understood, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unsupported {
    token: String,
    at: usize,
    why: &'static str,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unsupported { token, at, why } = self;
        match token.is_empty() {
            true => write!(f, "the query ends too early, at character {at}: {why}"),
            false => write!(f, "`{token}` at character {at} is not supported: {why}"),
        }
    }
}

impl Unsupported {
    pub(super) fn new(token: Token, why: &'static str) -> Unsupported {
        Unsupported {
            token: clean_to(&token.what.said(), SAID_BACK_MAX),
            at: token.at,
            why,
        }
    }

    /// A token is missing at the end.
    pub(super) fn end(at: usize, why: &'static str) -> Unsupported {
        Unsupported {
            token: String::new(),
            at,
            why,
        }
    }

    /// The question as a whole.
    pub(super) fn text(text: &str, why: &'static str) -> Unsupported {
        Unsupported {
            token: clean_to(text, SAID_BACK_MAX),
            at: 1,
            why,
        }
    }
}

//! What a field may be compared with, and how.

use regex::RegexBuilder;

use super::lexer::What;
use super::{Compare, Field, Literal};
use crate::compat::{self, Status, go_duration};

/// Longest pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 256;
/// Largest compiled pattern, in bytes.
const COMPILED_BYTES_MAX: usize = 32 << 10;
/// Deepest nesting of a pattern.
const NESTING_MAX: u32 = 32;

/// The comparison of an operator.
pub(super) fn compare(operator: &str) -> Option<Compare> {
    Some(match operator {
        "=" => Compare::Equal,
        "!=" => Compare::NotEqual,
        "<" => Compare::Less,
        "<=" => Compare::LessOrEqual,
        ">" => Compare::Greater,
        ">=" => Compare::GreaterOrEqual,
        "=~" => Compare::Matches,
        "!~" => Compare::DoesNotMatch,
        _ => return None,
    })
}

/// The value of a token beside a field, or what would be one.
pub(super) fn literal(field: &Field, compare: Compare, token: &What) -> Result<Literal, &'static str> {
    let equality = matches!(compare, Compare::Equal | Compare::NotEqual);
    match field {
        Field::Status if equality => status(token).map(Literal::Status),
        Field::Kind if equality => kind(token),
        Field::Status | Field::Kind => Err("it is compared with `=` and `!=` only"),
        Field::Duration | Field::TraceDuration => duration(token, compare),
        Field::Name | Field::RootName | Field::RootServiceName => text(token, compare),
        Field::Resource(_) | Field::Span(_) | Field::Any(_) => match token {
            What::Text(..) => text(token, compare),
            What::Word(word) if !is_pattern(compare) => plain(word),
            What::Word(_) => Err("a pattern is a quoted text"),
            What::Bracket(_) | What::Operator(_) => Err("here a value is expected"),
        },
    }
}

fn is_pattern(compare: Compare) -> bool {
    matches!(compare, Compare::Matches | Compare::DoesNotMatch)
}

fn text(token: &What, compare: Compare) -> Result<Literal, &'static str> {
    let What::Text(text, true) = token else {
        return Err("here a quoted text is expected");
    };
    if !is_pattern(compare) {
        return Ok(Literal::Text(text.clone()));
    }
    if text.len() > PATTERN_BYTES_MAX {
        return Err("a pattern has at most 256 bytes");
    }
    let pattern = RegexBuilder::new(&format!("^(?:{text})$"))
        .size_limit(COMPILED_BYTES_MAX)
        .nest_limit(NESTING_MAX)
        .build();
    let pattern = pattern.map_err(|_| "it is no pattern, or too large a one")?;
    Ok(Literal::Pattern(Box::new(pattern), text.len().max(1)))
}

fn duration(token: &What, compare: Compare) -> Result<Literal, &'static str> {
    let read = match token {
        What::Word(word) if !is_pattern(compare) => go_duration(word),
        What::Word(_) | What::Text(..) | What::Bracket(_) | What::Operator(_) => None,
    };
    read.map(Literal::Duration)
        .ok_or("here a duration like `100ms` is expected")
}

fn status(token: &What) -> Result<Status, &'static str> {
    match token {
        What::Word(word) if word == "ok" => Ok(Status::Ok),
        What::Word(word) if word == "error" => Ok(Status::Error),
        What::Word(word) if word == "unset" => Ok(Status::Unset),
        What::Word(_) | What::Text(..) | What::Bracket(_) | What::Operator(_) => {
            Err("a status is `ok`, `error` or `unset`")
        }
    }
}

fn kind(token: &What) -> Result<Literal, &'static str> {
    let read = match token {
        What::Word(word) => compat::kind_of(word),
        What::Text(..) | What::Bracket(_) | What::Operator(_) => None,
    };
    read.map(Literal::Kind)
        .ok_or("a kind is `server`, `client`, `producer`, `consumer`, `internal` or `unspecified`")
}

/// A word without quotes.
fn plain(word: &str) -> Result<Literal, &'static str> {
    if let Ok(bit) = word.parse() {
        return Ok(Literal::Bool(bit));
    }
    let digits = word
        .trim_start_matches('-')
        .starts_with(|c: char| c.is_ascii_digit());
    let number = word.parse().ok().filter(|_| digits).map(Literal::Number);
    number
        .or_else(|| go_duration(word).map(Literal::Duration))
        .ok_or("here a quoted text, a number, a duration, `true` or `false` is expected")
}

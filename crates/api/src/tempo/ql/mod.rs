//! The part of TraceQL that is understood: one set of spans, compared field by field, and how many they are.
//!
//! `{ resource.service.name = "cart" && (status = error || duration > 100ms) } | count() > 2`. Conditions are kept in
//! postfix order, so neither reading nor judging recurses over what was asked.

mod judge;
mod lexer;
mod literal;
mod parser;
mod unsupported;

use hotspan_model::Kind;
use regex::Regex;

use crate::compat::Status;

pub(crate) use judge::{Matched, STEPS_MAX};
pub(crate) use unsupported::Unsupported;

/// A question.
#[derive(Clone, Debug, Default)]
pub(crate) struct Question {
    /// Postfix; empty when every span is wanted.
    conditions: Vec<Step>,
    /// How many spans a trace must have that match.
    count: Option<(Compare, f64)>,
}

/// A step of judging a span.
#[derive(Clone, Debug)]
enum Step {
    Is(Condition),
    And,
    Or,
}

/// One comparison.
#[derive(Clone, Debug)]
struct Condition {
    field: Field,
    compare: Compare,
    literal: Literal,
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// `resource.x`
    Resource(String),
    /// `span.x`
    Span(String),
    /// `.x`: either.
    Any(String),
    Name,
    Status,
    Kind,
    Duration,
    RootName,
    RootServiceName,
    TraceDuration,
}

/// How.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compare {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
    DoesNotMatch,
}

/// With what.
#[derive(Clone, Debug)]
enum Literal {
    Text(String),
    /// Anchored at both ends, with the length of its source.
    Pattern(Box<Regex>, usize),
    Number(f64),
    /// Nanoseconds.
    Duration(u64),
    Bool(bool),
    Status(Status),
    Kind(Kind),
}

/// Every field that is no attribute, by the names it has.
const INTRINSICS: [(&[&str], Field); 7] = [
    (&["name", "span:name"], Field::Name),
    (&["status", "span:status"], Field::Status),
    (&["kind", "span:kind"], Field::Kind),
    (&["duration", "span:duration"], Field::Duration),
    (&["rootName", "trace:rootName"], Field::RootName),
    (&["rootServiceName", "trace:rootService"], Field::RootServiceName),
    (&["traceDuration", "trace:duration"], Field::TraceDuration),
];

impl Field {
    /// The field of a name; `None` when it is none that is understood.
    pub(crate) fn new(name: &str) -> Option<Field> {
        for (scope, field) in [
            ("resource.", Field::Resource as fn(String) -> Field),
            ("span.", Field::Span),
            (".", Field::Any),
        ] {
            if let Some(key) = name.strip_prefix(scope).filter(|key| !key.is_empty()) {
                return Some(field(key.to_owned()));
            }
        }
        let of = INTRINSICS.iter().find(|(names, _)| names.contains(&name));
        of.map(|(_, field)| field.clone())
    }

    /// Names of the fields that are no attributes.
    pub(crate) fn intrinsics() -> impl Iterator<Item = &'static str> {
        INTRINSICS.iter().map(|(names, _)| names[0])
    }
}

impl Question {
    /// The attributes it compares, for whoever shows what was found.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = &Field> {
        let conditions = self.conditions.iter().filter_map(|step| match step {
            Step::Is(condition) => Some(&condition.field),
            Step::And | Step::Or => None,
        });
        conditions.filter(|field| matches!(field, Field::Resource(_) | Field::Span(_) | Field::Any(_)))
    }
}

//! Which spans of a trace are asked for.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{Compare, Condition, Field, Literal, Question, Step};
use crate::compat::{Span, Status, Summary, Trace, of_resource, of_span};

/// What all patterns of one search may cost: bytes of text times bytes of pattern.
pub(crate) const STEPS_MAX: u64 = 32_000_000;

/// The spans of a trace that a question asks for.
#[derive(Debug)]
pub(crate) struct Matched<'a> {
    pub(crate) spans: Vec<&'a Span>,
}

impl Question {
    /// The spans that match; `None` when the trace is not asked for. Patterns cost `steps`; without any left nothing
    /// matches.
    pub(crate) fn judge<'a>(
        &self,
        trace: &'a Trace,
        summary: &Summary<'a>,
        steps: &mut u64,
    ) -> Option<Matched<'a>> {
        let mut spans = Vec::new();
        for span in &trace.spans {
            if self.is(span, summary, steps) {
                spans.push(span);
            }
        }
        let counted = |(compare, number)| ordered(compare, (spans.len() as f64).partial_cmp(&number));
        let asked_for = !spans.is_empty() && self.count.is_none_or(counted);
        asked_for.then_some(Matched { spans })
    }

    /// Whether a span is all that is asked for, on a stack of truths.
    fn is(&self, span: &Span, summary: &Summary<'_>, steps: &mut u64) -> bool {
        let mut truths: Vec<bool> = Vec::new();
        for step in &self.conditions {
            let truth = match step {
                Step::Is(condition) => condition.is(span, summary, steps),
                Step::And | Step::Or => {
                    // Postfix order has two truths before each of these.
                    let right = truths.pop().unwrap_or_default();
                    let left = truths.pop().unwrap_or_default();
                    match step {
                        Step::And => left && right,
                        Step::Or | Step::Is(_) => left || right,
                    }
                }
            };
            truths.push(truth);
        }
        truths.pop().unwrap_or(true)
    }
}

impl Condition {
    fn is(&self, span: &Span, summary: &Summary<'_>, steps: &mut u64) -> bool {
        match &self.field {
            Field::Status => self.is_status(span.status),
            Field::Kind => self.equals(matches!(self.literal, Literal::Kind(kind) if kind == span.kind)),
            Field::Duration => self.is_length(span.duration),
            Field::TraceDuration => self.is_length(summary.end.saturating_sub(summary.start)),
            Field::Name => self.is_any(&[Cow::Borrowed(&span.name)], steps),
            Field::RootName => self.is_any(&[Cow::Borrowed(summary.root_name)], steps),
            Field::RootServiceName => self.is_any(&[Cow::Borrowed(summary.root_service)], steps),
            Field::Resource(key) => self.is_any(&of_resource(span, key), steps),
            Field::Span(key) => self.is_any(&of_span(span, key), steps),
            Field::Any(key) => {
                let mut values = of_span(span, key);
                values.extend(of_resource(span, key));
                self.is_any(&values, steps)
            }
        }
    }

    fn is_status(&self, status: Status) -> bool {
        self.equals(matches!(self.literal, Literal::Status(wanted) if wanted == status))
    }

    fn equals(&self, equal: bool) -> bool {
        equal == (self.compare == Compare::Equal)
    }

    fn is_length(&self, nanos: u64) -> bool {
        match self.literal {
            Literal::Duration(wanted) => ordered(self.compare, Some(nanos.cmp(&wanted))),
            Literal::Text(_)
            | Literal::Pattern(..)
            | Literal::Number(_)
            | Literal::Bool(_)
            | Literal::Status(_)
            | Literal::Kind(_) => false,
        }
    }

    /// Whether one of the values is what is asked for; what is denied must hold of all of them. A field that is not
    /// there is neither.
    fn is_any(&self, values: &[Cow<'_, str>], steps: &mut u64) -> bool {
        match self.compare {
            Compare::NotEqual | Compare::DoesNotMatch => {
                !values.is_empty() && values.iter().all(|value| self.is_value(value, steps))
            }
            Compare::Equal
            | Compare::Less
            | Compare::LessOrEqual
            | Compare::Greater
            | Compare::GreaterOrEqual
            | Compare::Matches => values.iter().any(|value| self.is_value(value, steps)),
        }
    }

    fn is_value(&self, value: &str, steps: &mut u64) -> bool {
        match &self.literal {
            Literal::Text(text) => ordered(self.compare, Some(value.cmp(text))),
            Literal::Number(number) => {
                // Values of attributes are kept as texts.
                let own: Option<f64> = value.parse().ok();
                ordered(self.compare, own.and_then(|own| own.partial_cmp(number)))
            }
            Literal::Duration(nanos) => {
                let own: Option<u64> = value.parse().ok();
                ordered(self.compare, own.map(|own| own.cmp(nanos)))
            }
            Literal::Bool(bit) => {
                let own: Option<bool> = value.parse().ok();
                ordered(self.compare, own.map(|own| own.cmp(bit)))
            }
            Literal::Pattern(pattern, bytes) => {
                let cost = (value.len() * bytes) as u64;
                let Some(left) = steps.checked_sub(cost) else {
                    *steps = 0;
                    return false;
                };
                *steps = left;
                pattern.is_match(value) == (self.compare == Compare::Matches)
            }
            Literal::Status(_) | Literal::Kind(_) => false,
        }
    }
}

/// Whether an order is what a comparison asks for; what cannot be compared never is.
fn ordered(compare: Compare, order: Option<Ordering>) -> bool {
    let Some(order) = order else { return false };
    match compare {
        Compare::Equal => order.is_eq(),
        Compare::NotEqual => order.is_ne(),
        Compare::Less => order.is_lt(),
        Compare::LessOrEqual => order.is_le(),
        Compare::Greater => order.is_gt(),
        Compare::GreaterOrEqual => order.is_ge(),
        Compare::Matches | Compare::DoesNotMatch => false,
    }
}

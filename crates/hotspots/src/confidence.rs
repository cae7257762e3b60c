//! How sure a hotspot is, term by term, and why in words.
//!
//! The product of the terms goes through the calibration table, where the generator knows the answers.

use hotspan_model::{MILLION, Millionths, Params};

use crate::aggregate::{Aggregate, Shape};
use crate::calibration::calibrated;
use crate::many::DEFERRABLE;
use crate::merged::Merged;
use crate::topology::{Order, percent};

/// A detector whose certainty is that of its callee being another company.
pub(crate) const THIRD_PARTY: &str = "third-party-on-critical-path";
/// A detector whose certainty is that its calls do not need each other.
const SERIAL: &str = "serial-fan-out";
/// What [`DEFERRABLE`] states where no name says what its call is for, and states when many traces show it.
const UNNAMED: (Millionths, Millionths) = (Millionths(380_000), Millionths(900_000));

/// A confidence and what it is made of.
#[derive(Debug)]
pub(crate) struct Confidence {
    pub(crate) value: Millionths,
    pub(crate) why: Vec<String>,
}

/// What timing over traces says about two calls in a row. Weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Label {
    /// Thirty times together and always in this order.
    Always,
    /// Few times together, nothing against the order.
    HereOnly,
    /// Seen in another order or side by side, or the second ran although the first had failed.
    Contradicted,
}

/// Times together from which an order that never changes is more than chance.
const TOGETHER: u64 = 30;

impl Label {
    fn of(order: &Order) -> Label {
        let both_ways = order.a_before_b > 0 && order.b_before_a > 0;
        if both_ways || order.overlap > 0 || order.survived_failure > 0 {
            return Label::Contradicted;
        }
        match order.a_before_b.max(order.b_before_a) {
            0..TOGETHER => Label::HereOnly,
            TOGETHER.. => Label::Always,
        }
    }

    /// How answers call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Label::Always => "always",
            Label::HereOnly => "here_only",
            Label::Contradicted => "contradicted",
        }
    }

    fn confidence(self) -> Millionths {
        Millionths(match self {
            Label::Always => 550_000,
            Label::HereOnly => 600_000,
            Label::Contradicted => 950_000,
        })
    }

    fn why(self) -> &'static str {
        match self {
            Label::Always => "possible data dependency: the calls always run in this order",
            Label::HereOnly => "too few traces to tell whether the calls need each other",
            Label::Contradicted => "the calls also run in another order, side by side or without each other",
        }
    }
}

/// The weakest label among the hand-offs of a chain; `None` when it has none.
pub(crate) fn label(shape: &Shape, merged: &Merged<'_>) -> Option<Label> {
    let known = |key| Label::of(merged.orders.get(key).unwrap_or(&Order::default()));
    shape.hand_offs.iter().map(known).min()
}

/// What all traces change about the certainty that the detector stated for one.
#[derive(Debug)]
pub(crate) struct Revision {
    /// What went into the stated certainty.
    pub(crate) then: Millionths,
    /// What should have, by all traces.
    pub(crate) now: Millionths,
    pub(crate) why: String,
}

impl Revision {
    fn of(&self, stated: Millionths) -> Millionths {
        let revised = stated.0.saturating_mul(self.now.0) / self.then.0.max(1);
        Millionths(revised.min(MILLION))
    }
}

/// What the labels of its hand-offs change for `row`: a trace alone is [`Label::HereOnly`].
pub(crate) fn labelled(row: &Aggregate, label: Option<Label>) -> Option<Revision> {
    let label = label.filter(|_| row.detector == SERIAL)?;
    Some(Revision {
        then: Label::HereOnly.confidence(),
        now: label.confidence(),
        why: label.why().to_owned(),
    })
}

/// What became of the certainty that the callee is another company.
pub(crate) fn surer(row: &Aggregate, then: Millionths, now: Millionths) -> Option<Revision> {
    (row.detector == THIRD_PARTY).then(|| Revision {
        then,
        now,
        why: format!("third party: {} % sure", percent(now)),
    })
}

/// What changes when many traces show that nobody needs what a call answers, and how they do.
pub(crate) fn unneeded(row: &Aggregate, shown: impl FnOnce() -> Option<String>) -> Option<Revision> {
    let (then, now) = UNNAMED;
    let unnamed = row.detector == DEFERRABLE && row.terms.detector / row.traces.max(1) <= then.0;
    unnamed
        .then(shown)
        .flatten()
        .map(|why| Revision { then, now, why })
}

/// The confidence of `row`.
pub(crate) fn confidence(row: &Aggregate, revision: Option<Revision>) -> Confidence {
    let mean = |sum: u64| Millionths(sum / row.traces.max(1));
    let mut of = Confidence {
        value: Millionths::ONE,
        why: Vec::new(),
    };
    of.term(seen(row.traces), traces(row.traces));
    let completeness = mean(row.terms.completeness);
    of.term(completeness, complete(completeness));
    let clock = mean(row.terms.clock);
    of.term(clock, clocks(clock));
    let visibility = mean(row.terms.visibility);
    let params = row
        .exemplars
        .newest()
        .map(|newest| newest.params)
        .unwrap_or_default();
    of.term(visibility, parameters(visibility, params));
    let stated = mean(row.terms.detector);
    match revision {
        Some(revision) => of.term(revision.of(stated), revision.why),
        None if stated == Millionths::ONE => {}
        None => of.term(stated, format!("detector: {} % sure", percent(stated))),
    }
    of
}

impl Confidence {
    /// What so many traces give, times the terms of a detector over traces.
    pub(crate) fn over(count: u64, terms: &[(Millionths, String)]) -> Confidence {
        let mut of = Confidence {
            value: Millionths::ONE,
            why: Vec::new(),
        };
        of.term(seen(count), traces(count));
        for (term, why) in terms {
            of.term(*term, why.clone());
        }
        of
    }

    /// What is observed of findings whose terms multiply to this one's.
    #[must_use]
    pub(crate) fn calibrated(mut self) -> Confidence {
        let value = calibrated(self.value);
        self.why.push(format!(
            "{} % by these terms, of which {} % are right",
            percent(self.value),
            percent(value)
        ));
        Confidence { value, ..self }
    }

    fn term(&mut self, term: Millionths, why: String) {
        self.value = self.value.times(term);
        if !why.is_empty() {
            self.why.push(why);
        }
    }
}

/// 1 - 0.25 / sqrt(n).
fn seen(traces: u64) -> Millionths {
    let quarter = MILLION / 4;
    Millionths(MILLION - (quarter * quarter / traces.max(1)).isqrt())
}

fn traces(count: u64) -> String {
    match count {
        1 => "1 trace".to_owned(),
        _ => format!("{count} traces"),
    }
}

fn complete(term: Millionths) -> String {
    match term == Millionths::ONE {
        true => "traces complete".to_owned(),
        false => format!("{} % of the spans found", percent(term)),
    }
}

fn clocks(term: Millionths) -> String {
    match term.0 {
        MILLION.. => "clocks consistent",
        900_000..MILLION => "clocks corrected",
        0..900_000 => "clocks doubtful",
    }
    .to_owned()
}

/// Silent where arguments play no part.
fn parameters(term: Millionths, params: Params) -> String {
    match (term.0, params) {
        (MILLION.., Params::Visible { .. }) => "parameters visible",
        (MILLION.., Params::None | Params::Hidden | Params::Cut) => "",
        (900_000..MILLION, _) => "parameters hidden in places",
        (700_000..900_000, _) => "statements cut in places",
        (0..700_000, _) => "statements without text in places",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_traces_make_it_surer() {
        assert_eq!([1, 4, 25].map(|n| seen(n).0), [750_000, 875_000, 950_000]);
    }

    #[test]
    fn an_order_is_contradicted_by_one_trace_and_proven_by_none() {
        let order = |a_before_b, b_before_a, overlap| Order {
            a_before_b,
            b_before_a,
            overlap,
            survived_failure: 0,
        };
        assert_eq!(Label::of(&order(29, 0, 0)), Label::HereOnly);
        assert_eq!(Label::of(&order(30, 0, 0)), Label::Always);
        assert_eq!(Label::of(&order(0, 30, 0)), Label::Always);
        assert_eq!(Label::of(&order(500, 0, 1)), Label::Contradicted);
        assert_eq!(Label::of(&order(1, 1, 0)), Label::Contradicted);
        let survived = Order {
            survived_failure: 1,
            ..order(40, 0, 0)
        };
        assert_eq!(Label::of(&survived), Label::Contradicted);
    }
}

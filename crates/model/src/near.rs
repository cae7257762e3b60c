//! What nearly is a fault: a rule's structure holds, and one gate or guard stops it.

use std::fmt;

use crate::{Class, Millionths, OpRef, Symbol};

/// What stopped a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NearReason {
    /// Too few members.
    Count,
    /// Too cheap.
    Cost,
    /// Too few traces show it.
    Sightings,
    /// It only looks like a fault; which guard says so.
    Guard(&'static str),
    /// Its members belong to a finding of this detector.
    Subsumed(&'static str),
    /// Not sure enough to be listed.
    Confidence,
    /// The code says to ignore it.
    Ignored,
    /// It is a browser's or a phone's.
    FrontEnd,
    /// The spans do not tell what the rule needs; what that is.
    Blind(&'static str),
}

impl fmt::Display for NearReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NearReason::Count => f.write_str("count"),
            NearReason::Cost => f.write_str("cost"),
            NearReason::Sightings => f.write_str("sightings"),
            NearReason::Guard(name) => write!(f, "guard:{name}"),
            NearReason::Subsumed(by) => write!(f, "subsumed:{by}"),
            NearReason::Confidence => f.write_str("confidence"),
            NearReason::Ignored => f.write_str("ignored"),
            NearReason::FrontEnd => f.write_str("front-end"),
            NearReason::Blind(field) => write!(f, "blind:{field}"),
        }
    }
}

/// One threshold of a rule and how far a case came: the value must reach the threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Condition {
    /// What is compared, its unit at the end; empty for no condition.
    pub name: &'static str,
    /// How much there is.
    pub value: u64,
    /// How much the rule wants.
    pub threshold: u64,
}

impl Condition {
    /// The part of the threshold that is missing; zero when it is reached.
    pub fn distance(&self) -> Millionths {
        Millionths::ratio(self.threshold.saturating_sub(self.value), self.threshold.max(1))
    }

    /// Whether the threshold is reached.
    pub fn holds(&self) -> bool {
        self.threshold <= self.value
    }

    /// Whether no more than two fifths of the threshold are missing.
    pub fn is_near(&self) -> bool {
        u128::from(self.threshold) * 6 <= u128::from(self.value) * 10
    }
}

/// Most conditions of a rule.
pub const CONDITIONS_MAX: usize = 6;

/// One near miss of one trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// The service and its segment operation.
    pub at: OpRef,
    /// Whose rule.
    pub detector: &'static str,
    /// What stopped it.
    pub reason: NearReason,
    /// What its members are.
    pub class: Class,
    /// Under which template, when they have one.
    pub template: Option<Symbol>,
    /// How many there are.
    pub members: u64,
    /// Every condition of the rule, those with an empty name left out of answers.
    pub conditions: [Condition; CONDITIONS_MAX],
}

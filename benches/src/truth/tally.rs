//! What was found over many operations, and whether that is good enough.

use std::collections::BTreeMap;

use hotspan_model::Millionths;

use crate::curve::Curve;
use crate::population::{GROUPS, Group};

/// Least precision and recall of all detectors together, and of each by itself, in millionths.
const ALL: u64 = 990_000;
const EACH: u64 = 980_000;
/// Faults of one detector from which it is judged by itself.
const FAULTS_MIN: u64 = 50;

/// Everything that is counted.
#[derive(Default)]
pub(crate) struct Tallies {
    pub(crate) rows: BTreeMap<(Group, &'static str), Tally>,
    pub(crate) curve: Curve,
    /// Operations without a fault.
    pub(crate) healthy: u64,
}

/// Of one detector in one group.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) found: u64,
    pub(crate) missed: u64,
    pub(crate) invented: u64,
    /// Errors of predicted savings, in millionths of the true one.
    pub(crate) errors: Vec<u64>,
    /// True savings within the predicted range.
    pub(crate) inside: u64,
}

impl Tallies {
    pub(crate) fn of(&mut self, group: Group, detector: &'static str) -> &mut Tally {
        self.rows.entry((group, detector)).or_default()
    }

    /// All detectors of a group.
    pub(crate) fn all(&self, group: Group) -> Tally {
        let mut all = Tally::default();
        for (_, tally) in self.rows.iter().filter(|((of, _), _)| *of == group) {
            all.found += tally.found;
            all.missed += tally.missed;
            all.invented += tally.invented;
            all.inside += tally.inside;
            all.errors.extend(&tally.errors);
        }
        all
    }

    /// Whether the targets of the catalogue are met.
    pub(crate) fn is_good(&self) -> bool {
        let found = GROUPS.iter().all(|&group| {
            let all = self.all(group);
            all.finds(ALL) && all.is_exact(group)
        });
        let mut judged = self.rows.values().filter(|of| of.found + of.missed >= FAULTS_MIN);
        found && judged.all(|of| of.finds(EACH)) && self.curve.is_good()
    }
}

impl Tally {
    fn is_exact(&self, group: Group) -> bool {
        match group {
            Group::Clean => self.within(100_000) >= 900_000 && self.inside_share() >= 950_000,
            Group::Disturbed | Group::Sampled => self.median() <= 250_000 && self.inside_share() >= 800_000,
        }
    }

    fn finds(&self, least: u64) -> bool {
        self.precision() >= least && self.recall() >= least
    }

    /// In millionths, as the others.
    pub(crate) fn precision(&self) -> u64 {
        Millionths::ratio(self.found, self.found + self.invented).0
    }

    pub(crate) fn recall(&self) -> u64 {
        Millionths::ratio(self.found, self.found + self.missed).0
    }

    /// Share of predictions no further off than `error`.
    pub(crate) fn within(&self, error: u64) -> u64 {
        let count = self.errors.iter().filter(|&&of| of <= error).count();
        Millionths::ratio(count as u64, self.errors.len() as u64).0
    }

    pub(crate) fn inside_share(&self) -> u64 {
        Millionths::ratio(self.inside, self.errors.len() as u64).0
    }

    pub(crate) fn median(&self) -> u64 {
        let mut errors = self.errors.clone();
        errors.sort_unstable();
        errors.get(errors.len() / 2).copied().unwrap_or(0)
    }
}

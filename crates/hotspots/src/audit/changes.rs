//! Hotspots that one fix settles, as one change; and the order in which to make several changes.
//!
//! Savings of hotspots that were replayed together add up as the replays say: less than their sum where one lies inside
//! another. Hotspots that no trace replayed add up for certain only when no trace carries both, that is when they share
//! no entry operation; where they do, the larger one alone is certain.
//!
//! The order is greedy: the change that is worth most comes first, then the one that is worth most with the first made,
//! and so on. So what changes save one after the other is never more than there is.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hotspan_model::{Hotspot, ImpactBasis, Millionths, State};

use crate::Joints;
use crate::joint::Fixed;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// What it settles, by rank; the first names it. Invariant: not empty.
    pub hotspots: Vec<&'a Hotspot>,
    /// Seconds an hour of all of them together.
    pub impact: Millionths,
    /// What the impact is made of.
    pub basis: ImpactBasis,
    /// What is left of the impact when the changes before it are made; `None` where nobody replayed them together.
    pub marginal: Option<Millionths>,
    /// The same, at least.
    pub marginal_at_least: Millionths,
    /// Weeks, once for all of it.
    pub effort: Millionths,
    /// That of the least sure.
    pub confidence: Millionths,
    /// Impact x confidence / effort.
    pub priority: Millionths,
    /// Changes to make before, by their ids.
    pub depends_on: Vec<String>,
    /// Changes before it that take something from it, by their ids.
    pub overlaps: Vec<String>,
}

/// Fewest and most changes that come first.
const FIRST: (usize, usize) = (3, 5);
/// Changes, best first, that are looked at beside those before them.
pub(super) const COMPARED: usize = 64;
/// Beyond the fewest, a change must be worth at least one part in so many of the best.
const WORTH: u64 = 20;

/// Where two faults must sit for one to stand in the way of the other, beside their service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Near {
    Service,
    Operation,
    Template,
}

/// What must be done before: else the first is harder, or of no use.
const BEFORE: [(&str, Near, &[&str]); 5] = [
    (
        "seam-candidate",
        Near::Service,
        &["shared-table", "shared-database", "dependency-cycle"],
    ),
    (
        "missing-cache",
        Near::Template,
        &["n-plus-one-query", "per-item-loop", "redundant-query"],
    ),
    (
        "pool-exhausted",
        Near::Service,
        &["call-in-transaction", "missing-pool", "slow-query"],
    ),
    ("retry-storm", Near::Operation, &["timeout-inversion"]),
    ("serial-fan-out", Near::Operation, &["n-plus-one-call"]),
];

/// The changes that settle `hotspots`, which come by rank: those that come first in the order to make them, then the
/// others. And how many come first: only these know their place beside the others.
pub(super) fn changes<'a>(hotspots: &[&'a Hotspot], joints: &'a Joints) -> (Vec<Change<'a>>, usize) {
    let mut groups: BTreeMap<String, Vec<&'a Hotspot>> = BTreeMap::new();
    for &hotspot in hotspots.iter().filter(|hotspot| is_to_do(hotspot.state)) {
        groups.entry(id(hotspot)).or_default().push(hotspot);
    }
    let groups = groups.into_values();
    let mut changes: Vec<Change<'a>> = groups.map(|group| change(group, joints)).collect();
    changes.sort_by_cached_key(|change| (Reverse((change.priority, change.impact)), change.id()));
    let first = order(&mut changes, joints);
    for at in 0..first {
        changes[at].depends_on = depends_on(&changes[at], &changes);
    }
    (changes, first)
}

impl Change<'_> {
    /// The change that its hotspots name, or the hotspot itself.
    pub fn id(&self) -> String {
        self.hotspots.first().map_or_else(String::new, |first| id(first))
    }

    /// What it is worth with the changes before it made.
    fn worth(&self) -> Millionths {
        match self.basis {
            ImpactBasis::Saving => worth(self.marginal_at_least, self.confidence, self.effort),
            ImpactBasis::Exposure => self.priority,
        }
    }
}

fn id(hotspot: &Hotspot) -> String {
    hotspot.change.clone().unwrap_or_else(|| hotspot.id.to_string())
}

fn worth(impact: Millionths, confidence: Millionths, effort: Millionths) -> Millionths {
    let worth = u128::from(impact.0) * u128::from(confidence.0) / u128::from(effort.0.max(1));
    Millionths(u64::try_from(worth).unwrap_or(u64::MAX))
}

fn is_to_do(state: State) -> bool {
    match state {
        State::New | State::Open | State::Worsening | State::Regressed => true,
        State::Acknowledged | State::Muted | State::NotExercised | State::Fixed => false,
    }
}

fn change<'a>(mut hotspots: Vec<&'a Hotspot>, joints: &'a Joints) -> Change<'a> {
    hotspots.sort_by_key(|hotspot| (hotspot.rank, hotspot.id));
    let first = hotspots.first();
    let basis = first.map_or(ImpactBasis::Exposure, |first| first.impact_basis);
    let mut made = Made::new(joints);
    let (impact, _, confidence) = made.make(&hotspots, basis);
    let effort = hotspots.iter().map(|hotspot| hotspot.effort_weeks).max();
    let effort = effort.unwrap_or_default();
    Change {
        hotspots,
        impact,
        basis,
        marginal: None,
        marginal_at_least: Millionths(0),
        effort,
        confidence,
        priority: worth(impact, confidence, effort),
        depends_on: Vec::new(),
        overlaps: Vec::new(),
    }
}

/// Brings those that come first to the front, in the order to make them; how many these are.
fn order<'a>(changes: &mut [Change<'a>], joints: &'a Joints) -> usize {
    let mut made = Made::new(joints);
    let (most, compared) = (changes.len().min(FIRST.1), changes.len().min(COMPARED));
    let mut best = Millionths(0);
    for at in 0..most {
        for change in &mut changes[at..compared] {
            let saves = change.basis == ImpactBasis::Saving;
            let (left, replayed, _) = match saves {
                true => made.clone().make(&change.hotspots, change.basis),
                false => (Millionths(0), false, change.confidence),
            };
            change.marginal_at_least = left;
            change.marginal = replayed.then_some(left);
        }
        let place = |next: &usize| (changes[*next].worth(), Reverse(*next));
        let next = (at..compared).max_by_key(place).unwrap_or(at);
        best = best.max(changes[next].worth());
        if FIRST.0 <= at && changes[next].worth().0.saturating_mul(WORTH) < best.0 {
            return at;
        }
        changes[at..=next].rotate_right(1);
        changes[at].overlaps = overlaps(&changes[at], &changes[..at], joints);
        if changes[at].basis == ImpactBasis::Saving {
            made.make(&changes[at].hotspots, ImpactBasis::Saving);
        }
    }
    most
}

/// Those of `before` that would take something from a change if they alone were made.
fn overlaps<'a>(own: &Change<'a>, before: &[Change<'a>], joints: &'a Joints) -> Vec<String> {
    let saves =
        |change: &&Change<'a>| own.basis == ImpactBasis::Saving && change.basis == ImpactBasis::Saving;
    let takes = |other: &&Change<'a>| {
        let mut made = Made::new(joints);
        made.make(&other.hotspots, other.basis);
        made.make(&own.hotspots, own.basis).0 < own.impact
    };
    let overlaps = before.iter().filter(saves).filter(takes);
    overlaps.map(Change::id).collect()
}

/// Hotspots that are settled, with what that saved.
#[derive(Clone, Debug)]
struct Made<'a> {
    joints: &'a Joints,
    /// Those that traces replayed.
    fixed: Fixed,
    replayed: Vec<(&'a Hotspot, Millionths)>,
    /// Those that none did.
    others: Vec<(&'a Hotspot, Millionths)>,
}

impl<'a> Made<'a> {
    fn new(joints: &'a Joints) -> Made<'a> {
        Made {
            joints,
            fixed: Fixed::default(),
            replayed: Vec::new(),
            others: Vec::new(),
        }
    }

    /// Settles those of `hotspots` whose impact is of one basis, dearest first: what that saves, whether all of it was
    /// replayed beside what was settled before, and the confidence of the least sure that saves anything.
    fn make(&mut self, hotspots: &[&'a Hotspot], basis: ImpactBasis) -> (Millionths, bool, Millionths) {
        let mut same: Vec<&Hotspot> = hotspots.to_vec();
        same.retain(|hotspot| hotspot.impact_basis == basis);
        same.sort_by_key(|hotspot| (Reverse(hotspot.impact_s_per_hour), hotspot.id));
        let (mut sum, mut all_replayed) = (0_u64, true);
        let mut confidence = same.first().map(|first| first.confidence);
        for hotspot in same {
            let (left, replayed) = self.left(hotspot);
            sum = sum.saturating_add(left.0);
            all_replayed &= replayed;
            if left > Millionths(0) {
                confidence = confidence.min(Some(hotspot.confidence));
            }
            self.settle(hotspot, left);
        }
        (Millionths(sum), all_replayed, confidence.unwrap_or_default())
    }

    /// What is left of a hotspot's impact at least, and whether that was replayed.
    fn left(&self, hotspot: &Hotspot) -> (Millionths, bool) {
        let told = self.joints.left(hotspot, &self.fixed);
        let replayed = match told {
            Some(_) => &[][..],
            None => &self.replayed,
        };
        let untold = replayed.iter().chain(&self.others);
        let met = untold.filter(|(other, _)| may_meet(hotspot, other));
        let (count, taken) = met.fold((0, 0_u64), |(count, sum), (_, saved)| {
            (count + 1, sum.saturating_add(saved.0))
        });
        let left = told.unwrap_or(hotspot.impact_s_per_hour);
        (Millionths(left.0.saturating_sub(taken)), count == 0)
    }

    fn settle(&mut self, hotspot: &'a Hotspot, saved: Millionths) {
        self.joints.fix(hotspot.id, &mut self.fixed);
        match self.joints.tells_of(hotspot.id) {
            true => self.replayed.push((hotspot, saved)),
            false => self.others.push((hotspot, saved)),
        }
    }
}

/// Whether one trace may carry both. Only entry operations that are all known can say no.
fn may_meet(a: &Hotspot, b: &Hotspot) -> bool {
    let known = |of: &Hotspot| {
        let named = of
            .entries
            .iter()
            .fold(0_u64, |sum, entry| sum.saturating_add(entry.1));
        !of.entries.is_empty() && of.traces <= named
    };
    let shared = || {
        a.entries
            .iter()
            .any(|(entry, _)| b.entries.iter().any(|(other, _)| entry == other))
    };
    !known(a) || !known(b) || shared()
}

fn depends_on(own: &Change<'_>, all: &[Change<'_>]) -> Vec<String> {
    let others = all.iter().filter(|other| other.id() != own.id());
    let before = others.filter(|other| {
        let mut pairs = other.hotspots.iter();
        pairs.any(|other| own.hotspots.iter().any(|own| is_before(other, own)))
    });
    before.map(Change::id).collect()
}

fn is_before(other: &Hotspot, own: &Hotspot) -> bool {
    let rule = BEFORE.iter().find(|(after, ..)| *after == own.detector);
    let Some((_, near, before)) = rule else {
        return false;
    };
    let is_near = match near {
        Near::Service => true,
        Near::Operation => other.operation == own.operation,
        Near::Template => other.callee.template == own.callee.template,
    };
    other.service == own.service && is_near && before.contains(&other.detector)
}

//! What hotspots save together: sums over traces for each set of them, read back as what is left of one after others.

use std::collections::BTreeMap;
use std::sync::Arc;

use hotspan_model::{Fingerprint, Hotspot, ImpactBasis, JOINT_MAX, JointRow, Millionths};

use crate::merged::Merged;
use crate::sampling::MICRO;
use crate::sighting::waited;
use crate::sign::{Sign, narrow, weighted};
use crate::stored::stored;

/// Hotspots that some traces carry together, ascending, zeros after the last.
pub(crate) type JointKey = [Fingerprint; JOINT_MAX];

/// What each set of them saves, in millionths of a nanosecond.
type Savings = [u128; 1 << JOINT_MAX];

/// All that traces say about one set of hotspots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct JointSums {
    savings: Savings,
}

impl JointSums {
    /// What one trace says, in or out.
    pub(crate) fn shift(&mut self, sign: Sign, row: &JointRow, weight: Millionths) {
        for (sum, &saving) in self.savings.iter_mut().zip(&row.savings) {
            sign.sum(sum, waited(row.awaited, weighted(weight, saving)));
        }
    }

    /// Adds those of another shard.
    pub(crate) fn merge(&mut self, other: &JointSums) {
        for (sum, &saving) in self.savings.iter_mut().zip(&other.savings) {
            Sign::Add.sum(sum, saving);
        }
    }
}

/// What is known of hotspots together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joints {
    /// What each hotspot saves alone, in microseconds over all its traces. One that is not here was replayed in no trace.
    alone: BTreeMap<Fingerprint, u128>,
    rows: Vec<Savings>,
    /// The rows that name a hotspot, and its place in each.
    places: BTreeMap<Fingerprint, Vec<(usize, usize)>>,
}

/// Hotspots that are fixed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fixed {
    /// By row.
    sets: BTreeMap<usize, usize>,
}

impl Joints {
    /// What is known of `hotspots`.
    pub(crate) fn new(merged: &Merged<'_>, hotspots: &[Hotspot]) -> Joints {
        let mut joints = Joints::default();
        let saves = |of: &&Hotspot| of.impact_basis == ImpactBasis::Saving;
        for hotspot in hotspots.iter().filter(saves) {
            if let Some(row) = merged.aggregates.get(&hotspot.id) {
                joints.alone.insert(hotspot.id, row.sampling.saving.micros());
            }
        }
        for (key, sums) in &merged.joints {
            joints.add(key, sums);
        }
        joints
    }

    fn add(&mut self, key: &JointKey, sums: &Arc<JointSums>) {
        let known = key.iter().filter(|fault| self.alone.contains_key(fault));
        // A row may be empty: all of it was taken back.
        if known.count() < 2 || sums.savings == Savings::default() {
            return;
        }
        for (place, &fault) in key.iter().enumerate() {
            if self.alone.contains_key(&fault) {
                self.places
                    .entry(fault)
                    .or_default()
                    .push((self.rows.len(), place));
            }
        }
        self.rows.push(sums.savings);
    }

    /// Whether traces replayed it, so that what it saves beside others is known.
    pub(crate) fn tells_of(&self, hotspot: Fingerprint) -> bool {
        self.alone.contains_key(&hotspot)
    }

    /// What is left of an impact when others are fixed; `None` where no trace replayed it.
    pub(crate) fn left(&self, hotspot: &Hotspot, fixed: &Fixed) -> Option<Millionths> {
        let alone = *self.alone.get(&hotspot.id)?;
        let places = self.places.get(&hotspot.id).map_or(&[][..], Vec::as_slice);
        let lost = places.iter().fold(0_u128, |sum, &(row, place)| {
            let savings = &self.rows[row];
            let others = fixed.sets.get(&row).copied().unwrap_or(0) & !(1 << place);
            let more = savings[others | 1 << place].saturating_sub(savings[others]);
            sum.saturating_add(savings[1 << place].saturating_sub(more))
        });
        let kept = alone.saturating_sub(lost / u128::from(MICRO));
        let impact = hotspot.impact_s_per_hour;
        let left = u128::from(impact.0).saturating_mul(kept).checked_div(alone);
        Some(left.map_or(impact, |left| Millionths(narrow(left))))
    }

    /// Counts a hotspot as fixed.
    pub(crate) fn fix(&self, hotspot: Fingerprint, fixed: &mut Fixed) {
        for &(row, place) in self.places.get(&hotspot).into_iter().flatten() {
            *fixed.sets.entry(row).or_default() |= 1 << place;
        }
    }
}

stored!(JointSums { savings });

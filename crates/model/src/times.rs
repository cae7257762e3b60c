//! How long analysing takes, as it is measured by whoever has a clock.

use crate::Nanos;

/// Upper bounds of the buckets of analyses: 16 us, each four times the one before, up to 262 ms.
pub const ANALYSIS_BOUNDS: [Nanos; 8] = {
    let (mut bounds, mut at) = ([Nanos(16_000); 8], 1);
    while at < bounds.len() {
        bounds[at] = Nanos(bounds[at - 1].0 * 4);
        at += 1;
    }
    bounds
};

/// What analyses took. Those that were not timed are stood for by those that were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnalysisTimes {
    /// By place in the catalogue; empty where nobody measures.
    pub detectors: Vec<Nanos>,
    /// Analyses by length: up to each of [`ANALYSIS_BOUNDS`], and longer ones.
    pub buckets: [u64; ANALYSIS_BOUNDS.len() + 1],
    /// All of them.
    pub sum: Nanos,
}

impl AnalysisTimes {
    /// An analysis that took so long and stands for `weight` of them.
    pub fn note(&mut self, length: Nanos, weight: u64) {
        let bucket = ANALYSIS_BOUNDS.iter().position(|&bound| length <= bound);
        self.buckets[bucket.unwrap_or(ANALYSIS_BOUNDS.len())] += weight;
        self.sum.0 += length.0 * weight;
    }

    /// Adds those of another shard.
    pub fn add(&mut self, other: &AnalysisTimes) {
        if self.detectors.len() < other.detectors.len() {
            self.detectors.resize(other.detectors.len(), Nanos(0));
        }
        for (sum, by) in self.detectors.iter_mut().zip(&other.detectors) {
            sum.0 += by.0;
        }
        for (sum, by) in self.buckets.iter_mut().zip(other.buckets) {
            *sum += by;
        }
        self.sum.0 += other.sum.0;
    }
}

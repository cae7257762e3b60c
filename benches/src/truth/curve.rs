//! How often a stated confidence is right: ten bins, and the table that would bring them into line.

use hotspan_model::{MILLION, Millionths};

/// Findings in a bin from which it says something.
const FINDINGS_MIN: u64 = 50;
/// How far a bin may be off, and all of them by weight, in millionths.
const BIN_ERROR: u64 = 100_000;
const ERROR: u64 = 50_000;

/// The reliability curve.
#[derive(Default)]
pub(crate) struct Curve {
    pub(crate) bins: [Bin; 10],
}

/// Findings of about one stated confidence.
#[derive(Clone, Copy, Default)]
pub(crate) struct Bin {
    pub(crate) findings: u64,
    /// Sum of the stated confidences.
    stated: u64,
    right: u64,
}

impl Bin {
    /// Mean of what was stated.
    pub(crate) fn stated(&self) -> u64 {
        self.stated.checked_div(self.findings).unwrap_or(0)
    }

    /// Share that was right.
    pub(crate) fn observed(&self) -> u64 {
        Millionths::ratio(self.right, self.findings).0
    }

    pub(crate) fn error(&self) -> u64 {
        self.stated().abs_diff(self.observed())
    }

    /// Whether there are enough findings to judge it.
    pub(crate) fn speaks(&self) -> bool {
        self.findings >= FINDINGS_MIN
    }
}

impl Curve {
    pub(crate) fn add(&mut self, stated: Millionths, right: bool) {
        let at = (stated.0 * 10 / MILLION).min(9) as usize;
        let bin = &mut self.bins[at];
        bin.findings += 1;
        bin.stated += stated.0;
        bin.right += u64::from(right);
    }

    /// Expected calibration error, in millionths.
    pub(crate) fn error(&self) -> u64 {
        let findings: u64 = self.bins.iter().map(|bin| bin.findings).sum();
        let sum: u64 = self.bins.iter().map(|bin| bin.error() * bin.findings).sum();
        sum.checked_div(findings).unwrap_or(0)
    }

    pub(crate) fn is_good(&self) -> bool {
        let mut spoken = self.bins.iter().filter(|bin| bin.speaks());
        spoken.all(|bin| bin.error() <= BIN_ERROR) && self.error() <= ERROR
    }

    /// What each bin should state: what was observed, made monotone by joining neighbours that are not.
    pub(crate) fn fit(&self) -> Vec<(u64, u64)> {
        let mut pools: Vec<(Bin, Vec<u64>)> = Vec::new();
        for bin in self.bins.iter().filter(|bin| bin.speaks()) {
            let mut pool = (*bin, vec![bin.stated()]);
            while let Some(last) = pools.pop_if(|last| last.0.observed() >= pool.0.observed()) {
                pool.0.findings += last.0.findings;
                pool.0.stated += last.0.stated;
                pool.0.right += last.0.right;
                pool.1.splice(0..0, last.1);
            }
            pools.push(pool);
        }
        let knots = |(bin, stated): &(Bin, Vec<u64>)| {
            let observed = bin.observed();
            stated.iter().map(move |&at| (at, observed)).collect::<Vec<_>>()
        };
        pools.iter().flat_map(knots).collect()
    }
}

//! Does the cost grow with the number of calls? The proof that a repeat is a loop over data.

use hotspan_model::{MILLION, Millionths, Nanos};

use crate::aggregate::Aggregate;
use crate::confidence::Revision;

/// Detectors of one operation for each item of a list.
const FAMILY: [&str; 5] = [
    "n-plus-one-query",
    "n-plus-one-call",
    "n-plus-one-cache",
    "n-plus-one-publish",
    "per-item-loop",
];

/// What a repeat is worth without the proof, as analysis states it.
const UNPROVEN: Millionths = Millionths(950_000);
/// What is left of it when the number never changes.
const FIXED: Millionths = Millionths(800_000);
/// Traces, and distinct numbers of calls among them, that a proof needs.
const PROOF: (usize, usize) = (8, 3);
/// Traces with one number of calls that show a fixed loop.
const CONSTANT: u64 = 30;

/// What all traces say about a repeat that one of them could not.
pub(crate) fn scaling(row: &Aggregate) -> Option<Revision> {
    if !FAMILY.contains(&row.detector) {
        return None;
    }
    if CONSTANT <= row.traces && row.calls.min() == row.calls.max() {
        return Some(Revision {
            then: Millionths::ONE,
            now: FIXED,
            why: format!("always {} calls: a fixed loop", row.calls.max()),
        });
    }
    let each = row.reservoir.slope(slope)?;
    let often = row.calls.quantile(950);
    let total = Nanos(each.0.saturating_mul(often));
    Some(Revision {
        then: UNPROVEN,
        now: Millionths(MILLION),
        why: format!("each call more costs {each}; at {often} calls that is {total}"),
    })
}

/// Nanoseconds that one call more costs, by least squares over (calls, nanoseconds) of traces. `None` without
/// enough of them, or when the number of calls explains less than half of the variance.
fn slope(costs: &[(u64, u64)]) -> Option<Nanos> {
    let mut numbers: Vec<u64> = costs.iter().map(|cost| cost.0).collect();
    numbers.sort_unstable();
    numbers.dedup();
    if costs.len() < PROOF.0 || numbers.len() < PROOF.1 {
        return None;
    }
    // Calls below 2^20 and times cut to 24 bits keep the squares of up to 2^8 products' sums within 128 bits.
    let longest = costs.iter().map(|cost| cost.1).max().unwrap_or(0);
    let shift = (64 - longest.leading_zeros()).saturating_sub(24);
    let (mut x, mut y, mut xx, mut yy, mut xy) = (0_i128, 0, 0, 0, 0);
    for &(calls, nanos) in costs.iter().take(256) {
        let (calls, nanos) = (i128::from(calls.min(1 << 20)), i128::from(nanos >> shift));
        x += calls;
        y += nanos;
        xx += calls * calls;
        yy += nanos * nanos;
        xy += calls * nanos;
    }
    let count = costs.len().min(256) as i128;
    let (together, calls, nanos) = (count * xy - x * y, count * xx - x * x, count * yy - y * y);
    let explains = 0 < together && 0 < calls && calls * nanos <= 2 * together * together;
    let each = explains.then(|| (together << shift) / calls)?;
    u64::try_from(each).ok().filter(|&each| each > 0).map(Nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_that_grows_with_the_calls_has_a_slope() {
        let line: Vec<(u64, u64)> = (1..=8).map(|n| (n, 5_000 + n * 3_200)).collect();
        assert_eq!(slope(&line), Some(Nanos(3_200)));
        assert_eq!(slope(&line[..7]), None);
    }

    #[test]
    fn two_numbers_of_calls_or_a_cost_of_its_own_prove_nothing() {
        let two: Vec<(u64, u64)> = (0..40).map(|n| (n % 2 + 5, n % 2 * 1_000)).collect();
        assert_eq!(slope(&two), None);
        let noise = [7, 1, 9, 3, 8, 2, 6, 4, 5].map(|n| n * 1_000);
        let noise: Vec<(u64, u64)> = (1..).zip(noise).collect();
        assert_eq!(slope(&noise), None);
        let falls: Vec<(u64, u64)> = (1..=9).map(|n| (n, 9_000 - n * 100)).collect();
        assert_eq!(slope(&falls), None);
    }

    #[test]
    fn absurd_numbers_do_not_overflow() {
        let absurd: Vec<(u64, u64)> = (0..300)
            .map(|n| (u64::MAX >> (n % 60), u64::MAX >> (n % 50)))
            .collect();
        slope(&absurd);
        let line: Vec<(u64, u64)> = (1..=200).map(|n| (n << 12, n << 43)).collect();
        assert_eq!(slope(&line), Some(Nanos(1 << 31)));
    }
}

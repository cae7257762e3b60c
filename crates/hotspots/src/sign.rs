//! Adding a contribution and taking the same one back.

use hotspan_model::{Millionths, Nanos};

/// Whether a contribution comes or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// It comes.
    Add,
    /// It goes: what [`Sign::Add`] did with the same number is undone.
    Subtract,
}

impl Sign {
    /// Counts `by` in or out.
    #[inline]
    pub(crate) fn count(self, total: &mut u64, by: u64) {
        match self {
            Sign::Add => *total = total.saturating_add(by),
            Sign::Subtract => take_count(total, by),
        }
    }

    /// The same for sums, which what is said below keeps from their end.
    #[inline]
    pub(crate) fn sum(self, total: &mut u128, by: u128) {
        match self {
            Sign::Add => *total = total.wrapping_add(by),
            Sign::Subtract => take_sum(total, by),
        }
    }
}

// Hardly anything is taken back, and apart it does not slow down what is added.
#[cold]
fn take_count(total: &mut u64, by: u64) {
    *total = total.saturating_sub(by);
}

#[cold]
fn take_sum(total: &mut u128, by: u128) {
    *total = total.saturating_sub(by);
}

// What one trace may add to a total. Far above what is true of any, and low enough that 2^38 traces of the
// worst kind do not reach the end of a sum, where adding and subtracting would no longer cancel.
const WEIGHT_MAX: u64 = 1 << 40;
const NANOS_MAX: u64 = 1 << 50;
const COUNT_MAX: u64 = 1 << 40;

/// The sampling weight that counts, in millionths.
pub(crate) fn weight(of: Millionths) -> u64 {
    of.0.min(WEIGHT_MAX)
}

/// The time that counts, in nanoseconds.
pub(crate) fn nanos(of: Nanos) -> u64 {
    of.0.min(NANOS_MAX)
}

/// The number that counts.
pub(crate) fn number(of: u64) -> u64 {
    of.min(COUNT_MAX)
}

/// Time times weight, in millionths of a nanosecond.
pub(crate) fn weighted(weigh: Millionths, time: Nanos) -> u128 {
    u128::from(weight(weigh)) * u128::from(nanos(time))
}

/// A weighted sum of [`weighted`] in whole nanoseconds.
pub(crate) fn unweighted(sum: u128) -> Nanos {
    Nanos(narrow(sum / u128::from(hotspan_model::MILLION)))
}

/// Divides a sum, which is quicker where it is no larger than a number, as it mostly is.
pub(crate) fn quotient(sum: u128, by: u64) -> u128 {
    match u64::try_from(sum) {
        Ok(small) => (small / by).into(),
        Err(_) => sum / u128::from(by),
    }
}

/// The number, or the largest there is.
pub(crate) fn narrow(sum: u128) -> u64 {
    u64::try_from(sum).unwrap_or(u64::MAX)
}

/// `part / whole` of two sums, at most one.
pub(crate) fn share(part: u128, whole: u128) -> Millionths {
    if whole == 0 {
        return Millionths(0);
    }
    // Sums beyond 2^100 lose digits that a share does not show.
    let shift = (128 - whole.leading_zeros()).saturating_sub(100);
    let (part, whole) = (part >> shift, whole >> shift);
    let million = u128::from(hotspan_model::MILLION);
    Millionths(narrow((part.min(whole) * million + whole / 2) / whole))
}

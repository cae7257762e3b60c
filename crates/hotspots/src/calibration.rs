//! From what the terms of a confidence multiply to, to how often findings of that much are right.
//!
//! Fitted on systems of the generator, whose faults are known, and judged on others: `docs/accuracy.md`.

use hotspan_model::{MILLION, Millionths};

/// Product of the terms and confidence, both in millionths; straight in between. Both ascend. Calls in a row that may
/// need each other lie from 350 to 560 thousandths, wherever their clocks and their number put them: half of them do.
const TABLE: [(u64, u64); 6] = [
    (0, 0),
    (300_000, 20_000),
    (350_000, 500_000),
    (560_000, 530_000),
    (650_000, 970_000),
    (MILLION, 998_000),
];

/// How sure a finding is whose terms multiply to `product`.
pub(crate) fn calibrated(product: Millionths) -> Millionths {
    let above = TABLE.partition_point(|knot| knot.0 <= product.0);
    let last = TABLE[TABLE.len() - 1].1;
    let (Some(&(to, high)), Some(&(from, low))) = (TABLE.get(above), TABLE.get(above.wrapping_sub(1))) else {
        return Millionths(last);
    };
    Millionths(low + (high - low) * (product.0 - from) / (to - from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MIN_CONFIDENCE;

    #[test]
    fn more_never_becomes_less() {
        let all: Vec<u64> = (0..=1_000).map(|n| calibrated(Millionths(n * 1_000)).0).collect();
        assert!(all.is_sorted(), "{all:?}");
        assert!(TABLE.is_sorted());
    }

    #[test]
    fn what_half_of_the_time_is_right_is_listed_and_what_no_name_supports_is_not() {
        assert!(calibrated(Millionths(350_000)) >= MIN_CONFIDENCE);
        assert!(calibrated(Millionths(300_000)) < MIN_CONFIDENCE);
    }

    #[test]
    fn it_goes_from_knot_to_knot_and_never_beyond() {
        let of = |product| calibrated(Millionths(product)).0;
        assert_eq!([of(0), of(MILLION), of(u64::MAX)], [0, 998_000, 998_000]);
        assert_eq!(of(455_000), 515_000);
    }
}

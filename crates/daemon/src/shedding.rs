//! How much a shard takes while its table of sessions fills: whole traces are left out by their ids before the table is
//! full, since a full one forgets everything it holds.

use hotspan_ingest::WHOLE_SHARE;
use hotspan_model::Millionths;

/// From here on some traces are left out.
const CROWDED: u64 = 800_000;
/// So much more fill takes away one more part.
const STEP: u64 = 12_500;
/// Parts that the whole has; one of them is always taken, so that a flood cannot blind the daemon.
const PARTS: u64 = 16;

/// The share to take from now on, of [`WHOLE_SHARE`]. It falls at once, and rises only with a step to spare, so that it does
/// not swing.
pub(crate) fn share(now: u32, fill: Millionths) -> u32 {
    let falls_to = room(fill.0);
    falls_to.min(now.max(room(fill.0 + STEP)))
}

fn room(fill: u64) -> u32 {
    let over = match fill.checked_sub(CROWDED) {
        None => 0,
        Some(over) => (over / STEP + 1).min(PARTS - 1),
    };
    // At most the whole, which is no large number.
    (u64::from(WHOLE_SHARE) * (PARTS - over) / PARTS) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn percent(tenths: u64) -> Millionths {
        Millionths(tenths * 1_000)
    }

    #[test]
    fn a_table_that_is_not_crowded_takes_all() {
        assert_eq!(share(WHOLE_SHARE, percent(799)), WHOLE_SHARE);
        assert_eq!(share(WHOLE_SHARE, percent(800)), WHOLE_SHARE * 15 / 16);
    }

    #[test]
    fn a_full_table_still_takes_a_part() {
        for fill in [1_000, 5_000] {
            assert_eq!(share(WHOLE_SHARE, percent(fill)), WHOLE_SHARE / 16);
        }
    }

    #[test]
    fn it_rises_again_with_a_step_to_spare() {
        let low = share(WHOLE_SHARE, percent(800));
        assert_eq!(share(low, percent(795)), low);
        assert_eq!(share(low, percent(787)), WHOLE_SHARE);
    }
}

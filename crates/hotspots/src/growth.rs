//! Whether a fault costs more than it did in its week.

use hotspan_model::{ImpactBasis, LogTime};

use crate::buckets::{Hours, Point};
use crate::calendar::Calendar;
use crate::life::TRACES_MIN;

/// Hours of a day, and days it is compared with.
const HOURS: u64 = 24;
const DAYS: u64 = 7;
/// Tenths of the median day: it worsens from the first on, until it is below the second.
const WORSE: (u128, u128) = (15, 12);
/// Beyond this no sum of savings goes, and products of tenths fit.
const SUM_MAX: u128 = u128::MAX >> 8;

/// Whether the day up to `now` costs half more than the median of the week before it, or did within the last day and
/// has not come back near it since.
pub(crate) fn worsens(hours: &Hours, basis: ImpactBasis, now: LogTime) -> bool {
    let end = Hours::place(now) + 1;
    let day = |end: u64| {
        let sum = hours.within(end.saturating_sub(HOURS)..end);
        (sum.traces >= TRACES_MIN).then(|| impact(&sum, basis))
    };
    for ago in 0..HOURS {
        let end = end.saturating_sub(ago);
        match growth(|ago| day(end.checked_sub(ago * HOURS)?)) {
            Some((day, median)) if WORSE.0 * median <= 10 * day => return true,
            Some((day, median)) if WORSE.1 * median <= 10 * day => {}
            Some(_) | None => return false,
        }
    }
    false
}

/// The same where only the days of the week before are known: without them a while back, it is over as soon as it is
/// below the first mark.
pub(crate) fn worsens_by_day(calendar: &Calendar, from: LogTime, newest: LogTime) -> bool {
    let grown = growth(|ago| {
        let cell = match ago {
            0 => calendar.since(from),
            _ => calendar.day(newest, ago),
        };
        (cell.traces >= TRACES_MIN).then_some(cell.exposure)
    });
    grown.is_some_and(|(day, median)| WORSE.0 * median <= 10 * day)
}

/// Impact of a day and of the median day of the week before; `None` when one of them has too few traces.
fn growth(day: impl Fn(u64) -> Option<u128>) -> Option<(u128, u128)> {
    let mut week = [0; DAYS as usize];
    for (impact, ago) in week.iter_mut().zip(1..) {
        *impact = day(ago)?;
    }
    week.sort_unstable();
    let median = week[week.len() / 2];
    (median > 0).then_some((day(0)?.min(SUM_MAX), median.min(SUM_MAX)))
}

fn impact(sum: &Point, basis: ImpactBasis) -> u128 {
    match basis {
        ImpactBasis::Saving => sum.saving,
        ImpactBasis::Exposure => sum.exposure,
    }
}

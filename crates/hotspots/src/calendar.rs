//! When something was seen: by hour for a day, by day for a week and the day it is compared with. Small, for there are
//! many of them.

use hotspan_model::{LogTime, MILLION, Nanos, TrendPoint};

use crate::cells::{Cells, Sum};
use crate::life::Spell;
use crate::sign::{Sign, narrow};
use crate::stored::stored;
use crate::times::Times;

const HOUR: u64 = 3_600_000_000_000;
/// Hours that are held: those of a window of 24, and the one that has begun.
const HOURS: u64 = 25;
/// Days that are held.
const DAYS: u64 = 8;

/// What falls into one hour or day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) traces: u64,
    pub(crate) count: u64,
    /// Weighted critical-path time, in millionths of a nanosecond.
    pub(crate) exposure: u128,
}

impl Cell {
    /// Adds another.
    pub(crate) fn add(&mut self, other: &Cell) {
        self.shift(Sign::Add, other);
    }
}

impl Sum for Cell {
    #[inline]
    fn shift(&mut self, sign: Sign, by: &Cell) {
        sign.count(&mut self.traces, by.traces);
        sign.count(&mut self.count, by.count);
        sign.sum(&mut self.exposure, by.exposure);
    }

    fn is_empty(&self) -> bool {
        self.traces == 0
    }
}

/// Cells by hour and by day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Calendar {
    hours: Cells<Cell>,
    days: Cells<Cell>,
}

impl Calendar {
    /// Adds one trace, or takes it back.
    #[inline]
    pub(crate) fn shift(&mut self, sign: Sign, times: &Times, count: u64, exposure: u128) {
        let by = Cell {
            traces: 1,
            count,
            exposure,
        };
        let oldest = |now: u64, held: u64| (now + 1).saturating_sub(held);
        let (at, now) = (&times.place, &times.now);
        self.hours.shift(sign, at.hour, &by, oldest(now.hour, HOURS));
        self.days.shift(sign, at.day, &by, oldest(now.day, DAYS));
    }

    /// Adds that of another shard.
    pub(crate) fn merge(&mut self, other: &Calendar) {
        self.hours.merge(&other.hours);
        self.days.merge(&other.days);
    }

    /// Adds what the same traces may have shown elsewhere: of each hour and day at least so many traces.
    pub(crate) fn cover(&mut self, other: &Calendar) {
        for (cells, others) in [(&mut self.hours, &other.hours), (&mut self.days, &other.days)] {
            for (place, cell) in others.iter() {
                let held = cells.get(*place).map_or(0, |cell| cell.traces);
                let by = Cell {
                    traces: cell.traces.max(held) - held,
                    ..*cell
                };
                cells.shift(Sign::Add, *place, &by, 0);
            }
        }
    }

    /// Everything in the hours from `from` on.
    pub(crate) fn since(&self, from: LogTime) -> Cell {
        let mut sum = Cell::default();
        for (_, cell) in self.hours.since(from.0 / HOUR) {
            sum.shift(Sign::Add, cell);
        }
        sum
    }

    /// Start of the first cell that `newest` has not made too old: of its hour if hours reach back as far.
    pub(crate) fn first(&self, newest: LogTime) -> Option<LogTime> {
        let day = (newest.0 / HOUR / 24 + 1).saturating_sub(DAYS);
        let day = self.days.since(day).next()?.0;
        let hour = self.held_hours(newest).find(|cell| cell.0 / 24 == day);
        let hour = hour.map_or(day * 24, |cell| cell.0);
        Some(LogTime(hour.saturating_mul(HOUR)))
    }

    /// End of the last hour that `newest` has not made too old, else of the last day, as far as it is not held by the
    /// hour.
    pub(crate) fn last(&self, newest: LogTime) -> Option<LogTime> {
        let hour = self.held_hours(newest).next_back().map(|cell| cell.0 + 1);
        let day = || Some((self.days.last()? * 24 + 24).min(oldest_hour(newest)));
        Some(LogTime(hour.or_else(day)?.saturating_mul(HOUR)))
    }

    /// When it was seen, as it is known when the newest data are from `newest`: the hours of a day, before them whole
    /// days. Of the day that is held by the hour in part, the rest counts as seen throughout.
    pub(crate) fn spells(&self, newest: LogTime) -> Vec<Spell> {
        let hours = self.held_hours(newest);
        let (now, oldest) = (newest.0 / HOUR, oldest_hour(newest));
        let days = self.days.since((now / 24 + 1).saturating_sub(DAYS));
        let day = |&(place, cell): &(u64, Cell)| {
            let (from, end) = (place * 24, place * 24 + 24);
            let mut own = hours.clone().take_while(|hour| hour.0 < end);
            let by_hour = own
                .clone()
                .fold(0_u64, |sum, hour| sum.saturating_add(hour.1.traces));
            Spell {
                from,
                to: own.next().map_or(oldest.min(end), |hour| hour.0),
                traces: cell.traces.saturating_sub(by_hour),
            }
        };
        let hour = |&(place, cell): &(u64, Cell)| Spell {
            from: place,
            to: place + 1,
            traces: cell.traces,
        };
        let days = days.take_while(|cell| cell.0 * 24 < oldest);
        days.map(day).chain(hours.clone().map(hour)).collect()
    }

    /// The hours of a day, earliest first; their critical-path time is weighted.
    pub(crate) fn trend(&self, newest: LogTime) -> Vec<TrendPoint> {
        let point = |&(place, cell): &(u64, Cell)| TrendPoint {
            at: place.saturating_mul(3_600),
            traces: cell.traces,
            path: Nanos(narrow(cell.exposure / u128::from(MILLION))),
        };
        self.held_hours(newest).map(point).collect()
    }

    /// The hours that `newest` has not made too old.
    fn held_hours(&self, newest: LogTime) -> impl DoubleEndedIterator<Item = &(u64, Cell)> + Clone {
        self.hours.since(oldest_hour(newest))
    }

    /// Most traces in one hour.
    pub(crate) fn busiest(&self) -> u64 {
        self.hours.iter().map(|cell| cell.1.traces).max().unwrap_or(0)
    }

    /// All hours.
    pub(crate) fn all(&self) -> Cell {
        self.since(LogTime::default())
    }

    /// The hours that both have.
    pub(crate) fn shared<'a>(&'a self, other: &'a Calendar) -> impl Iterator<Item = (&'a Cell, &'a Cell)> {
        let shared = |(place, cell): &'a (u64, Cell)| Some((cell, other.hours.get(*place)?));
        self.hours.iter().filter_map(shared)
    }

    /// How many hours are filled.
    pub(crate) fn hours(&self) -> usize {
        self.hours.len()
    }

    /// What fell on a day, counted from the one that `newest` is in.
    pub(crate) fn day(&self, newest: LogTime, ago: u64) -> Cell {
        let day = (newest.0 / HOUR / 24).checked_sub(ago);
        let cell = day.and_then(|day| self.days.get(day));
        cell.copied().unwrap_or_default()
    }
}

fn oldest_hour(newest: LogTime) -> u64 {
    (newest.0 / HOUR + 1).saturating_sub(HOURS)
}

stored!(Cell {
    traces,
    count,
    exposure,
});
stored!(Calendar { hours, days });

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(hour: u64) -> LogTime {
        LogTime(hour * HOUR)
    }

    #[test]
    fn a_day_is_held_by_the_hour_and_eight_days_by_the_day() {
        let mut calendar = Calendar::default();
        for at in 0..24 * 30 {
            calendar.shift(Sign::Add, &Times::new(hour(at), hour(at)), 2, 5);
        }
        let newest = hour(24 * 30 - 1);
        assert_eq!((calendar.hours.len(), calendar.days.len()), (25, 8));
        let day = calendar.since(hour(24 * 29));
        assert_eq!((day.traces, day.count, day.exposure), (24, 48, 120));
        assert_eq!(calendar.first(newest), Some(hour(24 * 22)));
        assert_eq!(calendar.last(newest), Some(hour(24 * 30)));
        assert_eq!(calendar.last(hour(24 * 30 + 25)), Some(hour(24 * 30)));
        assert_eq!(calendar.last(hour(24 * 32)), Some(hour(24 * 30)));
        assert_eq!((calendar.day(newest, 1).traces, calendar.busiest()), (24, 1));
    }

    #[test]
    fn what_is_older_than_a_day_was_seen_all_day() {
        let mut calendar = Calendar::default();
        for at in [30, 50, 75, 90, 97] {
            calendar.shift(Sign::Add, &Times::new(hour(at), hour(at)), 1, 2_000_000);
        }
        let spells = |newest| -> Vec<(u64, u64, u64)> {
            let spells = calendar.spells(hour(newest));
            spells
                .iter()
                .map(|spell| (spell.from, spell.to, spell.traces))
                .collect()
        };
        let by_hour = [
            (24, 48, 1),
            (48, 72, 1),
            (72, 75, 0),
            (75, 76, 1),
            (90, 91, 1),
            (97, 98, 1),
        ];
        assert_eq!(spells(97), by_hour);
        assert_eq!(
            spells(110),
            [(24, 48, 1), (48, 72, 1), (72, 90, 1), (90, 91, 1), (97, 98, 1)]
        );
        assert_eq!(calendar.trend(hour(97)).len(), 3);
        assert_eq!(calendar.trend(hour(97))[0].path, Nanos(2));
    }

    #[test]
    fn what_covers_the_same_traces_counts_them_once() {
        let mut calendar = Calendar::default();
        let mut other = Calendar::default();
        for at in [5, 5, 6] {
            calendar.shift(Sign::Add, &Times::new(hour(at), hour(at)), 1, 1);
        }
        for at in [5, 5, 5, 7] {
            other.shift(Sign::Add, &Times::new(hour(at), hour(at)), 1, 1);
        }
        calendar.cover(&other);
        let traces: Vec<u64> = calendar.hours.iter().map(|cell| cell.1.traces).collect();
        assert_eq!((traces, calendar.days.get(0).unwrap().traces), (vec![3, 1, 1], 4));
        assert_eq!(calendar.since(hour(0)).exposure, 7);
    }

    #[test]
    fn what_is_taken_back_was_never_there() {
        let mut calendar = Calendar::default();
        calendar.shift(Sign::Add, &Times::new(hour(5), hour(5)), 1, 1);
        let before = calendar.clone();
        calendar.shift(Sign::Add, &Times::new(hour(6), hour(6)), 3, 9);
        calendar.shift(Sign::Subtract, &Times::new(hour(6), hour(6)), 3, 9);
        assert_eq!(calendar, before);
        calendar.shift(Sign::Subtract, &Times::new(hour(5), hour(5)), 1, 1);
        assert_eq!(calendar, Calendar::default());
    }
}

//! When something was seen: by hour for a day, by day for a week. Small, for there are many of them.

use hotspan_model::LogTime;

use crate::sign::Sign;

const HOUR: u64 = 3_600_000_000_000;
/// Hours that are held: those of a window of 24, and the one that has begun.
const HOURS: u64 = 25;
/// Days that are held.
const DAYS: u64 = 7;

/// What falls into one hour or day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    place: u64,
    pub(crate) traces: u64,
    pub(crate) count: u64,
    /// Weighted critical-path time, in millionths of a nanosecond.
    pub(crate) exposure: u128,
}

impl Cell {
    fn shift(&mut self, sign: Sign, by: &Cell) {
        sign.count(&mut self.traces, by.traces);
        sign.count(&mut self.count, by.count);
        sign.sum(&mut self.exposure, by.exposure);
    }
}

/// Cells by hour and by day, each ascending, none of them empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Calendar {
    hours: Vec<Cell>,
    days: Vec<Cell>,
}

impl Calendar {
    /// Adds one trace, or takes it back.
    pub(crate) fn shift(&mut self, sign: Sign, at: LogTime, newest: LogTime, count: u64, exposure: u128) {
        let cell = |place| Cell {
            place,
            traces: 1,
            count,
            exposure,
        };
        let (now, hour) = (newest.0 / HOUR, at.0 / HOUR);
        shift(
            &mut self.hours,
            sign,
            &cell(hour),
            (now + 1).saturating_sub(HOURS),
        );
        shift(
            &mut self.days,
            sign,
            &cell(hour / 24),
            (now / 24 + 1).saturating_sub(DAYS),
        );
    }

    /// Adds that of another shard.
    pub(crate) fn merge(&mut self, other: &Calendar) {
        for cell in &other.hours {
            shift(&mut self.hours, Sign::Add, cell, 0);
        }
        for cell in &other.days {
            shift(&mut self.days, Sign::Add, cell, 0);
        }
    }

    /// Everything in the hours from `from` on.
    pub(crate) fn since(&self, from: LogTime) -> Cell {
        let mut sum = Cell::default();
        for cell in self.hours.iter().filter(|cell| from.0 / HOUR <= cell.place) {
            sum.shift(Sign::Add, cell);
        }
        sum
    }

    /// Start of the first cell that `newest` has not made too old: of its hour if hours reach back as far.
    pub(crate) fn first(&self, newest: LogTime) -> Option<LogTime> {
        let day = (newest.0 / HOUR / 24 + 1).saturating_sub(DAYS);
        let day = self.days.iter().find(|cell| day <= cell.place)?.place;
        let hour = self.hours.iter().find(|cell| cell.place / 24 == day);
        let hour = hour.map_or(day * 24, |cell| cell.place);
        Some(LogTime(hour.saturating_mul(HOUR)))
    }

    /// End of the last cell.
    pub(crate) fn last(&self) -> Option<LogTime> {
        let hour = self.hours.last().map(|cell| cell.place);
        let hour = hour.or_else(|| Some(self.days.last()?.place * 24 + 23))?;
        Some(LogTime((hour + 1).saturating_mul(HOUR)))
    }

    /// Most traces in one hour.
    pub(crate) fn busiest(&self) -> u64 {
        self.hours.iter().map(|cell| cell.traces).max().unwrap_or(0)
    }

    /// How many hours are filled.
    pub(crate) fn hours(&self) -> usize {
        self.hours.len()
    }

    /// What fell on a day, counted from the one that `newest` is in.
    pub(crate) fn day(&self, newest: LogTime, ago: u64) -> Cell {
        let day = (newest.0 / HOUR / 24).checked_sub(ago);
        let cell = day.and_then(|day| self.days.iter().find(|cell| cell.place == day));
        cell.copied().unwrap_or_default()
    }
}

fn shift(cells: &mut Vec<Cell>, sign: Sign, by: &Cell, oldest: u64) {
    // Mostly nothing is too old, and the last cell is meant.
    let fresh = oldest <= by.place && cells.first().is_some_and(|first| oldest <= first.place);
    if let Some(last) = cells.last_mut()
        && fresh
        && last.place == by.place
        && sign == Sign::Add
    {
        return last.shift(sign, by);
    }
    let old = cells.iter().take_while(|cell| cell.place < oldest).count();
    cells.drain(..old);
    if by.place < oldest {
        return;
    }
    match (cells.binary_search_by_key(&by.place, |cell| cell.place), sign) {
        (Ok(at), _) => {
            cells[at].shift(sign, by);
            if cells[at].traces == 0 {
                cells.remove(at);
            }
        }
        (Err(at), Sign::Add) => cells.insert(at, *by),
        (Err(_), Sign::Subtract) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(hour: u64) -> LogTime {
        LogTime(hour * HOUR)
    }

    #[test]
    fn a_day_is_held_by_the_hour_and_a_week_by_the_day() {
        let mut calendar = Calendar::default();
        for at in 0..24 * 30 {
            calendar.shift(Sign::Add, hour(at), hour(at), 2, 5);
        }
        let newest = hour(24 * 30 - 1);
        assert_eq!((calendar.hours.len(), calendar.days.len()), (25, 7));
        let day = calendar.since(hour(24 * 29));
        assert_eq!((day.traces, day.count, day.exposure), (24, 48, 120));
        assert_eq!(calendar.first(newest), Some(hour(24 * 23)));
        assert_eq!(calendar.last(), Some(hour(24 * 30)));
        assert_eq!((calendar.day(newest, 1).traces, calendar.busiest()), (24, 1));
    }

    #[test]
    fn what_is_taken_back_was_never_there() {
        let mut calendar = Calendar::default();
        calendar.shift(Sign::Add, hour(5), hour(5), 1, 1);
        let before = calendar.clone();
        calendar.shift(Sign::Add, hour(6), hour(6), 3, 9);
        calendar.shift(Sign::Subtract, hour(6), hour(6), 3, 9);
        assert_eq!(calendar, before);
        calendar.shift(Sign::Subtract, hour(5), hour(5), 1, 1);
        assert_eq!(calendar, Calendar::default());
    }
}

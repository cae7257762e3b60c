//! Sums over time: by minute, by hour, by day. Old buckets go when newer data comes.

use std::ops::Range;

use hotspan_model::{LogTime, MILLION, Millionths, Nanos, TrendPoint};

use crate::cells::{Cells, Sum};
use crate::sign::{Sign, narrow};
use crate::stored::{Reader, Stored, Unreadable, Writer, stored};
use crate::times::{Places, Times};

const SECOND: u64 = 1_000_000_000;
const HOUR_S: u64 = 3_600;

/// What falls into one bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Point {
    /// Traces, or requests.
    pub(crate) traces: u64,
    /// Their critical-path time in nanoseconds, or their weight in millionths.
    pub(crate) amount: u128,
    /// Likely saving in millionths of a nanosecond: weighted, work that nobody waits for at its lower rate.
    pub(crate) saving: u128,
    /// Critical-path time in the same way.
    pub(crate) exposure: u128,
}

impl Sum for Point {
    #[inline]
    fn shift(&mut self, sign: Sign, by: &Point) {
        sign.count(&mut self.traces, by.traces);
        sign.sum(&mut self.amount, by.amount);
        sign.sum(&mut self.saving, by.saving);
        sign.sum(&mut self.exposure, by.exposure);
    }

    fn is_empty(&self) -> bool {
        self.traces == 0
    }
}

/// Buckets of `WIDTH` seconds; those more than `KEEP` buckets older than the newest data are forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Buckets<const WIDTH: u64, const KEEP: u64> {
    points: Cells<Point>,
}

/// By minute. Two hours are held, so that every minute of the first of two hours is still there.
pub(crate) type Minutes = Buckets<60, 120>;
/// By hour, for nine days: a day, the week it is compared with, and a day in which that comparison may linger.
pub(crate) type Hours = Buckets<HOUR_S, 216>;
/// By day: what was learned in the last seven days.
pub(crate) type Days = Buckets<86_400, 7>;

impl<const WIDTH: u64, const KEEP: u64> Buckets<WIDTH, KEEP> {
    /// Which bucket a moment falls into.
    pub(crate) fn place(at: LogTime) -> u64 {
        at.0 / SECOND / WIDTH
    }

    fn oldest(newest: LogTime) -> u64 {
        (Self::place(newest) + 1).saturating_sub(KEEP)
    }

    /// Adds to the bucket that `times` names, or takes back; nothing happens when it is too old.
    #[inline]
    pub(crate) fn shift(&mut self, sign: Sign, times: &Times, by: &Point) {
        let in_width = |places: &Places| match WIDTH {
            60 => places.minute,
            HOUR_S => places.hour,
            _ => places.day,
        };
        let oldest = (in_width(&times.now) + 1).saturating_sub(KEEP);
        self.points.shift(sign, in_width(&times.place), by, oldest);
    }

    /// Drops the buckets that are too old beside `newest`.
    pub(crate) fn forget(&mut self, newest: LogTime) {
        self.points.forget(Self::oldest(newest));
    }

    /// Adds those of another shard.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.points.merge(&other.points);
    }

    /// Whether all buckets are too old beside `newest`.
    pub(crate) fn is_over(&self, newest: LogTime) -> bool {
        self.points.last().is_none_or(|last| last < Self::oldest(newest))
    }

    /// Whether some buckets are too old beside `newest`.
    fn is_dated(&self, newest: LogTime) -> bool {
        let first = self.points.first();
        first.is_some_and(|first| first < Self::oldest(newest))
    }

    /// Everything that falls on `from` or later; `from` is the border of a bucket.
    pub(crate) fn since(&self, from: LogTime) -> Point {
        let mut sum = Point::default();
        for (_, point) in self.points.since(Self::place(from)) {
            sum.shift(Sign::Add, point);
        }
        sum
    }

    /// Everything in the buckets of these places.
    pub(crate) fn within(&self, places: Range<u64>) -> Point {
        let mut sum = Point::default();
        let from = self.points.since(places.start);
        for (_, point) in from.take_while(|point| point.0 < places.end) {
            sum.shift(Sign::Add, point);
        }
        sum
    }

    /// The filled buckets with their places, ascending.
    pub(crate) fn filled(&self) -> impl Iterator<Item = &(u64, Point)> {
        self.points.iter()
    }

    /// The last `most` filled buckets, earliest first.
    pub(crate) fn last(&self, most: usize) -> Vec<TrendPoint> {
        let skip = self.points.len().saturating_sub(most);
        let point = |&(place, point): &(u64, Point)| TrendPoint {
            at: place * WIDTH,
            traces: point.traces,
            path: Nanos(narrow(point.amount)),
        };
        self.points.iter().skip(skip).map(point).collect()
    }

    /// Start of the first filled bucket.
    fn start(&self) -> Option<LogTime> {
        let place = self.points.first()?;
        Some(LogTime(place.saturating_mul(WIDTH).saturating_mul(SECOND)))
    }

    /// Start and end of the last filled bucket.
    fn end(&self) -> Option<(LogTime, LogTime)> {
        let place = self.points.last()?;
        let border = |place: u64| LogTime(place.saturating_mul(WIDTH).saturating_mul(SECOND));
        Some((border(place), border(place + 1)))
    }

    /// Most traces in any `width` neighbouring buckets.
    pub(crate) fn most_within(&self, width: u64) -> u64 {
        let mut window = self.points.iter().peekable();
        let (mut traces, mut most) = (0_u64, 0);
        for (place, point) in self.points.iter() {
            traces = traces.saturating_add(point.traces);
            while let Some((_, first)) = window.next_if(|first| first.0.saturating_add(width) <= *place) {
                traces = traces.saturating_sub(first.traces);
            }
            most = most.max(traces);
        }
        most
    }
}

/// Minutes and hours together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Timeline {
    /// The last two hours.
    pub(crate) minutes: Minutes,
    /// The last nine days.
    pub(crate) hours: Hours,
}

impl Timeline {
    pub(crate) fn shift(&mut self, sign: Sign, times: &Times, by: &Point) {
        self.minutes.shift(sign, times, by);
        self.hours.shift(sign, times, by);
    }

    pub(crate) fn forget(&mut self, newest: LogTime) {
        self.minutes.forget(newest);
        self.hours.forget(newest);
    }

    /// Whether [`Timeline::forget`] would change anything.
    pub(crate) fn is_dated(&self, newest: LogTime) -> bool {
        self.minutes.is_dated(newest) || self.hours.is_dated(newest)
    }

    pub(crate) fn merge(&mut self, other: &Timeline) {
        self.minutes.merge(&other.minutes);
        self.hours.merge(&other.hours);
    }

    /// Start of the first filled bucket: of its minute when all minutes of its hour are still held.
    pub(crate) fn first(&self, newest: LogTime) -> Option<LogTime> {
        let hour = self.hours.start()?;
        let held = Minutes::oldest(newest) <= Minutes::place(hour);
        self.minutes.start().filter(|_| held).or(Some(hour))
    }

    /// Start and end of the last filled bucket.
    pub(crate) fn last(&self) -> Option<(LogTime, LogTime)> {
        self.minutes.end().or_else(|| self.hours.end())
    }
}

/// The 24 hours that rates and impacts are taken over, in whole hour buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// Where it begins.
    pub(crate) from: LogTime,
    /// How long it is: one hour at least, and no longer than there are data.
    pub(crate) hours: Millionths,
}

impl Window {
    /// The window that ends at `now` of data that begin at `first`.
    pub(crate) fn ending(now: LogTime, first: Option<LogTime>) -> Window {
        let hour = HOUR_S * SECOND;
        let from = LogTime((now.0 / hour).saturating_sub(23) * hour);
        let begin = first.unwrap_or(now).max(from);
        let hours = Millionths::ratio(now.since(begin).0, hour);
        Window {
            from,
            hours: hours.max(Millionths::ONE),
        }
    }

    /// A weighted sum of nanoseconds as seconds an hour.
    pub(crate) fn seconds_per_hour(self, sum: u128) -> Millionths {
        // The sum is in millionths of nanoseconds, the hours are in millionths.
        Millionths(narrow(sum / 1_000 / u128::from(self.hours.0)))
    }

    /// A weighted count as a number an hour.
    pub(crate) fn per_hour(self, weight: u128) -> Millionths {
        Millionths(narrow(
            weight.saturating_mul(u128::from(MILLION)) / u128::from(self.hours.0),
        ))
    }
}

stored!(Point {
    traces,
    amount,
    saving,
    exposure,
});
stored!(Timeline { minutes, hours });

impl<const WIDTH: u64, const KEEP: u64> Stored for Buckets<WIDTH, KEEP> {
    fn write(&self, to: &mut Writer<'_>) {
        self.points.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Buckets {
            points: Stored::read(from)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: u64) -> LogTime {
        LogTime(minute * 60 * SECOND)
    }

    fn one() -> Point {
        Point {
            traces: 1,
            amount: 5,
            ..Point::default()
        }
    }

    #[test]
    fn buckets_stay_few_however_long_it_runs() {
        let mut line = Timeline::default();
        for minute in 0..50_000 {
            line.shift(Sign::Add, &Times::new(at(minute), at(minute)), &one());
        }
        assert_eq!(line.minutes.points.len(), 120);
        assert_eq!(line.hours.points.len(), 216);
        assert_eq!(line.minutes.last(60).len(), 60);
        assert_eq!(line.last(), Some((at(49_999), at(50_000))));
    }

    #[test]
    fn data_older_than_the_buckets_are_not_counted_and_not_taken_back() {
        let mut line = Timeline::default();
        line.shift(Sign::Add, &Times::new(at(20_000), at(20_000)), &one());
        let before = line.clone();
        line.shift(Sign::Add, &Times::new(at(3), at(20_000)), &one());
        assert_eq!(line, before);
        line.shift(Sign::Subtract, &Times::new(at(3), at(20_000)), &one());
        assert_eq!(line, before);
    }

    #[test]
    fn the_first_moment_is_a_minute_while_minutes_are_held_and_an_hour_after() {
        let mut line = Timeline::default();
        line.shift(Sign::Add, &Times::new(at(61), at(61)), &one());
        assert_eq!(line.first(at(61)), Some(at(61)));
        line.shift(Sign::Add, &Times::new(at(400), at(400)), &one());
        assert_eq!(line.first(at(400)), Some(at(60)));
    }

    #[test]
    fn the_window_is_an_hour_at_least_and_a_day_at_most() {
        let short = Window::ending(at(70), Some(at(61)));
        assert_eq!(short.hours, Millionths::ONE);
        let half_a_day = Window::ending(at(720), Some(at(0)));
        assert_eq!(half_a_day.hours, Millionths(12 * MILLION));
        let long = Window::ending(at(60 * 100), Some(at(0)));
        assert_eq!((long.from, long.hours), (at(60 * 77), Millionths(23 * MILLION)));
    }

    #[test]
    fn the_most_in_a_day_counts_neighbours_only() {
        let mut hours = Hours::default();
        for hour in [0, 1, 24, 60] {
            hours.shift(Sign::Add, &Times::new(at(hour * 60), at(60 * 60)), &one());
        }
        assert_eq!(hours.most_within(24), 2);
    }
}

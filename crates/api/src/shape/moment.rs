//! Moments as answers write them: RFC 3339 in UTC with nanoseconds.

use std::fmt;

use hotspan_model::{LogTime, Timestamp};
use serde::{Serialize, Serializer};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// Nanoseconds since 1970, written as `2026-01-02T03:04:05.000000006Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub u64);

const SECOND: u64 = 1_000_000_000;
const DAY_SECONDS: u64 = 86_400;

impl Moment {
    /// `2026-01-02 03:04 UTC`, for people.
    pub(crate) fn to_minute(self) -> String {
        let text = self.to_string();
        let (date, time) = text.split_once('T').unwrap_or((&text, ""));
        format!("{date} {} UTC", time.get(..5).unwrap_or(time))
    }
}

impl From<LogTime> for Moment {
    fn from(time: LogTime) -> Moment {
        Moment(time.0)
    }
}

impl From<Timestamp> for Moment {
    fn from(time: Timestamp) -> Moment {
        Moment(time.0)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanos) = (self.0 / SECOND, self.0 % SECOND);
        let (year, month, day) = date(seconds / DAY_SECONDS);
        let of_day = seconds % DAY_SECONDS;
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z"
        )
    }
}

/// Year, month and day of a day since 1970, by counting in years that begin in March, so that the leap day is last.
fn date(day: u64) -> (u64, u64, u64) {
    let day = day + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, of_year - (153 * from_march + 2) / 5 + 1)
}

/// Days from 1970 to a date; `None` when there is no such date or it is before 1970.
pub(crate) fn day(year: u64, month: u64, of_month: u64) -> Option<u64> {
    let plausible =
        (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&of_month);
    if !plausible {
        return None;
    }
    let shifted = year - u64::from(month <= 2);
    let (era, year_of_era) = (shifted / 400, shifted % 400);
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * from_march + 2) / 5 + of_month - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    let day = (era * 146_097 + of_era).checked_sub(719_468)?;
    (date(day) == (year, month, of_month)).then_some(day)
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        text.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339 in UTC with nanoseconds; 1970 when unknown."))
            .into()
    }
}

impl ToSchema for Moment {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_with_all_nine_digits() {
        for (nanos, text) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (951_782_400 * SECOND + 6, "2000-02-29T00:00:00.000000006Z"),
            (1_767_225_599 * SECOND, "2025-12-31T23:59:59.000000000Z"),
            (u64::MAX, "2554-07-21T23:34:33.709551615Z"),
        ] {
            assert_eq!(Moment(nanos).to_string(), text);
        }
    }

    #[test]
    fn every_day_reads_back() {
        for number in 0..213_503 {
            let (year, month, of_month) = date(number);
            assert_eq!(day(year, month, of_month), Some(number));
        }
        assert_eq!(day(2025, 2, 29), None);
        assert_eq!(day(1969, 12, 31), None);
    }
}

//! Moments as people ask for them: RFC 3339, Unix seconds, or relative to the snapshot.

use hotspan_model::LogTime;

use super::Problem;
use crate::shape::day;

/// What is said when a moment does not read.
const MOMENT: &str = "RFC 3339, Unix seconds, or relative: `-1h`, `90m`, `now`";

/// The same of an end.
const END: &str = "a moment to come: RFC 3339, Unix seconds, or from now: `2h`, `7d`";

const SECOND: u64 = 1_000_000_000;

/// The moment of the parameter `name`, `since` or `until`; an empty text does not filter.
pub(crate) fn bound(name: &str, text: &str, now: LogTime) -> Result<Option<LogTime>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let meant = moment(text, now).ok_or_else(|| Problem::bad_value(name, text, MOMENT))?;
    Ok(Some(meant))
}

/// The moment of the field `until`, after `now`; an empty text is no end.
pub(crate) fn until(text: &str, now: LogTime) -> Result<Option<LogTime>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let ahead = ago(text).filter(|_| !text.starts_with('-'));
    let meant = match ahead {
        Some(nanos) => Some(LogTime(now.0.saturating_add(nanos))),
        None => moment(text, now),
    };
    let meant = meant.filter(|&meant| now < meant);
    meant
        .map(Some)
        .ok_or_else(|| Problem::bad_value("until", text, END))
}

/// The moment `text` means when the snapshot was made at `now`; `None` when it means none.
pub(super) fn moment(text: &str, now: LogTime) -> Option<LogTime> {
    if text == "now" {
        return Some(now);
    }
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(LogTime(seconds.saturating_mul(SECOND)));
    }
    match ago(text) {
        Some(nanos) => Some(LogTime(now.0.saturating_sub(nanos))),
        None => rfc3339(text),
    }
}

/// Nanoseconds of `-1h`, `90m`, `30s`, `7d`; both forms mean before now.
fn ago(text: &str) -> Option<u64> {
    let text = text.strip_prefix('-').unwrap_or(text);
    let unit = text.chars().next_back()?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let count: u64 = digits(&text[..text.len() - 1])?;
    Some(count.saturating_mul(seconds).saturating_mul(SECOND))
}

/// `2026-01-02T03:04:05.678Z`, with an offset instead of `Z`, and a blank instead of `T`; a `+` that a query string
/// turned into a blank is understood.
pub fn rfc3339(text: &str) -> Option<LogTime> {
    let (date, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (time, rest) = rest.split_at_checked(8)?;
    let (nanos, zone) = fraction(rest)?;
    let [year, month, of_month] = parts(date, '-')?;
    let [hour, minute, second] = parts(time, ':')?;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let local = day(year, month, of_month)? * 86_400 + hour * 3_600 + minute * 60 + second;
    let seconds = local.checked_add_signed(-offset(zone)?)?;
    Some(LogTime(seconds.checked_mul(SECOND)?.checked_add(nanos)?))
}

/// Nanoseconds of `.678`, and what follows.
fn fraction(text: &str) -> Option<(u64, &str)> {
    let Some(text) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (fraction, zone) = text.split_at(end);
    let nanos = digits(&format!("{:0<9.9}", fraction))?;
    (!fraction.is_empty()).then_some((nanos, zone))
}

/// Seconds east of Greenwich.
fn offset(zone: &str) -> Option<i64> {
    if zone == "Z" || zone == "z" {
        return Some(0);
    }
    let east = zone.strip_prefix(['+', ' ']);
    let [hours, minutes] = parts(east.or_else(|| zone.strip_prefix('-'))?, ':')?;
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = i64::try_from(hours * 3_600 + minutes * 60).ok()?;
    Some(if east.is_some() { seconds } else { -seconds })
}

fn parts<const N: usize>(text: &str, separator: char) -> Option<[u64; N]> {
    let numbers: Option<Vec<u64>> = text.split(separator).map(digits).collect();
    numbers?.try_into().ok()
}

fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_in_every_form() {
        let now = LogTime(1_800_000_000 * SECOND);
        for (text, seconds, nanos) in [
            ("now", 1_800_000_000, 0),
            ("-1h", 1_799_996_400, 0),
            ("90m", 1_799_994_600, 0),
            ("0", 0, 0),
            ("1764000000", 1_764_000_000, 0),
            ("2025-11-24T16:00:00Z", 1_764_000_000, 0),
            ("2025-11-24T18:00:00.25+02:00", 1_764_000_000, 250_000_000),
            ("2025-11-24T18:00:00 02:00", 1_764_000_000, 0),
            ("2025-11-24t10:30:00.000000001-05:30", 1_764_000_000, 1),
            ("99999999999999999999h", 0, u64::MAX),
        ] {
            let expected = (nanos < u64::MAX).then_some(LogTime(seconds * SECOND + nanos));
            assert_eq!(moment(text, now), expected, "{text}");
        }
    }

    #[test]
    fn nonsense_is_no_moment() {
        for text in [
            "",
            "-",
            "h",
            "yesterday",
            "2025-02-30T00:00:00Z",
            "2025-11-24",
            "2025-11-24T25:00:00Z",
            "2025-11-24T16:00:00",
            "2025-11-24T16:00:00.Z",
            "1é",
            "äöüäöüäöüäöü",
            "2025-11-24T16:00:00+9:9:9",
        ] {
            assert_eq!(moment(text, LogTime(0)), None, "{text}");
        }
    }
}

//! Moments and durations as other tools write them.

const SECOND: u64 = 1_000_000_000;

/// Nanoseconds since 1970 of a number of seconds, milliseconds, microseconds or nanoseconds, told apart by magnitude:
/// clients disagree on the unit, and no moment between 1973 and 5138 reads in two of them.
pub(crate) fn moment(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit());
    let number: u64 = digits.then(|| text.parse().ok()).flatten()?;
    Some(match number {
        0..100_000_000_000 => number * SECOND,
        100_000_000_000..100_000_000_000_000 => number * 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => number.saturating_mul(1_000),
        _ => number,
    })
}

/// Nanoseconds of a duration as Go writes it: `1.2s`, `100ms`, `1h30m`; `None` for anything else.
pub(crate) fn go_duration(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let mut rest = text;
    let mut sum = 0_u64;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (digits, after) = rest.split_at(number);
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.');
        let (unit, after) = after.split_at(end.unwrap_or(after.len()));
        sum = sum.checked_add(decimal(digits, unit_nanos(unit)?)?)?;
        rest = after;
    }
    (!text.is_empty()).then_some(sum)
}

fn unit_nanos(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        // The micro sign and the Greek letter.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3_600 * SECOND,
        _ => return None,
    })
}

/// `digits` times `unit` without a float; places beyond the ninth are dropped.
fn decimal(digits: &str, unit: u64) -> Option<u64> {
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    if (whole.is_empty() && places.is_empty()) || places.contains('.') {
        return None;
    }
    let whole: u64 = match whole {
        "" => 0,
        _ => whole.parse().ok()?,
    };
    let billionths: u128 = format!("{places:0<9.9}").parse().ok()?;
    let fraction = u64::try_from(billionths * u128::from(unit) / u128::from(SECOND)).ok()?;
    whole.checked_mul(unit)?.checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_go_writes_them() {
        for (text, nanos) in [
            ("0", Some(0)),
            ("1.2s", Some(1_200_000_000)),
            ("100ms", Some(100_000_000)),
            ("250us", Some(250_000)),
            ("250\u{b5}s", Some(250_000)),
            ("1h2m3.5s", Some(3_723_500_000_000)),
            (".5ms", Some(500_000)),
            ("1.ms", Some(1_000_000)),
            ("7ns", Some(7)),
            ("", None),
            ("5", None),
            ("-1s", None),
            ("1.2.3s", None),
            (".s", None),
            ("1 s", None),
            ("1parsec", None),
            ("99999999999999999999h", None),
            ("9999999999h", None),
            ("1\u{e9}", None),
        ] {
            assert_eq!(go_duration(text), nanos, "{text}");
        }
    }

    #[test]
    fn the_unit_of_a_moment_is_told_by_its_magnitude() {
        let nanos = 1_764_000_000 * SECOND;
        for text in [
            "1764000000",
            "1764000000000",
            "1764000000000000",
            "1764000000000000000",
        ] {
            assert_eq!(moment(text), Some(nanos), "{text}");
        }
        assert_eq!(moment("0"), Some(0));
        for text in [
            "",
            "-1",
            "1.5",
            "now",
            "1e9",
            "99999999999999999999",
            "100000000000000000000",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}

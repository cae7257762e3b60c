//! Scalars of JSON in the many forms that senders give them.

/// An integer: digits, or a decimal or exponent form without fraction.
pub(super) fn integer(text: &[u8]) -> Option<i128> {
    // Beyond this no 64-bit integer is left, and i128 still holds every step.
    const DIGITS_MAX: usize = 36;
    let (negative, digits) = match text.trim_ascii() {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let mut value: i128 = 0;
    let (mut seen, mut fraction, mut exponent) = (0, None, 0_i64);
    for (at, &byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                seen += 1;
                // Trailing zeros of a fraction may be many; they are taken back below.
                if seen > DIGITS_MAX {
                    return None;
                }
                value = value * 10 + i128::from(byte - b'0');
                fraction = fraction.map(|places: i64| places + 1);
            }
            b'.' if fraction.is_none() => fraction = Some(0),
            b'e' | b'E' => {
                exponent = std::str::from_utf8(&digits[at + 1..]).ok()?.parse().ok()?;
                break;
            }
            _ => return None,
        }
    }
    if seen == 0 {
        return None;
    }
    let mut shift = exponent.checked_sub(fraction.unwrap_or(0))?;
    while shift < 0 && value % 10 == 0 && value != 0 {
        value /= 10;
        shift += 1;
    }
    if value == 0 {
        return Some(0);
    }
    let scale = 10_i128.checked_pow(u32::try_from(shift).ok()?)?;
    let value = value.checked_mul(scale)?;
    Some(if negative { -value } else { value })
}

/// A double: a number, or the names of what is none.
pub(super) fn double(text: &[u8]) -> Option<f64> {
    match text {
        b"NaN" => Some(f64::NAN),
        b"Infinity" => Some(f64::INFINITY),
        b"-Infinity" => Some(f64::NEG_INFINITY),
        _ => {
            let text = std::str::from_utf8(text).ok()?;
            // `parse` takes "inf" and "nan", which JSON does not have.
            let digits = text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
            digits.then(|| text.parse().ok()).flatten()
        }
    }
}

/// Appends the bytes of a hex text; `false`, with nothing appended, when it is none.
pub(super) fn hex(text: &[u8], out: &mut Vec<u8>) -> bool {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let even = text.len().is_multiple_of(2) && text.iter().all(u8::is_ascii_hexdigit);
    if even {
        let pair = |pair: &[u8]| {
            digit(pair[0])
                .zip(digit(pair[1]))
                .map(|(high, low)| (high << 4 | low) as u8)
        };
        out.extend(text.chunks_exact(2).filter_map(pair));
    }
    even
}

/// Appends the bytes of a base64 text, of either alphabet, padded or not; `false` when it is none.
pub(super) fn base64(text: &[u8], out: &mut Vec<u8>) -> bool {
    let mut end = text.len();
    while end > 0 && text[end - 1] == b'=' {
        end -= 1;
    }
    let mut bits = 0_u32;
    for (at, &byte) in text[..end].iter().enumerate() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return false,
        };
        bits = bits << 6 | u32::from(six);
        // Every sextet but the first of four completes a byte.
        if at % 4 > 0 {
            out.push((bits >> (6 - 2 * (at % 4))) as u8);
        }
    }
    end % 4 != 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j2_integers_come_in_many_forms() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-7", Some(-7)),
            ("1.5447e18", Some(1_544_700_000_000_000_000)),
            ("1.5447E+18", Some(1_544_700_000_000_000_000)),
            ("120e-1", Some(12)),
            ("2.0", Some(2)),
            ("0.000", Some(0)),
            ("-9223372036854775808", Some(i128::from(i64::MIN))),
            ("18446744073709551615", Some(i128::from(u64::MAX))),
            ("1.5", None),
            ("1e99", None),
            ("", None),
            ("-", None),
            ("1x", None),
        ] {
            assert_eq!(integer(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn j3_doubles_may_be_no_numbers() {
        assert_eq!(double(b"1.25"), Some(1.25));
        assert!(double(b"NaN").unwrap().is_nan());
        assert_eq!(double(b"-Infinity"), Some(f64::NEG_INFINITY));
        assert_eq!(double(b"nan"), None);
        assert_eq!(double(b"x"), None);
    }

    #[test]
    fn j7_base64_comes_in_either_alphabet_with_or_without_padding() {
        for (text, expected) in [
            ("", &b""[..]),
            ("Zg==", b"f"),
            ("Zg", b"f"),
            ("Zm8=", b"fo"),
            ("Zm9v", b"foo"),
            ("+/+/", &[0xfb, 0xff, 0xbf]),
            ("-_-_", &[0xfb, 0xff, 0xbf]),
        ] {
            let mut out = Vec::new();
            assert!(base64(text.as_bytes(), &mut out), "{text}");
            assert_eq!(out, expected, "{text}");
        }
        assert!(!base64(b"Z", &mut Vec::new()));
        assert!(!base64(b"Z*==", &mut Vec::new()));
    }

    #[test]
    fn j1_hex_comes_in_any_case() {
        let mut out = Vec::new();
        assert!(hex(b"00aFFf", &mut out));
        assert_eq!(out, [0, 0xaf, 0xff]);
        assert!(!hex(b"abc", &mut out) && !hex(b"zz", &mut out));
    }
}

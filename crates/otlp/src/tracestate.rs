//! Consistent probability sampling: the threshold in `tracestate`.

use hotspan_model::{MILLION, Threshold};

/// What `tracestate` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Nothing about sampling.
    Nothing,
    /// This threshold.
    Threshold(Threshold),
    /// Something that cannot be read.
    Malformed,
}

/// Reads the member `ot=th:<hex>`: 1 to 14 digits, left-aligned to 56 bits.
pub(crate) fn threshold(tracestate: &[u8]) -> Said {
    let members = tracestate.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
    let Some(ours) = members.filter_map(|member| member.strip_prefix(b"ot=")).next() else {
        return Said::Nothing;
    };
    let fields = ours.split(|&byte| byte == b';');
    let Some(digits) = fields.filter_map(|field| field.strip_prefix(b"th:")).next() else {
        return Said::Nothing;
    };
    match hex(digits) {
        Some(threshold) => Said::Threshold(Threshold(threshold)),
        None => Said::Malformed,
    }
}

fn hex(digits: &[u8]) -> Option<u64> {
    const DIGITS_MAX: usize = 14;
    if digits.is_empty() || digits.len() > DIGITS_MAX {
        return None;
    }
    let mut value = 0;
    for &digit in digits {
        value = value << 4 | u64::from(char::from(digit).to_digit(16)?);
    }
    Some(value << (4 * (DIGITS_MAX - digits.len())))
}

/// The threshold of a sampler that keeps this share, in millionths; `None` when it keeps nothing.
pub(crate) fn of_share(millionths: u64) -> Option<Threshold> {
    const FULL: u128 = 1 << 56;
    let kept = FULL * u128::from(millionths) / u128::from(MILLION);
    (0 < kept && kept <= FULL).then(|| Threshold((FULL - kept) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c13_thresholds_are_left_aligned_hex() {
        for (state, expected) in [
            ("", Said::Nothing),
            ("vendor=1", Said::Nothing),
            ("ot=rv:ab", Said::Nothing),
            ("ot=th:8", Said::Threshold(Threshold(8 << 52))),
            (
                "a=b, ot=rv:00000000000001;th:c",
                Said::Threshold(Threshold(12 << 52)),
            ),
            ("ot=th:0", Said::Threshold(Threshold(0))),
            ("ot=th:ffffffffffffff", Said::Threshold(Threshold((1 << 56) - 1))),
            ("ot=th:", Said::Malformed),
            ("ot=th:xyz", Said::Malformed),
            ("ot=th:123456789012345", Said::Malformed),
        ] {
            assert_eq!(threshold(state.as_bytes()), expected, "{state}");
        }
    }

    #[test]
    fn a_share_is_a_threshold() {
        assert_eq!(of_share(1_000_000), Some(Threshold(0)));
        assert_eq!(of_share(250_000), Some(Threshold(12 << 52)));
        assert_eq!(of_share(0), None);
        assert_eq!(of_share(2_000_000), None);
    }
}

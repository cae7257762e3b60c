//! Numbers as decimals, made from integers.

/// Nanoseconds as seconds.
pub(super) fn seconds(nanos: u64) -> String {
    format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000)
}

/// Millionths of a nanosecond as seconds, without what is below a nanosecond.
pub(super) fn weighted_seconds(millionths: u128) -> String {
    let nanos = millionths / 1_000_000;
    format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000)
}

/// The same as milliseconds.
pub(super) fn weighted_millis(millionths: u128) -> String {
    let nanos = millionths / 1_000_000;
    format!("{}.{:06}", nanos / 1_000_000, nanos % 1_000_000)
}

/// Millionths as a number: whole where it is, as it is without sampling.
pub(super) fn weighted_count(millionths: u128) -> String {
    let (whole, part) = (millionths / 1_000_000, millionths % 1_000_000);
    match part {
        0 => whole.to_string(),
        part => format!("{whole}.{part:06}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_rounded_up() {
        assert_eq!(seconds(1_500_000_001), "1.500000001");
        assert_eq!(weighted_seconds(2_000_000_999_999), "0.002000000");
        assert_eq!(weighted_millis(2_000_001_999_999), "2.000001");
        assert_eq!(weighted_count(3_000_000), "3");
        assert_eq!(weighted_count(3_500_000), "3.500000");
    }
}

//! Two kinds of time that never mix: what spans claim, and when their bytes arrived.

use std::fmt;

/// A moment that a span claims: nanoseconds since 1970. Any value may arrive, zero and `u64::MAX` included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The moment `length` later, or the end of time.
    pub fn after(self, length: Nanos) -> Timestamp {
        Timestamp(self.0.saturating_add(length.0))
    }

    /// How long after `earlier` this is; zero when it is not.
    pub fn since(self, earlier: Timestamp) -> Nanos {
        Nanos(self.0.saturating_sub(earlier.0))
    }
}

/// A length of time in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(pub u64);

impl Nanos {
    /// No time at all.
    pub const ZERO: Nanos = Nanos(0);

    /// So many milliseconds.
    pub const fn from_millis(millis: u64) -> Nanos {
        Nanos(millis * 1_000_000)
    }

    /// So many seconds.
    pub const fn from_secs(secs: u64) -> Nanos {
        Nanos(secs * 1_000_000_000)
    }

    /// The sum, or the longest length there is.
    pub fn plus(self, other: Nanos) -> Nanos {
        Nanos(self.0.saturating_add(other.0))
    }

    /// The difference, or zero.
    pub fn minus(self, other: Nanos) -> Nanos {
        Nanos(self.0.saturating_sub(other.0))
    }
}

impl std::iter::Sum for Nanos {
    fn sum<I: Iterator<Item = Nanos>>(iter: I) -> Nanos {
        iter.fold(Nanos::ZERO, Nanos::plus)
    }
}

impl fmt::Display for Nanos {
    /// As people say it, three digits at most: `412 ms`, `1.3 s`, `85 µs`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = match self.0 {
            0..1_000 => return write!(f, "{} ns", self.0),
            1_000..1_000_000 => (1_000, "µs"),
            1_000_000..1_000_000_000 => (1_000_000, "ms"),
            1_000_000_000.. => (1_000_000_000, "s"),
        };
        let (whole, rest) = (self.0 / unit, self.0 % unit);
        let tenth = rest * 10 / unit;
        match whole < 10 && tenth > 0 {
            true => write!(f, "{whole}.{tenth} {name}"),
            false => write!(f, "{whole} {name}"),
        }
    }
}

/// A moment of the log: nanoseconds since 1970 by the receiver's clock, made monotone. Drives every closing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogTime(pub u64);

impl LogTime {
    /// The moment `length` later, or the end of time.
    pub fn after(self, length: Nanos) -> LogTime {
        LogTime(self.0.saturating_add(length.0))
    }

    /// How long after `earlier` this is; zero when it is not.
    pub fn since(self, earlier: LogTime) -> Nanos {
        Nanos(self.0.saturating_sub(earlier.0))
    }
}

/// A record's place in the ordered log of one shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub u64);

/// Where in the log something happens: the record that is being handled, and the log's clock at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogPos {
    /// The record.
    pub offset: Offset,
    /// The highest record time so far.
    pub time: LogTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_read_as_people_say_them() {
        for (nanos, text) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (85_300, "85 µs"),
            (1_300_000_000, "1.3 s"),
            (412_000_000, "412 ms"),
        ] {
            assert_eq!(Nanos(nanos).to_string(), text);
        }
    }

    #[test]
    fn arithmetic_at_the_end_of_time_saturates() {
        assert_eq!(Timestamp(u64::MAX).after(Nanos(1)), Timestamp(u64::MAX));
        assert_eq!(Timestamp(1).since(Timestamp(2)), Nanos::ZERO);
    }
}

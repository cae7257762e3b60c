//! The clock of a log: each record is one offset further, and time goes on only when told to.

use hotspan_model::{LogPos, LogTime, Nanos, Offset};

/// Where a log stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogClock {
    now: LogPos,
}

impl LogClock {
    /// A log whose first record comes after this time.
    pub fn starting(time: LogTime) -> LogClock {
        let offset = Offset(0);
        LogClock {
            now: LogPos { offset, time },
        }
    }

    /// The newest record.
    pub fn now(&self) -> LogPos {
        self.now
    }

    /// The next record, so much later.
    pub fn after(&mut self, wait: Nanos) -> LogPos {
        self.at(self.now.time.after(wait))
    }

    /// The next record, at `time`; time never steps back.
    pub fn at(&mut self, time: LogTime) -> LogPos {
        self.now = LogPos {
            offset: Offset(self.now.offset.0 + 1),
            time: self.now.time.max(time),
        };
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_record_has_an_offset_of_its_own_and_time_never_steps_back() {
        let mut clock = LogClock::starting(LogTime(5));
        let seen = [clock.at(LogTime(9)), clock.at(LogTime(7)), clock.after(Nanos(2))];
        assert_eq!(seen.map(|at| at.offset.0), [1, 2, 3]);
        assert_eq!(seen.map(|at| at.time.0), [9, 9, 11]);
        assert_eq!(clock.now(), seen[2]);
    }
}

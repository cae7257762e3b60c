//! How many traces came in each minute of the last hour. Small, for every operation has one.

use hotspan_model::LogTime;

use crate::sign::Sign;
use crate::stored::stored;
use crate::times::Times;

const MINUTE: u64 = 60_000_000_000;
/// Minutes that are held: those of an hour, and the one that has begun.
const MINUTES: u64 = 61;

/// Minutes since 1970 and their traces, ascending, none of them empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recent {
    minutes: Vec<(u64, u64)>,
}

impl Recent {
    /// Adds one trace, or takes it back; nothing happens when it is too old.
    pub(crate) fn shift(&mut self, sign: Sign, times: &Times) {
        let oldest = (times.now.minute + 1).saturating_sub(MINUTES);
        if self.minutes.first().is_some_and(|first| first.0 < oldest) {
            self.minutes.retain(|row| oldest <= row.0);
        }
        let minute = times.place.minute;
        // Mostly the last minute is meant.
        match self.minutes.last_mut() {
            Some(last) if last.0 == minute && sign == Sign::Add => sign.count(&mut last.1, 1),
            Some(_) | None if oldest <= minute => self.add(sign, minute, 1),
            Some(_) | None => {}
        }
    }

    fn add(&mut self, sign: Sign, minute: u64, by: u64) {
        let from = self.minutes.partition_point(|row| row.0 < minute);
        let is_held = self.minutes.get(from).is_some_and(|row| row.0 == minute);
        match sign {
            Sign::Add if !is_held => self.minutes.insert(from, (minute, by)),
            Sign::Subtract if !is_held => {}
            Sign::Add | Sign::Subtract => {
                sign.count(&mut self.minutes[from].1, by);
                if self.minutes[from].1 == 0 {
                    self.minutes.remove(from);
                }
            }
        }
    }

    /// Adds that of another shard.
    pub(crate) fn merge(&mut self, other: &Recent) {
        for &(minute, traces) in &other.minutes {
            self.add(Sign::Add, minute, traces);
        }
    }

    /// Traces in the minutes from `from` on.
    pub(crate) fn since(&self, from: LogTime) -> u64 {
        let later = self.minutes.iter().filter(|row| from.0 / MINUTE <= row.0);
        later.fold(0, |sum, row| sum.saturating_add(row.1))
    }
}

stored!(Recent { minutes });

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: u64) -> LogTime {
        LogTime(minute * MINUTE)
    }

    #[test]
    fn an_hour_is_held_and_what_is_taken_back_was_never_there() {
        let mut recent = Recent::default();
        for minute in 0..200 {
            recent.shift(Sign::Add, &Times::new(at(minute), at(minute)));
        }
        assert_eq!((recent.minutes.len(), recent.since(at(190))), (61, 10));
        let before = recent.clone();
        recent.shift(Sign::Add, &Times::new(at(150), at(199)));
        recent.shift(Sign::Subtract, &Times::new(at(150), at(199)));
        recent.shift(Sign::Add, &Times::new(at(3), at(199)));
        recent.shift(Sign::Subtract, &Times::new(at(3), at(199)));
        assert_eq!(recent, before);
        recent.shift(Sign::Subtract, &Times::new(at(199), at(199)));
        assert_eq!(recent.since(at(199)), 0);
    }
}

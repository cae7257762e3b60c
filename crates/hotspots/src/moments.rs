//! Short histories: what happened in which stretch of time, for facts that are compared moment by moment.
//!
//! Which stretch a moment falls in follows from what its span claims. A stretch holds so many different moments and
//! counts the others; one that had others cannot be judged, and says so however its moments were spread over
//! shards.

use std::collections::VecDeque;

use hotspan_model::{FactKind, FactRow, LogTime};

use crate::sign::{self, Sign};
use crate::stored::{Reader, Stored, Unreadable, Writer, stored};
use crate::times::Times;

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const TWO_MINUTES: u64 = 2 * MINUTE;
/// A span whose claim is further from the moment its trace counts at has no moment.
const ASTRAY: u64 = 3_600 * SECOND;
/// Different moments that one stretch holds.
pub(crate) const MOMENTS_MAX: usize = 256;

/// How long the stretches of a kind are, and how many are held.
fn stretch(kind: FactKind) -> Option<(u64, u64)> {
    match kind {
        FactKind::Read | FactKind::Wrote => Some((TWO_MINUTES, 30)),
        FactKind::Sent
        | FactKind::Entered
        | FactKind::Strayed
        | FactKind::Working
        | FactKind::Sending
        | FactKind::Taken => Some((MINUTE, 15)),
        FactKind::Busy | FactKind::Waited => Some((SECOND, 900)),
        FactKind::Used
        | FactKind::Served
        | FactKind::Paired
        | FactKind::Carried
        | FactKind::Looped
        | FactKind::Orphaned
        | FactKind::Wordless
        | FactKind::Nameless
        | FactKind::Queued
        | FactKind::Survived
        | FactKind::Sunk
        | FactKind::Emptied => None,
    }
}

/// How many moments of all facts may be held when one of a kind comes. What only means something where something else
/// is found that rarely is leaves room for the others.
pub(crate) fn most(kind: FactKind, most: usize) -> usize {
    match matches!(kind, FactKind::Working | FactKind::Sending) {
        true => most / 4,
        false => most,
    }
}

/// The number of the stretch that a moment falls in.
pub(crate) fn place(kind: FactKind, at: LogTime) -> u64 {
    let (length, _) = stretch(kind).unwrap_or((SECOND, 0));
    number(at.0, length)
}

/// The first stretch that is held when the latest data are at `newest`.
fn oldest(kind: FactKind, newest: LogTime) -> u64 {
    let (length, keep) = stretch(kind).unwrap_or((SECOND, 0));
    (number(newest.0, length) + 1).saturating_sub(keep)
}

/// How many stretches of a length were before. To divide by what is known beforehand is quicker.
fn number(at: u64, length: u64) -> u64 {
    match length {
        SECOND => at / SECOND,
        MINUTE => at / MINUTE,
        TWO_MINUTES => at / TWO_MINUTES,
        _ => at / length,
    }
}

/// One moment, or several that are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Happened {
    /// Compared for equality only.
    pub(crate) key: (u64, u64),
    /// How often.
    pub(crate) times: u64,
    /// How long together.
    pub(crate) time: u128,
}

/// What happened in one stretch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stretch {
    /// By key, to be found quickly; the order says nothing.
    pub(crate) happened: Vec<Happened>,
    beyond: u64,
}

impl Stretch {
    /// More happened than is held.
    pub(crate) fn is_crowded(&self) -> bool {
        self.beyond > 0 || self.happened.len() > MOMENTS_MAX
    }

    fn shift(&mut self, sign: Sign, by: &Happened, most: usize) {
        // Mostly it is later than all that is held.
        let known = match self.happened.last() {
            Some(last) if last.key < by.key => Err(self.happened.len()),
            Some(_) | None => self.happened.binary_search_by_key(&by.key, |held| held.key),
        };
        match (known, sign) {
            (Ok(at), _) => {
                let held = &mut self.happened[at];
                sign.count(&mut held.times, by.times);
                sign.sum(&mut held.time, by.time);
                if held.times == 0 {
                    self.happened.remove(at);
                }
            }
            (Err(at), Sign::Add) if self.happened.len() < most => self.happened.insert(at, *by),
            (Err(_), Sign::Add | Sign::Subtract) => sign.count(&mut self.beyond, by.times),
        }
    }
}

/// Stretches by their number since 1970.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moments {
    /// Ascending.
    stretches: VecDeque<(u64, Stretch)>,
    /// Moments in all of them.
    held: usize,
}

impl Moments {
    /// Adds the moment of a row, or takes it back; nothing happens when it is too old. Without `room` a new moment is
    /// only counted.
    pub(crate) fn shift(&mut self, sign: Sign, row: &FactRow, times: &Times, room: bool) {
        let (Some(moment), Some((length, keep))) = (row.moment, stretch(row.kind)) else {
            return;
        };
        let oldest = (number(times.newest.0, length) + 1).saturating_sub(keep);
        self.forget_before(oldest);
        let place = number(moment.at.0, length);
        if place < oldest || moment.at.0.abs_diff(times.at.0) > ASTRAY {
            return;
        }
        let happened = Happened {
            key: moment.key,
            times: 1,
            time: sign::nanos(row.time).into(),
        };
        let at = self.at(place);
        let held = &mut self.stretches[at].1;
        let before = held.happened.len();
        held.shift(sign, &happened, if room { MOMENTS_MAX } else { 0 });
        self.held = self.held + held.happened.len() - before;
        if held.happened.is_empty() && held.beyond == 0 {
            self.stretches.remove(at);
        }
    }

    /// Where the stretch is; it is made if it is not there. Mostly it is the last one.
    fn at(&mut self, place: u64) -> usize {
        let at = match self.stretches.back() {
            Some(last) if last.0 == place => return self.stretches.len() - 1,
            Some(_) | None => self.stretches.partition_point(|held| held.0 < place),
        };
        if self.stretches.get(at).is_none_or(|held| held.0 != place) {
            self.stretches.insert(at, (place, Stretch::default()));
        }
        at
    }

    /// Drops the stretches that are too old beside `newest`.
    pub(crate) fn forget(&mut self, kind: FactKind, newest: LogTime) {
        self.forget_before(oldest(kind, newest));
    }

    fn forget_before(&mut self, oldest: u64) {
        while let Some(first) = self.stretches.front()
            && first.0 < oldest
        {
            self.held -= first.1.happened.len();
            self.stretches.pop_front();
        }
    }

    /// Whether [`Moments::forget`] would change anything.
    pub(crate) fn is_dated(&self, kind: FactKind, newest: LogTime) -> bool {
        let first = self.stretches.front();
        first.is_some_and(|first| first.0 < oldest(kind, newest))
    }

    /// How many moments are held.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Adds that of another shard.
    pub(crate) fn merge(&mut self, other: &Moments) {
        for (place, stretch) in &other.stretches {
            let at = self.at(*place);
            let held = &mut self.stretches[at].1;
            Sign::Add.count(&mut held.beyond, stretch.beyond);
            for happened in &stretch.happened {
                held.shift(Sign::Add, happened, usize::MAX);
            }
        }
        let held = self.stretches.iter().map(|held| held.1.happened.len());
        self.held = held.sum();
    }

    /// The stretches of `kind` that are not too old beside `newest`, earliest first, by their number.
    pub(crate) fn since(&self, kind: FactKind, newest: LogTime) -> impl Iterator<Item = (u64, &Stretch)> {
        let oldest = oldest(kind, newest);
        let from = self.stretches.partition_point(|held| held.0 < oldest);
        self.stretches.range(from..).map(|held| (held.0, &held.1))
    }
}

stored!(Happened { key, times, time });
stored!(Stretch { happened, beyond });

impl Stored for Moments {
    fn write(&self, to: &mut Writer<'_>) {
        to.list(self.stretches.iter());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        let stretches: VecDeque<(u64, Stretch)> = from.list()?.into();
        let held = stretches.iter().map(|held| held.1.happened.len()).sum();
        Ok(Moments { stretches, held })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotspan_model::{Class, Dictionary, Facts, LocalDictionary, Moment, OpRef, Timestamp, Vocabulary};

    fn row(second: u64, key: u64) -> FactRow {
        let mut dictionary = LocalDictionary::default();
        let service = dictionary.admit(Vocabulary::Text, None, "shop", Facts::None);
        let at = OpRef {
            service,
            operation: service,
        };
        FactRow {
            moment: Some(Moment {
                at: Timestamp(second * SECOND),
                key: (key, 0),
            }),
            ..FactRow::new(FactKind::Read, Class::Db, at)
        }
    }

    fn at(second: u64) -> LogTime {
        LogTime(second * SECOND)
    }

    #[test]
    fn a_stretch_with_more_moments_than_it_holds_is_crowded_in_one_shard_and_in_two() {
        let add = |moments: &mut Moments, keys: std::ops::Range<u64>| {
            for key in keys {
                moments.shift(
                    Sign::Add,
                    &row(6_000, key),
                    &Times::new(at(6_000), at(6_000)),
                    true,
                );
            }
        };
        let crowded = |moments: &Moments| {
            let stretch = moments.since(FactKind::Read, at(6_000)).next();
            stretch.is_some_and(|(_, stretch)| stretch.is_crowded())
        };
        let most = MOMENTS_MAX as u64;
        let (mut one, mut first, mut second) = (Moments::default(), Moments::default(), Moments::default());
        add(&mut one, 0..most);
        assert!(!crowded(&one));
        add(&mut one, most..most + 1);
        assert!(crowded(&one));
        add(&mut first, 0..200);
        add(&mut second, 200..most + 1);
        assert!(!crowded(&first) && !crowded(&second));
        first.merge(&second);
        assert!(crowded(&first));
    }

    #[test]
    fn what_is_taken_back_or_too_old_was_never_there() {
        let mut moments = Moments::default();
        moments.shift(Sign::Add, &row(6_000, 1), &Times::new(at(6_000), at(6_000)), true);
        moments.shift(
            Sign::Subtract,
            &row(6_000, 1),
            &Times::new(at(6_000), at(6_000)),
            true,
        );
        assert!(moments.stretches.is_empty());
        moments.shift(
            Sign::Add,
            &row(6_000, 1),
            &Times::new(at(6_000), at(60_000)),
            true,
        );
        assert!(moments.stretches.is_empty());
        moments.shift(
            Sign::Add,
            &row(6_000, 1),
            &Times::new(at(16_000), at(16_000)),
            true,
        );
        assert!(
            moments.stretches.is_empty(),
            "a span that claims another time than its trace"
        );
    }
}

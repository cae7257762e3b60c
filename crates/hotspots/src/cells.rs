//! Sums by stretch of time. The last stretch is at hand, for nearly everything falls in it; those before are shared with
//! readers until one of them changes.

use std::sync::Arc;

use crate::sign::Sign;
use crate::stored::{Reader, Stored, Unreadable, Writer};

/// Stretches for which a stored list gets room at once; there are fewer.
const READ_MAX: usize = 512;

/// What is summed.
pub(crate) trait Sum: Copy + Default {
    fn shift(&mut self, sign: Sign, by: &Self);
    fn is_empty(&self) -> bool;
}

/// Filled stretches by their number since 1970, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cells<C> {
    /// Number of the first of all.
    first: u64,
    /// Empty when there are none.
    last: (u64, C),
    /// None rather than an empty list.
    past: Option<Arc<Vec<(u64, C)>>>,
}

impl<C: Sum> Cells<C> {
    /// Adds to a stretch, or takes back; nothing happens before `oldest`, and what is there before it is dropped.
    #[inline]
    pub(crate) fn shift(&mut self, sign: Sign, place: u64, by: &C, oldest: u64) {
        if place == self.last.0 && oldest <= self.first && sign == Sign::Add {
            return self.last.1.shift(Sign::Add, by);
        }
        self.shift_any(sign, place, by, oldest);
    }

    #[inline(never)]
    fn shift_any(&mut self, sign: Sign, place: u64, by: &C, oldest: u64) {
        self.forget(oldest);
        if place < oldest {
            return;
        }
        if place > self.last.0 {
            self.push(place);
        }
        match place == self.last.0 {
            true => self.last.1.shift(sign, by),
            false => self.shift_past(sign, place, by),
        }
        self.settle();
    }

    /// Makes the last stretch one of those before.
    fn push(&mut self, place: u64) {
        let last = std::mem::replace(&mut self.last, (place, C::default()));
        if !last.1.is_empty() {
            self.past_mut().push(last);
        }
    }

    fn shift_past(&mut self, sign: Sign, place: u64, by: &C) {
        let past = self.past_mut();
        let at = past.partition_point(|cell| cell.0 < place);
        if past.get(at).is_none_or(|cell| cell.0 != place) {
            past.insert(at, (place, C::default()));
        }
        past[at].1.shift(sign, by);
        if past[at].1.is_empty() {
            past.remove(at);
        }
    }

    /// Keeps what the fields say of themselves.
    fn settle(&mut self) {
        if self.last.1.is_empty() {
            let before = match self.past.is_some() {
                true => self.past_mut().pop(),
                false => None,
            };
            self.last = before.unwrap_or_default();
        }
        self.past.take_if(|past| past.is_empty());
        self.first = self.past().first().map_or(self.last.0, |first| first.0);
    }

    fn past(&self) -> &[(u64, C)] {
        self.past.as_ref().map_or(&[], |past| past.as_slice())
    }

    fn past_mut(&mut self) -> &mut Vec<(u64, C)> {
        Arc::make_mut(self.past.get_or_insert_default())
    }

    /// Drops the stretches before `oldest`.
    pub(crate) fn forget(&mut self, oldest: u64) {
        if oldest <= self.first || self.is_empty() {
            return;
        }
        if self.past.is_some() {
            self.past_mut().retain(|cell| oldest <= cell.0);
        }
        if self.last.0 < oldest {
            self.last = Default::default();
        }
        self.settle();
    }

    /// Adds those of another shard.
    pub(crate) fn merge(&mut self, other: &Cells<C>) {
        for (place, cell) in other.iter() {
            self.shift(Sign::Add, *place, cell, 0);
        }
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &(u64, C)> + Clone {
        let last = (!self.is_empty()).then_some(&self.last);
        self.past().iter().chain(last)
    }

    /// Those from a stretch on.
    pub(crate) fn since(&self, from: u64) -> impl DoubleEndedIterator<Item = &(u64, C)> + Clone {
        let past = &self.past()[self.past().partition_point(|cell| cell.0 < from)..];
        let last = (!self.is_empty() && from <= self.last.0).then_some(&self.last);
        past.iter().chain(last)
    }

    /// One of them.
    pub(crate) fn get(&self, place: u64) -> Option<&C> {
        let cell = self.since(place).next();
        cell.filter(|cell| cell.0 == place).map(|cell| &cell.1)
    }

    /// Number of the first.
    pub(crate) fn first(&self) -> Option<u64> {
        (!self.is_empty()).then_some(self.first)
    }

    /// Number of the last.
    pub(crate) fn last(&self) -> Option<u64> {
        (!self.is_empty()).then_some(self.last.0)
    }

    /// How many are filled.
    pub(crate) fn len(&self) -> usize {
        self.past().len() + usize::from(!self.is_empty())
    }

    fn is_empty(&self) -> bool {
        self.last.1.is_empty()
    }
}

/// Each place as the distance from the one before.
impl<C: Sum + Stored> Stored for Cells<C> {
    fn write(&self, to: &mut Writer<'_>) {
        to.number(self.len() as u64);
        let mut before = 0;
        for (place, cell) in self.iter() {
            to.number(place - before);
            cell.write(to);
            before = *place;
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        let length = from.length()?;
        let (mut cells, mut place) = (Vec::with_capacity(length.min(READ_MAX)), 0_u64);
        for nth in 0..length {
            let step = from.number()?;
            place = place.checked_add(step).ok_or(Unreadable::Damaged)?;
            let cell = C::read(from)?;
            if (nth > 0 && step == 0) || cell.is_empty() {
                return Err(Unreadable::Damaged);
            }
            cells.push((place, cell));
        }
        let last = cells.pop().unwrap_or_default();
        Ok(Cells {
            first: cells.first().map_or(last.0, |first| first.0),
            last,
            past: (!cells.is_empty()).then(|| Arc::new(cells)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    impl Sum for u64 {
        fn shift(&mut self, sign: Sign, by: &u64) {
            sign.count(self, *by);
        }

        fn is_empty(&self) -> bool {
            *self == 0
        }
    }

    proptest! {
        #[test]
        fn they_are_what_a_map_of_sums_would_be(
            steps in prop::collection::vec((any::<bool>(), 0..12_u64, 1..3_u64, 0..8_u64), 0..60),
        ) {
            let (mut cells, mut map) = (Cells::default(), BTreeMap::<u64, u64>::new());
            for (add, place, by, oldest) in steps {
                let sign = if add { Sign::Add } else { Sign::Subtract };
                cells.shift(sign, place, &by, oldest);
                map.retain(|&held, _| oldest <= held);
                if oldest <= place {
                    sign.count(map.entry(place).or_default(), by);
                }
                map.retain(|_, sum| *sum > 0);
                prop_assert_eq!(cells.iter().copied().collect::<Vec<_>>(), map.clone().into_iter().collect::<Vec<_>>());
                prop_assert_eq!(cells.first(), map.keys().next().copied());
                prop_assert_eq!(cells.last(), map.keys().last().copied());
                prop_assert_eq!((cells.len(), cells.get(place)), (map.len(), map.get(&place)));
                prop_assert!(cells.since(4).eq(map.range(4..).map(|(place, sum)| (*place, *sum)).collect::<Vec<_>>().iter()));
            }
            let other = cells.clone();
            cells.merge(&other);
            prop_assert!(cells.iter().eq(map.iter().map(|(place, sum)| (*place, sum * 2)).collect::<Vec<_>>().iter()));
            cells.forget(u64::MAX);
            prop_assert_eq!(cells, Cells::default());
        }
    }
}

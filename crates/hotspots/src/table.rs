//! A bounded map whose rows readers share: a snapshot costs what changed since the one before.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use hotspan_model::{LogTime, TableSeed};

use crate::shown::Shown;
use crate::sign::Sign;
use crate::slots::Slots;

/// Rows by key in the order they came. Beyond `max` rows a key has none and is only counted.
///
/// A full table drops rows that nothing touched for a week, once an hour at most. A trace that old is not
/// revised any more, so what is taken back is always still where it went.
#[derive(Debug)]
pub(crate) struct Table<K, V> {
    rows: Vec<Row<K, V>>,
    /// As of the last snapshot.
    shown: Shown<K, V>,
    /// Rows that have changed since, each once; new ones ascend.
    changed: Vec<u32>,
    places: HashTable<u32>,
    slots: Slots,
    hasher: foldhash::fast::SeedableRandomState,
    /// The place that was found last.
    last: usize,
    max: usize,
    hour: u32,
    swept: u32,
    beyond: u64,
}

#[derive(Debug)]
struct Row<K, V> {
    key: K,
    /// Hour in which it was last touched. It only grows, and decides nothing that is answered.
    touched: u32,
    /// The place that was found after this one. Traces repeat themselves, so it mostly is again.
    next: u32,
    /// What it holds if that has changed since the last snapshot; else what readers see is all.
    own: Option<Box<V>>,
}

/// Hours after which an untouched row may go.
const WEEK: u32 = 168;

impl<K: Hash + Eq + Clone, V: Default + Clone> Table<K, V> {
    /// An empty one. `salt` keeps tables of one seed apart.
    pub(crate) fn new(seed: TableSeed, salt: u64, max: usize) -> Table<K, V> {
        Table {
            rows: Vec::new(),
            shown: Shown::default(),
            changed: Vec::new(),
            places: HashTable::new(),
            slots: Slots::default(),
            hasher: seed.build(salt),
            last: 0,
            max: max.min(u32::MAX as usize),
            hour: 0,
            swept: 0,
            beyond: 0,
        }
    }

    /// Says what time it is.
    pub(crate) fn turn(&mut self, newest: LogTime) {
        // 2^32 hours are more nanoseconds than there are.
        self.hour = (newest.0 / 3_600_000_000_000) as u32;
    }

    /// The row of `key`, which an addition makes if there is room. Without one the contribution is counted.
    pub(crate) fn row(&mut self, sign: Sign, key: &K) -> Option<&mut V> {
        self.enter(sign, key, None)
    }

    /// The same for a key whose place may be known.
    #[inline]
    pub(crate) fn enter(&mut self, sign: Sign, key: &K, place: Option<usize>) -> Option<&mut V> {
        let at = match place.or_else(|| self.place(key)) {
            Some(at) => at,
            None => self.room(sign, key)?,
        };
        Some(self.touch(at))
    }

    #[cold]
    fn room(&mut self, sign: Sign, key: &K) -> Option<usize> {
        let at = match sign {
            Sign::Add => self.admit(key),
            Sign::Subtract => None,
        };
        if at.is_none() {
            self.miss(sign);
        }
        at
    }

    /// The row at a place that [`Table::place`] or [`Table::admit`] just answered.
    #[inline]
    pub(crate) fn touch(&mut self, at: usize) -> &mut V {
        self.rows[at].touched = self.hour;
        self.value_mut(at)
    }

    /// Counts a contribution that gets no row.
    pub(crate) fn miss(&mut self, sign: Sign) {
        sign.count(&mut self.beyond, 1);
    }

    /// Puts a row that was stored; `false` when there is no room. Two rows become one where their keys did.
    pub(crate) fn restore(&mut self, key: &K, value: V, merge: impl FnOnce(&mut V, &V)) -> bool {
        if let Some(known) = self.known(key) {
            merge(known, &value);
            return true;
        }
        match self.admit(key) {
            Some(at) => *self.value_mut(at) = value,
            None => self.beyond = self.beyond.saturating_add(1),
        }
        self.len() <= self.max
    }

    /// Counts contributions that found no row before the rows were stored.
    pub(crate) fn restore_beyond(&mut self, count: u64) {
        Sign::Add.count(&mut self.beyond, count);
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether a new key finds no room.
    pub(crate) fn is_full(&self) -> bool {
        self.max <= self.rows.len()
    }

    /// The row of `key` if it has one.
    pub(crate) fn known(&mut self, key: &K) -> Option<&mut V> {
        let at = self.place(key)?;
        Some(self.value_mut(at))
    }

    /// Where the row of `key` is, if it has one.
    #[inline]
    pub(crate) fn place(&mut self, key: &K) -> Option<usize> {
        if let Some(last) = self.rows.get(self.last) {
            let next = last.next as usize;
            if self.rows.get(next).is_some_and(|row| row.key == *key) {
                self.last = next;
                return Some(next);
            }
            if last.key == *key {
                return Some(self.last);
            }
        }
        self.search(key)
    }

    /// Whether `place` has the row of `key`.
    #[inline]
    pub(crate) fn is_at(&self, place: Option<usize>, key: &K) -> bool {
        let row = place.and_then(|place| self.rows.get(place));
        row.is_some_and(|row| row.key == *key)
    }

    #[inline(never)]
    fn search(&mut self, key: &K) -> Option<usize> {
        let is_it = |at: usize| self.rows.get(at).is_some_and(|row| row.key == *key);
        let at = match self.slots.place(key).filter(|&at| is_it(at)) {
            Some(at) => at,
            None => self.seek(key)?,
        };
        if let Some(last) = self.rows.get_mut(self.last) {
            // Tables have fewer than 2^32 rows.
            last.next = at as u32;
        }
        self.last = at;
        Some(at)
    }

    #[cold]
    fn seek(&mut self, key: &K) -> Option<usize> {
        let same = |&at: &u32| self.rows[at as usize].key == *key;
        let &at = self.places.find(self.hasher.hash_one(key), same)?;
        self.slots.put(key, at);
        Some(at as usize)
    }

    /// Makes a row for a key that has none, if there is room.
    pub(crate) fn admit(&mut self, key: &K) -> Option<usize> {
        if self.rows.len() >= self.max {
            self.sweep();
        }
        let at = self.rows.len();
        if at >= self.max {
            return None;
        }
        self.rows.push(Row {
            key: key.clone(),
            touched: self.hour,
            next: 0,
            own: Some(Box::default()),
        });
        self.changed.push(at as u32);
        self.index(at);
        Some(at)
    }

    fn index(&mut self, at: usize) {
        let (rows, hasher) = (&self.rows, &self.hasher);
        let hash = |&at: &u32| hasher.hash_one(&rows[at as usize].key);
        // `max` keeps places below 2^32.
        let at = at as u32;
        self.places.insert_unique(hash(&at), at, hash);
    }

    fn value(&self, at: usize) -> &V {
        self.rows[at]
            .own
            .as_deref()
            .unwrap_or_else(|| self.shown.value(at))
    }

    /// To be changed: from then on until the next snapshot it is not what readers see.
    #[inline]
    fn value_mut(&mut self, at: usize) -> &mut V {
        if self.rows[at].own.is_none() {
            self.copy(at);
        }
        self.rows[at].own.get_or_insert_default()
    }

    #[inline(never)]
    fn copy(&mut self, at: usize) {
        self.changed.push(at as u32);
        self.rows[at].own = Some(Box::new(self.shown.value(at).clone()));
    }

    /// Drops the rows untouched for a week and answers their keys; once an hour at most.
    pub(crate) fn sweep(&mut self) -> Vec<K> {
        let oldest = self.hour.saturating_sub(WEEK);
        if self.hour <= self.swept || self.rows.iter().all(|row| oldest <= row.touched) {
            self.swept = self.hour;
            return Vec::new();
        }
        self.swept = self.hour;
        self.shown
            .keep(|at| self.rows.get(at).is_some_and(|row| oldest <= row.touched));
        let mut dropped = Vec::new();
        self.rows.retain(|row| {
            let fresh = oldest <= row.touched;
            if !fresh {
                dropped.push(row.key.clone());
            }
            fresh
        });
        self.places.clear();
        self.changed.clear();
        for at in 0..self.rows.len() {
            self.index(at);
            if self.rows[at].own.is_some() {
                self.changed.push(at as u32);
            }
        }
        dropped
    }

    /// Changes the rows that `wanted` names, and no other.
    pub(crate) fn change(&mut self, wanted: impl Fn(&K, &V) -> bool, mut change: impl FnMut(&K, &mut V)) {
        for at in 0..self.rows.len() {
            if wanted(&self.rows[at].key, self.value(at)) {
                self.value_mut(at);
                let row = &mut self.rows[at];
                if let Some(own) = &mut row.own {
                    change(&row.key, own);
                }
            }
        }
    }

    /// Keys and what their rows hold.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        (0..self.rows.len()).map(|at| (&self.rows[at].key, self.value(at)))
    }

    /// What the rows hold.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        (0..self.rows.len()).map(|at| self.value(at))
    }

    /// The rows as they are now, for readers.
    pub(crate) fn snapshot(&mut self) -> Shown<K, V> {
        for at in self.changed.drain(..) {
            let row = &mut self.rows[at as usize];
            if let Some(own) = row.own.take() {
                self.shown.put(at as usize, &row.key, *own);
            }
        }
        self.shown.clone()
    }

    /// Contributions that found no row.
    pub(crate) fn beyond(&self) -> u64 {
        self.beyond
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(table: &mut Table<u32, u64>) -> Vec<(u32, u64)> {
        let shown = table.snapshot();
        shown.iter().map(|(key, value)| (*key, **value)).collect()
    }

    #[test]
    fn a_snapshot_does_not_see_what_comes_after_it() {
        let mut table: Table<u32, u64> = Table::new(TableSeed(1), 1, 10);
        *table.row(Sign::Add, &7).unwrap() += 1;
        let seen = table.snapshot();
        *table.row(Sign::Add, &7).unwrap() += 1;
        *table.row(Sign::Add, &8).unwrap() += 1;
        let seen: Vec<(u32, u64)> = seen.iter().map(|(key, value)| (*key, **value)).collect();
        assert_eq!(seen, [(7, 1)]);
        assert_eq!(rows(&mut table), [(7, 2), (8, 1)]);
    }

    #[test]
    fn beyond_its_bound_a_table_counts() {
        let mut table: Table<u32, u64> = Table::new(TableSeed(1), 1, 3);
        for key in 0..5 {
            if let Some(row) = table.row(Sign::Add, &key) {
                *row = u64::from(key);
            }
        }
        assert_eq!((rows(&mut table).len(), table.beyond()), (3, 2));
        assert_eq!(table.row(Sign::Add, &2), Some(&mut 2));
        assert_eq!(table.row(Sign::Subtract, &8), None);
        assert_eq!(table.beyond(), 1);
    }

    #[test]
    fn a_full_table_drops_what_nothing_touched_for_a_week() {
        let at = |hour: u64| LogTime(hour * 3_600_000_000_000);
        let mut table: Table<u32, u64> = Table::new(TableSeed(1), 1, 3);
        for key in 0..3 {
            *table.row(Sign::Add, &key).unwrap() = u64::from(key);
        }
        table.turn(at(100));
        table.row(Sign::Add, &1);
        table.turn(at(168));
        assert_eq!(table.row(Sign::Add, &9), None);
        table.turn(at(169));
        assert_eq!(table.row(Sign::Add, &9), Some(&mut 0));
        assert_eq!(rows(&mut table), [(1, 1), (9, 0)]);
        assert_eq!(table.row(Sign::Add, &1), Some(&mut 1));
        assert_eq!(table.place(&0), None);
    }

    #[test]
    fn rows_on_many_pages_are_seen_as_they_were_whatever_is_dropped_later() {
        let at = |hour: u64| LogTime(hour * 3_600_000_000_000);
        let mut table: Table<u32, u64> = Table::new(TableSeed(1), 1, 200);
        for key in 0..200 {
            *table.row(Sign::Add, &key).unwrap() = u64::from(key);
        }
        let before = rows(&mut table);
        let seen = table.snapshot();
        table.turn(at(100));
        for key in (0..200).step_by(3) {
            *table.row(Sign::Add, &key).unwrap() += 1;
        }
        table.turn(at(169));
        assert_eq!(table.row(Sign::Add, &1_000), Some(&mut 0));
        let kept = (0..200).step_by(3).map(|key| (key, u64::from(key) + 1));
        assert_eq!(rows(&mut table), kept.chain([(1_000, 0)]).collect::<Vec<_>>());
        let seen: Vec<(u32, u64)> = seen.iter().map(|(key, value)| (*key, **value)).collect();
        assert_eq!(seen, before);
    }
}

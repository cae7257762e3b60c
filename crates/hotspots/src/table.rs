//! A bounded map whose rows readers share: a snapshot costs what changed since the one before.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use hashbrown::HashTable;
use hotspan_model::{LogTime, TableSeed};

use crate::shown::{PAGE, Page, Shown};
use crate::sign::Sign;
use crate::slots::Slots;

/// Rows by key in the order they came. Beyond `max` rows a key has none and is only counted.
///
/// A full table drops rows that nothing touched for a week, once an hour at most. A trace that old is not
/// revised any more, so what is taken back is always still where it went.
///
/// A snapshot is of the moment of [`Table::mark`]. Rows that had changed by then are moved a few at a time, and one that
/// changes again before its turn is moved at once.
#[derive(Debug)]
pub(crate) struct Table<K, V> {
    rows: Vec<Row<K, V>>,
    /// As of the last mark, once nothing is left in `moving`.
    shown: Shown<K, V>,
    /// Rows that have changed since the last mark, each once.
    changed: Vec<u32>,
    /// Rows that had changed before it and may still have to be moved.
    moving: Vec<u32>,
    /// What readers saw until the last mark, and until the one before: once all of them have gone on, it is dropped
    /// a few rows at a time.
    retired: Vec<Page<K, V>>,
    spent: Vec<Page<K, V>>,
    /// What new rows hold until they are moved.
    empty: Arc<V>,
    /// As of the last mark, if rows were dropped since.
    kept: Option<Shown<K, V>>,
    /// Marks so far.
    marks: u32,
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
    /// Marks at the time of its last change. At four a second they are told apart for 34 years.
    marks: u32,
    /// What it holds unless that was moved to where readers see it.
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
            moving: Vec::new(),
            retired: Vec::new(),
            spent: Vec::new(),
            empty: Arc::default(),
            kept: None,
            marks: 0,
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
            marks: self.marks,
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

    /// What a row holds.
    pub(crate) fn value(&self, at: usize) -> &V {
        self.rows[at]
            .own
            .as_deref()
            .unwrap_or_else(|| self.shown.value(at))
    }

    /// To be changed: from then on until the next mark it is not what readers see.
    #[inline]
    pub(crate) fn value_mut(&mut self, at: usize) -> &mut V {
        if self.rows[at].marks != self.marks {
            self.renew(at);
        }
        self.rows[at].own.get_or_insert_default()
    }

    #[inline(never)]
    fn renew(&mut self, at: usize) {
        self.settle(at);
        self.changed.push(at as u32);
        let row = &mut self.rows[at];
        row.marks = self.marks;
        row.own = Some(Box::new(self.shown.value(at).clone()));
    }

    /// Moves a row to where readers see it, if it has not changed since the last mark.
    fn settle(&mut self, at: usize) {
        let row = &mut self.rows[at];
        if row.marks != self.marks
            && let Some(own) = row.own.take()
        {
            self.retired.extend(self.shown.put(at, *own));
        }
    }

    /// Drops the rows untouched for a week and answers their keys; once an hour at most.
    pub(crate) fn sweep(&mut self) -> Vec<K> {
        let oldest = self.hour.saturating_sub(WEEK);
        if self.hour <= self.swept || self.rows.iter().all(|row| oldest <= row.touched) {
            self.swept = self.hour;
            return Vec::new();
        }
        self.swept = self.hour;
        self.advance(&mut { usize::MAX });
        self.kept.get_or_insert_with(|| self.shown.clone());
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

    /// The key of a row and what it holds.
    pub(crate) fn at(&self, at: usize) -> (&K, &V) {
        (&self.rows[at].key, self.value(at))
    }

    /// Keys and what their rows hold.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        (0..self.rows.len()).map(|at| self.at(at))
    }

    /// The rows as of the last mark, once all are moved.
    pub(crate) fn marked(&self) -> Shown<K, V> {
        self.kept.as_ref().unwrap_or(&self.shown).clone()
    }

    /// Contributions that found no row.
    pub(crate) fn beyond(&self) -> u64 {
        self.beyond
    }
}

/// What a snapshot is taken of, a few rows at a time.
pub(crate) trait Marked {
    /// Begins a snapshot: it shows the rows as they are now. What is left of the one before is done at once.
    fn mark(&mut self);

    /// Moves rows to where readers see them, and drops what readers saw; each row takes one of `budget`. All is done
    /// when some of it is left.
    fn advance(&mut self, budget: &mut usize);
}

impl<K: Hash + Eq + Clone, V: Default + Clone> Marked for Table<K, V> {
    fn mark(&mut self) {
        self.advance(&mut { usize::MAX });
        self.kept = None;
        self.marks = self.marks.wrapping_add(1);
        std::mem::swap(&mut self.moving, &mut self.changed);
        std::mem::swap(&mut self.spent, &mut self.retired);
        let new = self.rows[self.shown.len()..].iter();
        self.shown.extend(new.map(|row| row.key.clone()), &self.empty);
    }

    fn advance(&mut self, budget: &mut usize) {
        while *budget > 0
            && let Some(at) = self.moving.pop()
        {
            self.settle(at as usize);
            *budget -= 1;
        }
        while *budget > 0 && self.spent.pop().is_some() {
            *budget = budget.saturating_sub(PAGE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl<K: Hash + Eq + Clone, V: Default + Clone> Table<K, V> {
        fn snapshot(&mut self) -> Shown<K, V> {
            self.mark();
            self.advance(&mut { usize::MAX });
            self.marked()
        }
    }

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

    #[test]
    fn a_snapshot_in_slices_shows_one_moment_and_a_slice_moves_so_many_rows() {
        let mut table: Table<u32, u64> = Table::new(TableSeed(1), 1, 1_000);
        let mut expected = Vec::new();
        for round in 1..6_u64 {
            for key in 0..100 * round as u32 {
                *table.row(Sign::Add, &key).unwrap() += round;
            }
            let before = std::mem::take(&mut expected);
            expected = (0..table.len())
                .map(|at| (table.rows[at].key, *table.value(at)))
                .collect();
            table.mark();
            let (mut slices, mut least) = (0, usize::MAX);
            loop {
                let (moving, spent) = (table.moving.len(), table.spent.len());
                table.advance(&mut 7);
                let (moved, dropped) = (moving - table.moving.len(), spent - table.spent.len());
                assert!(moved + dropped <= 7 && dropped <= 1);
                slices += 1;
                if table.moving.is_empty() && table.spent.is_empty() {
                    break;
                }
                // Rows that were moved, are still to be moved, and are new.
                for key in [slices % 100, 100 * round as u32 - slices, 900 + slices % 50] {
                    *table.row(Sign::Add, &key).unwrap() += 1_000;
                }
                least = least.min(table.shown.len());
            }
            assert!(before.len() < expected.len() && least == expected.len());
            let shown: Vec<_> = table
                .marked()
                .iter()
                .map(|(key, value)| (*key, **value))
                .collect();
            assert_eq!(shown, expected, "round {round}");
        }
    }

    #[test]
    fn a_snapshot_that_was_begun_still_shows_rows_that_are_dropped() {
        let at = |hour: u64| LogTime(hour * 3_600_000_000_000);
        let mut table: Table<u32, u64> = Table::new(TableSeed(1), 1, 3);
        for key in 0..3 {
            *table.row(Sign::Add, &key).unwrap() = u64::from(key);
        }
        table.mark();
        table.turn(at(169));
        *table.row(Sign::Add, &9).unwrap() = 9;
        table.advance(&mut { usize::MAX });
        let shown: Vec<_> = table
            .marked()
            .iter()
            .map(|(key, value)| (*key, **value))
            .collect();
        assert_eq!(shown, [(0, 0), (1, 1), (2, 2)]);
        assert_eq!(rows(&mut table), [(9, 9)]);
    }
}

//! A bounded map whose rows readers share: a snapshot costs nothing until a row changes.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use hashbrown::HashTable;
use hotspan_model::{LogTime, TableSeed};

use crate::sign::Sign;

/// Rows by key in the order they came. Beyond `max` rows a key has none and is only counted.
///
/// A full table drops rows that nothing touched for a week, once an hour at most. A trace that old is not
/// revised any more, so what is taken back is always still where it went.
#[derive(Debug)]
pub(crate) struct Table<K, V> {
    rows: Arc<Vec<(K, V)>>,
    /// Hour in which each row was last touched. It only grows, and decides nothing that is answered.
    touched: Vec<u64>,
    places: HashTable<u32>,
    hasher: foldhash::fast::SeedableRandomState,
    max: usize,
    hour: u64,
    swept: u64,
    beyond: u64,
}

/// Hours after which an untouched row may go.
const WEEK: u64 = 168;

impl<K: Hash + Eq + Clone, V: Default + Clone> Table<K, V> {
    /// An empty one. `salt` keeps tables of one seed apart.
    pub(crate) fn new(seed: TableSeed, salt: u64, max: usize) -> Table<K, V> {
        Table {
            rows: Arc::default(),
            touched: Vec::new(),
            places: HashTable::new(),
            hasher: seed.build(salt),
            max: max.min(u32::MAX as usize),
            hour: 0,
            swept: 0,
            beyond: 0,
        }
    }

    /// Says what time it is.
    pub(crate) fn turn(&mut self, newest: LogTime) {
        self.hour = newest.0 / 3_600_000_000_000;
    }

    /// The row of `key`, which an addition makes if there is room. Without one the contribution is counted.
    pub(crate) fn row(&mut self, sign: Sign, key: &K) -> Option<&mut V> {
        let at = match (self.place(key), sign) {
            (Some(at), _) => Some(at),
            (None, Sign::Add) => self.admit(key),
            (None, Sign::Subtract) => None,
        };
        let Some(at) = at else {
            self.miss(sign);
            return None;
        };
        Some(self.touch(at))
    }

    /// The row at a place that [`Table::place`] or [`Table::admit`] just answered.
    pub(crate) fn touch(&mut self, at: usize) -> &mut V {
        self.touched[at] = self.hour;
        &mut Arc::make_mut(&mut self.rows)[at].1
    }

    /// Counts a contribution that gets no row.
    pub(crate) fn miss(&mut self, sign: Sign) {
        sign.count(&mut self.beyond, 1);
    }

    /// Whether a new key finds no room.
    pub(crate) fn is_full(&self) -> bool {
        self.max <= self.rows.len()
    }

    /// The row of `key` if it has one.
    pub(crate) fn known(&mut self, key: &K) -> Option<&mut V> {
        let at = self.place(key)?;
        Some(&mut Arc::make_mut(&mut self.rows)[at].1)
    }

    /// Whether `key` has a row.
    pub(crate) fn has(&self, key: &K) -> bool {
        self.place(key).is_some()
    }

    /// Where the row of `key` is, if it has one.
    pub(crate) fn place(&self, key: &K) -> Option<usize> {
        let same = |&at: &u32| self.rows[at as usize].0 == *key;
        let place = self.places.find(self.hasher.hash_one(key), same);
        place.map(|&at| at as usize)
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
        Arc::make_mut(&mut self.rows).push((key.clone(), V::default()));
        self.touched.push(self.hour);
        self.index(at);
        Some(at)
    }

    fn index(&mut self, at: usize) {
        let (rows, hasher) = (&self.rows, &self.hasher);
        let hash = |&at: &u32| hasher.hash_one(&rows[at as usize].0);
        // `max` keeps places below 2^32.
        let at = at as u32;
        self.places.insert_unique(hash(&at), at, hash);
    }

    /// Drops the rows untouched for a week and answers their keys; once an hour at most.
    pub(crate) fn sweep(&mut self) -> Vec<K> {
        let oldest = self.hour.saturating_sub(WEEK);
        if self.hour <= self.swept || self.touched.iter().all(|&hour| oldest <= hour) {
            self.swept = self.hour;
            return Vec::new();
        }
        self.swept = self.hour;
        let mut dropped = Vec::new();
        let mut touched = self.touched.iter();
        Arc::make_mut(&mut self.rows).retain(|row| {
            let fresh = touched.next().is_some_and(|&hour| oldest <= hour);
            if !fresh {
                dropped.push(row.0.clone());
            }
            fresh
        });
        self.touched.retain(|&hour| oldest <= hour);
        self.places.clear();
        for at in 0..self.rows.len() {
            self.index(at);
        }
        dropped
    }

    /// The rows that `wanted` names, to be changed; nothing is copied where there are none.
    pub(crate) fn rows_mut(&mut self, wanted: impl Fn(&K, &V) -> bool) -> impl Iterator<Item = (&K, &mut V)> {
        let rows: &mut [(K, V)] = match self.rows.iter().any(|row| wanted(&row.0, &row.1)) {
            true => Arc::make_mut(&mut self.rows).as_mut_slice(),
            false => &mut [],
        };
        let rows = rows.iter_mut().map(|row| (&row.0, &mut row.1));
        rows.filter(move |row| wanted(row.0, row.1))
    }

    /// The rows, shared.
    pub(crate) fn rows(&self) -> &Arc<Vec<(K, V)>> {
        &self.rows
    }

    /// Contributions that found no row.
    pub(crate) fn beyond(&self) -> u64 {
        self.beyond
    }
}

/// Fills `scratch` with the places of `rows` by key, equal keys side by side in their order.
pub(crate) fn sort<T, K: Ord>(scratch: &mut Vec<u32>, rows: &[T], key: impl Fn(&T) -> K) {
    scratch.clear();
    scratch.extend(0..u32::try_from(rows.len()).unwrap_or(u32::MAX));
    scratch.sort_unstable_by_key(|&at| (key(&rows[at as usize]), at));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_does_not_see_what_comes_after_it() {
        let mut table: Table<u32, u64> = Table::new(TableSeed(1), 1, 10);
        *table.row(Sign::Add, &7).unwrap() += 1;
        let seen = Arc::clone(table.rows());
        *table.row(Sign::Add, &7).unwrap() += 1;
        *table.row(Sign::Add, &8).unwrap() += 1;
        assert_eq!(*seen, [(7, 1)]);
        assert_eq!(**table.rows(), [(7, 2), (8, 1)]);
    }

    #[test]
    fn beyond_its_bound_a_table_counts() {
        let mut table: Table<u32, u64> = Table::new(TableSeed(1), 1, 3);
        for key in 0..5 {
            if let Some(row) = table.row(Sign::Add, &key) {
                *row = u64::from(key);
            }
        }
        assert_eq!((table.rows().len(), table.beyond()), (3, 2));
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
        assert_eq!(**table.rows(), [(1, 1), (9, 0)]);
        assert_eq!(table.row(Sign::Add, &1), Some(&mut 1));
        assert!(!table.has(&0));
    }
}

//! A bounded map whose rows readers share: a snapshot costs nothing until a row changes.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use hashbrown::HashTable;
use hotspan_model::TableSeed;

use crate::sign::Sign;

/// Rows by key in the order they came. Beyond `max` rows a key has none and is only counted.
#[derive(Debug)]
pub(crate) struct Table<K, V> {
    rows: Arc<Vec<(K, V)>>,
    places: HashTable<u32>,
    hasher: foldhash::fast::SeedableRandomState,
    max: usize,
    beyond: u64,
}

impl<K: Hash + Eq + Clone, V: Default + Clone> Table<K, V> {
    /// An empty one. `salt` keeps tables of one seed apart.
    pub(crate) fn new(seed: TableSeed, salt: u64, max: usize) -> Table<K, V> {
        Table {
            rows: Arc::default(),
            places: HashTable::new(),
            hasher: seed.build(salt),
            max: max.min(u32::MAX as usize),
            beyond: 0,
        }
    }

    /// The row of `key`, which an addition makes if there is room. Without one the contribution is counted.
    pub(crate) fn row(&mut self, sign: Sign, key: &K) -> Option<&mut V> {
        let hash = self.hasher.hash_one(key);
        let at = match (self.place(hash, key), sign) {
            (Some(at), _) => at,
            (None, Sign::Add) if self.has_room() => self.push(hash, key),
            (None, Sign::Add | Sign::Subtract) => {
                sign.count(&mut self.beyond, 1);
                return None;
            }
        };
        Some(&mut Arc::make_mut(&mut self.rows)[at].1)
    }

    fn push(&mut self, hash: u64, key: &K) -> usize {
        let at = self.rows.len();
        let rows = Arc::make_mut(&mut self.rows);
        rows.push((key.clone(), V::default()));
        let hasher = &self.hasher;
        let rehash = |&at: &u32| hasher.hash_one(&rows[at as usize].0);
        // `max` keeps the place below 2^32.
        self.places.insert_unique(hash, at as u32, rehash);
        at
    }

    fn place(&self, hash: u64, key: &K) -> Option<usize> {
        let place = self.places.find(hash, |&at| self.rows[at as usize].0 == *key);
        place.map(|&at| at as usize)
    }

    /// The row of `key` if it has one.
    pub(crate) fn known(&mut self, key: &K) -> Option<&mut V> {
        let at = self.place(self.hasher.hash_one(key), key)?;
        Some(&mut Arc::make_mut(&mut self.rows)[at].1)
    }

    /// Whether one more key finds a place.
    pub(crate) fn has_room(&self) -> bool {
        self.rows.len() < self.max
    }

    /// Drops the rows that `keep` does not want.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&V) -> bool) {
        Arc::make_mut(&mut self.rows).retain(|row| keep(&row.1));
        self.places.clear();
        let (rows, hasher) = (&self.rows, &self.hasher);
        let hash = |at: u32| hasher.hash_one(&rows[at as usize].0);
        for at in 0..rows.len() as u32 {
            self.places.insert_unique(hash(at), at, |&at| hash(at));
        }
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
    fn beyond_its_bound_a_table_counts_and_what_goes_makes_room() {
        let mut table: Table<u32, u64> = Table::new(TableSeed(1), 1, 3);
        for key in 0..5 {
            if let Some(row) = table.row(Sign::Add, &key) {
                *row = u64::from(key);
            }
        }
        assert_eq!((table.rows().len(), table.beyond()), (3, 2));
        table.retain(|&value| value != 1);
        assert_eq!(table.row(Sign::Add, &2), Some(&mut 2));
        assert_eq!(table.row(Sign::Add, &9), Some(&mut 0));
        assert_eq!(table.row(Sign::Subtract, &8), None);
        assert_eq!(table.beyond(), 1);
    }
}

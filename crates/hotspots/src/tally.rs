//! A bounded breakdown: how often each key was seen, and how often any other.

use std::collections::BTreeMap;

use crate::sign::Sign;
use crate::stored::{Reader, Stored, Unreadable, Writer};

/// Counts by key. A key that found no room never gets any, and one that did keeps it: so what a trace added
/// to either side is what it takes back from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tally<K> {
    rows: Vec<(K, u64)>,
    other: u64,
}

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Tally {
            rows: Vec::new(),
            other: 0,
        }
    }
}

impl<K: PartialEq + Clone> Tally<K> {
    /// Counts `key` in or out, within `most` keys.
    pub(crate) fn shift(&mut self, sign: Sign, key: &K, by: u64, most: usize) {
        self.shift_made(sign, |known| known == key, || key.clone(), by, most);
    }

    /// The same for a key that `is` knows and that is only made when it is new.
    pub(crate) fn shift_made(
        &mut self,
        sign: Sign,
        is: impl Fn(&K) -> bool,
        make: impl FnOnce() -> K,
        by: u64,
        most: usize,
    ) {
        let known = self.rows.iter().position(|row| is(&row.0));
        match (known, sign) {
            (Some(at), _) => sign.count(&mut self.rows[at].1, by),
            (None, Sign::Add) if self.rows.len() < most => self.rows.push((make(), by)),
            (None, Sign::Add | Sign::Subtract) => sign.count(&mut self.other, by),
        }
    }

    /// Adds that of another shard.
    pub(crate) fn merge(&mut self, other: &Tally<K>) {
        for (key, count) in &other.rows {
            self.shift(Sign::Add, key, *count, usize::MAX);
        }
        Sign::Add.count(&mut self.other, other.other);
    }

    /// Whether every key found room.
    pub(crate) fn is_whole(&self) -> bool {
        self.other == 0
    }

    /// The keys seen, in no order that means anything.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.rows.iter().filter(|row| row.1 > 0).map(|row| &row.0)
    }

    /// The most frequent key, ties by how it reads.
    pub(crate) fn first<T: Ord>(&self, shown: impl Fn(&K) -> T) -> Option<&K> {
        let seen = self.rows.iter().filter(|row| row.1 > 0);
        let first = seen.min_by_key(|row| (std::cmp::Reverse(row.1), shown(&row.0)));
        first.map(|row| &row.0)
    }

    /// The keys seen, each as `shown`, most frequent first, ties by how they read. Keys that read alike are
    /// one.
    pub(crate) fn ranked<T: Ord>(&self, shown: impl Fn(&K) -> T) -> Vec<(T, u64)> {
        let mut counts = BTreeMap::new();
        for (key, count) in self.rows.iter().filter(|row| row.1 > 0) {
            Sign::Add.count(counts.entry(shown(key)).or_default(), *count);
        }
        let mut rows: Vec<(T, u64)> = counts.into_iter().collect();
        // Stable, so that equal counts stay in order of text.
        rows.sort_by_key(|row| std::cmp::Reverse(row.1));
        rows
    }
}

impl<K: Stored> Stored for Tally<K> {
    fn write(&self, to: &mut Writer<'_>) {
        self.rows.write(to);
        self.other.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Tally {
            rows: Stored::read(from)?,
            other: Stored::read(from)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_beyond_the_bound_comes_and_goes_as_other() {
        let mut tally = Tally::default();
        for key in ["a", "b", "c"] {
            tally.shift(Sign::Add, &key, 1, 2);
        }
        tally.shift(Sign::Subtract, &"a", 1, 2);
        tally.shift(Sign::Add, &"c", 1, 2);
        assert_eq!(tally.other, 2);
        tally.shift(Sign::Subtract, &"c", 2, 2);
        assert_eq!(tally.other, 0);
        assert_eq!(tally.ranked(|key| *key), [("b", 1)]);
    }

    #[test]
    fn equal_counts_are_ordered_by_text() {
        let mut tally = Tally::default();
        for key in ["b", "a", "c", "c"] {
            tally.shift(Sign::Add, &key, 1, 9);
        }
        assert_eq!(tally.ranked(|key| *key), [("c", 2), ("a", 1), ("b", 1)]);
    }
}

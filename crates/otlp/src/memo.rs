//! What the decoder remembers between requests: symbols by a seeded hash of the bytes they came from.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use hotspan_model::{Dictionary, Facts, Symbol, TableSeed, Vocabulary};

/// A bounded table from 64-bit hashes to values, in two generations: when the young one is full it becomes the old
/// one, and what was not asked for since then is forgotten. Tables are reused, so a steady state allocates nothing.
#[derive(Debug)]
pub(crate) struct Memo<V> {
    young: HashTable<(u64, V)>,
    old: HashTable<(u64, V)>,
    generation_max: usize,
}

impl<V: Copy> Memo<V> {
    /// A memo of at most `entries_max` values, at least two.
    pub(crate) fn new(entries_max: usize) -> Memo<V> {
        Memo {
            young: HashTable::new(),
            old: HashTable::new(),
            generation_max: (entries_max / 2).max(1),
        }
    }

    #[inline]
    pub(crate) fn get(&mut self, hash: u64) -> Option<V> {
        if let Some(&(_, value)) = self.young.find(hash, |entry| entry.0 == hash) {
            return Some(value);
        }
        let &(_, value) = self.old.find(hash, |entry| entry.0 == hash)?;
        self.insert(hash, value);
        Some(value)
    }

    pub(crate) fn insert(&mut self, hash: u64, value: V) {
        if self.young.len() >= self.generation_max {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert_unique(hash, (hash, value), |entry| entry.0);
    }
}

/// A bounded table of what came lately, by 64-bit hash: two places a hash, the newer value drives out the older one.
/// A look-up reads one line of memory; nothing is moved, counted or freed.
#[derive(Debug)]
pub(crate) struct Recent<V> {
    places: Box<[[Place<V>; 2]]>,
}

/// A value and its hash, or nothing yet.
type Place<V> = Option<(u64, V)>;

impl<V: Copy> Recent<V> {
    /// A table of about `entries_max` values, at least two.
    pub(crate) fn new(entries_max: usize) -> Recent<V> {
        let hashes = (entries_max / 2).max(1).next_power_of_two();
        Recent {
            places: vec![[None; 2]; hashes].into_boxed_slice(),
        }
    }

    #[inline]
    pub(crate) fn get(&self, hash: u64) -> Option<V> {
        let places = &self.places[self.index(hash)];
        let found = places.iter().flatten().find(|place| place.0 == hash);
        found.map(|place| place.1)
    }

    pub(crate) fn insert(&mut self, hash: u64, value: V) {
        let index = self.index(hash);
        let places = &mut self.places[index];
        places[1] = places[0];
        places[0] = Some((hash, value));
    }

    #[inline]
    fn index(&self, hash: u64) -> usize {
        // Their number is a power of two.
        hash as usize & (self.places.len() - 1)
    }
}

/// The symbols that were given out, in front of the dictionary.
#[derive(Debug)]
pub(crate) struct Symbols {
    hasher: foldhash::fast::SeedableRandomState,
    memo: Memo<Symbol>,
}

impl Symbols {
    pub(crate) fn new(seed: TableSeed, entries_max: usize) -> Symbols {
        Symbols {
            hasher: seed.build(2),
            memo: Memo::new(entries_max),
        }
    }

    /// What hashes.
    pub(crate) fn hasher(&self) -> &foldhash::fast::SeedableRandomState {
        &self.hasher
    }

    /// The hash of whatever decides a symbol.
    #[inline]
    pub(crate) fn hash(&self, of: impl Hash) -> u64 {
        self.hasher.hash_one(of)
    }

    #[inline]
    pub(crate) fn recall(&mut self, hash: u64) -> Option<Symbol> {
        self.memo.get(hash)
    }

    pub(crate) fn remember(&mut self, hash: u64, symbol: Symbol) {
        self.memo.insert(hash, symbol);
    }

    /// The symbol of a text. The facts are made only when the dictionary has not seen it. What an owner was refused
    /// is remembered for that owner alone: the next one may have room for it.
    pub(crate) fn intern(
        &mut self,
        dictionary: &mut dyn Dictionary,
        vocabulary: Vocabulary,
        owner: Option<Symbol>,
        text: &str,
        facts: impl FnOnce(&mut Symbols, &mut dyn Dictionary) -> Facts,
    ) -> Symbol {
        let hash = self.hash((vocabulary as u8, owner, text));
        if let Some(symbol) = self.recall(hash) {
            return symbol;
        }
        let symbol = match dictionary.find(vocabulary, text) {
            Some(symbol) => symbol,
            None => {
                let facts = facts(self, dictionary);
                dictionary.admit(vocabulary, owner, text, facts)
            }
        };
        self.remember(hash, symbol);
        symbol
    }

    /// The symbol of a text without facts.
    pub(crate) fn plain(
        &mut self,
        dictionary: &mut dyn Dictionary,
        vocabulary: Vocabulary,
        owner: Option<Symbol>,
        text: &str,
    ) -> Symbol {
        self.intern(dictionary, vocabulary, owner, text, |_, _| Facts::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_lately_is_found_and_the_table_does_not_grow() {
        let mut recent = Recent::new(8);
        for hash in 0..1_000_u64 {
            recent.insert(hash, hash);
            assert_eq!(recent.get(hash), Some(hash));
            assert_eq!(recent.get(hash.wrapping_sub(4)), hash.checked_sub(4));
        }
        assert_eq!(recent.get(900), None);
    }

    #[test]
    fn a_memo_keeps_what_is_asked_for_and_stays_within_its_bound() {
        let mut memo = Memo::new(8);
        for hash in 0..1_000_u64 {
            memo.insert(hash << 32, hash);
            assert_eq!(memo.get(0), Some(0), "asked for each time");
            assert!(memo.young.len() + memo.old.len() <= 8);
        }
        assert_eq!(memo.get(999 << 32), Some(999));
        assert_eq!(memo.get(5 << 32), None);
    }
}

//! Text -> symbol, and symbol -> text with its facts.

use hashbrown::HashTable;
use std::hash::BuildHasher;

use crate::{CalleeFacts, Facts, SourceFacts, Symbol, TableSeed, TemplateFacts, Vocabulary};

/// One interned text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub vocabulary: Vocabulary,
    /// The text: valid UTF-8, already masked, within the limits of its kind.
    pub text: Box<str>,
    /// What a lexer found in it.
    pub facts: Facts,
}

/// Reads a dictionary. A symbol is good only with the dictionary that gave it.
pub trait Lookup {
    /// The entry of a symbol.
    fn entry(&self, symbol: Symbol) -> &Entry;

    /// Its text.
    fn text(&self, symbol: Symbol) -> &str {
        &self.entry(symbol).text
    }

    /// The facts of a source; `None` for a symbol of another vocabulary.
    fn source(&self, symbol: Symbol) -> Option<&SourceFacts> {
        match &self.entry(symbol).facts {
            Facts::Source(facts) => Some(facts),
            Facts::None | Facts::Template(_) | Facts::Callee(_) => None,
        }
    }

    /// The facts of a template; `None` for the overflow symbol or one of another vocabulary.
    fn template(&self, symbol: Symbol) -> Option<&TemplateFacts> {
        match &self.entry(symbol).facts {
            Facts::Template(facts) => Some(facts),
            Facts::None | Facts::Source(_) | Facts::Callee(_) => None,
        }
    }

    /// The facts of a callee; `None` for the overflow symbol or one of another vocabulary.
    fn callee(&self, symbol: Symbol) -> Option<&CalleeFacts> {
        match &self.entry(symbol).facts {
            Facts::Callee(facts) => Some(facts),
            Facts::None | Facts::Source(_) | Facts::Template(_) => None,
        }
    }
}

/// Fills a dictionary, within its caps.
pub trait Dictionary: Lookup {
    /// The symbol of a text that was admitted before.
    fn find(&self, vocabulary: Vocabulary, text: &str) -> Option<Symbol>;

    /// Admits a text, or finds it. `owner` is the service whose budget it counts against. Beyond a cap it answers
    /// the vocabulary's overflow symbol, `(other)`, and counts it. Sources beyond the cap share the one source
    /// `(other)`, which has facts.
    fn admit(&mut self, vocabulary: Vocabulary, owner: Option<Symbol>, text: &str, facts: Facts) -> Symbol;
}

/// What stands for every text beyond a cap.
pub const OVERFLOW: &str = "(other)";

/// A dictionary with one owner and no caps but that of its numbers: for tests and offline commands.
#[derive(Debug)]
pub struct LocalDictionary {
    entries: Vec<Entry>,
    table: HashTable<u32>,
    hasher: foldhash::fast::SeedableRandomState,
}

impl LocalDictionary {
    /// An empty one.
    pub fn new(seed: TableSeed) -> LocalDictionary {
        LocalDictionary {
            entries: Vec::new(),
            table: HashTable::new(),
            hasher: seed.build(1),
        }
    }

    /// How many texts it holds.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Default for LocalDictionary {
    fn default() -> Self {
        LocalDictionary::new(TableSeed::default())
    }
}

impl LocalDictionary {
    fn hash(&self, vocabulary: Vocabulary, text: &str) -> u64 {
        self.hasher.hash_one((vocabulary, text))
    }

    fn find_hashed(&self, hash: u64, vocabulary: Vocabulary, text: &str) -> Option<Symbol> {
        let same = |&at: &u32| {
            let entry = &self.entries[at as usize];
            entry.vocabulary == vocabulary && &*entry.text == text
        };
        self.table
            .find(hash, same)
            .and_then(|&at| Symbol::from_index(at as usize))
    }
}

impl Lookup for LocalDictionary {
    fn entry(&self, symbol: Symbol) -> &Entry {
        &self.entries[symbol.index()]
    }
}

impl Dictionary for LocalDictionary {
    fn find(&self, vocabulary: Vocabulary, text: &str) -> Option<Symbol> {
        self.find_hashed(self.hash(vocabulary, text), vocabulary, text)
    }

    fn admit(&mut self, vocabulary: Vocabulary, _owner: Option<Symbol>, text: &str, facts: Facts) -> Symbol {
        let hash = self.hash(vocabulary, text);
        if let Some(symbol) = self.find_hashed(hash, vocabulary, text) {
            return symbol;
        }
        let at = self.entries.len();
        let symbol = Symbol::from_index(at).expect("memory ends before 2^32 entries do");
        self.entries.push(Entry {
            vocabulary,
            text: text.into(),
            facts,
        });
        let (entries, hasher) = (&self.entries, &self.hasher);
        let rehash = |&at: &u32| {
            let entry: &Entry = &entries[at as usize];
            hasher.hash_one((entry.vocabulary, &*entry.text))
        };
        self.table.insert_unique(hash, at as u32, rehash);
        symbol
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_one_entry_in_each_vocabulary() {
        let mut dictionary = LocalDictionary::default();
        let text = dictionary.admit(Vocabulary::Text, None, "cart", Facts::None);
        let operation = dictionary.admit(Vocabulary::Operation, None, "cart", Facts::None);
        assert_ne!(text, operation);
        assert_eq!(
            dictionary.admit(Vocabulary::Text, None, "cart", Facts::None),
            text
        );
        assert_eq!(dictionary.find(Vocabulary::Operation, "cart"), Some(operation));
        assert_eq!(dictionary.find(Vocabulary::Template, "cart"), None);
        assert_eq!(dictionary.text(operation), "cart");
        assert_eq!(dictionary.len(), 2);
    }

    #[test]
    fn thousands_of_texts_keep_their_symbols_while_the_table_grows() {
        let mut dictionary = LocalDictionary::default();
        let symbols: Vec<_> = (0..5_000)
            .map(|n| dictionary.admit(Vocabulary::Text, None, &format!("name {n}"), Facts::None))
            .collect();
        for (n, symbol) in symbols.into_iter().enumerate() {
            assert_eq!(
                dictionary.find(Vocabulary::Text, &format!("name {n}")),
                Some(symbol)
            );
        }
    }
}

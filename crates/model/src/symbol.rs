//! Interned text: a handle to an entry of the dictionary.

use std::num::NonZeroU32;

/// A handle to a text. Numbers differ between runs, so nothing may be ordered or identified by them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Symbol(NonZeroU32);

impl Symbol {
    /// The handle of the entry at `index` of a dictionary; `None` beyond 2^32 - 2.
    pub fn from_index(index: usize) -> Option<Symbol> {
        NonZeroU32::new(u32::try_from(index).ok()?.checked_add(1)?).map(Symbol)
    }

    /// The place of its entry in the dictionary.
    pub fn index(self) -> usize {
        self.0.get() as usize - 1
    }

    /// The handle as a number, for packing and sorting within one process.
    pub fn raw(self) -> u32 {
        self.0.get()
    }
}

/// What a text is; the same text in two vocabularies is two entries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Vocabulary {
    /// Services, hosts, versions, exception types, stores: no facts.
    Text,
    /// A resource and scope as one; facts: [`crate::SourceFacts`].
    Source,
    /// A span's operation; no facts.
    Operation,
    /// The grouping key of an outgoing operation; facts: [`crate::TemplateFacts`].
    Template,
    /// Whom a call goes to; facts: [`crate::CalleeFacts`].
    Callee,
}

impl Vocabulary {
    /// All of them, in order; `vocabulary as usize` is its place.
    pub const ALL: [Vocabulary; 5] = [
        Vocabulary::Text,
        Vocabulary::Source,
        Vocabulary::Operation,
        Vocabulary::Template,
        Vocabulary::Callee,
    ];

    /// How metrics and answers call it.
    pub fn name(self) -> &'static str {
        match self {
            Vocabulary::Text => "text",
            Vocabulary::Source => "source",
            Vocabulary::Operation => "operation",
            Vocabulary::Template => "template",
            Vocabulary::Callee => "callee",
        }
    }
}

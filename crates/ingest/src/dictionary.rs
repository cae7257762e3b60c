//! The dictionary that all workers and shards share: append-only, capped, read without a lock.
//!
//! A symbol is the place of its entry in an append-only vector, so reading one is an index. Text -> symbol goes
//! through the worker's own small cache, then through a map from the text's hash to its symbol; only a text that
//! nobody has seen takes a stripe of that map for writing. Nothing is ever removed.

use std::cell::Cell;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry as Place;
use hotspan_model::{
    Dictionary, Entry, Facts, Lookup, OVERFLOW, SourceFacts, Symbol, TableSeed, TemplateFacts, Vocabulary,
};

/// How much a dictionary admits.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Texts of all vocabularies.
    pub entries_max: u64,
    /// Bytes of all texts and what is known about them.
    pub bytes_max: u64,
    /// Services; the sources of any further one read as `(other)`.
    pub services_max: u64,
    /// Operations of one service.
    pub operations_max: u64,
    /// Templates of one service.
    pub templates_max: u64,
}

impl Default for Caps {
    fn default() -> Self {
        Caps {
            entries_max: 1_000_000,
            bytes_max: 64 << 20,
            services_max: 2_000,
            operations_max: 1_000,
            templates_max: 4_096,
        }
    }
}

/// A handle to the shared dictionary; clones are the same dictionary.
#[derive(Clone, Debug)]
pub struct SharedDictionary(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    entries: boxcar::Vec<Entry>,
    /// From a text's hash to its symbol. Texts whose hashes are equal are at the following keys.
    symbols: DashMap<u64, Symbol, foldhash::fast::SeedableRandomState>,
    hasher: foldhash::fast::SeedableRandomState,
    /// What each admitted service has used of its budget.
    services: DashMap<u32, Arc<Used>, foldhash::fast::SeedableRandomState>,
    /// The budget of all services beyond the cap, and of texts without one.
    other: Arc<Used>,
    caps: Caps,
    count: AtomicU64,
    bytes: AtomicU64,
    service_count: AtomicU64,
    admitted: [AtomicU64; Vocabulary::ALL.len()],
    overflows: [AtomicU64; Vocabulary::ALL.len()],
    overflow: [Symbol; Vocabulary::ALL.len()],
}

/// What one service has used of its budget.
#[derive(Debug, Default)]
struct Used {
    operations: AtomicU64,
    templates: AtomicU64,
}

impl SharedDictionary {
    /// A dictionary with nothing in it but the overflow texts.
    pub fn new(caps: Caps, seed: TableSeed) -> SharedDictionary {
        let entries = boxcar::Vec::new();
        let overflow = Vocabulary::ALL.map(|vocabulary| {
            let text_comes_first = Symbol::from_index(0).expect("zero is a place");
            let facts = match vocabulary {
                Vocabulary::Source => Facts::Source(overflow_source(text_comes_first)),
                Vocabulary::Text | Vocabulary::Operation | Vocabulary::Template | Vocabulary::Callee => {
                    Facts::None
                }
            };
            let at = entries.push(Entry {
                vocabulary,
                text: OVERFLOW.into(),
                facts,
            });
            Symbol::from_index(at).expect("five entries fit")
        });
        let shared = Shared {
            entries,
            symbols: DashMap::with_hasher(seed.build(2)),
            hasher: seed.build(3),
            services: DashMap::with_hasher(seed.build(4)),
            other: Arc::default(),
            caps,
            count: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            service_count: AtomicU64::new(0),
            admitted: Default::default(),
            overflows: Default::default(),
            overflow,
        };
        for (vocabulary, symbol) in Vocabulary::ALL.into_iter().zip(overflow) {
            shared.symbols.insert(shared.hash(vocabulary, OVERFLOW), symbol);
        }
        SharedDictionary(Arc::new(shared))
    }

    /// A handle for one worker, with a cache of its own.
    pub fn handle(&self) -> WorkerDictionary {
        WorkerDictionary {
            shared: Arc::clone(&self.0),
            cache: vec![Cell::new((0, None)); CACHE_SLOTS].into_boxed_slice(),
        }
    }

    /// How many texts were admitted.
    pub fn entries(&self) -> u64 {
        self.0.count.load(Relaxed)
    }

    /// Bytes of what was admitted.
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Relaxed)
    }

    /// How many services were admitted.
    pub fn services(&self) -> u64 {
        self.0.service_count.load(Relaxed)
    }

    /// Texts of one vocabulary that were admitted.
    pub fn admitted(&self, vocabulary: Vocabulary) -> u64 {
        self.0.admitted[vocabulary as usize].load(Relaxed)
    }

    /// How many times a text of `vocabulary` was refused for a cap.
    pub fn overflows(&self, vocabulary: Vocabulary) -> u64 {
        self.0.overflows[vocabulary as usize].load(Relaxed)
    }
}

impl Lookup for SharedDictionary {
    fn entry(&self, symbol: Symbol) -> &Entry {
        &self.0.entries[symbol.index()]
    }
}

impl Shared {
    fn hash(&self, vocabulary: Vocabulary, text: &str) -> u64 {
        self.hasher.hash_one((vocabulary, text))
    }

    fn is(&self, symbol: Symbol, vocabulary: Vocabulary, text: &str) -> bool {
        let entry = &self.entries[symbol.index()];
        entry.vocabulary == vocabulary && &*entry.text == text
    }

    fn find(&self, hash: u64, vocabulary: Vocabulary, text: &str) -> Option<Symbol> {
        let mut key = hash;
        loop {
            let symbol = *self.symbols.get(&key)?;
            if self.is(symbol, vocabulary, text) {
                return Some(symbol);
            }
            key = key.wrapping_add(1);
        }
    }

    fn admit(
        &self,
        hash: u64,
        owner: Option<Symbol>,
        vocabulary: Vocabulary,
        text: &str,
        facts: Facts,
    ) -> Symbol {
        let mut key = hash;
        loop {
            match self.symbols.entry(key) {
                Place::Occupied(taken) if self.is(*taken.get(), vocabulary, text) => return *taken.get(),
                Place::Occupied(_) => key = key.wrapping_add(1),
                Place::Vacant(free) => {
                    if !self.reserve(vocabulary, owner, text, &facts) {
                        self.overflows[vocabulary as usize].fetch_add(1, Relaxed);
                        return self.overflow[vocabulary as usize];
                    }
                    self.admitted[vocabulary as usize].fetch_add(1, Relaxed);
                    let at = self.entries.push(Entry {
                        vocabulary,
                        text: text.into(),
                        facts,
                    });
                    let symbol = Symbol::from_index(at).expect("the cap of entries is below 2^32");
                    free.insert(symbol);
                    return symbol;
                }
            }
        }
    }

    /// Takes a place for a text in every budget that it counts against, or in none.
    fn reserve(&self, vocabulary: Vocabulary, owner: Option<Symbol>, text: &str, facts: &Facts) -> bool {
        let owned = match (vocabulary, facts) {
            (Vocabulary::Source, Facts::Source(facts)) if self.used_by(facts.service).is_none() => {
                return false;
            }
            (Vocabulary::Source | Vocabulary::Text | Vocabulary::Callee, _) => None,
            (Vocabulary::Operation | Vocabulary::Template, _) => Some(
                owner
                    .and_then(|owner| self.used_by(owner))
                    .unwrap_or_else(|| Arc::clone(&self.other)),
            ),
        };
        let budget = owned.as_deref().map(|used| match vocabulary {
            Vocabulary::Template => (&used.templates, self.caps.templates_max),
            Vocabulary::Operation | Vocabulary::Source | Vocabulary::Text | Vocabulary::Callee => {
                (&used.operations, self.caps.operations_max)
            }
        });
        let weight = weight(text, facts);
        if let Some((used, max)) = budget
            && !take(used, 1, max)
        {
            return false;
        }
        let fits = take(&self.count, 1, self.caps.entries_max)
            && (take(&self.bytes, weight, self.caps.bytes_max) || give(&self.count, 1));
        if !fits && let Some((used, _)) = budget {
            give(used, 1);
        }
        fits
    }

    /// The budget of a service, which is admitted with its first source; `None` beyond the cap.
    fn used_by(&self, service: Symbol) -> Option<Arc<Used>> {
        if let Some(used) = self.services.get(&service.raw()) {
            return Some(Arc::clone(&used));
        }
        match self.services.entry(service.raw()) {
            Place::Occupied(used) => Some(Arc::clone(used.get())),
            Place::Vacant(free) => take(&self.service_count, 1, self.caps.services_max)
                .then(|| Arc::clone(&free.insert(Arc::default()))),
        }
    }
}

/// Adds `amount` when the sum stays within `max`.
fn take(sum: &AtomicU64, amount: u64, max: u64) -> bool {
    sum.fetch_update(Relaxed, Relaxed, |now| {
        now.checked_add(amount).filter(|&sum| sum <= max)
    })
    .is_ok()
}

/// Takes `amount` back; answers `false`, as a step of a reservation that is undone.
fn give(sum: &AtomicU64, amount: u64) -> bool {
    sum.fetch_sub(amount, Relaxed);
    false
}

/// What an entry costs in memory, in bytes.
fn weight(text: &str, facts: &Facts) -> u64 {
    let facts = match facts {
        Facts::None | Facts::Source(_) => 0,
        Facts::Template(facts) => template_bytes(facts),
        Facts::Callee(facts) => {
            let texts = [&facts.system, &facts.host, &facts.namespace, &facts.domain];
            texts.iter().map(|text| text.len()).sum::<usize>() + facts.service.as_ref().map_or(0, |s| s.len())
        }
    };
    (size_of::<Entry>() + size_of::<(u64, Symbol)>() + text.len() + facts) as u64
}

fn template_bytes(facts: &TemplateFacts) -> usize {
    let targets = facts.reads.iter().chain(&facts.writes);
    let boxes = targets
        .map(|target| size_of::<Box<str>>() + target.len())
        .sum::<usize>();
    boxes + facts.routine.as_ref().map_or(0, |routine| routine.len()) + facts.summary.len()
}

fn overflow_source(service: Symbol) -> SourceFacts {
    SourceFacts {
        service,
        namespace: None,
        version: None,
        instance: None,
        host: None,
        environment: None,
        language: None,
        scope: None,
        front_end: false,
        unnamed: false,
    }
}

/// Slots of a worker's cache; a power of two.
const CACHE_SLOTS: usize = 4_096;

/// A hash and the symbol of its text.
type Slot = Cell<(u64, Option<Symbol>)>;

/// The shared dictionary as one worker uses it: a direct-mapped cache in front, so that a text seen before costs
/// no shared write.
#[derive(Debug)]
pub struct WorkerDictionary {
    shared: Arc<Shared>,
    cache: Box<[Slot]>,
}

impl WorkerDictionary {
    fn slot(&self, hash: u64) -> &Slot {
        // The low bits choose the slot, so all 64 are compared.
        &self.cache[hash as usize & (CACHE_SLOTS - 1)]
    }

    fn find_hashed(&self, hash: u64, vocabulary: Vocabulary, text: &str) -> Option<Symbol> {
        if let (known, Some(symbol)) = self.slot(hash).get()
            && known == hash
            && self.shared.is(symbol, vocabulary, text)
        {
            return Some(symbol);
        }
        let symbol = self.shared.find(hash, vocabulary, text)?;
        self.slot(hash).set((hash, Some(symbol)));
        Some(symbol)
    }
}

impl Lookup for WorkerDictionary {
    fn entry(&self, symbol: Symbol) -> &Entry {
        &self.shared.entries[symbol.index()]
    }
}

impl Dictionary for WorkerDictionary {
    fn find(&self, vocabulary: Vocabulary, text: &str) -> Option<Symbol> {
        self.find_hashed(self.shared.hash(vocabulary, text), vocabulary, text)
    }

    fn admit(&mut self, vocabulary: Vocabulary, owner: Option<Symbol>, text: &str, facts: Facts) -> Symbol {
        let hash = self.shared.hash(vocabulary, text);
        match self.find_hashed(hash, vocabulary, text) {
            Some(symbol) => symbol,
            None => self.shared.admit(hash, owner, vocabulary, text, facts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(service: Symbol) -> Facts {
        Facts::Source(overflow_source(service))
    }

    fn small(caps: Caps) -> (SharedDictionary, WorkerDictionary) {
        let shared = SharedDictionary::new(caps, TableSeed(7));
        let worker = shared.handle();
        (shared, worker)
    }

    #[test]
    fn workers_agree_on_every_symbol() {
        let (shared, _) = small(Caps::default());
        let admit_all = |shared: &SharedDictionary| {
            let mut worker = shared.handle();
            (0..5_000)
                .map(|n| worker.admit(Vocabulary::Text, None, &format!("name {n}"), Facts::None))
                .collect::<Vec<_>>()
        };
        let answers = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| admit_all(&shared))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect::<Vec<_>>()
        });
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        assert_eq!(shared.entries(), 5_000);
        assert_eq!(shared.text(answers[0][4_999]), "name 4999");
    }

    #[test]
    fn the_same_text_is_one_entry_in_each_vocabulary() {
        let (_, mut worker) = small(Caps::default());
        let text = worker.admit(Vocabulary::Text, None, "cart", Facts::None);
        let operation = worker.admit(Vocabulary::Operation, None, "cart", Facts::None);
        assert_ne!(text, operation);
        assert_eq!(worker.find(Vocabulary::Text, "cart"), Some(text));
        assert_eq!(worker.find(Vocabulary::Callee, "cart"), None);
    }

    #[test]
    fn x10_a_service_at_its_cap_keeps_its_first_operations_and_costs_no_other_service() {
        let (shared, mut worker) = small(Caps {
            operations_max: 3,
            ..Caps::default()
        });
        let loud = worker.admit(Vocabulary::Text, None, "loud", Facts::None);
        let quiet = worker.admit(Vocabulary::Text, None, "quiet", Facts::None);
        let first = worker.admit(Vocabulary::Operation, Some(loud), "op 0", Facts::None);
        let symbols: Vec<_> = (1..10)
            .map(|n| worker.admit(Vocabulary::Operation, Some(loud), &format!("op {n}"), Facts::None))
            .collect();
        let beyond = symbols.iter().filter(|&&symbol| shared.text(symbol) == OVERFLOW);
        assert_eq!(beyond.count(), 7);
        assert_eq!(shared.overflows(Vocabulary::Operation), 7);
        assert_eq!(
            worker.admit(Vocabulary::Operation, Some(loud), "op 0", Facts::None),
            first
        );
        let other = worker.admit(Vocabulary::Operation, Some(quiet), "op 99", Facts::None);
        assert_eq!(shared.text(other), "op 99");
    }

    #[test]
    fn x10_services_beyond_the_cap_share_one_source_that_has_facts() {
        let (shared, mut worker) = small(Caps {
            services_max: 2,
            ..Caps::default()
        });
        let mut sources = Vec::new();
        for name in ["a", "b", "c", "d"] {
            let service = worker.admit(Vocabulary::Text, None, name, Facts::None);
            sources.push(worker.admit(Vocabulary::Source, Some(service), name, source(service)));
        }
        assert_eq!(sources[2], sources[3]);
        let facts = shared.source(sources[2]).unwrap();
        assert_eq!(shared.text(facts.service), OVERFLOW);
        assert_eq!(shared.services(), 2);
        assert_eq!(shared.overflows(Vocabulary::Source), 2);
    }

    #[test]
    fn bytes_and_entries_are_capped_exactly() {
        let one = weight("aa", &Facts::None);
        for (entries_max, bytes_max, admitted) in [(2, 1 << 20, 2), (9, one * 3, 3), (9, one * 3 - 1, 2)] {
            let (shared, mut worker) = small(Caps {
                entries_max,
                bytes_max,
                ..Caps::default()
            });
            for name in ["aa", "bb", "cc", "dd"] {
                worker.admit(Vocabulary::Text, None, name, Facts::None);
            }
            assert_eq!(shared.entries(), admitted);
            assert_eq!(shared.bytes(), admitted * one);
        }
    }
}

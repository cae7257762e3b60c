//! Where the spans of all sessions lie: slots for them, and an index for the few sessions that have many.

use std::num::NonZeroU32;

use foldhash::fast::SeedableRandomState;
use hashbrown::HashTable;
use hotspan_model::{Lookup, SideOf, Span, TableSeed};

use crate::Settings;
use crate::duplicates;
use crate::fold::{Folds, Joined};
use crate::slab::{Chain, Slab};

/// Accounted bytes of an entry of an index.
const ENTRY_BYTES: u64 = 8;
/// Accounted bytes of an index without its entries.
const INDEX_BYTES: u64 = size_of::<Index>() as u64;

#[derive(Debug)]
pub(crate) struct Arena {
    pub(crate) slab: Slab,
    pub(crate) hasher: SeedableRandomState,
    indexes: Vec<Index>,
    free: Vec<IndexId>,
    spare: Spare,
    seed: TableSeed,
}

/// Names an index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IndexId(NonZeroU32);

impl IndexId {
    fn place(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl Arena {
    pub(crate) fn new(seed: TableSeed) -> Arena {
        Arena {
            slab: Slab::new(),
            hasher: seed.build(3),
            indexes: Vec::new(),
            free: Vec::new(),
            spare: Spare::default(),
            seed,
        }
    }

    /// The index of this name, and the slots it speaks of.
    pub(crate) fn index(&mut self, id: IndexId) -> (&mut Index, &mut Slab, &SeedableRandomState) {
        (&mut self.indexes[id.place()], &mut self.slab, &self.hasher)
    }

    /// Folds spans of a chain: see [`Folds::relieve`].
    pub(crate) fn relieve(
        &mut self,
        id: IndexId,
        chain: &mut Chain,
        settings: &Settings,
        dictionary: &dyn Lookup,
    ) -> bool {
        let index = &mut self.indexes[id.place()];
        let seed = self.seed;
        let folds = index.folds.get_or_insert_with(|| Box::new(Folds::new(seed)));
        let folded = folds.relieve(&mut self.slab, chain, settings, dictionary);
        if folded {
            index.rebuild(&self.slab, chain, &self.hasher, dictionary);
        }
        folded
    }

    /// The groups of a session with this index, if it has any.
    pub(crate) fn folds(&self, id: Option<IndexId>) -> Option<&Folds> {
        self.indexes[id?.place()].folds.as_deref()
    }

    /// Accounted bytes of an index.
    #[cold]
    pub(crate) fn index_bytes(&self, id: IndexId) -> u64 {
        let index = &self.indexes[id.place()];
        INDEX_BYTES
            + index.slots.len() as u64 * ENTRY_BYTES
            + index.folds.as_ref().map_or(0, |folds| folds.bytes())
    }

    /// A new index over the spans of a chain.
    pub(crate) fn make_index(&mut self, chain: &Chain, dictionary: &dyn Lookup) -> IndexId {
        let id = self.free.pop().unwrap_or_else(|| {
            self.indexes.push(Index {
                slots: HashTable::new(),
                folds: None,
            });
            let number = u32::try_from(self.indexes.len()).ok().and_then(NonZeroU32::new);
            IndexId(number.expect("the budget in bytes ends before the numbers do"))
        });
        self.resize(id, chain, dictionary);
        id
    }

    /// Makes sure that an index has room for one more span.
    pub(crate) fn make_room(&mut self, id: IndexId, chain: &Chain, dictionary: &dyn Lookup) {
        let slots = &self.indexes[id.place()].slots;
        if slots.len() == slots.capacity() {
            self.resize(id, chain, dictionary);
        }
    }

    fn resize(&mut self, id: IndexId, chain: &Chain, dictionary: &dyn Lookup) {
        let index = &mut self.indexes[id.place()];
        let larger = self.spare.take(chain.spans as usize + 1);
        self.spare.give(std::mem::replace(&mut index.slots, larger));
        index.rebuild(&self.slab, chain, &self.hasher, dictionary);
    }

    pub(crate) fn drop_index(&mut self, id: IndexId) {
        let index = &mut self.indexes[id.place()];
        index.folds = None;
        self.spare.give(std::mem::take(&mut index.slots));
        self.free.push(id);
    }

    /// Bytes taken from the allocator.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> u64 {
        let index = |index: &Index| {
            index.slots.allocation_size() as u64 + index.folds.as_ref().map_or(0, |folds| folds.memory())
        };
        let indexes = (self.indexes.capacity() * size_of::<Index>()) as u64;
        self.slab.memory() + indexes + self.indexes.iter().map(index).sum::<u64>()
    }
}

/// Tables of indexes to use again, by size: an index holds none that is much too large for it.
#[derive(Debug, Default)]
struct Spare([Vec<HashTable<u32>>; SIZES]);

/// Sizes of tables that are used again, as powers of two: the largest is enough for any trace before it is folded.
const SIZES: usize = 17;
/// Places in all spare tables of one size.
const SPARE_MAX: usize = 1 << 17;

impl Spare {
    /// An empty table with room for so many.
    fn take(&mut self, room: usize) -> HashTable<u32> {
        // A table is filled to seven eighths.
        let size = (room * 8).div_ceil(7).next_power_of_two().ilog2() as usize;
        let spare = self.0.get_mut(size).and_then(Vec::pop);
        spare.unwrap_or_else(|| HashTable::with_capacity(room))
    }

    fn give(&mut self, mut table: HashTable<u32>) {
        table.clear();
        let Some(size) = table.capacity().checked_ilog2() else {
            return;
        };
        let size = size as usize + 1;
        if let Some(spare) = self.0.get_mut(size)
            && spare.len() << size < SPARE_MAX
        {
            spare.push(table);
        }
    }
}

/// Finds the copy of a span among many, and knows the groups.
#[derive(Debug)]
pub(crate) struct Index {
    slots: HashTable<u32>,
    folds: Option<Box<Folds>>,
}

impl Index {
    /// The slot of the span that an arriving copy, of this hash, is judged against.
    pub(crate) fn find(&self, hash: u64, span: &Span, slab: &Slab, dictionary: &dyn Lookup) -> Option<u32> {
        let same = |&slot: &u32| duplicates::same(slab.span(slot), span, dictionary);
        self.slots.find(hash, same).copied()
    }

    /// Whether a copy of the span was folded.
    pub(crate) fn has_folded(&self, span: &Span) -> bool {
        self.folds.as_ref().is_some_and(|folds| folds.has_copy(span))
    }

    /// Takes a new member of a group, if there is its group: see [`Folds::join`].
    pub(crate) fn join(
        &mut self,
        span: &Span,
        sides: &[SideOf],
        held: (&mut Slab, &mut Chain),
        settings: &Settings,
    ) -> Joined {
        match &mut self.folds {
            Some(folds) => folds.join(span, sides, held, settings),
            None => Joined::No,
        }
    }

    /// Adds the span in a slot, of this hash, which has no copy.
    pub(crate) fn add(
        &mut self,
        hash: u64,
        slot: u32,
        slab: &Slab,
        hasher: &SeedableRandomState,
        dictionary: &dyn Lookup,
    ) {
        let rehash = |&slot: &u32| duplicates::hash(slab.span(slot), hasher, dictionary);
        self.slots.insert_unique(hash, slot, rehash);
    }

    /// Adds the span in a slot, in the place of its copy if there is one.
    pub(crate) fn put(
        &mut self,
        slot: u32,
        slab: &Slab,
        hasher: &SeedableRandomState,
        dictionary: &dyn Lookup,
    ) {
        let span = slab.span(slot);
        let hash = duplicates::hash(span, hasher, dictionary);
        let same = |&held: &u32| duplicates::same(slab.span(held), span, dictionary);
        match self.slots.find_mut(hash, same) {
            Some(held) => *held = slot,
            None => self.add(hash, slot, slab, hasher, dictionary),
        }
    }

    /// Forgets a span that stood in a slot, which may hold another one by now.
    pub(crate) fn remove(
        &mut self,
        slot: u32,
        span: &Span,
        hasher: &SeedableRandomState,
        dictionary: &dyn Lookup,
    ) {
        let hash = duplicates::hash(span, hasher, dictionary);
        if let Ok(entry) = self.slots.find_entry(hash, |&held| held == slot) {
            entry.remove();
        }
    }

    /// Indexes exactly the spans of a chain.
    pub(crate) fn rebuild(
        &mut self,
        slab: &Slab,
        chain: &Chain,
        hasher: &SeedableRandomState,
        dictionary: &dyn Lookup,
    ) {
        self.slots.clear();
        for (slot, _) in slab.spans(chain) {
            self.put(slot, slab, hasher, dictionary);
        }
    }
}

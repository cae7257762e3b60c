//! Rows found by trace id: one table of sessions, one of stubs. It grows by small steps and never as a whole.

use std::hash::BuildHasher;
use std::ops::{Index, IndexMut};

use foldhash::fast::SeedableRandomState;
use hotspan_model::{TableSeed, TraceId};

use crate::blocks::Blocks;
use crate::parts::Parts;

/// Has a trace id.
pub(crate) trait Keyed {
    fn trace(&self) -> TraceId;
}

/// Rows of a block.
const ROWS: usize = 256;
/// Free numbers of a block.
const FREE: usize = 1_024;

#[derive(Debug)]
pub(crate) struct Table<T> {
    rows: Blocks<Option<T>, ROWS>,
    free: Blocks<u32, FREE>,
    by_trace: Parts,
    hasher: SeedableRandomState,
}

impl<T: Keyed + Copy> Table<T> {
    pub(crate) fn new(seed: TableSeed, salt: u64) -> Table<T> {
        Table {
            rows: Blocks::default(),
            free: Blocks::default(),
            by_trace: Parts::default(),
            hasher: seed.build(salt),
        }
    }

    /// Rows that can be found.
    pub(crate) fn len(&self) -> usize {
        self.by_trace.len()
    }

    pub(crate) fn find(&self, trace: TraceId) -> Option<u32> {
        let same = |&row: &u32| self[row].trace() == trace;
        self.by_trace.find(self.hasher.hash_one(trace), same)
    }

    /// Adds a row whose trace id cannot be found; answers its number.
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        let hash = self.hasher.hash_one(value.trace());
        let row = self.free.pop().unwrap_or_else(|| self.rows.add(None));
        self.rows[row] = Some(value);
        let (rows, hasher) = (&self.rows, &self.hasher);
        let rehash = |&row: &u32| hasher.hash_one(rows[row].as_ref().map(Keyed::trace).expect(HELD));
        self.by_trace.insert(hash, row, rehash);
        row
    }

    /// The row can no longer be found; its number still leads to it.
    pub(crate) fn unlink(&mut self, row: u32) {
        let hash = self.hasher.hash_one(self[row].trace());
        self.by_trace.remove(hash, row);
    }

    /// Takes an unlinked row out.
    pub(crate) fn take(&mut self, row: u32) -> Option<T> {
        self.free.push(row);
        self.rows[row].take()
    }

    /// Forgets all rows.
    pub(crate) fn clear(&mut self) {
        self.rows = Blocks::default();
        self.free = Blocks::default();
        self.by_trace = Parts::default();
    }

    /// The row of this number, unless it was taken out.
    pub(crate) fn get(&self, row: u32) -> Option<&T> {
        self.rows[row].as_ref()
    }

    /// The same, to change it.
    pub(crate) fn get_mut(&mut self, row: u32) -> Option<&mut T> {
        self.rows[row].as_mut()
    }

    /// All rows by number, unlinked ones included.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..)
            .zip(self.rows.iter())
            .filter_map(|(row, value)| Some((row, value.as_ref()?)))
    }

    /// Bytes that the table takes from the allocator.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> u64 {
        self.rows.memory() + self.by_trace.memory() + self.free.memory()
    }
}

const HELD: &str = "a number that the table gave, of a row that was not taken out";

impl<T> Index<u32> for Table<T> {
    type Output = T;

    fn index(&self, row: u32) -> &T {
        self.rows[row].as_ref().expect(HELD)
    }
}

impl<T> IndexMut<u32> for Table<T> {
    fn index_mut(&mut self, row: u32) -> &mut T {
        self.rows[row].as_mut().expect(HELD)
    }
}

//! Numbers found by hash. The table grows a part at a time: a full part is split in two, and no other is touched.

use hashbrown::HashTable;

/// Numbers of a part, and how many its table has room for: twice as many, since a table that is less than half full
/// clears what removed numbers left behind in place, and does not grow for it.
const PART_MAX: usize = 1_792;
const ROOM: usize = 2 * PART_MAX;
/// Where the bits of a hash begin that say which part is meant, and how many there may be. Within a part the lowest say
/// the place, and the seven highest are the tag.
const FIRST_BIT: u32 = 40;
const DEPTH_MAX: u32 = 17;

/// Extendible hashing.
#[derive(Debug)]
pub(crate) struct Parts {
    parts: Vec<Part>,
    /// The part of each value of the bits, 2 to the power of the deepest part's depth.
    directory: Vec<u32>,
    len: usize,
}

#[derive(Debug, Default)]
struct Part {
    numbers: HashTable<u32>,
    /// How many of the bits are the same in all its hashes.
    depth: u32,
}

impl Default for Parts {
    fn default() -> Self {
        Parts {
            parts: vec![Part::default()],
            directory: vec![0],
            len: 0,
        }
    }
}

impl Parts {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(&u32) -> bool) -> Option<u32> {
        self.parts[self.part(hash)].numbers.find(hash, is_it).copied()
    }

    /// Adds a number that is not there. `rehash` says the hash of each that is.
    pub(crate) fn insert(&mut self, hash: u64, number: u32, rehash: impl Fn(&u32) -> u64) {
        let mut part = self.part(hash);
        while self.is_full(part) {
            self.split(part, &rehash);
            part = self.part(hash);
        }
        self.parts[part].numbers.insert_unique(hash, number, rehash);
        self.len += 1;
    }

    pub(crate) fn remove(&mut self, hash: u64, number: u32) {
        let part = self.part(hash);
        let numbers = &mut self.parts[part].numbers;
        if let Ok(entry) = numbers.find_entry(hash, |&found| found == number) {
            entry.remove();
            self.len -= 1;
        }
    }

    #[inline]
    fn part(&self, hash: u64) -> usize {
        // The directory's length is a power of two.
        self.directory[bits(hash) & (self.directory.len() - 1)] as usize
    }

    fn is_full(&self, part: usize) -> bool {
        let Part { numbers, depth } = &self.parts[part];
        PART_MAX <= numbers.len() && *depth < DEPTH_MAX
    }

    /// Moves what has the next bit to a new part.
    #[cold]
    fn split(&mut self, part: usize, rehash: impl Fn(&u32) -> u64) {
        let Part { numbers, depth } = std::mem::take(&mut self.parts[part]);
        let bit = 1 << depth;
        if self.directory.len() == bit {
            self.directory.extend_from_within(..);
        }
        let mut halves = [half(depth + 1), half(depth + 1)];
        for number in numbers {
            let hash = rehash(&number);
            let half = &mut halves[usize::from(bits(hash) & bit != 0)];
            half.numbers.insert_unique(hash, number, &rehash);
        }
        let [without, with] = halves;
        let new = self.parts.len() as u32;
        self.parts[part] = without;
        self.parts.push(with);
        for (value, of) in self.directory.iter_mut().enumerate() {
            if *of as usize == part && value & bit != 0 {
                *of = new;
            }
        }
    }

    /// Bytes taken from the allocator.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> u64 {
        let numbers = self.parts.iter().map(|part| part.numbers.allocation_size());
        let parts = self.parts.capacity() * size_of::<Part>() + self.directory.capacity() * 4;
        (numbers.sum::<usize>() + parts) as u64
    }
}

fn half(depth: u32) -> Part {
    Part {
        numbers: HashTable::with_capacity(ROOM),
        depth,
    }
}

fn bits(hash: u64) -> usize {
    (hash >> FIRST_BIT) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotspan_model::TableSeed;
    use std::cell::Cell;
    use std::hash::BuildHasher;

    #[test]
    fn an_insertion_moves_one_part_at_most_and_all_are_found() {
        let hasher = TableSeed(3).build(1);
        let hash = |number: &u32| hasher.hash_one(number);
        let (mut parts, moved) = (Parts::default(), Cell::new(0));
        let (mut most, mut all) = (0, 0);
        for number in 0..300_000 {
            moved.set(0);
            parts.insert(hash(&number), number, |other| {
                moved.set(moved.get() + 1);
                hash(other)
            });
            most = most.max(moved.get());
            all += moved.get();
        }
        assert!(
            most <= PART_MAX && all < 1_000_000,
            "{most} at once, {all} in all"
        );
        for number in (0..300_000).step_by(3) {
            parts.remove(hash(&number), number);
        }
        let found = |number: u32| parts.find(hash(&number), |&other| other == number);
        assert!((0..300_000).all(|number| found(number) == (number % 3 != 0).then_some(number)));
        assert_eq!(parts.len(), 200_000);
    }

    #[test]
    fn hashes_that_share_all_bits_are_found_all_the_same() {
        let mut parts = Parts::default();
        for number in 0..10_000 {
            parts.insert(u64::from(number), number, |&other| u64::from(other));
        }
        assert_eq!(parts.parts.len(), DEPTH_MAX as usize + 1);
        assert!((0..10_000).all(|number| parts.find(u64::from(number), |&other| other == number).is_some()));
    }
}

//! Where keys were found last: most look-ups end here, without the table and its dearer hash.

use std::hash::{Hash, Hasher};

/// How many keys are remembered at most; a power of two.
const SLOTS: usize = 512;

/// A place for each of some keys. It may be another key's or none at all: whoever asks compares.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    places: Vec<u32>,
}

impl Slots {
    /// Where `key` may be.
    #[inline]
    pub(crate) fn place(&self, key: &impl Hash) -> Option<usize> {
        self.places.get(slot(key)).map(|&place| place as usize)
    }

    /// Remembers where it is, in place of any other.
    pub(crate) fn put(&mut self, key: &impl Hash, place: u32) {
        if self.places.is_empty() {
            self.places.resize(SLOTS, u32::MAX);
        }
        self.places[slot(key)] = place;
    }
}

#[inline]
fn slot(key: &impl Hash) -> usize {
    let mut hash = Quick(0);
    key.hash(&mut hash);
    (hash.0 >> (u64::BITS - SLOTS.trailing_zeros())) as usize
}

/// A hash of few instructions. Keys that are made to meet only cost the search in the table.
struct Quick(u64);

impl Quick {
    #[inline]
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(29) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.add(u64::from_le_bytes(word));
        }
    }

    #[inline]
    fn write_u8(&mut self, word: u8) {
        self.add(word.into());
    }

    #[inline]
    fn write_u32(&mut self, word: u32) {
        self.add(word.into());
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.add(word);
    }

    #[inline]
    fn write_usize(&mut self, word: usize) {
        self.add(word as u64);
    }

    #[inline]
    fn write_isize(&mut self, word: isize) {
        self.add(word as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_last_is_found_and_nothing_before() {
        let mut slots = Slots::default();
        assert_eq!(slots.place(&("a", 1_u64)), None);
        slots.put(&("a", 1_u64), 7);
        slots.put(&("a", 1_u64), 8);
        assert_eq!(slots.place(&("a", 1_u64)), Some(8));
        let met = (0..SLOTS as u64).filter(|n| slots.place(n) == Some(8));
        assert!(met.count() < 10, "keys are spread");
    }
}

//! A queue that grows, shrinks and is cleaned a block at a time: no step costs more than a block.

use std::collections::VecDeque;

/// Entries of a block.
const BLOCK: usize = 1_024;

/// First in, first out.
#[derive(Debug)]
pub(crate) struct Fifo<T> {
    /// None but the only one is empty.
    blocks: VecDeque<VecDeque<T>>,
    /// An emptied block for the next that is needed.
    spare: VecDeque<T>,
    len: usize,
}

impl<T> Default for Fifo<T> {
    fn default() -> Self {
        Fifo {
            blocks: VecDeque::new(),
            spare: VecDeque::new(),
            len: 0,
        }
    }
}

impl<T> Fifo<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn push_back(&mut self, entry: T) {
        if self.blocks.back().is_none_or(|last| last.len() == BLOCK) {
            self.grow();
        }
        if let Some(last) = self.blocks.back_mut() {
            last.push_back(entry);
            self.len += 1;
        }
    }

    #[cold]
    fn grow(&mut self) {
        let mut block = std::mem::take(&mut self.spare);
        block.reserve_exact(BLOCK);
        self.blocks.push_back(block);
    }

    pub(crate) fn front(&self) -> Option<&T> {
        self.blocks.front()?.front()
    }

    /// Takes the first entry if it `is_it`.
    pub(crate) fn pop_front_if(&mut self, is_it: impl FnOnce(&mut T) -> bool) -> Option<T> {
        let first = self.blocks.front_mut()?;
        let entry = first.pop_front_if(is_it)?;
        self.len -= 1;
        if first.is_empty() && self.blocks.len() > 1 {
            self.spare = self.blocks.pop_front().unwrap_or_default();
        }
        Some(entry)
    }

    /// How many blocks there are.
    pub(crate) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Drops the entries of one block that `is_good` refuses.
    pub(crate) fn retain(&mut self, block: usize, is_good: impl FnMut(&T) -> bool) {
        let Some(entries) = self.blocks.get_mut(block) else {
            return;
        };
        let before = entries.len();
        entries.retain(is_good);
        self.len -= before - entries.len();
        if entries.is_empty() && self.blocks.len() > 1 {
            self.blocks.remove(block);
        }
    }

    /// Bytes taken from the allocator.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> u64 {
        let blocks = self.blocks.iter().chain([&self.spare]);
        let entries: usize = blocks.map(VecDeque::capacity).sum();
        (entries * size_of::<T>() + self.blocks.capacity() * size_of::<VecDeque<T>>()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_what_was_put_in_and_not_dropped_in_order() {
        let mut fifo = Fifo::default();
        (0..10_000).for_each(|n| fifo.push_back(n));
        assert_eq!((fifo.len(), fifo.blocks(), fifo.front()), (10_000, 10, Some(&0)));
        for block in (0..10).rev() {
            fifo.retain(block, |n| n % 2 == 0 && !(2_000..5_000).contains(n));
        }
        let expected: Vec<u32> = (0..10_000)
            .filter(|n| n % 2 == 0 && !(2_000..5_000).contains(n))
            .collect();
        assert_eq!(fifo.len(), expected.len());
        let mut seen = Vec::new();
        while let Some(n) = fifo.pop_front_if(|_| true) {
            seen.push(n);
            assert_eq!(fifo.front().is_some(), fifo.len() > 0);
        }
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_queue_that_keeps_its_length_takes_no_memory() {
        let mut fifo = Fifo::default();
        (0..5_000).for_each(|n| fifo.push_back(n));
        let mut memory = None;
        for n in 0..50_000 {
            fifo.push_back(n);
            assert_eq!(fifo.pop_front_if(|_| false), None);
            fifo.pop_front_if(|_| true);
            if n > 5_000 {
                let first = *memory.get_or_insert(fifo.memory());
                assert!(fifo.memory() <= first + 2 * BLOCK as u64 * 4);
            }
        }
    }
}

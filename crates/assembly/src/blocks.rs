//! A list that grows by a block of about 1 MiB at a time: nothing moves, and nothing doubles.

use std::ops::{Index, IndexMut};

#[derive(Debug)]
pub(crate) struct Blocks<T> {
    blocks: Vec<Vec<T>>,
}

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Blocks { blocks: Vec::new() }
    }
}

impl<T> Blocks<T> {
    /// Elements in a block: a power of two.
    const BLOCK: usize = 1 << ((1 << 20) / size_of::<T>()).ilog2();

    /// Adds an element; answers its place.
    pub(crate) fn push(&mut self, element: T) -> u32 {
        let place = self.len();
        match self.blocks.last_mut() {
            Some(last) if last.len() < Self::BLOCK => last.push(element),
            Some(_) | None => {
                let mut block = Vec::with_capacity(Self::BLOCK);
                block.push(element);
                self.blocks.push(block);
            }
        }
        u32::try_from(place).expect("the budget in bytes ends before the numbers do")
    }

    pub(crate) fn len(&self) -> usize {
        let last = self.blocks.last().map_or(0, Vec::len);
        self.blocks.len().saturating_sub(1) * Self::BLOCK + last
    }

    /// All elements, by place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.blocks.iter().flatten()
    }

    /// Bytes that the blocks take from the allocator.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> u64 {
        (self.blocks.len() * Self::BLOCK * size_of::<T>()) as u64
    }
}

impl<T> Index<u32> for Blocks<T> {
    type Output = T;

    fn index(&self, place: u32) -> &T {
        &self.blocks[place as usize / Self::BLOCK][place as usize % Self::BLOCK]
    }
}

impl<T> IndexMut<u32> for Blocks<T> {
    fn index_mut(&mut self, place: u32) -> &mut T {
        &mut self.blocks[place as usize / Self::BLOCK][place as usize % Self::BLOCK]
    }
}

//! A list that grows by a block of `N` elements at a time: nothing moves, and nothing doubles.

use std::ops::{Index, IndexMut};

/// Blocks are arrays, so that of a place only the block is checked. `N` is a power of two.
#[derive(Debug)]
pub(crate) struct Blocks<T, const N: usize> {
    blocks: Vec<Box<[T; N]>>,
    len: usize,
}

impl<T, const N: usize> Default for Blocks<T, N> {
    fn default() -> Self {
        Blocks {
            blocks: Vec::new(),
            len: 0,
        }
    }
}

impl<T: Copy, const N: usize> Blocks<T, N> {
    /// Adds an element; answers its place.
    pub(crate) fn push(&mut self, element: T) -> u32 {
        let place = self.add(element);
        self[place] = element;
        place
    }

    /// Adds an element that is still to be written, `any` or another one; answers its place.
    #[inline]
    pub(crate) fn add(&mut self, any: T) -> u32 {
        let place = self.len;
        if place == self.blocks.len() * N {
            self.grow(any);
        }
        self.len += 1;
        u32::try_from(place).expect("the budget in bytes ends before the numbers do")
    }

    /// Takes the last element out.
    pub(crate) fn pop(&mut self) -> Option<T> {
        self.len = self.len.checked_sub(1)?;
        Some(self.blocks[self.len / N][self.len % N])
    }

    #[cold]
    fn grow(&mut self, any: T) {
        let block = vec![any; N].into_boxed_slice().try_into();
        self.blocks
            .push(block.unwrap_or_else(|_| unreachable!("it is that long")));
    }
}

impl<T, const N: usize> Blocks<T, N> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// All elements, by place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.blocks.iter().flat_map(|block| block.iter()).take(self.len)
    }

    /// Bytes that the blocks take from the allocator.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> u64 {
        (self.blocks.len() * size_of::<[T; N]>()) as u64
    }
}

impl<T, const N: usize> Index<u32> for Blocks<T, N> {
    type Output = T;

    #[inline]
    fn index(&self, place: u32) -> &T {
        &self.blocks[place as usize / N][place as usize % N]
    }
}

impl<T, const N: usize> IndexMut<u32> for Blocks<T, N> {
    #[inline]
    fn index_mut(&mut self, place: u32) -> &mut T {
        &mut self.blocks[place as usize / N][place as usize % N]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_place_in_every_block() {
        let mut blocks = Blocks::<u32, 4>::default();
        let places: Vec<u32> = (0..11).map(|n| blocks.push(n * n)).collect();
        assert_eq!(places, (0..11).collect::<Vec<_>>());
        assert!(places.iter().all(|&place| blocks[place] == place * place));
        blocks[9] = 7;
        assert_eq!((blocks.len(), blocks[9], blocks.iter().count()), (11, 7, 11));
        assert_eq!(blocks.memory(), 48);
        assert_eq!(
            (blocks.pop(), blocks.pop(), blocks.len()),
            (Some(100), Some(7), 9)
        );
        assert_eq!((blocks.push(3), blocks[9], blocks.memory()), (9, 3, 48));
    }
}

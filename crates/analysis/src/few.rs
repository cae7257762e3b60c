//! Rows of one list found by what tells them apart. A slot remembers when it was filled, so that a new list costs nothing.

use hashbrown::HashTable;

/// More than most traces have rows.
const SLOTS: usize = 256;

/// An index of the rows of one list, which only grows until the next [`Few::clear`].
#[derive(Debug)]
pub(crate) struct Few {
    /// By the leading bits of a hash.
    slots: Vec<Slot>,
    /// Number of the list at hand.
    list: u32,
    /// Rows whose slot another row of the list has.
    others: HashTable<u32>,
}

/// The row that took a slot first, and in which list.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    list: u32,
    row: u32,
}

impl Default for Few {
    fn default() -> Few {
        Few {
            slots: Vec::new(),
            // What was never filled is of no list.
            list: 1,
            others: HashTable::new(),
        }
    }
}

impl Few {
    pub(crate) fn clear(&mut self) {
        self.list = self.list.wrapping_add(1);
        if self.list == 0 {
            self.slots.fill(Slot::default());
            self.list = 1;
        }
        if !self.others.is_empty() {
            self.others.clear();
        }
    }

    /// The place of a row.
    #[inline]
    pub(crate) fn find<T>(&self, rows: &[T], hash: u64, is_it: impl Fn(&T) -> bool) -> Option<u32> {
        let slot = self.slots.get(slot(hash)).filter(|slot| slot.list == self.list)?;
        if rows.get(slot.row as usize).is_some_and(&is_it) {
            return Some(slot.row);
        }
        if self.others.is_empty() {
            return None;
        }
        let found = self.others.find(hash, |&at| is_it(&rows[at as usize]));
        found.copied()
    }

    /// Lists the row that was added last, which must be a new one; answers its place.
    #[inline]
    pub(crate) fn list<T>(&mut self, rows: &[T], hash: impl Fn(&T) -> u64) -> u32 {
        if self.slots.is_empty() {
            self.slots.resize(SLOTS, Slot::default());
        }
        let at = rows.len() - 1;
        let (own, row) = (hash(&rows[at]), at as u32);
        let slot = &mut self.slots[slot(own)];
        if slot.list == self.list {
            self.others
                .insert_unique(own, row, |&at| hash(&rows[at as usize]));
        } else {
            *slot = Slot { list: self.list, row };
        }
        row
    }
}

fn slot(hash: u64) -> usize {
    (hash >> (u64::BITS - SLOTS.trailing_zeros())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_and_no_other() {
        let mut few = Few::default();
        // Some share a slot, some a hash.
        let hash = |row: &u64| (row % 50) << 57;
        for count in [0, 1, 7, 8, 9, 100] {
            few.clear();
            let mut rows = Vec::new();
            for n in 0..count {
                rows.push(n * 3);
                assert_eq!(few.list(&rows, hash), n as u32);
            }
            for n in 0..count * 3 + 2 {
                let expected = (n % 3 == 0 && n / 3 < count).then_some((n / 3) as u32);
                assert_eq!(
                    few.find(&rows, hash(&n), |&row| row == n),
                    expected,
                    "{n} of {count}"
                );
            }
        }
    }

    #[test]
    fn a_list_is_not_taken_for_one_that_went_before_it_by_as_many_as_there_are() {
        let mut few = Few::default();
        let rows = [7_u64];
        few.list(&rows, |row| *row);
        few.list = u32::MAX;
        few.clear();
        assert_eq!(few.find(&rows, 7, |&row| row == 7), None);
        few.list(&rows, |row| *row);
        assert_eq!(few.find(&rows, 7, |&row| row == 7), Some(0));
    }
}

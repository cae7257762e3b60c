//! Rows found by what tells them apart: traces mostly have few, which are tried one after the other.

use hashbrown::HashTable;

/// So many rows are tried one after the other.
const IN_ORDER: usize = 8;

/// An index of the rows of one list, which only grows until the next [`Few::clear`].
#[derive(Debug, Default)]
pub(crate) struct Few {
    /// Rows from [`IN_ORDER`] on.
    table: HashTable<u32>,
}

impl Few {
    pub(crate) fn clear(&mut self) {
        if !self.table.is_empty() {
            self.table.clear();
        }
    }

    /// The place of a row.
    pub(crate) fn find<T>(
        &self,
        rows: &[T],
        hash: impl FnOnce() -> u64,
        is_it: impl Fn(&T) -> bool,
    ) -> Option<u32> {
        if let Some(at) = rows.iter().take(IN_ORDER).position(&is_it) {
            return Some(at as u32);
        }
        if self.table.is_empty() {
            return None;
        }
        let found = self.table.find(hash(), |&at| is_it(&rows[at as usize]));
        found.copied()
    }

    /// Lists the row that was added last, which must be a new one; answers its place.
    pub(crate) fn list<T>(&mut self, rows: &[T], hash: impl Fn(&T) -> u64) -> u32 {
        let at = rows.len() - 1;
        if at >= IN_ORDER {
            self.table
                .insert_unique(hash(&rows[at]), at as u32, |&at| hash(&rows[at as usize]));
        }
        at as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_and_no_other() {
        let mut few = Few::default();
        for count in [0, 1, 7, 8, 9, 100] {
            few.clear();
            let mut rows = Vec::new();
            for n in 0..count {
                rows.push(n * 3);
                assert_eq!(few.list(&rows, |row| row % 5), n as u32);
            }
            for n in 0..count * 3 + 2 {
                let expected = (n % 3 == 0 && n / 3 < count).then_some((n / 3) as u32);
                assert_eq!(
                    few.find(&rows, || n % 5, |&row| row == n),
                    expected,
                    "{n} of {count}"
                );
            }
        }
    }
}

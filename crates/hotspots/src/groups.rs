//! The rows of a report by key: those of one key are one contribution.

use std::hash::Hash;

use crate::table::Table;

/// So many arrangements are remembered of each list.
const KEPT: usize = 256;
/// None of them of more rows than this.
const LONGEST: usize = 64;

/// The rows of one list of a report at a time.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    members: Vec<Member>,
    /// How lists that came before were arranged, found by how they begin and how long they are. Traces repeat
    /// themselves: mostly a list has the keys of one of these, row by row, which is looked at before it is believed.
    before: Vec<Vec<Member>>,
}

/// A row, and above it where its key is in the table; all ones for nowhere. In one word, to sort quickly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Member(u64);

/// The rows of one key, in the order they stand in the report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group<'a, T, K> {
    pub(crate) key: K,
    /// Where the key is in the table, if it was there.
    pub(crate) place: Option<usize>,
    rows: &'a [T],
    members: &'a [Member],
}

impl Member {
    fn new(place: Option<usize>, row: u32) -> Member {
        // Tables have fewer than 2^32 rows.
        let place = place.map_or(u32::MAX, |place| place as u32);
        Member(u64::from(place) << 32 | u64::from(row))
    }

    fn is_known(self) -> bool {
        self.0 >> 32 != u64::from(u32::MAX)
    }

    fn place(self) -> Option<usize> {
        self.is_known().then_some((self.0 >> 32) as usize)
    }

    fn is_beside(self, other: Member) -> bool {
        self.0 >> 32 == other.0 >> 32
    }

    fn row(self) -> usize {
        self.0 as u32 as usize
    }
}

impl Groups {
    /// Puts rows of one key side by side: first those that `table` has, by their places, then the others by what `packed`
    /// makes of their keys.
    pub(crate) fn fill<T, K, V, P: Ord>(
        &mut self,
        table: &mut Table<K, V>,
        rows: &[T],
        key: impl Fn(&T) -> K,
        packed: impl Fn(&K) -> P,
    ) where
        K: Hash + Eq + Clone,
        V: Default + Clone,
    {
        self.members.clear();
        let Some(first) = rows.first() else { return };
        let first = table.place(&key(first));
        if rows.len() == 1 {
            return self.members.push(Member::new(first, 0));
        }
        let slot = first.map_or(0, |first| first.wrapping_mul(31).wrapping_add(rows.len()) % KEPT);
        if first.is_some() && self.recall(slot, table, rows, &key) {
            return;
        }
        self.arrange(table, rows, &key);
        let known = self.members.partition_point(|member| member.is_known());
        if known < self.members.len() {
            self.members[known..]
                .sort_unstable_by_key(|member| (packed(&key(&rows[member.row()])), member.row()));
        } else if rows.len() <= LONGEST {
            self.before.resize_with(KEPT, Vec::new);
            self.before[slot].clone_from(&self.members);
        }
    }

    /// Takes the arrangement in a slot, if each row has the key that stands where it says.
    fn recall<T, K, V>(&mut self, slot: usize, table: &Table<K, V>, rows: &[T], key: impl Fn(&T) -> K) -> bool
    where
        K: Hash + Eq + Clone,
        V: Default + Clone,
    {
        let Some(before) = self.before.get(slot).filter(|before| before.len() == rows.len()) else {
            return false;
        };
        let is_at = |member: &Member| table.is_at(member.place(), &key(&rows[member.row()]));
        let fits = before.iter().all(is_at);
        if fits {
            self.members.extend_from_slice(before);
        }
        fits
    }

    fn arrange<T, K, V>(&mut self, table: &mut Table<K, V>, rows: &[T], key: impl Fn(&T) -> K)
    where
        K: Hash + Eq + Clone,
        V: Default + Clone,
    {
        let mut last: Option<(K, Option<usize>)> = None;
        for (row, at) in rows.iter().zip(0..) {
            let own = key(row);
            // Neighbours mostly share their key.
            let place = match &last {
                Some((known, place)) if *known == own => *place,
                Some(_) | None => table.place(&own),
            };
            self.members.push(Member::new(place, at));
            last = Some((own, place));
        }
        self.members.sort_unstable();
    }

    /// The groups of the rows that it was filled with.
    pub(crate) fn iter<'a, T, K: Eq>(
        &'a self,
        rows: &'a [T],
        key: impl Fn(&T) -> K,
    ) -> impl Iterator<Item = Group<'a, T, K>> {
        let of = move |member: Member| key(&rows[member.row()]);
        let mut left = &self.members[..];
        std::iter::from_fn(move || {
            let &first = left.first()?;
            let (key, place) = (of(first), first.place());
            let is_same = |other: Member| first.is_beside(other) && (place.is_some() || of(other) == key);
            let mut length = 1;
            while left.get(length).is_some_and(|&other| is_same(other)) {
                length += 1;
            }
            let (members, rest) = left.split_at(length);
            left = rest;
            Some(Group {
                key,
                place,
                rows,
                members,
            })
        })
    }
}

impl<'a, T, K> Group<'a, T, K> {
    /// Its rows.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &'a T> + Clone + use<'a, T, K> {
        let rows = self.rows;
        self.members.iter().map(move |member| &rows[member.row()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::Sign;
    use hotspan_model::TableSeed;

    #[test]
    fn rows_of_one_key_are_together_those_of_known_keys_first() {
        let mut table: Table<char, u64> = Table::new(TableSeed(1), 1, 10);
        table.row(Sign::Add, &'b');
        table.row(Sign::Add, &'a');
        let rows: [(char, usize); 6] = [('d', 0), ('a', 1), ('c', 2), ('b', 3), ('a', 4), ('c', 5)];
        let mut groups = Groups::default();
        groups.fill(&mut table, &rows, |row| row.0, |key| *key);
        let expected = [
            ('b', Some(0), vec![3]),
            ('a', Some(1), vec![1, 4]),
            ('c', None, vec![2, 5]),
            ('d', None, vec![0]),
        ];
        assert_eq!(listed(&groups, &rows), expected);
    }

    #[test]
    fn a_list_of_other_keys_is_not_taken_for_one_that_came_before() {
        let mut table: Table<u32, u64> = Table::new(TableSeed(1), 1, 10);
        for key in 0..4 {
            table.row(Sign::Add, &key);
        }
        let mut groups = Groups::default();
        let lists: [&[u32]; 6] = [
            &[1, 0, 2, 1],
            &[1, 2, 0, 1],
            &[1, 0, 2, 1],
            &[1, 0, 2, 7],
            &[1, 0],
            &[1, 0, 2, 1],
        ];
        for keys in lists {
            let rows: Vec<(u32, usize)> = keys.iter().copied().zip(0..).collect();
            groups.fill(&mut table, &rows, |row| row.0, |key| *key);
            let mut fresh = Groups::default();
            fresh.fill(&mut table, &rows, |row| row.0, |key| *key);
            assert_eq!(listed(&groups, &rows), listed(&fresh, &rows), "{keys:?}");
        }
    }

    type Listed<K> = Vec<(K, Option<usize>, Vec<usize>)>;

    fn listed<K: Copy + Eq>(groups: &Groups, rows: &[(K, usize)]) -> Listed<K> {
        let groups = groups.iter(rows, |row| row.0);
        let numbers = |group: &Group<'_, (K, usize), K>| group.rows().map(|row| row.1).collect();
        groups
            .map(|group| (group.key, group.place, numbers(&group)))
            .collect()
    }
}

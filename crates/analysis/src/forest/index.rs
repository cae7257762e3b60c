//! Nodes found by their ids, as long as no two share one.

use super::Node;

/// An id that meets so many others on its way was made to: a sorted list finds it as fast as any.
const STEPS_MAX: usize = 64;

/// A table of nodes, at most half full. Which number a node has shows in no result.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Nodes, counted from one; 0 for none.
    slots: Vec<u32>,
    /// Bits of a hash that do not choose a slot.
    shift: u32,
}

impl Index {
    pub(super) fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<u32>()
    }

    /// Lists `nodes`; `false` when two of them share an id, or ids are so made that a table is no help.
    pub(super) fn build(&mut self, nodes: &[Node]) -> bool {
        let size = (nodes.len() * 2).next_power_of_two().max(2);
        self.shift = u64::BITS - size.trailing_zeros();
        self.slots.clear();
        self.slots.resize(size, 0);
        for (at, node) in (1..).zip(nodes) {
            let mut place = self.place(node.id);
            for steps in 0.. {
                match self.slots[place] {
                    0 => break,
                    _ if steps == STEPS_MAX => return false,
                    other if nodes[other as usize - 1].id == node.id => return false,
                    _ => place = (place + 1) & (size - 1),
                }
            }
            self.slots[place] = at;
        }
        true
    }

    /// The node of this id, of those that were listed.
    pub(super) fn find(&self, nodes: &[Node], id: u64) -> Option<u32> {
        let mut place = self.place(id);
        loop {
            let at = self.slots[place].checked_sub(1)?;
            if nodes[at as usize].id == id {
                return Some(at);
            }
            place = (place + 1) & (self.slots.len() - 1);
        }
    }

    fn place(&self, id: u64) -> usize {
        (id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::blank;
    use super::*;

    fn nodes(ids: impl Iterator<Item = u64>) -> Vec<Node> {
        ids.map(|id| Node { id, ..blank() }).collect()
    }

    #[test]
    fn every_node_is_found_and_no_other() {
        let mut index = Index::default();
        for count in [0, 1, 2, 3, 100] {
            let nodes = nodes((0..count).map(|n| n * 7 + 1));
            assert!(index.build(&nodes));
            for id in 0..count * 7 + 9 {
                let expected = (id % 7 == 1 && id / 7 < count).then_some((id / 7) as u32);
                assert_eq!(index.find(&nodes, id), expected, "{id} of {count}");
            }
        }
    }

    #[test]
    fn an_id_twice_is_told_and_so_are_ids_made_to_meet() {
        let mut index = Index::default();
        assert!(!index.build(&nodes([5, 6, 5].into_iter())));
        // Multiples of the inverse of the factor: all begin at one slot.
        let inverse = 0xf1de_83e1_9937_733d_u64;
        assert_eq!(inverse.wrapping_mul(0x9e37_79b9_7f4a_7c15), 1);
        assert!(!index.build(&nodes((1..200).map(|n| inverse.wrapping_mul(n)))));
    }
}

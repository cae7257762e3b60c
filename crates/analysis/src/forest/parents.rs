//! Who hangs from whom: parents by id, placeholders for missing ones, circles cut.

use hotspan_model::{Flag, SpanId, Timestamp};

use super::identity::SERVER_HALVES_MAX;
use super::read::blank;
use super::{Family, Forest, Input, Mark, NONE, Node, same_host};

/// Not yet seen by the search for circles.
const UNSEEN: u32 = 0;

impl Forest {
    /// Gives every node its parent; a missing one becomes a phantom above all who name it.
    pub(super) fn find_parents(&mut self, input: &Input<'_>) {
        let mut last = (0, NONE);
        for at in 0..self.nodes.len() as u32 {
            let node = &self.nodes[at as usize];
            let named = match node.span {
                NONE => input.trace.groups[node.group as usize].parent,
                span => input.spans[span as usize].parent,
            };
            let parent = match named {
                None if node.bits.has(Flag::BadParent) => self.miss(0, at),
                None => NONE,
                Some(_) if node.has(Mark::SharedId) => self.first_of(node.id),
                Some(id) if id.get() == last.0 => last.1,
                Some(id) => match self.find(input, id, node) {
                    Some((found, true)) => {
                        last = (id.get(), found);
                        found
                    }
                    Some((found, false)) => found,
                    None => self.miss(id.get(), at),
                },
            };
            self.nodes[at as usize].parent = parent;
        }
        self.add_phantoms();
    }

    fn miss(&mut self, id: u64, child: u32) -> u32 {
        self.scratch.missing.push((id, child));
        NONE
    }

    fn first_of(&self, id: u64) -> u32 {
        let ids = &self.scratch.ids;
        let at = ids.partition_point(|entry| entry.0 < id);
        ids.get(at)
            .filter(|entry| entry.0 == id)
            .map_or(NONE, |entry| entry.1)
    }

    /// The node that `id` means to `child`, and whether it means that to everyone.
    #[inline]
    pub(super) fn find(&self, input: &Input<'_>, id: SpanId, child: &Node) -> Option<(u32, bool)> {
        if !self.scratch.ids.is_empty() {
            return self.find_among(input, id, child);
        }
        match self.scratch.index.find(&self.nodes, id.get()) {
            Some(at) => Some((at, true)),
            None => Some((self.folded(input, id, child)?, false)),
        }
    }

    /// The same where some nodes share an id.
    fn find_among(&self, input: &Input<'_>, id: SpanId, child: &Node) -> Option<(u32, bool)> {
        let ids = &self.scratch.ids;
        let from = ids.partition_point(|entry| entry.0 < id.get());
        let Some(&(_, first)) = ids.get(from).filter(|entry| entry.0 == id.get()) else {
            return Some((self.folded(input, id, child)?, false));
        };
        let rest = ids[from + 1..]
            .iter()
            .take(SERVER_HALVES_MAX)
            .map(|&(id, at)| (id, at, &self.nodes[at as usize]));
        let halves = rest.take_while(|(same, _, half)| *same == id.get() && half.has(Mark::SharedId));
        let mut chosen = None;
        let mut alone = true;
        for (_, at, half) in halves {
            alone = false;
            if half.service != child.service || !same_host(half.host, child.host) {
                continue;
            }
            if half.b <= child.b && child.b < half.e {
                return Some((at, false));
            }
            chosen = chosen.or(Some(at));
        }
        Some((chosen.unwrap_or(first), alone))
    }

    /// The interval of the group that `id` was folded into in which `child` starts.
    fn folded(&self, input: &Input<'_>, id: SpanId, child: &Node) -> Option<u32> {
        let folded = &input.trace.folded_parents;
        let at = folded.binary_search_by_key(&id, |entry| entry.0).ok()?;
        let group = folded[at].1 as usize;
        let intervals = &input.trace.groups.get(group)?.intervals;
        let start: Timestamp = self.moment(child.b.min(i64::MAX / 2));
        let place = intervals.partition_point(|interval| interval.0 <= start);
        (!intervals.is_empty()).then(|| self.scratch.group_first[group] + (place.max(1) - 1) as u32)
    }

    fn add_phantoms(&mut self) {
        self.scratch.missing.sort_unstable();
        for place in 0..self.scratch.missing.len() {
            let (id, child) = self.scratch.missing[place];
            if place == 0 || self.scratch.missing[place - 1].0 != id {
                let mut phantom = Node { id, ..blank() };
                phantom.marks.set(Mark::MissingParent);
                phantom.marks.set(Mark::Phantom);
                self.nodes.push(phantom);
                self.hollow = true;
            }
            self.nodes[child as usize].parent = self.nodes.len() as u32 - 1;
        }
    }

    /// Lists children and all nodes top-down; cuts circles, which no walk from a root reaches.
    pub(super) fn arrange(&mut self) {
        self.list_children();
        if self.order.len() < self.nodes.len() {
            self.cut_circles();
            self.list_children();
        }
    }

    fn list_children(&mut self) {
        let (nodes, families, order) = (&mut self.nodes, &mut self.families, &mut self.order);
        families.clear();
        families.resize(nodes.len(), Family::EMPTY);
        order.resize(nodes.len(), NONE);
        let mut listed = 0;
        // Backwards, so that siblings are linked in order.
        for (at, node) in nodes.iter_mut().enumerate().rev() {
            if node.parent == NONE {
                (node.head, node.depth) = (at as u32, 0);
                order[listed] = at as u32;
                listed += 1;
            } else {
                let first = std::mem::replace(&mut families[node.parent as usize].first, at as u32);
                families[at].live = first;
            }
        }
        let mut done = 0;
        while done < listed {
            let at = order[done] as usize;
            done += 1;
            let (mut child, first) = (families[at].first, listed);
            if child == NONE {
                families[at].live = 0;
                continue;
            }
            let (head, depth) = (nodes[at].head, nodes[at].depth + 1);
            while child != NONE {
                let node = &mut nodes[child as usize];
                (node.head, node.depth) = (head, depth);
                order[listed] = child;
                listed += 1;
                child = families[child as usize].live;
            }
            let family = &mut families[at];
            (family.first, family.all) = (first as u32, (listed - first) as u32);
        }
        order.truncate(listed);
    }

    /// Cuts each circle at its span with the smallest (start, key).
    fn cut_circles(&mut self) {
        let count = self.nodes.len();
        let mut seen = std::mem::take(&mut self.scratch.run);
        seen.clear();
        seen.resize(count, UNSEEN);
        for &at in &self.order {
            seen[at as usize] = u32::MAX;
        }
        for from in 0..count as u32 {
            let walk = from + 1;
            let mut at = from;
            while seen[at as usize] == UNSEEN {
                seen[at as usize] = walk;
                at = self.nodes[at as usize].parent;
            }
            if seen[at as usize] == walk {
                self.cut_circle(at);
            }
        }
        self.scratch.run = seen;
    }

    fn cut_circle(&mut self, from: u32) {
        let (mut first, mut at) = (from, self.nodes[from as usize].parent);
        while at != from {
            let place = |at: u32| (self.nodes[at as usize].b, self.nodes[at as usize].key());
            if place(at) < place(first) {
                first = at;
            }
            at = self.nodes[at as usize].parent;
        }
        self.nodes[first as usize].parent = NONE;
        self.nodes[first as usize].marks.set(Mark::Cycle);
    }
}

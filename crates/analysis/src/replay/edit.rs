//! What may be changed about a unit, and what that does to durations.

use hotspan_model::{Kind, Nanos};

use super::model::{Queue, each_lag};
use super::run::{Policy, Run, WIDTH_MAX};
use super::{Replay, Times};
use crate::{Forest, NONE};

/// A change to some spans of one unit. Members may come in any order; dead ones and those of other units are left
/// out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit<'a> {
    /// They take no time.
    Zero(&'a [u32]),
    /// Each takes at most so long.
    Cap(&'a [u32], Nanos),
    /// The unit waits only for their hand-over, which takes at most so long.
    Async(&'a [u32], Nanos),
    /// Each takes so much longer: what a slowdown would cost.
    Grow(&'a [u32], Nanos),
    /// They run side by side.
    Parallelise {
        /// Which.
        members: &'a [u32],
        /// How many at once: 1 to 64.
        width: u32,
        /// Time between two starts; by default the run's smallest positive lag.
        gap: Option<Nanos>,
    },
    /// One call does the work of them all.
    Batch(&'a [u32]),
    /// Only the last attempt is made.
    DropRetries(&'a [u32]),
    /// Whatever started after the first had ended takes no time.
    Dedupe(&'a [u32]),
}

/// How many calls [`Edit::Parallelise`] lets run at once unless told.
pub const WIDTH: u32 = 8;

/// What becomes of one node's duration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub node: u32,
    to: To,
}

#[derive(Clone, Copy, Debug)]
enum To {
    AtMost(i64),
    Longer(i64),
    Exactly(Times),
}

impl Change {
    pub(super) fn apply(&self, duration: Times) -> Times {
        match self.to {
            To::AtMost(cap) => duration.map(|duration| duration.min(cap)),
            To::Longer(by) => duration.map(|duration| duration.saturating_add(by)),
            To::Exactly(values) => values,
        }
    }
}

/// Changes of all edits, in order of the edits.
#[derive(Debug, Default)]
pub(super) struct Changes {
    rows: Vec<Change>,
    /// Those of nodes that have children: node and number.
    of_parents: Vec<(u32, u32)>,
}

impl Changes {
    fn add(&mut self, node: u32, to: To) {
        self.rows.push(Change { node, to });
    }

    pub(super) fn clear(&mut self) {
        self.rows.clear();
    }

    /// All of them.
    pub(super) fn rows(&self) -> &[Change] {
        &self.rows
    }

    /// Adds those of other edits after these.
    pub(super) fn append(&mut self, rows: &[Change]) {
        self.rows.extend_from_slice(rows);
    }

    /// Finds those of nodes that have children.
    pub(super) fn sort(&mut self, forest: &Forest) {
        self.of_parents.clear();
        let rows = (0..).zip(&self.rows);
        let of_parents = rows.filter(|(_, change)| !forest.is_leaf(change.node));
        self.of_parents
            .extend(of_parents.map(|(number, change)| (change.node, number)));
        self.of_parents.sort_unstable();
    }

    /// Nodes with children that are changed.
    pub(super) fn parents(&self) -> impl Iterator<Item = u32> {
        self.of_parents.iter().map(|change| change.0)
    }

    /// The duration of a node with children after its own edits.
    pub(super) fn apply(&self, at: u32, duration: Times) -> Times {
        let from = self.of_parents.partition_point(|change| change.0 < at);
        let own = self.of_parents[from..].iter().take_while(|change| change.0 == at);
        own.fold(duration, |duration, change| {
            self.rows[change.1 as usize].apply(duration)
        })
    }

    pub(super) fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Change>() + self.of_parents.capacity() * size_of::<(u32, u32)>()
    }
}

/// Buffers of building an edit.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Members of the edit, in order of time.
    members: Vec<u32>,
    /// Parent and child of every node at or above a member.
    touched: Vec<(u32, u32)>,
}

impl Scratch {
    pub(super) fn bytes(&self) -> usize {
        self.members.capacity() * size_of::<u32>() + self.touched.capacity() * size_of::<(u32, u32)>()
    }
}

impl Replay {
    /// Adds an edit.
    pub fn edit(&mut self, forest: &Forest, edit: Edit<'_>) {
        match edit {
            Edit::Zero(members) => self.change_all(forest, members, To::AtMost(0)),
            Edit::Cap(members, cap) | Edit::Async(members, cap) => {
                self.change_all(forest, members, To::AtMost(signed(cap)));
            }
            Edit::Grow(members, by) => self.change_all(forest, members, To::Longer(signed(by))),
            Edit::Parallelise { members, width, gap } => {
                self.gather(forest, members);
                let width = width.clamp(1, WIDTH_MAX);
                let gap = gap.map(signed);
                self.add_runs(forest, |replay, parent, siblings| Policy::Spread {
                    width,
                    gap: gap.unwrap_or_else(|| replay.smallest_lag(forest, parent, siblings)),
                });
            }
            Edit::Batch(members) => {
                self.gather(forest, members);
                self.batch(forest);
            }
            Edit::DropRetries(members) => {
                self.gather(forest, members);
                self.keep_last();
                self.add_runs(forest, |_, _, _| Policy::Unlag);
            }
            Edit::Dedupe(members) => {
                self.gather(forest, members);
                self.dedupe(forest);
            }
        }
    }

    fn takes_part(&self, forest: &Forest, at: u32) -> bool {
        let node = forest.node(at);
        node.is_live() && node.head == self.head
    }

    fn change_all(&mut self, forest: &Forest, members: &[u32], to: To) {
        for &node in members {
            if self.takes_part(forest, node) {
                self.changes.add(node, to);
            }
        }
    }

    /// Fills `scratch.members`.
    fn gather(&mut self, forest: &Forest, members: &[u32]) {
        let mut own = std::mem::take(&mut self.scratch.members);
        own.clear();
        own.extend(members.iter().copied().filter(|&at| self.takes_part(forest, at)));
        own.sort_unstable_by(|&a, &b| Queue::in_time(forest, a, b));
        own.dedup();
        self.scratch.members = own;
    }

    /// The first member does all the work: as long as the longest at best, and at worst what each adds to the fixed
    /// cost of a call on top of one such cost.
    fn batch(&mut self, forest: &Forest) {
        let members = &self.scratch.members;
        let Some((&first, rest)) = members.split_first().filter(|(_, rest)| !rest.is_empty()) else {
            return;
        };
        let length = |at: u32| forest.node(at).end - forest.node(at).start;
        let (mut longest, mut shortest, mut call) = (0, i64::MAX, None);
        for &at in members {
            let length = length(at);
            (longest, shortest) = (length.max(longest), length.min(shortest));
            if let Some(cost) = call_cost(forest, at) {
                call = Some(call.map_or(cost, |least: i64| least.min(cost)));
            }
        }
        let fixed = call.unwrap_or(shortest);
        let variable = members.iter().map(|&at| length(at) - fixed);
        let worst = variable.fold(fixed, i64::saturating_add).max(longest);
        let likely = longest.saturating_add(longest / 2).clamp(longest, worst);
        self.changes.add(first, To::Exactly([longest, likely, worst]));
        for &other in rest {
            self.changes.add(other, To::AtMost(0));
        }
        self.opinionated = true;
        self.add_runs(forest, |_, _, _| Policy::Unlag);
    }

    fn keep_last(&mut self) {
        let members = &self.scratch.members;
        for &attempt in members.split_last().map_or(&[][..], |(_, before)| before) {
            self.changes.add(attempt, To::AtMost(0));
        }
    }

    fn dedupe(&mut self, forest: &Forest) {
        let members = &self.scratch.members;
        let Some(&first) = members.first() else { return };
        let known = forest.node(first).end;
        let started = |at: u32| {
            let node = forest.node(at);
            let tolerance = match node.parent {
                NONE => 0,
                parent => forest.node(parent).tolerance,
            };
            node.start.saturating_add(tolerance)
        };
        for &later in members[1..].iter().filter(|&&at| started(at) >= known) {
            self.changes.add(later, To::AtMost(0));
        }
    }

    /// One run at each parent with two or more children that are members or contain some.
    fn add_runs(&mut self, forest: &Forest, policy: impl Fn(&mut Replay, u32, &mut [(u32, u32)]) -> Policy) {
        if self.scratch.members.len() < 2 {
            return;
        }
        let mut touched = std::mem::take(&mut self.scratch.touched);
        touched.clear();
        for &member in &self.scratch.members {
            let mut at = member;
            while at != self.head && self.place[at as usize] == NONE {
                self.place[at as usize] = 0;
                touched.push((forest.node(at).parent, at));
                at = forest.node(at).parent;
            }
        }
        for &(_, at) in &touched {
            self.place[at as usize] = NONE;
        }
        // Mostly all are siblings, and need no order.
        if touched.iter().any(|entry| entry.0 != touched[0].0) {
            touched.sort_unstable_by_key(|entry| entry.0);
        }
        for siblings in touched
            .chunk_by_mut(|a, b| a.0 == b.0)
            .filter(|siblings| siblings.len() > 1)
        {
            let id = self.runs.len() as u32;
            for &(_, child) in &*siblings {
                self.join(child, id);
            }
            let parent = siblings[0].0;
            let policy = policy(self, parent, siblings);
            let slots = self.spare.pop().unwrap_or_default();
            self.runs.push(Run::new(parent, id, policy, slots));
        }
        self.ranged = true;
        self.scratch.touched = touched;
    }

    /// The smallest positive lag of the run's members but the first; 0 if none is.
    fn smallest_lag(&mut self, forest: &Forest, parent: u32, siblings: &mut [(u32, u32)]) -> i64 {
        let mut smallest = None;
        let mut seen = false;
        siblings.sort_unstable();
        each_lag(forest, parent, &mut self.queue, |child, lag, _| {
            let member = siblings.binary_search(&(parent, child)).is_ok();
            if member && std::mem::replace(&mut seen, true) && lag > 0 {
                smallest = Some(smallest.map_or(lag, |other: i64| other.min(lag)));
            }
        });
        smallest.unwrap_or(0)
    }
}

/// What a call costs beyond its server's work, when the server is there.
fn call_cost(forest: &Forest, at: u32) -> Option<i64> {
    let client = forest.node(at);
    if client.kind() != Kind::Client {
        return None;
    }
    let mut children = forest.by_start(at).iter().map(|&child| forest.node(child));
    let server = children.find(|child| child.kind() == Kind::Server)?;
    Some((client.end - client.start) - (server.end - server.start))
}

fn signed(time: Nanos) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}

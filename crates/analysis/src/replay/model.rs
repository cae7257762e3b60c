//! The max-plus model: new durations of parents from those of their children, bottom-up.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::film::Shot;
use super::{Mood, Replay, Times};
use crate::{Forest, Mark, NONE, Node};

/// A child that has started, ordered by its old end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Started {
    old_end: i64,
    child: u32,
    /// Relative to the parent's start.
    new_end: Times,
}

/// The latest new end of the children that have ended, but of those that another one stands for.
///
/// Clocks of coarse steps put some children a little before the end of what they waited for, and others as much behind
/// it. Whoever waits for such a child waits for what it waited for as well: the later of the two ends would keep each
/// step behind and lose each step before, and a loop of spans without length would grow.
#[derive(Clone, Copy, Debug, Default)]
struct Ended {
    latest: Times,
    /// The last child that started before the end of what it waited for, but outlived it.
    stand_in: Option<u32>,
    /// Latest new end since it started.
    since: Times,
}

impl Ended {
    fn started(&mut self, child: u32, lag: i64, length: i64) {
        if lag < 0 && length.saturating_add(lag) >= 0 {
            (self.stand_in, self.since) = (Some(child), Times::default());
        }
    }

    fn ended(&mut self, child: u32, new_end: Times) {
        self.since = latest(self.since, new_end);
        self.latest = match self.stand_in == Some(child) {
            true => self.since,
            false => latest(self.latest, new_end),
        };
    }
}

/// The children that have started and may still run. Children mostly run one after the other: one that runs alone is
/// no heap.
#[derive(Debug, Default)]
pub(super) struct Queue {
    alone: Option<Started>,
    /// Empty while one runs alone.
    heap: BinaryHeap<Reverse<Started>>,
}

impl Queue {
    pub(super) fn bytes(&self) -> usize {
        self.heap.capacity() * size_of::<Started>()
    }

    /// Empties it and makes room for so many.
    fn open(&mut self, children: usize) {
        self.alone = None;
        self.heap.clear();
        // Buffers that are as large as they may need to be do not double: huge traces stay within their memory.
        self.heap.reserve(children);
    }

    #[inline]
    fn push(&mut self, started: Started) {
        match self.alone.take() {
            None if self.heap.is_empty() => self.alone = Some(started),
            None => self.heap.push(Reverse(started)),
            Some(other) => self.heap.extend([Reverse(other), Reverse(started)]),
        }
    }

    #[inline]
    fn pop_until(&mut self, time: i64) -> Option<Started> {
        if self.alone.is_some() {
            return self.alone.take_if(|started| started.old_end <= time);
        }
        if self.heap.peek()?.0.old_end > time {
            return None;
        }
        self.heap.pop().map(|started| started.0)
    }
}

/// Where a child would start: `normal` unless a run moves it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    /// Time from the end of its last predecessor to its start; a tolerated overlap is negative.
    pub lag: i64,
    /// New start relative to the parent's.
    pub normal: Times,
}

impl Replay {
    /// Lists edited nodes, parents of runs and all their ancestors; those without children have their new durations
    /// at once. Answers how many these are.
    pub(super) fn mark_dirty(&mut self, forest: &Forest) -> usize {
        if self.several {
            self.members.sort_unstable();
        }
        self.changes.sort(forest);
        self.runs.sort_unstable_by_key(|run| (run.parent, run.id));
        self.dirty.clear();
        self.dirty.reserve(forest.nodes().len());
        self.durations.clear();
        self.edit_leaves(forest);
        let leaves = self.dirty.len();
        for at in self
            .changes
            .parents()
            .chain(self.runs.iter().map(|run| run.parent))
        {
            if self.place[at as usize] == NONE {
                self.place[at as usize] = 0;
                self.dirty.push(at);
            }
        }
        for place in 0..self.dirty.len() {
            let mut at = self.dirty[place];
            while at != self.head {
                at = forest.node(at).parent;
                if self.place[at as usize] != NONE {
                    break;
                }
                self.place[at as usize] = 0;
                self.dirty.push(at);
            }
        }
        let parents = &mut self.dirty[leaves..];
        parents.sort_unstable_by_key(|&at| Reverse(forest.node(at).depth));
        for (place, &at) in (leaves as u32..).zip(&*parents) {
            self.place[at as usize] = place;
        }
        leaves
    }

    fn edit_leaves(&mut self, forest: &Forest) {
        for change in self.changes.rows() {
            if !forest.is_leaf(change.node) {
                continue;
            }
            let place = &mut self.place[change.node as usize];
            if *place == NONE {
                *place = self.dirty.len() as u32;
                self.dirty.push(change.node);
                self.durations.push(length(forest.node(change.node)));
            }
            let duration = &mut self.durations[*place as usize];
            *duration = change.apply(*duration);
        }
    }

    /// The unit's new duration, when the first `leaves` that are listed have theirs.
    pub(super) fn replay(&mut self, forest: &Forest, leaves: usize) -> Times {
        self.durations.reserve(self.dirty.len() - leaves);
        for place in leaves..self.dirty.len() {
            let at = self.dirty[place];
            let duration = self.duration(forest, at);
            let duration = self.changes.apply(at, duration);
            self.durations.push(duration);
        }
        // The head is the only node at its depth, so it comes last.
        self.durations.last().copied().unwrap_or_default()
    }

    /// A parent's new duration before its own edit.
    fn duration(&mut self, forest: &Forest, at: u32) -> Times {
        let parent = forest.node(at);
        let children = forest.by_start(at);
        let runs = self.open_runs(at);
        if let Some(duration) = self.sequence(forest, parent, children, runs.clone()) {
            return duration;
        }
        self.queue.open(children.len());
        let (mut last_old, mut last_new) = (None, Ended::default());
        let (mut end_old, mut end_new) = (i64::MIN, Times::default());
        for &at in children {
            let child = forest.node(at);
            if self.is_shadow(child, at, end_old) {
                continue;
            }
            while let Some(ended) = self.queue.pop_until(child.start.saturating_add(parent.tolerance)) {
                last_old = last_old.max(Some(ended.old_end));
                last_new.ended(ended.child, ended.new_end);
                self.end_in_runs(runs.clone(), ended.child, ended.new_end);
            }
            let lag = child.start - last_old.unwrap_or(parent.start);
            let normal = last_new.latest.map(|last| last.saturating_add(lag).max(0));
            let duration = self.duration_of(child, at);
            let start = self.start(runs.clone(), at, Start { lag, normal }, duration);
            self.camera.shoot(Shot {
                child: at,
                start,
                duration,
            });
            let new_end = sum(start, duration);
            (end_old, end_new) = (end_old.max(child.end), latest(end_new, new_end));
            self.queue.push(Started {
                old_end: child.end,
                new_end,
                child: at,
            });
            last_new.started(at, lag, child.end - child.start);
        }
        end_new.map(|end| end.saturating_add(parent.end - end_old))
    }

    /// A placeholder whose place was worked out says nothing about when its parent is done while a sibling covers
    /// it: what it stands for most likely ran inside that sibling, and would move with it.
    fn is_shadow(&self, child: &Node, at: u32, covered_until: i64) -> bool {
        let guessed = child.has(Mark::Phantom) && child.has(Mark::Inferred);
        guessed && child.end <= covered_until && self.place[at as usize] == NONE
    }

    pub(super) fn duration_of(&self, child: &Node, at: u32) -> Times {
        match self.place[at as usize] {
            NONE => length(child),
            place => self.durations[place as usize],
        }
    }
}

/// How long a node takes when nothing changes.
fn length(node: &Node) -> Times {
    [node.end - node.start; Mood::ALL.len()]
}

/// The later one in each mood.
pub(super) fn latest(a: Times, b: Times) -> Times {
    std::array::from_fn(|mood| a[mood].max(b[mood]))
}

/// The sum in each mood.
pub(super) fn sum(a: Times, b: Times) -> Times {
    std::array::from_fn(|mood| a[mood].saturating_add(b[mood]))
}

/// Calls `each` with every live awaited child of `parent` and its lag; the heap is `queue`'s.
pub(super) fn each_lag(
    forest: &Forest,
    parent: u32,
    queue: &mut Queue,
    mut each: impl FnMut(u32, i64, Option<i64>),
) {
    let node = forest.node(parent);
    let children = forest.by_start(parent);
    queue.open(children.len());
    let mut last = None;
    for &at in children {
        let child = forest.node(at);
        while let Some(ended) = queue.pop_until(child.start.saturating_add(node.tolerance)) {
            last = last.max(Some(ended.old_end));
        }
        each(at, child.start - last.unwrap_or(node.start), last);
        queue.push(Started {
            old_end: child.end,
            new_end: Times::default(),
            child: at,
        });
    }
}

impl Queue {
    /// Order of children in time.
    pub(super) fn in_time(forest: &Forest, a: u32, b: u32) -> Ordering {
        let of = |at: u32| {
            let node = forest.node(at);
            (node.start, node.end, node.key())
        };
        of(a).cmp(&of(b))
    }
}

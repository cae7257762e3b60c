//! What a unit would take if some of its spans took less: a max-plus replay of its sync tree.
//!
//! A child starts a fixed lag after the last of its predecessors, the siblings before it that had ended when it
//! started; a parent ends a fixed time after the last of its children. An edit changes durations, and may move the
//! starts of a *run*, members one after the other. Only ancestors of what an edit touches are computed anew.
//!
//! Members of a run need not be siblings. Each parent under which two or more members live, be it directly or some
//! levels down, sees one run: its children that are members or contain some. So queries below one wrapper span
//! each move as the wrappers do, and what a wrapper does besides its query stays.

mod edit;
mod model;
mod run;
mod slack;

pub use edit::{Edit, WIDTH};
pub use slack::Slack;

use hotspan_model::{Millionths, Nanos, Saving};

use crate::{Forest, NONE};

/// What a unit would take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// As it was.
    pub before: Nanos,
    /// At best.
    pub optimistic: Nanos,
    /// Likely.
    pub likely: Nanos,
    /// At worst; may be longer than before.
    pub pessimistic: Nanos,
}

impl Outcome {
    /// What that saves: never negative.
    pub fn saving(&self) -> Saving {
        let max = self.before.minus(self.optimistic);
        let min = self.before.minus(self.pessimistic).min(max);
        Saving {
            min,
            likely: self.before.minus(self.likely).clamp(min, max),
            max,
        }
    }
}

/// How kindly an edit is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Optimistic,
    Likely,
    Pessimistic,
}

/// Replays units of a forest. Edits add up until the next [`Replay::begin`]. Buffers are reused.
#[derive(Debug, Default)]
pub struct Replay {
    head: u32,
    changes: Vec<edit::Change>,
    runs: Vec<run::Run>,
    /// Buffers of earlier runs.
    spare: Vec<Vec<i64>>,
    /// Child and run, by child.
    members: Vec<(u32, u32)>,
    /// Some edit has more than one result; some edit says itself which one is likely.
    ranged: bool,
    opinionated: bool,
    /// Nodes to compute anew, children before parents; place of each there, [`NONE`] for others.
    dirty: Vec<u32>,
    place: Vec<u32>,
    /// New durations, beside `dirty`.
    durations: Vec<i64>,
    scratch: edit::Scratch,
    queue: model::Queue,
}

impl Replay {
    /// Forgets all edits and turns to the unit under `head`.
    pub fn begin(&mut self, forest: &Forest, head: u32) {
        self.head = head;
        self.changes.clear();
        self.spare.extend(self.runs.drain(..).map(run::Run::into_slots));
        self.members.clear();
        (self.ranged, self.opinionated) = (false, false);
        // Between two calls all places are `NONE`.
        if self.place.len() < forest.nodes().len() {
            self.place.resize(forest.nodes().len(), NONE);
        }
    }

    /// What the unit takes with all edits together.
    pub fn run(&mut self, forest: &Forest) -> Outcome {
        let before = forest.node(self.head).length();
        if self.changes.is_empty() && self.runs.is_empty() {
            let same = before;
            return Outcome {
                before,
                optimistic: same,
                likely: same,
                pessimistic: same,
            };
        }
        self.mark_dirty(forest);
        let optimistic = self.replay(forest, Mood::Optimistic);
        let pessimistic = match self.ranged {
            true => self.replay(forest, Mood::Pessimistic),
            false => optimistic,
        };
        let likely = match self.opinionated {
            true => self.replay(forest, Mood::Likely),
            false => Nanos(u64::midpoint(optimistic.0, pessimistic.0)),
        };
        for &at in &self.dirty {
            self.place[at as usize] = NONE;
        }
        Outcome {
            before,
            optimistic,
            likely,
            pessimistic,
        }
    }

    /// What one edit alone saves.
    pub fn saving(&mut self, forest: &Forest, head: u32, edit: Edit<'_>) -> Saving {
        self.begin(forest, head);
        self.edit(forest, edit);
        self.run(forest).saving()
    }

    /// What a cache saves on average that answers all `members` in this share of traces, within `hit` each. At best
    /// a hit costs nothing, at worst only half of them hit.
    pub fn cache(
        &mut self,
        forest: &Forest,
        head: u32,
        members: &[u32],
        share: Millionths,
        hit: Nanos,
    ) -> Saving {
        let best = self.saving(forest, head, Edit::Zero(members)).max;
        let hits = self.saving(forest, head, Edit::Cap(members, hit)).max;
        let (min, max) = (Nanos(share.of(hits.0) / 2), Nanos(share.of(best.0)));
        let likely = Nanos(u64::midpoint(min.0, max.0));
        Saving { min, likely, max }
    }

    /// How much shorter the unit would be without `node`.
    pub fn drag(&mut self, forest: &Forest, node: u32) -> Nanos {
        let head = forest.node(node).head;
        self.saving(forest, head, Edit::Zero(&[node])).max
    }

    /// Bytes that its buffers hold.
    pub fn bytes(&self) -> usize {
        self.changes.capacity() * size_of::<edit::Change>()
            + self.runs.capacity() * size_of::<run::Run>()
            + self.members.capacity() * size_of::<(u32, u32)>()
            + (self.dirty.capacity() + self.place.capacity()) * size_of::<u32>()
            + self.durations.capacity() * size_of::<i64>()
            + self.scratch.bytes()
            + self.queue.bytes()
    }
}

//! Members of an edit that run one after the other under one parent, and how their starts move.

use std::ops::Range;

use super::model::{Start, latest, sum};
use super::{Mood, Replay, SEVERAL, Times};
use crate::NONE;

/// More than this at once is not modelled; each start looks at all slots.
pub(super) const WIDTH_MAX: u32 = 64;

/// How a run moves its members' starts; never past the normal ones.
#[derive(Clone, Copy, Debug)]
pub(super) enum Policy {
    /// At best each starts when the one before it ends.
    Unlag,
    /// Side by side.
    Spread {
        /// How many at once.
        width: u32,
        /// Time between two starts.
        gap: i64,
    },
}

/// One run of one edit under one parent. All times are relative to the parent's new start.
#[derive(Debug)]
pub(super) struct Run {
    pub parent: u32,
    /// Tells runs apart, in order of the edits.
    pub id: u32,
    pub policy: Policy,
    /// Some member has started; when the last one could, and ended.
    begun: bool,
    ready: Times,
    end: Times,
    /// Latest new end of predecessors that are no members.
    outside: Times,
    /// New ends of the members that hold a slot; those of one mood say nothing about those of another.
    slots: Vec<Times>,
    /// The child at hand is a member.
    joins: bool,
}

impl Run {
    pub(super) fn new(parent: u32, id: u32, policy: Policy, slots: Vec<Times>) -> Run {
        Run {
            parent,
            id,
            policy,
            begun: false,
            ready: Times::default(),
            end: Times::default(),
            outside: Times::default(),
            slots,
            joins: false,
        }
    }

    /// Its buffer, for another run.
    pub(super) fn into_slots(self) -> Vec<Times> {
        self.slots
    }

    fn open(&mut self) {
        self.begun = false;
        self.outside = Times::default();
        self.slots.clear();
    }

    /// When the next member starts.
    fn start(&mut self, start: Start) -> Times {
        let mut at = start.normal;
        let (begun, before) = (std::mem::replace(&mut self.begun, true), self.ready);
        self.ready = start.normal;
        match self.policy {
            _ if !begun => {}
            Policy::Unlag => {
                let best = Mood::Optimistic as usize;
                at[best] = at[best].min(self.end[best]);
            }
            Policy::Spread { width, gap } => {
                for mood in Mood::ALL {
                    let place = mood as usize;
                    let ready = self.ready(mood, start, before[place], gap);
                    self.ready[place] = ready;
                    at[place] = at[place].min(ready.max(self.free(mood, width)));
                }
            }
        }
        at
    }

    /// When the next member could start that is spread with this gap, the one before being ready at `before`.
    fn ready(&self, mood: Mood, start: Start, before: i64, gap: i64) -> i64 {
        match mood {
            Mood::Optimistic => before.saturating_add(gap),
            Mood::Likely | Mood::Pessimistic => {
                // What the parent does between two calls is work that stays.
                let work = gap.saturating_add(start.lag.max(0));
                let outside = start.lag.saturating_add(self.outside[mood as usize]);
                before.saturating_add(work).max(outside)
            }
        }
    }

    /// When the earliest of the slots is free.
    fn free(&self, mood: Mood, width: u32) -> i64 {
        match self.slots.iter().map(|slot| slot[mood as usize]).min() {
            Some(first) if self.slots.len() >= width as usize => first,
            Some(_) | None => 0,
        }
    }

    fn take_slot(&mut self, end: Times) {
        let Policy::Spread { width, .. } = self.policy else {
            return;
        };
        if self.slots.len() < width as usize {
            self.slots.push(end);
            return;
        }
        for (mood, end) in end.into_iter().enumerate() {
            if let Some(first) = self.slots.iter_mut().map(|slot| &mut slot[mood]).min() {
                *first = end;
            }
        }
    }
}

impl Replay {
    /// Makes a node a member of a run.
    pub(super) fn join(&mut self, child: u32, run: u32) {
        self.members.push((child, run));
        let joined = &mut self.joined[child as usize];
        self.several |= *joined != NONE;
        *joined = if *joined == NONE { run } else { SEVERAL };
    }

    /// The runs under a parent, at their beginning.
    pub(super) fn open_runs(&mut self, parent: u32) -> Range<usize> {
        let from = self.runs.partition_point(|run| run.parent < parent);
        let own = self.runs[from..]
            .iter_mut()
            .take_while(|run| run.parent == parent);
        let count = own.map(Run::open).count();
        from..from + count
    }

    /// The new start of a child, by the runs it is a member of.
    pub(super) fn start(&mut self, runs: Range<usize>, child: u32, start: Start, duration: Times) -> Times {
        let mut earliest = start.normal;
        for run in &mut self.runs[runs.clone()] {
            run.joins = is_member(&self.joined, &self.members, child, run.id);
            if run.joins {
                let at = run.start(start);
                earliest = std::array::from_fn(|mood| earliest[mood].min(at[mood]));
            }
        }
        let end = sum(earliest, duration);
        for run in &mut self.runs[runs] {
            if run.joins {
                run.end = end;
                run.take_slot(end);
            }
        }
        earliest
    }

    /// Tells the runs under a parent that a predecessor of all later children has ended.
    pub(super) fn end_in_runs(&mut self, runs: Range<usize>, child: u32, end: Times) {
        for run in &mut self.runs[runs] {
            let waits = matches!(run.policy, Policy::Spread { .. });
            if waits && !is_member(&self.joined, &self.members, child, run.id) {
                run.outside = latest(run.outside, end);
            }
        }
    }
}

/// Whether a run has a node as a member; most nodes are members of one run or none.
fn is_member(joined: &[u32], members: &[(u32, u32)], node: u32, run: u32) -> bool {
    match joined[node as usize] {
        SEVERAL => members.binary_search(&(node, run)).is_ok(),
        only => only == run,
    }
}

//! Members of an edit that run one after the other under one parent, and how their starts move.

use std::ops::Range;

use super::model::Start;
use super::{Mood, Replay};

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
    policy: Policy,
    /// When the member before could start, and ended; `None` before the first.
    before: Option<(i64, i64)>,
    /// Latest new end of predecessors that are no members.
    outside: i64,
    /// New ends of the members that hold a slot.
    slots: Vec<i64>,
}

impl Run {
    pub(super) fn new(parent: u32, id: u32, policy: Policy, slots: Vec<i64>) -> Run {
        Run {
            parent,
            id,
            policy,
            before: None,
            outside: 0,
            slots,
        }
    }

    /// Its buffer, for another run.
    pub(super) fn into_slots(self) -> Vec<i64> {
        self.slots
    }

    fn open(&mut self) {
        self.before = None;
        self.outside = 0;
        self.slots.clear();
    }

    /// When the next member starts.
    fn start(&self, start: Start, mood: Mood) -> (i64, i64) {
        let Some((ready, end)) = self.before else {
            return (start.normal, start.normal);
        };
        match (self.policy, mood) {
            (Policy::Unlag, Mood::Optimistic) => (start.normal, start.normal.min(end)),
            (Policy::Unlag, Mood::Likely | Mood::Pessimistic) => (start.normal, start.normal),
            (Policy::Spread { width, gap }, Mood::Optimistic) => {
                let ready = ready.saturating_add(gap);
                (ready, start.normal.min(ready.max(self.free(width))))
            }
            (Policy::Spread { width, gap }, Mood::Likely | Mood::Pessimistic) => {
                // What the parent does between two calls is work that stays.
                let work = gap.saturating_add(start.lag.max(0));
                let ready = ready
                    .saturating_add(work)
                    .max(start.lag.saturating_add(self.outside));
                (ready, start.normal.min(ready.max(self.free(width))))
            }
        }
    }

    /// When the earliest of the slots is free.
    fn free(&self, width: u32) -> i64 {
        match self.slots.iter().min() {
            Some(&first) if self.slots.len() >= width as usize => first,
            Some(_) | None => 0,
        }
    }

    fn take_slot(&mut self, end: i64) {
        let Policy::Spread { width, .. } = self.policy else {
            return;
        };
        if self.slots.len() < width as usize {
            self.slots.push(end);
        } else if let Some(first) = self.slots.iter_mut().min() {
            *first = end;
        }
    }
}

impl Replay {
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
    pub(super) fn start(
        &mut self,
        runs: Range<usize>,
        child: u32,
        start: Start,
        duration: i64,
        mood: Mood,
    ) -> i64 {
        let mut earliest = start.normal;
        for run in &mut self.runs[runs.clone()] {
            if self.members.binary_search(&(child, run.id)).is_ok() {
                let (ready, at) = run.start(start, mood);
                earliest = earliest.min(at);
                run.before = Some((ready, 0));
            }
        }
        let end = earliest.saturating_add(duration);
        for run in &mut self.runs[runs] {
            if self.members.binary_search(&(child, run.id)).is_ok() {
                run.before = run.before.map(|(ready, _)| (ready, end));
                run.take_slot(end);
            }
        }
        earliest
    }

    /// Tells the runs under a parent that a predecessor of all later children has ended.
    pub(super) fn end_in_runs(&mut self, runs: Range<usize>, child: u32, end: i64) {
        for run in &mut self.runs[runs] {
            if self.members.binary_search(&(child, run.id)).is_err() {
                run.outside = run.outside.max(end);
            }
        }
    }
}

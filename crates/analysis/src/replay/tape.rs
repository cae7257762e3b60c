//! Edits that outlive their replay, so that those of several findings can be replayed together.

use std::ops::Range;

use hotspan_model::Saving;

use super::Replay;
use super::edit::Change;
use super::run::{Policy, Run};

/// The edits of one replay after the other. Buffers are reused.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    takes: Vec<Take>,
    changes: Vec<Change>,
    /// Parent, number and policy of runs.
    runs: Vec<(u32, u32, Policy)>,
    /// Child and number of its run.
    members: Vec<(u32, u32)>,
}

/// The edits of one replay.
#[derive(Debug)]
struct Take {
    changes: Range<usize>,
    runs: Range<usize>,
    members: Range<usize>,
}

impl Tape {
    /// Forgets all takes.
    pub(crate) fn clear(&mut self) {
        self.takes.clear();
        self.changes.clear();
        self.runs.clear();
        self.members.clear();
    }
}

impl Replay {
    /// Keeps the edits of the replay that just ran: the number of the take, and what they save by themselves.
    pub(crate) fn keep(&self, tape: &mut Tape) -> (u32, Saving) {
        let from = (tape.changes.len(), tape.runs.len(), tape.members.len());
        tape.changes.extend_from_slice(self.changes.rows());
        let runs = self.runs.iter().map(|run| (run.parent, run.id, run.policy));
        tape.runs.extend(runs);
        tape.members.extend_from_slice(&self.members);
        tape.takes.push(Take {
            changes: from.0..tape.changes.len(),
            runs: from.1..tape.runs.len(),
            members: from.2..tape.members.len(),
        });
        (tape.takes.len() as u32 - 1, self.outcome.saving())
    }

    /// Adds the edits of a take to those of the replay at hand, which must be of the same unit.
    pub(crate) fn splice(&mut self, tape: &Tape, take: u32) {
        let take = &tape.takes[take as usize];
        let before = self.runs.len() as u32;
        self.changes.append(&tape.changes[take.changes.clone()]);
        for &(parent, number, policy) in &tape.runs[take.runs.clone()] {
            let slots = self.spare.pop().unwrap_or_default();
            self.runs.push(Run::new(parent, before + number, policy, slots));
        }
        for &(child, number) in &tape.members[take.members.clone()] {
            self.join(child, before + number);
        }
        self.ranged = true;
    }
}

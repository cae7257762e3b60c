//! Which exemplars of a shard stay: those that hotspots refer to. Found out some hotspots at a time, between messages.

use std::collections::HashMap;

use hotspan_model::TraceId;
use hotspan_pipeline::Pipeline;

/// Hotspots that one call looks at, and traces that one lets go: less than a millisecond's work.
const AT_ONCE: usize = 512;

/// The traces that a shard keeps for its hotspots.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The round in which each was last referred to, or came.
    rounds: HashMap<TraceId, u64>,
    round: u64,
    /// Hotspots that were not looked at in this round: the first so many.
    unseen: usize,
    /// What nothing referred to in the last round.
    unwanted: Vec<TraceId>,
}

impl Kept {
    /// A trace became an exemplar.
    pub(crate) fn insert(&mut self, id: TraceId) {
        self.rounds.insert(id, self.round);
    }

    /// It is none after all.
    pub(crate) fn remove(&mut self, id: TraceId) {
        self.rounds.remove(&id);
    }

    pub(crate) fn contains(&self, id: TraceId) -> bool {
        self.rounds.contains_key(&id)
    }

    /// Begins a round, unless one is going on.
    pub(crate) fn begin(&mut self, pipeline: &Pipeline) {
        if !self.is_looking() {
            self.round += 1;
            self.unseen = pipeline.hotspots();
        }
    }

    /// Whether a round is going on.
    pub(crate) fn is_looking(&self) -> bool {
        self.unseen > 0 || !self.unwanted.is_empty()
    }

    /// Goes on with the round: what it gives is kept no more.
    pub(crate) fn look(&mut self, pipeline: &Pipeline) -> impl Iterator<Item = TraceId> {
        if self.unseen > 0 {
            let end = self.unseen.min(pipeline.hotspots());
            self.unseen = end.saturating_sub(AT_ONCE);
            for id in pipeline.exemplars(self.unseen..end) {
                if let Some(round) = self.rounds.get_mut(&id) {
                    *round = self.round;
                }
            }
            if self.unseen == 0 {
                self.judge();
            }
        }
        let left = self.unwanted.len().saturating_sub(AT_ONCE);
        self.unwanted.drain(left..)
    }

    fn judge(&mut self) {
        let now = self.round;
        let gone = self.rounds.extract_if(|_, round| *round < now);
        self.unwanted.extend(gone.map(|(id, _)| id));
    }
}

//! Which exemplars of a shard stay: those that hotspots refer to. Found out some hotspots at a time, between messages.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::vec::Drain;

use hotspan_model::TraceId;

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

    /// Begins a round over so many hotspots, unless one is going on; what is `shown` stays anyway.
    pub(crate) fn begin(&mut self, hotspots: usize, shown: &BTreeSet<TraceId>) {
        if !self.is_looking() {
            self.round += 1;
            shown.iter().for_each(|&id| self.refer(id));
            self.unseen = hotspots;
            if hotspots == 0 {
                self.judge();
            }
        }
    }

    /// Whether a round is going on.
    pub(crate) fn is_looking(&self) -> bool {
        self.unseen > 0 || !self.unwanted.is_empty()
    }

    /// Goes on with the round, from the last hotspot to the first; `exemplars` are those of some of them. What it gives is
    /// kept no more.
    pub(crate) fn look<T: Iterator<Item = TraceId>>(
        &mut self,
        exemplars: impl FnOnce(Range<usize>) -> T,
    ) -> Drain<'_, TraceId> {
        if self.unseen > 0 {
            let end = self.unseen;
            self.unseen = end.saturating_sub(AT_ONCE);
            for id in exemplars(self.unseen..end) {
                self.refer(id);
            }
            if self.unseen == 0 {
                self.judge();
            }
        }
        let left = self.unwanted.len().saturating_sub(AT_ONCE);
        self.unwanted.drain(left..)
    }

    fn refer(&mut self, id: TraceId) {
        if let Some(round) = self.rounds.get_mut(&id) {
            *round = self.round;
        }
    }

    fn judge(&mut self) {
        let now = self.round;
        let gone = self.rounds.extract_if(|_, round| *round < now);
        self.unwanted.extend(gone.map(|(id, _)| id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> TraceId {
        TraceId::new(number as u128 + 1).unwrap()
    }

    fn round(kept: &mut Kept, hotspots: &[Vec<TraceId>]) -> usize {
        kept.begin(hotspots.len(), &BTreeSet::new());
        let mut gone = 0;
        while kept.is_looking() {
            let exemplars = |places: Range<usize>| places.flat_map(|at| hotspots[at].iter().copied());
            let now = kept.look(exemplars).len();
            assert!(now <= AT_ONCE);
            gone += now;
        }
        gone
    }

    #[test]
    fn what_no_hotspot_refers_to_goes_some_at_a_time_and_the_rest_stays() {
        let mut kept = Kept::default();
        let all = 3 * AT_ONCE + 1;
        (0..2 * all).for_each(|n| kept.insert(id(n)));
        let mut hotspots: Vec<_> = (0..all).map(|n| vec![id(n), id(0)]).collect();
        assert_eq!(round(&mut kept, &hotspots), all);
        assert!((0..all).all(|n| kept.contains(id(n))));
        hotspots.pop();
        assert_eq!(
            (round(&mut kept, &hotspots), kept.contains(id(all - 1))),
            (1, false)
        );
    }

    #[test]
    fn what_comes_during_a_round_stays_until_the_next() {
        let mut kept = Kept::default();
        kept.begin(1, &BTreeSet::new());
        kept.insert(id(7));
        assert_eq!(kept.look(|_| std::iter::empty()).len(), 0);
        assert!(kept.contains(id(7)) && !kept.is_looking());
        assert_eq!(round(&mut kept, &[vec![]]), 1);
    }

    #[test]
    fn without_hotspots_nothing_is_kept() {
        let mut kept = Kept::default();
        kept.insert(id(1));
        assert_eq!((round(&mut kept, &[]), kept.contains(id(1))), (1, false));
    }
}

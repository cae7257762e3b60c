//! Whether anything of a trace is missing: its root, named parents, answers.
//!
//! Worked out when a timer asks, not span by span: timers of one session fire at least the shortest quiet time
//! apart and not beyond its age, so the work a span stays constant, and a replaced or folded span needs no undoing.

use std::hash::BuildHasher;

use foldhash::fast::SeedableRandomState;
use hotspan_model::{Class, Completeness, Flag, Kind, Span, SpanId, TableSeed};

/// Gathers what spans say about each other. Buffers are reused.
#[derive(Debug)]
pub(crate) struct Survey {
    held: Ids,
    parents: Vec<SpanId>,
    calls: Vec<SpanId>,
    answered: Vec<SpanId>,
    root_seen: bool,
    bad_parent: bool,
}

impl Survey {
    /// `seed` places ids in a table and shows in no answer.
    pub(crate) fn new(seed: TableSeed) -> Survey {
        Survey {
            held: Ids {
                places: Vec::new(),
                len: 0,
                smaller: Vec::new(),
                hasher: seed.build(6),
            },
            parents: Vec::new(),
            calls: Vec::new(),
            answered: Vec::new(),
            root_seen: false,
            bad_parent: false,
        }
    }

    /// Asks all spans of a trace. `folded` counts those of the ascending ids that are
    /// held in groups only.
    pub(crate) fn of<'a>(
        &mut self,
        spans: impl Iterator<Item = &'a Span>,
        folded: impl FnOnce(&[SpanId]) -> usize,
    ) -> Completeness {
        self.clear();
        for span in spans {
            self.add(span);
        }
        Completeness {
            root_seen: self.root_seen,
            missing_parents: self.missing(folded),
            unanswered: self.unanswered(),
            ..Completeness::default()
        }
    }

    fn clear(&mut self) {
        self.held.clear();
        for list in [&mut self.parents, &mut self.calls, &mut self.answered] {
            list.clear();
        }
        self.root_seen = false;
        self.bad_parent = false;
    }

    #[inline]
    fn add(&mut self, span: &Span) {
        self.held.add(span.id);
        self.root_seen |= span.is_root();
        self.bad_parent |= span.has(Flag::BadParent);
        if span.kind() == Kind::Client && span.class() == Class::Call {
            self.calls.push(span.id);
        }
        let Some(parent) = span.parent else {
            return;
        };
        // Siblings mostly come together.
        if self.parents.last() != Some(&parent) {
            self.parents.push(parent);
        }
        if span.kind() == Kind::Server {
            self.answered.push(parent);
        }
    }

    fn missing(&mut self, folded: impl FnOnce(&[SpanId]) -> usize) -> u32 {
        let held = &self.held;
        if self.parents.iter().all(|&parent| held.has(parent)) {
            self.parents.clear();
        }
        self.parents.retain(|&parent| !held.has(parent));
        self.parents.sort_unstable();
        self.parents.dedup();
        let missing = self.parents.len() - folded(&self.parents) + usize::from(self.bad_parent);
        u32::try_from(missing).unwrap_or(u32::MAX)
    }

    fn unanswered(&mut self) -> u32 {
        self.answered.sort_unstable();
        let answered = &self.answered;
        self.calls.retain(|call| answered.binary_search(call).is_err());
        // Older copies may stand beside the one that stays: a call is named once.
        self.calls.sort_unstable();
        self.calls.dedup();
        u32::try_from(self.calls.len()).unwrap_or(u32::MAX)
    }
}

impl Default for Survey {
    fn default() -> Survey {
        Survey::new(TableSeed::default())
    }
}

/// A set of ids that forgets them cheaply: a table at most half full, without groups or tombstones.
#[derive(Debug)]
struct Ids {
    places: Vec<Option<SpanId>>,
    len: usize,
    /// The table before it grew: a buffer.
    smaller: Vec<Option<SpanId>>,
    hasher: SeedableRandomState,
}

/// Places of an empty table: a power of two.
const PLACES: usize = 64;

impl Ids {
    fn clear(&mut self) {
        self.len = 0;
        self.places.clear();
        self.places.resize(PLACES, None);
    }

    #[inline]
    fn add(&mut self, id: SpanId) {
        let place = self.place(id);
        if self.places[place].is_none() {
            self.places[place] = Some(id);
            self.len += 1;
            if self.places.len() < 2 * self.len {
                self.grow();
            }
        }
    }

    #[inline]
    fn has(&self, id: SpanId) -> bool {
        self.places[self.place(id)].is_some()
    }

    /// Where an id is, or would be.
    #[inline]
    fn place(&self, id: SpanId) -> usize {
        let mask = self.places.len() - 1;
        let mut at = self.hasher.hash_one(id) as usize & mask;
        while self.places[at].is_some_and(|other| other != id) {
            at = (at + 1) & mask;
        }
        at
    }

    #[cold]
    fn grow(&mut self) {
        std::mem::swap(&mut self.places, &mut self.smaller);
        self.places.clear();
        self.places.resize(4 * self.smaller.len(), None);
        for number in 0..self.smaller.len() {
            if let Some(id) = self.smaller[number] {
                let place = self.place(id);
                self.places[place] = Some(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotspan_testkit::Drawing;

    fn check(text: &str, root_seen: bool, missing_parents: u32, unanswered: u32) {
        let trace = Drawing::new(text).trace;
        let found = Survey::default().of(trace.spans.iter(), |ids| {
            usize::from(ids.iter().any(|id| id.get() == 99))
        });
        let found = (found.root_seen, found.missing_parents, found.unanswered);
        assert_eq!(found, (root_seen, missing_parents, unanswered), "{text}");
    }

    #[test]
    fn a_trace_that_lacks_nothing() {
        check(
            "
            cart GET /cart 0..100
              db SELECT item 10..12
              call GET /price 50..90
                price server GET /price 55..85
            ",
            true,
            0,
            0,
        );
    }

    #[test]
    fn each_missing_parent_counts_once_and_folded_ones_not() {
        check(
            "
            cart server GET /cart 0..100 parent=77
              db SELECT item 10..12 parent=88
              db SELECT item 12..14 parent=88
              db SELECT item 12..14 parent=99
            ",
            false,
            2,
            0,
        );
    }

    #[test]
    fn of_a_long_chain_the_missing_links_are_counted_whatever_their_order() {
        let template = Drawing::new("cart GET /cart 0..100").trace.spans[0];
        let mut survey = Survey::default();
        for count in [1, 31, 32, 33, 5_000] {
            let link = |n: u64| Span {
                id: SpanId::new(n + 1).unwrap(),
                parent: SpanId::new(n),
                ..template
            };
            let held = (0..count).rev().filter(|n| n % 7 != 3).map(link);
            let spans: Vec<Span> = held.collect();
            let found = survey.of(spans.iter(), |_| 0);
            let named = spans.iter().filter_map(|span| span.parent);
            let missing = named.filter(|parent| spans.iter().all(|span| span.id != *parent));
            assert_eq!(found.missing_parents as usize, missing.count(), "{count}");
        }
    }

    #[test]
    fn only_calls_wait_for_an_answer() {
        check(
            "
            cart GET /cart 0..100
              db SELECT item 10..12
              cache GET k 10..12
              publish order 10..12
              call GET /price 50..90
                price internal work 55..85
              call GET /stock 50..90
                stock server GET /stock 55..85
            ",
            true,
            0,
            1,
        );
    }
}

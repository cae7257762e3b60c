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
    ids: Vec<SpanId>,
    mentions: Mentions,
    root_seen: bool,
    bad_parent: bool,
}

impl Survey {
    /// `seed` places ids in a table and shows in no answer.
    pub(crate) fn new(seed: TableSeed) -> Survey {
        Survey {
            ids: Vec::new(),
            mentions: Mentions {
                list: Vec::new(),
                places: Vec::new(),
                hasher: seed.build(6),
            },
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
        let mut parent = None;
        for span in spans {
            self.add(span, &mut parent);
        }
        // Parents are mostly few and spans many, so each span is looked for among the parents.
        for &id in &self.ids {
            self.mentions.hold(id);
        }
        let mentions = &self.mentions.list;
        let unanswered = mentions
            .iter()
            .filter(|mention| mention.is_call && !mention.is_answered);
        let unanswered = unanswered.count();
        let missing = mentions.iter().filter(|mention| !mention.is_held);
        self.ids.clear();
        self.ids.extend(missing.map(|mention| mention.id));
        self.ids.sort_unstable();
        let missing = self.ids.len() - folded(&self.ids) + usize::from(self.bad_parent);
        Completeness {
            root_seen: self.root_seen,
            missing_parents: u32::try_from(missing).unwrap_or(u32::MAX),
            unanswered: u32::try_from(unanswered).unwrap_or(u32::MAX),
            ..Completeness::default()
        }
    }

    fn clear(&mut self) {
        self.ids.clear();
        self.mentions.clear();
        self.root_seen = false;
        self.bad_parent = false;
    }

    /// `parent` is that of the span before: siblings mostly come together.
    fn add(&mut self, span: &Span, parent: &mut Option<SpanId>) {
        self.ids.push(span.id);
        self.root_seen |= span.is_root();
        self.bad_parent |= span.has(Flag::BadParent);
        if span.kind() == Kind::Client && span.class() == Class::Call {
            self.mentions.of(span.id).is_call = true;
        }
        let is_answer = span.kind() == Kind::Server;
        if let Some(id) = span.parent
            && (is_answer || span.parent != *parent)
        {
            self.mentions.of(id).is_answered |= is_answer;
            *parent = span.parent;
        }
    }
}

impl Default for Survey {
    fn default() -> Survey {
        Survey::new(TableSeed::default())
    }
}

/// A span that is a parent or a call.
#[derive(Debug)]
struct Mention {
    id: SpanId,
    is_held: bool,
    /// Older copies may stand beside the one that stays: a call is one mention all the same.
    is_call: bool,
    is_answered: bool,
}

/// A table of mentions, at most half full.
#[derive(Debug)]
struct Mentions {
    list: Vec<Mention>,
    /// By hash: a place in the list counted from one, or zero.
    places: Vec<u32>,
    hasher: SeedableRandomState,
}

/// Places of an empty table: a power of two.
const PLACES: usize = 64;

impl Mentions {
    fn clear(&mut self) {
        self.list.clear();
        self.places.clear();
        self.places.resize(PLACES, 0);
    }

    /// That of an id, new or not.
    fn of(&mut self, id: SpanId) -> &mut Mention {
        let (place, found) = self.find(id);
        let at = found.unwrap_or_else(|| {
            self.list.push(Mention {
                id,
                is_held: false,
                is_call: false,
                is_answered: false,
            });
            self.places[place] = u32::try_from(self.list.len()).expect("no more than slots");
            if self.places.len() < 2 * self.list.len() {
                self.grow();
            }
            self.list.len() - 1
        });
        &mut self.list[at]
    }

    fn hold(&mut self, id: SpanId) {
        if let (_, Some(at)) = self.find(id) {
            self.list[at].is_held = true;
        }
    }

    /// Where an id is in the table, or would be, and its place in the list.
    fn find(&self, id: SpanId) -> (usize, Option<usize>) {
        let mask = self.places.len() - 1;
        let mut place = self.hasher.hash_one(id) as usize & mask;
        loop {
            let at = (self.places[place] as usize).checked_sub(1);
            match at {
                Some(at) if self.list[at].id != id => place = (place + 1) & mask,
                Some(_) | None => return (place, at),
            }
        }
    }

    fn grow(&mut self) {
        let size = 2 * self.places.len();
        self.places.clear();
        self.places.resize(size, 0);
        for (number, mention) in (1..).zip(&self.list) {
            let (place, _) = self.find(mention.id);
            self.places[place] = number;
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

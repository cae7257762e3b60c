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
                places: Vec::new(),
                len: 0,
                smaller: Vec::new(),
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
        let (held, unanswered) = self.hold();
        let missing = if held < self.mentions.len {
            self.missing(folded)
        } else {
            0
        };
        Completeness {
            root_seen: self.root_seen,
            missing_parents: missing.saturating_add(u32::from(self.bad_parent)),
            unanswered,
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

    /// Looks for each span among the mentions, which are mostly few: how many mentions are held, and how many of
    /// them are calls without an answer.
    fn hold(&mut self) -> (usize, u32) {
        let (mut held, mut unanswered) = (0, 0);
        for &id in &self.ids {
            if let Some(mention) = self.mentions.find(id)
                && !mention.is_held
            {
                mention.is_held = true;
                held += 1;
                unanswered += u32::from(mention.is_call && !mention.is_answered);
            }
        }
        (held, unanswered)
    }

    fn missing(&mut self, folded: impl FnOnce(&[SpanId]) -> usize) -> u32 {
        self.ids.clear();
        let mentions = self.mentions.places.iter().filter(|mention| !mention.is_held);
        self.ids.extend(mentions.filter_map(|mention| mention.id));
        self.ids.sort_unstable();
        u32::try_from(self.ids.len() - folded(&self.ids)).unwrap_or(u32::MAX)
    }
}

impl Default for Survey {
    fn default() -> Survey {
        Survey::new(TableSeed::default())
    }
}

/// A span that is a parent or a call.
#[derive(Clone, Copy, Debug, Default)]
struct Mention {
    /// `None` in a free place.
    id: Option<SpanId>,
    is_held: bool,
    /// Older copies may stand beside the one that stays: a call is one mention all the same.
    is_call: bool,
    is_answered: bool,
}

/// A table of mentions, at most half full.
#[derive(Debug)]
struct Mentions {
    places: Vec<Mention>,
    len: usize,
    /// The table before it grew: a buffer.
    smaller: Vec<Mention>,
    hasher: SeedableRandomState,
}

/// Places of an empty table: a power of two.
const PLACES: usize = 32;

impl Mentions {
    fn clear(&mut self) {
        self.len = 0;
        self.places.clear();
        self.places.resize(PLACES, Mention::default());
    }

    /// That of an id, new or not.
    #[inline]
    fn of(&mut self, id: SpanId) -> &mut Mention {
        if self.places.len() <= 2 * self.len {
            self.grow();
        }
        let at = self.place(id);
        let mention = &mut self.places[at];
        self.len += usize::from(mention.id.is_none());
        mention.id = Some(id);
        mention
    }

    /// That of an id, if it was mentioned.
    #[inline]
    fn find(&mut self, id: SpanId) -> Option<&mut Mention> {
        let at = self.place(id);
        let mention = &mut self.places[at];
        mention.id.is_some().then_some(mention)
    }

    /// Where an id is, or would be.
    #[inline]
    fn place(&self, id: SpanId) -> usize {
        let mask = self.places.len() - 1;
        let mut at = self.hasher.hash_one(id) as usize & mask;
        while self.places[at].id.is_some_and(|other| other != id) {
            at = (at + 1) & mask;
        }
        at
    }

    #[cold]
    fn grow(&mut self) {
        std::mem::swap(&mut self.places, &mut self.smaller);
        self.places.clear();
        self.places.resize(2 * self.smaller.len(), Mention::default());
        for number in 0..self.smaller.len() {
            let mention = self.smaller[number];
            if let Some(id) = mention.id {
                let at = self.place(id);
                self.places[at] = mention;
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

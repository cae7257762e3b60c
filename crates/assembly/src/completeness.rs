//! Whether anything of a trace is missing: its root, named parents, answers.
//!
//! Worked out when a timer asks, not span by span: timers of one session fire at least the shortest quiet time
//! apart and not beyond its age, so the work a span stays constant, and a replaced or folded span needs no undoing.

use hotspan_model::{Class, Completeness, Flag, Kind, Span, SpanId};

/// Gathers what spans say about each other. Buffers are reused.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    ids: Vec<SpanId>,
    parents: Vec<SpanId>,
    /// By parent: a span of this id is there.
    held: Vec<bool>,
    calls: Vec<SpanId>,
    answered: Vec<SpanId>,
    root_seen: bool,
    bad_parent: bool,
}

impl Survey {
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
        for list in [&mut self.parents, &mut self.calls, &mut self.answered] {
            list.sort_unstable();
        }
        self.parents.dedup();
        // Older copies may stand beside the one that stays: a call is named once.
        self.calls.dedup();
        self.drop_held_parents();
        let missing = self.parents.len() - folded(&self.parents) + usize::from(self.bad_parent);
        let is_unanswered = |call: &&SpanId| self.answered.binary_search(call).is_err();
        let unanswered = self.calls.iter().filter(is_unanswered).count();
        Completeness {
            root_seen: self.root_seen,
            missing_parents: u32::try_from(missing).unwrap_or(u32::MAX),
            unanswered: u32::try_from(unanswered).unwrap_or(u32::MAX),
            ..Completeness::default()
        }
    }

    /// Parents are mostly few and spans many, so each span is looked for among the parents.
    fn drop_held_parents(&mut self) {
        self.held.clear();
        self.held.resize(self.parents.len(), false);
        for id in &self.ids {
            if let Ok(at) = self.parents.binary_search(id) {
                self.held[at] = true;
            }
        }
        let mut held = self.held.iter();
        self.parents.retain(|_| held.next() == Some(&false));
    }

    fn clear(&mut self) {
        for list in [
            &mut self.ids,
            &mut self.parents,
            &mut self.calls,
            &mut self.answered,
        ] {
            list.clear();
        }
        self.root_seen = false;
        self.bad_parent = false;
    }

    fn add(&mut self, span: &Span) {
        self.ids.push(span.id);
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

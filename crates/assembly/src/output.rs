//! A version of a trace, and how it is copied out.

use hotspan_model::{Assembled, Completeness, LogPos, LogTime, Threshold};

use crate::Assembler;

/// A version of a trace: the first spans of its session's chain, to which nothing but late spans is added.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Version {
    pub(crate) row: u32,
    number: u8,
    trigger: LogPos,
    last: LogTime,
    spans: u32,
    previous: u32,
    threshold: Threshold,
    previous_threshold: Threshold,
    completeness: Completeness,
    long_lived: bool,
}

/// Why a version is the last word on a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) truncated: bool,
    pub(crate) long_lived: bool,
}

impl Assembler {
    /// A version of all spans of a session, which is `found` so whole.
    pub(crate) fn version(
        &self,
        row: u32,
        number: u8,
        trigger: LogPos,
        found: Completeness,
        marks: Marks,
    ) -> Version {
        let session = &self.sessions[row];
        let folds = self.arena.folds(session.index);
        Version {
            row,
            number,
            trigger,
            last: session.last,
            spans: session.chain.spans,
            previous: session.published,
            threshold: session.threshold,
            previous_threshold: session.published_threshold,
            completeness: Completeness {
                late: session.late,
                truncated: marks.truncated,
                compacted: folds.map_or(0, |folds| folds.count()),
                ..found
            },
            long_lived: marks.long_lived,
        }
    }

    pub(crate) fn copy(&self, version: &Version, into: &mut Assembled) {
        let session = &self.sessions[version.row];
        into.clear();
        into.trace = Some(session.trace);
        into.threshold = version.threshold;
        into.previous_threshold = version.previous_threshold;
        into.session = session.birth;
        into.version = u32::from(version.number);
        into.reason = session.reason;
        into.trigger = version.trigger;
        into.first = session.first;
        into.last = version.last;
        into.previous = version.previous;
        into.long_lived = version.long_lived;
        into.requests.extend(session.requests());
        self.arena
            .slab
            .copy(&session.chain, version.spans, &mut into.spans, &mut into.sides);
        if let Some(folds) = self.arena.folds(session.index) {
            folds.copy(&into.spans, &mut into.groups, &mut into.folded_parents);
        }
        into.completeness = version.completeness;
    }
}

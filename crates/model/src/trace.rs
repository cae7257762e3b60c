//! The arrow from assembly to analysis: a decided trace; and what analysis found broken in it.

use crate::{
    Bits, LogPos, LogTime, Nanos, Offset, SideOf, Span, SpanId, Symbol, Threshold, Timestamp, TraceId,
};

/// Why a trace was decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Decided {
    /// Root seen, no missing parent, no unanswered call, quiet.
    #[default]
    Complete,
    /// Root seen and quiet for longer.
    RootQuiet,
    /// No root, and quiet for longer still.
    RootlessQuiet,
    /// Too old.
    Age,
    /// Over a limit that folding cannot meet.
    Truncated,
    /// The table was over a budget.
    Cap,
    /// The whole table was forgotten.
    Barrier,
    /// The process stopped.
    Shutdown,
    /// The file ended.
    EndOfInput,
}

impl Decided {
    /// All of them, in order; `decided as usize` is its place.
    pub const ALL: [Decided; 9] = [
        Decided::Complete,
        Decided::RootQuiet,
        Decided::RootlessQuiet,
        Decided::Age,
        Decided::Truncated,
        Decided::Cap,
        Decided::Barrier,
        Decided::Shutdown,
        Decided::EndOfInput,
    ];

    /// How metrics and answers call it.
    pub fn name(self) -> &'static str {
        match self {
            Decided::Complete => "complete",
            Decided::RootQuiet => "root_quiet",
            Decided::RootlessQuiet => "rootless_quiet",
            Decided::Age => "age",
            Decided::Truncated => "truncated",
            Decided::Cap => "cap",
            Decided::Barrier => "barrier",
            Decided::Shutdown => "shutdown",
            Decided::EndOfInput => "end_of_input",
        }
    }
}

/// How whole a trace was when it was decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Completeness {
    /// A span without a parent was seen.
    pub root_seen: bool,
    /// Distinct parents named and not held.
    pub missing_parents: u32,
    /// Held client spans of class call without a server child.
    pub unanswered: u32,
    /// Spans that came after an earlier version was decided.
    pub late: u32,
    /// The trace hit a limit that folding cannot meet.
    pub truncated: bool,
    /// Spans folded into groups.
    pub compacted: u64,
}

/// Siblings of one operation folded into one, because their trace had too many spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Their common parent.
    pub parent: Option<SpanId>,
    /// Their common source.
    pub source: Symbol,
    /// Their common operation.
    pub operation: Symbol,
    /// Their common template.
    pub template: Option<Symbol>,
    /// Their common callee.
    pub callee: Option<Symbol>,
    /// Kind and class of them all; flags of the first by (start, id).
    pub bits: Bits,
    /// How many were folded.
    pub count: u64,
    /// How many of them failed.
    pub errors: u64,
    /// Sum of their durations.
    pub sum: Nanos,
    /// Union of their intervals: disjoint, ascending, at most `group_intervals_max`.
    pub intervals: Vec<(Timestamp, Timestamp)>,
    /// Gaps were closed to keep to the limit.
    pub union_approx: bool,
}

/// One decided trace, or a new version of one. Buffers are reused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assembled {
    /// Which trace. `None` only in an unused buffer.
    pub trace: Option<TraceId>,
    /// The highest sampling threshold of its spans.
    pub threshold: Threshold,
    /// The same of the version before this one.
    pub previous_threshold: Threshold,
    /// Offset of the session's first record.
    pub session: Offset,
    /// 1 for the first decision.
    pub version: u32,
    /// Why it was decided, or why its first version was.
    pub reason: Decided,
    /// The record that caused it.
    pub trigger: LogPos,
    /// Log time of the session's first record.
    pub first: LogTime,
    /// Log time of the session's last record.
    pub last: LogTime,
    /// Its spans in order of arrival.
    pub spans: Vec<Span>,
    /// Their side records, ascending by span.
    pub sides: Vec<SideOf>,
    /// Folded siblings.
    pub groups: Vec<Group>,
    /// Folded spans that held spans name as parent: span, index of its group. Ascending by span.
    pub folded_parents: Vec<(SpanId, u32)>,
    /// How many of `spans` made up the version before this one; 0 for the first. (`groups` did not change since.)
    pub previous: u32,
    /// Offsets of the records its spans came in, first few, for exemplars.
    pub requests: Vec<Offset>,
    /// How whole it is.
    pub completeness: Completeness,
    /// Its id came again after its session had ended or was reopened by a barrier.
    pub long_lived: bool,
}

impl Assembled {
    /// Whether its findings may rest on missing spans.
    pub fn is_incomplete(&self) -> bool {
        self.is_version_incomplete(self.version, self.completeness.root_seen)
    }

    /// The same of the version before this one, which was made of the first [`Assembled::previous`] spans.
    pub fn was_incomplete(&self) -> bool {
        let root_seen = self.spans.iter().take(self.previous as usize).any(Span::is_root);
        self.is_version_incomplete(self.version.saturating_sub(1), root_seen)
    }

    /// The first version is judged by what decided it. A later one is read as if its spans had come in time: then
    /// only a missing root would have kept it waiting.
    fn is_version_incomplete(&self, version: u32, root_seen: bool) -> bool {
        if version > 1 {
            return !root_seen || self.completeness.truncated;
        }
        match self.reason {
            Decided::Complete | Decided::RootQuiet => false,
            Decided::EndOfInput => !root_seen || self.completeness.missing_parents > 0,
            Decided::RootlessQuiet
            | Decided::Age
            | Decided::Truncated
            | Decided::Cap
            | Decided::Barrier
            | Decided::Shutdown => true,
        }
    }

    /// Forgets the trace and keeps the buffers.
    pub fn clear(&mut self) {
        let Assembled {
            spans,
            sides,
            groups,
            folded_parents,
            requests,
            ..
        } = std::mem::take(self);
        *self = Assembled {
            spans,
            sides,
            groups,
            folded_parents,
            requests,
            ..Assembled::default()
        };
        self.spans.clear();
        self.sides.clear();
        self.groups.clear();
        self.folded_parents.clear();
        self.requests.clear();
    }
}

/// What is wrong with a span or a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum DefectKind {
    /// Ended before it started.
    NegativeDuration,
    /// Start is zero or absurdly far from the others.
    NoTime,
    /// Longer than 24 hours.
    Implausible,
    /// A copy of a span that is there.
    Duplicate,
    /// Client and server share one id.
    SharedId,
    /// Two different spans with one id.
    IdConflict,
    /// Parents in a circle.
    Cycle,
    /// A parent that was never received.
    MissingParent,
    /// A missing parent whose place was worked out.
    Inferred,
    /// No span without a parent.
    Rootless,
    /// Several spans without a parent.
    MultiRoot,
    /// A host's clock was corrected.
    SkewCorrected,
    /// A host's clock is off by more than the limit of correction.
    SkewCapped,
    /// No one offset explains a host's clock.
    InconsistentClock,
    /// Not awaited: it outlives its parent.
    Detached,
    /// A server that went on after its caller gave up.
    Abandoned,
    /// Reached beyond its parent and was cut.
    Clipped,
    /// Wholly outside its parent.
    Outside,
    /// A cause that starts after its effect.
    Acausal,
    /// Part of the trace was folded into groups.
    Compacted,
    /// A group's union had too many gaps.
    UnionApprox,
    /// A parent id that is not 8 bytes long.
    BadParent,
}

impl DefectKind {
    /// All of them, in order; `kind as usize` is its place.
    pub const ALL: [DefectKind; 22] = [
        DefectKind::NegativeDuration,
        DefectKind::NoTime,
        DefectKind::Implausible,
        DefectKind::Duplicate,
        DefectKind::SharedId,
        DefectKind::IdConflict,
        DefectKind::Cycle,
        DefectKind::MissingParent,
        DefectKind::Inferred,
        DefectKind::Rootless,
        DefectKind::MultiRoot,
        DefectKind::SkewCorrected,
        DefectKind::SkewCapped,
        DefectKind::InconsistentClock,
        DefectKind::Detached,
        DefectKind::Abandoned,
        DefectKind::Clipped,
        DefectKind::Outside,
        DefectKind::Acausal,
        DefectKind::Compacted,
        DefectKind::UnionApprox,
        DefectKind::BadParent,
    ];

    /// How answers call it.
    pub fn name(self) -> &'static str {
        match self {
            DefectKind::NegativeDuration => "negative_duration",
            DefectKind::NoTime => "no_time",
            DefectKind::Implausible => "implausible",
            DefectKind::Duplicate => "duplicate",
            DefectKind::SharedId => "shared_id",
            DefectKind::IdConflict => "id_conflict",
            DefectKind::Cycle => "cycle",
            DefectKind::MissingParent => "missing_parent",
            DefectKind::Inferred => "inferred",
            DefectKind::Rootless => "rootless",
            DefectKind::MultiRoot => "multi_root",
            DefectKind::SkewCorrected => "skew_corrected",
            DefectKind::SkewCapped => "skew_capped",
            DefectKind::InconsistentClock => "inconsistent_clock",
            DefectKind::Detached => "detached",
            DefectKind::Abandoned => "abandoned",
            DefectKind::Clipped => "clipped",
            DefectKind::Outside => "outside",
            DefectKind::Acausal => "acausal",
            DefectKind::Compacted => "compacted",
            DefectKind::UnionApprox => "union_approx",
            DefectKind::BadParent => "bad_parent",
        }
    }
}

/// One thing that is wrong with a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Defect {
    /// What.
    pub kind: DefectKind,
    /// On which span; `None` for the trace as a whole.
    pub span: Option<SpanId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_listed_at_its_place() {
        for (place, kind) in DefectKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place, "{}", kind.name());
        }
        for (place, reason) in Decided::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place, "{}", reason.name());
        }
    }
}

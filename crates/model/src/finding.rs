//! What a detector says about one trace.

use std::ops::Range;

use crate::{Class, Fingerprint, Identity, Millionths, Nanos, SpanId, Symbol, TraceId};

/// The four breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Break {
    /// The database as application server.
    Database,
    /// Synchronous everything.
    Synchronous,
    /// No observability.
    Observability,
    /// A monolith with no seams.
    Seams,
}

impl Break {
    /// How answers call it.
    pub fn name(self) -> &'static str {
        match self {
            Break::Database => "database",
            Break::Synchronous => "synchronous",
            Break::Observability => "observability",
            Break::Seams => "seams",
        }
    }
}

/// Weeks of one team, in millionths.
pub type Effort = Millionths;

/// What a fix would save of one trace, by replay. Invariant kept by the replay: `min <= likely <= max`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Saving {
    /// Pessimistic.
    pub min: Nanos,
    /// Likely.
    pub likely: Nanos,
    /// Optimistic.
    pub max: Nanos,
}

/// What the arguments of a group's members show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Params {
    /// There is no text.
    #[default]
    None,
    /// All visible, so many of them distinct.
    Visible {
        /// Distinct argument sets.
        distinct: u32,
    },
    /// Placeholders hide at least one.
    Hidden,
    /// A text was cut.
    Cut,
}

/// The terms of confidence that one trace decides; those over traces are added when read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Spans found of those expected.
    pub completeness: Millionths,
    /// 1, 0.9 corrected, 0.7 inconsistent or untrusted.
    pub clock: Millionths,
    /// 1 distinct, 0.9 hidden, 0.7 cut, 0.6 no text.
    pub visibility: Millionths,
    /// As the detector says.
    pub detector: Millionths,
}

impl Default for Terms {
    fn default() -> Self {
        let one = Millionths::ONE;
        Terms {
            completeness: one,
            clock: one,
            visibility: one,
            detector: one,
        }
    }
}

/// Names one finding: trace, detector and anchor; the same however the trace arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingId(pub u128);

impl FindingId {
    /// The id of what `detector` says about `anchor` and `fingerprint` in `trace`.
    pub fn new(trace: TraceId, detector: &str, anchor: SpanId, fingerprint: Fingerprint) -> FindingId {
        let id = Identity::new("finding").number(trace.get()).text(detector);
        FindingId(id.number(u128::from(anchor.get())).number(fingerprint.0).finish())
    }
}

impl std::fmt::Display for FindingId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// One fault in one trace. Ranges point into the [`crate::Report`] that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Id of the detector, say `n-plus-one-query`.
    pub detector: &'static str,
    /// Its hotspot.
    pub fingerprint: Fingerprint,
    /// The service that must change.
    pub service: Symbol,
    /// Its segment operation.
    pub operation: Symbol,
    /// The span under which the fault sits.
    pub anchor: SpanId,
    /// Service and operation of the anchor.
    pub anchor_at: (Symbol, Symbol),
    /// Class of the members.
    pub class: Class,
    /// Template of the members, or of the first of a chain. A call's own route when its server span is there.
    pub template: Option<Symbol>,
    /// Whom the members call.
    pub callee: Option<Symbol>,
    /// The service that answered, when its server span is there.
    pub callee_service: Option<Symbol>,
    /// Distinct templates of a chain in order of time, as symbols in [`crate::Report::templates`]; empty
    /// otherwise.
    pub templates: Range<u32>,
    /// Member spans in order of time, in [`crate::Report::members`]; at most 1,000 of them.
    pub members: Range<u32>,
    /// Hand-offs that decide independence, in [`crate::Report::hand_offs`]; empty otherwise.
    pub hand_offs: Range<u32>,
    /// Members by weight (a summary counts as many).
    pub calls: u64,
    /// Length of the union of the members.
    pub wall: Nanos,
    /// Critical-path time of the members' subtrees.
    pub path: Nanos,
    /// Duration of the segment root.
    pub segment: Nanos,
    /// What the fix would save of its unit.
    pub saving: Saving,
    /// Duration of the unit's head.
    pub unit: Nanos,
    /// Somebody waits for the unit (its head is no consumer, job or detached work).
    pub awaited: bool,
    /// Most neighbours overlap: parallel, not one after another.
    pub parallel: bool,
    /// What the arguments show.
    pub params: Params,
    /// Confidence.
    pub terms: Terms,
    /// Where in the code the members come from.
    pub code: Option<Symbol>,
    /// Rows that the query before the group returned.
    pub rows_before: Option<u32>,
    /// Scope of the first member's instrumentation, which may name the framework.
    pub source: Symbol,
    /// `COST_ONCE` is reached: one trace opens the hotspot.
    pub dear: bool,
    /// The segment's root was never received, so `operation` is not what people call it.
    pub headless: bool,
    /// The callee that answered is of the service's own `service.namespace`.
    pub same_team: bool,
    /// The request could do without what its calls answer.
    pub deferrable: bool,
    /// Only its share of many traces can make it a fault.
    pub needs_many: bool,
    /// Identity of detector, service and template: the same fault, whatever the operation.
    pub kin: u128,
}

impl Finding {
    /// Its name, as one of `trace`. It is worked out where it is asked for: few findings are ever looked at.
    pub fn id(&self, trace: TraceId) -> FindingId {
        FindingId::new(trace, self.detector, self.anchor, self.fingerprint)
    }
}

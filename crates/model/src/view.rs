//! A single trace as it is answered.

use std::sync::Arc;

use crate::{
    Class, Completeness, Condition, Decided, Defect, DefectKind, FindingId, Fingerprint, Kind, Link,
    Millionths, Nanos, NearReason, Saving, SpanId, Timestamp, TraceId,
};

/// Why a segment of the critical path is on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The span's own work.
    OwnTime,
    /// Between two children.
    Dispatch,
    /// On the way to the server.
    NetOut,
    /// On the way back.
    NetIn,
    /// The callee cannot be seen.
    WaitUnknown,
    /// Work whose answer nobody took.
    Abandoned,
    /// A message waits.
    Queue,
}

impl Cause {
    /// How answers call it.
    pub fn name(self) -> &'static str {
        match self {
            Cause::OwnTime => "self",
            Cause::Dispatch => "dispatch",
            Cause::NetOut => "net_out",
            Cause::NetIn => "net_in",
            Cause::WaitUnknown => "wait_unknown",
            Cause::Abandoned => "abandoned",
            Cause::Queue => "queue",
        }
    }
}

/// A piece of the critical path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathSegment {
    /// Whose time it is; `None` for a span that was never received.
    pub span: Option<SpanId>,
    /// From.
    pub start: Timestamp,
    /// Up to.
    pub end: Timestamp,
    /// Why.
    pub cause: Cause,
}

/// What an exemplar keeps of a span's attributes: every key, values redacted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpanDetail {
    /// The span; `None` only in an unused buffer.
    pub span: Option<SpanId>,
    /// Its name, masked.
    pub name: String,
    /// Key and redacted value, in order of the wire.
    pub attributes: Vec<(String, String)>,
    /// Its events.
    pub events: Vec<EventView>,
    /// What it links to.
    pub links: Vec<Link>,
    /// Who sent and what recorded it; the same for all spans of one block of a request.
    pub around: Arc<Around>,
}

/// What stands around the spans of one block of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Around {
    /// Key and redacted value of the resource's attributes, in order of the wire.
    pub resource: Vec<(String, String)>,
    /// Name of the instrumentation scope.
    pub scope: String,
    /// Its version.
    pub scope_version: String,
}

/// One event of a span.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventView {
    /// When.
    pub time: Timestamp,
    /// Its name.
    pub name: String,
    /// Key and redacted value.
    pub attributes: Vec<(String, String)>,
}

/// One span of a [`TraceView`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanView {
    /// Its id; `None` for a placeholder.
    pub id: Option<SpanId>,
    /// The parent it hangs from after normalisation.
    pub parent: Option<SpanId>,
    /// Its service.
    pub service: String,
    /// What it does.
    pub operation: String,
    /// The grouping key of an outgoing operation, else empty.
    pub template: String,
    /// Its kind.
    pub kind: Kind,
    /// Its class.
    pub class: Class,
    /// When, after correction of clocks.
    pub start: Timestamp,
    /// How long.
    pub duration: Nanos,
    /// Time in which none of its children ran.
    pub self_time: Nanos,
    /// Critical-path time of its own.
    pub path_time: Nanos,
    /// Distance from its root.
    pub depth: u32,
    /// It failed.
    pub failed: bool,
    /// How many spans it stands for; 1 but for summaries and folded groups.
    pub count: u64,
    /// What is wrong with it.
    pub defects: Vec<DefectKind>,
}

/// A finding as a trace shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingView {
    /// Itself.
    pub id: FindingId,
    /// Its hotspot.
    pub hotspot: Fingerprint,
    /// Detector id.
    pub detector: &'static str,
    /// Where it sits.
    pub anchor: SpanId,
    /// Its members.
    pub spans: Vec<SpanId>,
    /// How many calls.
    pub calls: u64,
    /// What the fix would save.
    pub saving: Saving,
    /// How sure.
    pub confidence: Millionths,
    /// Why.
    pub confidence_why: Vec<String>,
    /// Detectors merged into it.
    pub related: Vec<String>,
    /// Service that must change.
    pub service: String,
    /// Its segment operation.
    pub operation: String,
    /// Grouping key of its members.
    pub template: String,
}

/// A near miss as a trace shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMissView {
    /// Detector id.
    pub detector: &'static str,
    /// What stopped it.
    pub reason: NearReason,
    /// The service.
    pub service: String,
    /// Its segment operation.
    pub operation: String,
    /// Grouping key of its members.
    pub template: String,
    /// How many members.
    pub members: u64,
    /// Every condition that was looked at.
    pub conditions: Vec<Condition>,
}

/// One trace, analysed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceView {
    /// Which.
    pub trace: TraceId,
    /// Its version.
    pub version: u32,
    /// Why it was decided.
    pub reason: Decided,
    /// Its findings may rest on missing spans.
    pub incomplete: bool,
    /// Duration of the primary root.
    pub duration: Nanos,
    /// Its spans in tree order, earliest first; at most as many as asked for.
    pub spans: Vec<SpanView>,
    /// How many it has.
    pub span_count: u64,
    /// The response path, earliest first: it partitions the primary root.
    pub critical_path: Vec<PathSegment>,
    /// The completion path, earliest first, when it differs.
    pub completion_path: Vec<PathSegment>,
    /// What the detectors say.
    pub findings: Vec<FindingView>,
    /// What they nearly say.
    pub near_misses: Vec<NearMissView>,
    /// What is wrong with it.
    pub defects: Vec<Defect>,
    /// How whole it is.
    pub completeness: Completeness,
    /// Spans, segments or findings were left out.
    pub truncated: bool,
}

/// A time before and after a fix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// As it is.
    pub before: Nanos,
    /// As it would likely be.
    pub after: Nanos,
}

/// One span of a [`BeforeAfter`]. Times count from the start of the unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayedSpan {
    /// Its id; `None` for a placeholder or a folded group.
    pub id: Option<SpanId>,
    /// Its service.
    pub service: String,
    /// What it does.
    pub operation: String,
    /// Distance from the unit's root.
    pub depth: u32,
    /// The fix changes or moves it, not only what is around it.
    pub touched: bool,
    /// When it starts.
    pub start: Moved,
    /// When it ends.
    pub end: Moved,
    /// Critical-path time of its own; off the path when zero.
    pub path: Moved,
}

/// A unit of a trace, replayed with the fix of one finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeforeAfter {
    /// The unit's root: that of the request or job; `None` for one that was never received.
    pub root: Option<SpanId>,
    /// How long it took.
    pub before: Nanos,
    /// How long it would take at best.
    pub best: Nanos,
    /// Likely; the spans are shown so.
    pub likely: Nanos,
    /// At worst.
    pub worst: Nanos,
    /// What the finding says that saves.
    pub saving: Saving,
    /// Its spans in tree order, earliest first; at most as many as asked for.
    pub spans: Vec<ReplayedSpan>,
    /// How many more there are.
    pub omitted: u64,
}

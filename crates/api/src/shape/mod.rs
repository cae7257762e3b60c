//! The stable shapes: what HTTP, gRPC and `-o json` say, field by field.
//!
//! Core types know nothing of serialisation; everything that leaves the process is converted here, once, and
//! its texts are cleaned here. Same input, same bytes: lists keep their total order, maps are sorted.

mod audit;
mod before_after;
mod compare;
mod coverage;
mod decimal;
mod detectors;
mod document;
mod hotspot;
mod lists;
mod moment;
mod near;
mod note;
mod sender;
mod status;
mod system;
mod text;
mod trace;
mod words;

pub use audit::{Audit, Bottleneck, Coupling, Gap, Intervention, PatternOperation, QueryPattern, Said};
pub use before_after::{After, BeforeAfter, Moved, Outlook, Replay, ReplayedSpan};
pub use compare::{
    CallChange, CallSum, Change, ChangeCounts, Comparison, FindingChange, HotspotChange, Measure, Side,
    TraceComparison, TraceSide,
};
pub use coverage::{Blind, Coverage, LeftOut, Pressure, SpanCounts, TraceCounts};
pub use decimal::Decimal;
pub use detectors::{Detector, DetectorList, EffortRule, Knob, KnobRule, Selector};
pub use document::Document;
pub use hotspot::{
    Anchor, Bar, Callee, Calls, Code, Entry, Evidence, Fix, Hotspot, PathTime, Saving, Tail, Trend,
    TrendPoint, VersionStart,
};
pub(crate) use lists::List;
pub use lists::{
    DependencyList, Exemplar, ExemplarOf, HotspotDetail, HotspotList, OperationList, ServiceList,
    ThirdPartyList, TraceList, Waterfall,
};
pub use moment::Moment;
pub(crate) use moment::day;
pub use near::{Explained, NearCondition, NearMiss, NearMissHere, NearMissList, Remedy, Rule};
pub use note::{Note, Over};
pub use sender::{Distro, Sdk, Sender};
pub use status::{Connections, Listener, Memory, Refused, Requests, Shard, Status, Storage};
pub use system::{Dependency, Latency, Operation, OperationCall, PathNanos, PathShares, Service, ThirdParty};
pub(crate) use text::clean_to;
pub use text::{TEXT_CHARS_MAX, clean};
pub use trace::{Completeness, Defect, Event, Finding, SPANS_MAX, Segment, Span, Trace};
pub use words::{Break, Cause, ImpactBasis, Kind, Mark, Role, State};

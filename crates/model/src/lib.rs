//! The nouns of Hotspan: ids, time, symbols, spans, traces, findings, hotspots.
//!
//! Every arrow of the line `bytes -> spans -> trace -> findings -> hotspots` is one plain type of this crate.
//! Absent on purpose: I/O, clocks, threads, randomness, serialisation. The outermost crates have their own
//! wire types.

mod batch;
mod bits;
mod counts;
mod dictionary;
mod fact;
mod facts;
mod finding;
mod hash;
mod hotspot;
mod ids;
mod inputs;
mod meta;
mod metered;
mod near;
mod note;
mod report;
mod sender;
mod side;
mod span;
mod symbol;
mod time;
mod times;
mod trace;
mod tuning;
mod view;
mod weight;

pub use batch::{Batch, Record, SideOf};
pub use bits::{Bits, Class, Flag, Kind, Status, Visibility};
pub use counts::{Counts, Reason};
pub use dictionary::{Dictionary, Entry, LocalDictionary, Lookup, OVERFLOW};
pub use fact::{FactKind, FactRow, Moment};
pub use facts::{CalleeFacts, Facts, Peer, PeerReason, SourceFacts, TemplateFacts, Vendor, Verb};
pub use finding::{Break, Effort, Finding, FindingId, Params, Saving, Terms};
pub use hash::{Identity, ParamHash, ParamKey, TableSeed};
pub use hotspot::{
    Anchor, Bar, CalleeView, CallsPerTrace, CodePlace, EvidenceTrace, Fix, Hotspot, ImpactBasis, PathTime,
    Returns, Role, State, Tail, Trend, TrendPoint, VersionTraces,
};
pub use ids::{Fingerprint, SpanId, TraceId};
pub use inputs::{Input, Inputs};
pub use meta::{Facets, Knob, Meta, SavingRule, Scope};
pub use metered::{Ends, LATENCY_BOUNDS, LATENCY_BUCKETS, Latencies, LinkRow, SpanRow, Took};
pub use near::{CONDITIONS_MAX, Condition, NearMiss, NearReason};
pub use note::{Decision, Note, Over};
pub use report::{
    CallRow, Category, HandOff, HandOffOutcome, JOINT_MAX, JointRow, OpRef, PathRow, Report, SegmentRow,
    ServiceRow, Target,
};
pub use sender::Sender;
pub use side::{Extras, Link, Side, Summary, names_detector};
pub use span::Span;
pub use symbol::{Symbol, Vocabulary};
pub use time::{LogPos, LogTime, Nanos, Offset, Timestamp};
pub use times::{ANALYSIS_BOUNDS, AnalysisTimes};
pub use trace::{Assembled, Completeness, Decided, Defect, DefectKind, Group};
pub use tuning::{Asked, EffortRule, KnobRule, Pattern, RULES_MAX, Selector, Tuning, Workload};
pub use view::{
    Around, BeforeAfter, Cause, EventView, FindingView, Moved, NearMissView, PathSegment, ReplayedSpan,
    SpanDetail, SpanView, TraceView,
};
pub use weight::{MILLION, Millionths, Threshold};

//! A hotspot as it is answered: all findings of one fingerprint, in words and numbers.

use crate::{Break, Fingerprint, LogTime, Millionths, Moved, Nanos, Note, Saving, SpanId, TraceId};

/// Where a hotspot is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// In its first 24 hours.
    New,
    /// Still firing after that.
    Open,
    /// Grew by half over its week.
    Worsening,
    /// Accepted by a person.
    Acknowledged,
    /// Silenced by a person until a time.
    Muted,
    /// Its operation is not called.
    NotExercised,
    /// Its operation is called and the fault is gone.
    Fixed,
    /// Back after it was fixed.
    Regressed,
}

impl State {
    /// How answers call it.
    pub fn name(self) -> &'static str {
        match self {
            State::New => "new",
            State::Open => "open",
            State::Worsening => "worsening",
            State::Acknowledged => "acknowledged",
            State::Muted => "muted",
            State::NotExercised => "not_exercised",
            State::Fixed => "fixed",
            State::Regressed => "regressed",
        }
    }
}

/// How often a hotspot came back after it was fixed, in the hours that are held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Returns {
    /// How often.
    pub count: u64,
    /// Start of the hour in which it did so last.
    pub last: Option<LogTime>,
}

/// What an impact is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImpactBasis {
    /// Critical-path time that the fix would save.
    Saving,
    /// Critical-path time that lies open to the fault.
    Exposure,
}

/// Service and operation of the span under which a fault sits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The service.
    pub service: String,
    /// The operation.
    pub operation: String,
}

/// Whom the members call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CalleeView {
    /// db, cache, call, publish.
    pub class: String,
    /// postgresql, redis, http.
    pub system: String,
    /// Host, service or vendor.
    pub peer: String,
    /// Grouping key.
    pub template: String,
}

/// Members a trace, over traces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallsPerTrace {
    /// Lower bound of the lowest filled bucket.
    pub min: u64,
    /// Median.
    pub p50: u64,
    /// 95th percentile.
    pub p95: u64,
    /// Upper bound of the highest filled bucket.
    pub max: u64,
}

/// One bar of a histogram: how many numbers lie between two bounds, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bar {
    /// Lowest number that falls into it.
    pub from: u64,
    /// Highest one.
    pub up_to: u64,
    /// How many do.
    pub count: u64,
}

/// Critical-path time a trace, over traces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PathTime {
    /// Median.
    pub p50: Nanos,
    /// 95th percentile.
    pub p95: Nanos,
    /// Sum over all traces.
    pub sum: Nanos,
}

/// How often the slow and the fast requests of an operation carry a fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// Share of the requests above the 95th percentile.
    pub slow: Millionths,
    /// Share of those below the median.
    pub fast: Millionths,
}

impl Tail {
    /// What the slow ones have beyond the fast ones.
    pub fn excess(&self) -> Millionths {
        Millionths(self.slow.0.saturating_sub(self.fast.0))
    }
}

/// What to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fix {
    /// In one clause.
    pub summary: String,
    /// In this framework's words.
    pub how: String,
}

/// A place in the code.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodePlace {
    /// File.
    pub file: String,
    /// Line, 0 when unknown.
    pub line: u32,
    /// Function.
    pub function: String,
}

/// Why a trace is an exemplar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Most critical-path time.
    Worst,
    /// In the middle of the reservoir.
    Median,
    /// Latest.
    Newest,
}

impl Role {
    /// How answers call it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Worst => "worst",
            Role::Median => "median",
            Role::Newest => "newest",
        }
    }
}

/// One exemplar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceTrace {
    /// The trace.
    pub trace: TraceId,
    /// Why this one.
    pub role: Role,
    /// The anchor in it.
    pub anchor: SpanId,
    /// Members in it, at most 50.
    pub spans: Vec<SpanId>,
    /// All members in it.
    pub span_count: u64,
}

/// One bucket of a trend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrendPoint {
    /// Start of the bucket in Unix seconds.
    pub at: u64,
    /// Traces in it.
    pub traces: u64,
    /// Their critical-path time.
    pub path: Nanos,
}

/// Traces and critical-path time over time; empty buckets are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trend {
    /// By minute, the last 60 filled at most.
    pub minute: Vec<TrendPoint>,
    /// By hour, the last 168 filled at most.
    pub hour: Vec<TrendPoint>,
}

/// How often a version was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct VersionTraces {
    /// `service.version`.
    pub version: String,
    /// Traces in which it was, raw.
    pub traces: u64,
}

/// All findings of one fingerprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hotspot {
    /// Its fingerprint.
    pub id: Fingerprint,
    /// Detector id.
    pub detector: &'static str,
    /// Which of the four breaks.
    pub in_break: Break,
    /// The fault in one sentence.
    pub title: String,
    /// The service that must change.
    pub service: String,
    /// Its segment operation.
    pub operation: String,
    /// The root operation most traces entered by.
    pub entry: String,
    /// All of them with traces, most first, at most 16.
    pub entries: Vec<(String, u64)>,
    /// The span under which the fault sits.
    pub anchor: Anchor,
    /// Whom the members call.
    pub callee: CalleeView,
    /// Where it is in its life.
    pub state: State,
    /// What a person said about it last, whether that still holds or not.
    pub note: Option<Note>,
    /// Its returns.
    pub returns: Returns,
    /// Traces seen.
    pub traces: u64,
    /// Traces adjusted for sampling.
    pub weighted_traces: Millionths,
    /// Share of the segment operation's judged traces.
    pub share: Millionths,
    /// Whether it is the slow requests that carry it; `None` where too few of them are known.
    pub tail: Option<Tail>,
    /// Members a trace.
    pub calls_per_trace: CallsPerTrace,
    /// The same as a histogram: filled bars, ascending.
    pub calls_bars: Vec<Bar>,
    /// Critical-path time a trace.
    pub critical_path: PathTime,
    /// Saving a trace: medians over the reservoir.
    pub saving: Saving,
    /// Median duration of the replayed units (requests or jobs of affected traces) and what the fix would make of it;
    /// `None` where no replay says that any would be shorter.
    pub operation_p50: Option<Moved>,
    /// The same for the 95th percentile.
    pub operation_p95: Option<Moved>,
    /// Likely saving over the segment operation's median duration.
    pub saving_share: Millionths,
    /// Confidence.
    pub confidence: Millionths,
    /// Its terms in words.
    pub confidence_why: Vec<String>,
    /// Effort.
    pub effort_weeks: Millionths,
    /// Seconds saved an hour.
    pub impact_s_per_hour: Millionths,
    /// Standard error of the impact that sampling makes, as a part of it; zero when every trace was kept.
    pub impact_relative_error: Millionths,
    /// What the impact is made of.
    pub impact_basis: ImpactBasis,
    /// Impact x confidence / effort.
    pub priority: Millionths,
    /// 1 for the first.
    pub rank: u32,
    /// What to change.
    pub fix: Fix,
    /// Where in the code, most frequent first, at most 8.
    pub code: Vec<CodePlace>,
    /// Exemplars.
    pub evidence: Vec<EvidenceTrace>,
    /// Detectors merged into this one.
    pub related: Vec<String>,
    /// Id of the change it shares with others.
    pub change: Option<String>,
    /// Versions that served its operation and the hour in which each began, earliest first, the last 16 at most.
    pub version_starts: Vec<(String, LogTime)>,
    /// Versions of the service it was seen in, sorted.
    pub versions: Vec<VersionTraces>,
    /// Start of the first filled bucket.
    pub first_seen: LogTime,
    /// End of the last filled bucket, or the latest exemplar's time when that is known.
    pub last_seen: LogTime,
    /// Over time.
    pub trend: Trend,
}

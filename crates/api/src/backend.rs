//! What the daemon gives to be read: one immutable snapshot, single traces, counters, and whether it is well.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use hotspan_access::Counted;
use hotspan_hotspots::{Answers, Meters, Outline, Saying, Unsaid};
use hotspan_model::{
    AnalysisTimes, BeforeAfter, Counts, Decided, FindingId, Fingerprint, Knob, LogTime, Meta, Millionths,
    Nanos, SpanDetail, TraceId, TraceView, Tuning, Vocabulary,
};

use crate::LinkTemplate;

/// A trace and what is kept of its spans' attributes; `None` when nobody has it.
pub type FoundTrace = Option<(TraceView, Vec<SpanDetail>)>;

/// A look-up under way.
pub type TraceFuture<'a> = Pin<Box<dyn Future<Output = FoundTrace> + Send + 'a>>;

/// The same, and what a fix would do to the trace; `None` where it has no such finding, or none with a replay.
pub type FoundFix = Option<(TraceView, Vec<SpanDetail>, Option<BeforeAfter>)>;

/// A replay under way.
pub type FixFuture<'a> = Pin<Box<dyn Future<Output = FoundFix> + Send + 'a>>;

/// A list of held traces under way.
pub type HeldFuture<'a> = Pin<Box<dyn Future<Output = Vec<Outline>> + Send + 'a>>;

/// Why something was not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSaid {
    /// It cannot be.
    Unsaid(Unsaid),
    /// Too much is said at once, or nothing is taken any more.
    Busy,
    /// It is shown, and the store cannot be written.
    Unstored,
}

/// A saying under way.
pub type SayFuture<'a> = Pin<Box<dyn Future<Output = Result<(), NotSaid>> + Send + 'a>>;

/// What the daemon implements. Nothing here takes a lock of a shard.
pub trait Backend: Send + Sync + 'static {
    /// The newest snapshot. An answer is made from one of them alone.
    fn view(&self) -> Arc<View>;

    /// Looks for one trace among the exemplars, what the shards still have, and what is stored.
    fn trace(&self, id: TraceId) -> TraceFuture<'_>;

    /// Outlines of the traces that hotspots refer to and that are still held, latest start first.
    fn held(&self) -> HeldFuture<'_>;

    /// Looks for one trace and replays it with the fix of one of its findings.
    fn fix(&self, id: TraceId, finding: FindingId) -> FixFuture<'_>;

    /// Notes what a person says of a hotspot; done when the newest snapshot shows it.
    fn say(&self, id: Fingerprint, saying: Saying) -> SayFuture<'_>;

    /// The counters as they are now.
    fn metrics(&self) -> Metrics;

    /// Every condition of readiness.
    fn ready(&self) -> Vec<Check>;

    /// Which surfaces for clients of other tools are answered.
    fn compat(&self) -> Compat {
        Compat::ALL
    }

    /// Addresses by which others than loopback reach this process, best first; links for people begin with the first.
    fn public_urls(&self) -> &[String] {
        &[]
    }
}

/// One immutable snapshot of everything that lists show.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Grows with every snapshot of this process.
    pub version: u64,
    /// When it was made, by the log's clock; relative times in questions count from here.
    pub at: LogTime,
    /// What follows from reports.
    pub answers: Answers,
    /// What follows from counters, taken with the answers.
    pub status: Status,
    /// Ids of all detectors, sorted; the values that the parameter `detector` may have.
    pub detectors: Vec<&'static str>,
    /// All of them, and how they are set.
    pub known: Arc<Detectors>,
    /// Where people look beside the page.
    pub links: Arc<[LinkTemplate]>,
}

/// The detectors, and how they are set; the same for as long as the process lives.
#[derive(Clone, Debug, Default)]
pub struct Detectors {
    /// In order of evaluation.
    pub catalogue: Vec<&'static Meta>,
    /// Thresholds that they share.
    pub shared_knobs: Vec<&'static Knob>,
    /// Thresholds and efforts that differ from their defaults.
    pub tuning: Arc<Tuning>,
}

/// Counters and facts of the process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Version of the program.
    pub version: &'static str,
    /// Whose figures these are; `None` for what belongs to no tenant.
    pub tenant: Option<Arc<str>>,
    /// When the process started.
    pub started: LogTime,
    /// Spans by what became of them.
    pub counts: Counts,
    /// Requests by transport.
    pub requests: Vec<Requests>,
    /// Bytes taken in, as sent, by encoding.
    pub ingested: Vec<(&'static str, u64)>,
    /// Requests of which some spans were refused.
    pub partial_successes: u64,
    /// What was read although it was not as it should be, by kind.
    pub tolerated: Vec<(&'static str, u64)>,
    /// Bytes of signals that are accepted and not used, by signal.
    pub other_signals: Vec<(&'static str, u64)>,
    /// Connections of the receivers.
    pub connections: Connections,
    /// Where the memory goes, by part.
    pub memory: Vec<Memory>,
    /// What gives way to the load.
    pub pressure: Pressure,
    /// Traces decided; `reason as usize` is the place.
    pub decided: [u64; Decided::ALL.len()],
    /// Traces not yet decided.
    pub open_traces: u64,
    /// Traces decided although spans of them were missing.
    pub incomplete_traces: u64,
    /// Spans that came after their trace was decided.
    pub late_spans: u64,
    /// Interned texts; `vocabulary as usize` is the place.
    pub symbols: [u64; Vocabulary::ALL.len()],
    /// Texts that found no room; `vocabulary as usize` is the place.
    pub overflow: [u64; Vocabulary::ALL.len()],
    /// Who sends, sorted by service.
    pub senders: Vec<Sender>,
    /// Resources whose sender found no room, because too many services have one.
    pub senders_beyond: u64,
    /// What listens where.
    pub listeners: Vec<Listener>,
    /// The shards, in order.
    pub shards: Vec<Shard>,
    /// What outlives the process.
    pub storage: Storage,
    /// The log that requests go over before they are acknowledged; `None` where they go over none.
    pub log: Option<Log>,
}

/// A file log: what it holds, and what was found in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Bytes of all its segments.
    pub bytes: u64,
    /// Records written by this process.
    pub records: u64,
    /// Times that a group of them was made to last.
    pub syncs: u64,
    /// How long that took, together.
    pub sync_time: Nanos,
    /// Times that it failed.
    pub failures: u64,
    /// Requests refused because it had no room or could not be written.
    pub refused: u64,
    /// Records that were read again when the process started.
    pub replayed: u64,
    /// Those that could not be decoded any more.
    pub poison: u64,
    /// Traces whose later spans a change of rules or shards cost.
    pub rule_seam: u64,
    /// Torn writes found at its end when the process started, at most one.
    pub torn: u64,
    /// Their bytes.
    pub torn_bytes: u64,
    /// Acknowledged records that were passed over because they could not be read.
    pub lost: u64,
}

/// Whether hotspots and notes outlive the process, and how that goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Storage {
    /// They are written to a store, and not in memory alone.
    pub is_kept: bool,
    /// Why nothing can be written now; empty while it can.
    pub failing: String,
    /// Up to when everything is written; `None` before the first time.
    pub saved: Option<LogTime>,
    /// Times that something was written.
    pub commits: u64,
    /// Times that it failed.
    pub failures: u64,
    /// How long writing took, together.
    pub commit_time: Nanos,
    /// The file that they are written to; empty where they are in memory alone.
    pub file: String,
    /// Bytes of the store.
    pub bytes: u64,
    /// Rows that shards are built of: hotspots, services, operations, edges.
    pub rows: u64,
    /// Traces of hotspots in the store.
    pub exemplars: u64,
    /// Their bytes.
    pub exemplar_bytes: u64,
    /// Times that one of them could not be read.
    pub exemplars_unreadable: u64,
    /// Where a store that was damaged was moved when the process started, and why; empty when it was not.
    pub moved_aside: String,
}

/// What gives way to the load, and how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pressure {
    /// The furthest step that was taken lately.
    pub level: Level,
    /// Share of traces that the fullest shard leaves out now.
    pub left_out: Millionths,
    /// Requests whose bytes were given up before exemplars could be made of them.
    pub evidence_dropped: u64,
    /// Requests that were refused for want of room.
    pub requests_refused: u64,
}

/// Steps in which load is met, mildest first; each comes with those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing gives way.
    #[default]
    None,
    /// Bytes of requests, so that new exemplars show no attributes.
    Evidence,
    /// Quiet time: traces are decided early.
    Closing,
    /// Whole traces, by their ids.
    Sampling,
    /// Requests: senders are asked to send them again.
    Refusing,
}

impl Level {
    /// All, mildest first.
    pub const ALL: [Level; 5] = [
        Level::None,
        Level::Evidence,
        Level::Closing,
        Level::Sampling,
        Level::Refusing,
    ];

    /// How answers call it.
    pub fn name(self) -> &'static str {
        match self {
            Level::None => "none",
            Level::Evidence => "evidence",
            Level::Closing => "closing",
            Level::Sampling => "sampling",
            Level::Refusing => "refusing",
        }
    }
}

/// Who sends the spans of a service, and how they come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sender {
    /// What its resource says.
    pub says: Arc<hotspan_model::Sender>,
    /// `grpc` or `http`.
    pub transport: &'static str,
    /// `protobuf` or `json`.
    pub encoding: &'static str,
    /// `identity`, `gzip` or `zstd`.
    pub compression: &'static str,
    /// From this machine.
    pub is_local: bool,
    /// Resources with spans in requests.
    pub batches: u64,
    /// When the last of them came.
    pub last: LogTime,
}

/// Requests of one transport.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// `grpc` or `http`.
    pub transport: &'static str,
    /// Requests whose spans were handed over.
    pub accepted: u64,
    /// Requests that were turned away.
    pub refused: Vec<Refused>,
}

/// Requests turned away for one reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// Why, as the receivers call it.
    pub reason: &'static str,
    /// How many.
    pub requests: u64,
    /// Their bytes, as far as they were seen.
    pub bytes: u64,
}

/// Connections of the receivers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// Accepted, ever.
    pub accepted: u64,
    /// Open now.
    pub open: u64,
    /// Closed on accept for a limit.
    pub refused: u64,
    /// Ended with an error.
    pub failed: u64,
    /// Attempts to accept one that failed, for want of file handles say.
    pub accepts_failed: u64,
}

/// What one part of the memory holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Which part.
    pub part: &'static str,
    /// Bytes it holds, as they are accounted.
    pub used: u64,
    /// The most it may hold.
    pub max: u64,
}

/// A bound address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listener {
    /// `otlp_grpc`, `otlp_http`, `api`.
    pub name: &'static str,
    /// Address and port.
    pub address: String,
}

/// One shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shard {
    /// Traces not yet decided.
    pub open_traces: u64,
    /// Spans in them.
    pub open_spans: u64,
    /// Batches waiting.
    pub queued: u64,
}

/// Counters as they are now, for `/metrics`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// The same as in a snapshot, but of this moment.
    pub status: Status,
    /// How old the newest snapshot is.
    pub snapshot_age: Nanos,
    /// What analyses took.
    pub analysis: AnalysisTimes,
    /// What traces added up to.
    pub meters: Meters,
    /// Which of it is exposed.
    pub exposed: Exposed,
    /// What became of alerts.
    pub alerts: Alerts,
    /// Who was turned away.
    pub access: Counted,
    /// Counters of all tenants, for whoever looks after the process; a tenant gets none of them.
    pub tenants: Vec<Status>,
}

/// Alerts, and what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alerts {
    /// Services seen whose new and worsening hotspots ask for somebody.
    pub critical_services: Vec<String>,
    /// How many fire.
    pub firing: u64,
    /// Messages that arrived, by receiver.
    pub sent: Vec<(&'static str, u64)>,
    /// Messages that did not, by receiver.
    pub failed: Vec<(&'static str, u64)>,
}

/// What `/metrics` has beside the own family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exposed {
    /// The service graph.
    pub service_graph: bool,
    /// Spans as Tempo names them.
    pub tempo_spans: bool,
    /// Spans as the Collector names them.
    pub collector_spans: bool,
    /// Most series that traces add.
    pub series_max: usize,
}

/// Which surfaces for clients of other tools are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compat {
    /// `/jaeger`.
    pub jaeger: bool,
    /// `jaeger.api_v3.QueryService`.
    pub jaeger_grpc: bool,
    /// `/tempo`.
    pub tempo: bool,
    /// `/mcp` and `/tempo/api/mcp`.
    pub mcp: bool,
}

impl Compat {
    /// All of them.
    pub const ALL: Compat = Compat {
        jaeger: true,
        jaeger_grpc: true,
        tempo: true,
        mcp: true,
    };
}

/// One condition of readiness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What must be well: `receivers`, `shards`, `store`.
    pub name: &'static str,
    /// Whether it is.
    pub ok: bool,
    /// Why not, or what was seen.
    pub detail: String,
}

impl fmt::Debug for dyn Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Backend")
    }
}

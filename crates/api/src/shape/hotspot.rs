//! A hotspot as it is answered.

use hotspan_model as model;
use serde::Serialize;
use utoipa::openapi::schema::ArrayItems;
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::text::clean;
use crate::Link;

use super::{Break, Decimal, ImpactBasis, Moment, Note, Outlook, Role, State};

/// All findings of one fingerprint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Hotspot {
    /// Fingerprint, 32 hex digits; stable over restarts, replicas and deploys.
    pub id: String,
    /// Id of the detector, say `n-plus-one-query`.
    pub detector: String,
    /// Which of the four breaks.
    #[serde(rename = "break")]
    pub in_break: Break,
    /// The fault in one sentence.
    pub title: String,
    /// The service that must change.
    pub service: String,
    /// Its segment operation; part of the fingerprint.
    pub operation: String,
    /// The root operation most traces entered by.
    pub entry: String,
    /// Root operations with traces, most first, at most 16.
    pub entries: Vec<Entry>,
    /// The span under which the fault sits.
    pub anchor: Anchor,
    /// Whom the members call.
    pub callee: Callee,
    /// Where it is in its life.
    pub state: State,
    /// What a person said about it last, whether that still holds or not.
    pub note: Note,
    /// How often it came back after it was fixed, in the hours that are held.
    pub returns: u64,
    /// Start of the hour in which it did so last; null when it never did.
    pub returned: Option<Moment>,
    /// Traces seen.
    pub traces: u64,
    /// Traces adjusted for sampling.
    pub weighted_traces: Decimal,
    /// Share of the segment operation's judged traces.
    pub share: Decimal,
    /// Whether it is the slow requests of its operation that carry it; null where too few are known.
    pub tail: Option<Tail>,
    /// Members a trace: queries, calls, handshakes, attempts, hops.
    pub calls_per_trace: Calls,
    /// The same as a histogram: filled bars, ascending; empty where only sums are known.
    pub calls_per_trace_bars: Vec<Bar>,
    /// Critical-path time a trace.
    pub critical_path_ns: PathTime,
    /// What the fix would save of an affected trace: medians over the replayed reservoir.
    pub saving_ns: Saving,
    /// Median duration of the replayed requests or jobs, before and after the fix.
    pub operation_p50_ns: Outlook,
    /// The same for the 95th percentile.
    pub operation_p95_ns: Outlook,
    /// Likely saving over the segment operation's median duration.
    pub saving_share: Decimal,
    /// How sure, 0 to 1.
    pub confidence: Decimal,
    /// Why.
    pub confidence_why: Vec<String>,
    /// Weeks of one team.
    pub effort_weeks: Decimal,
    /// Seconds saved (or exposed) an hour.
    pub impact_s_per_hour: Decimal,
    /// Standard error of the impact that sampling makes, as a part of it; 0 when every trace was kept.
    pub impact_relative_error: Decimal,
    /// What the impact is made of.
    pub impact_basis: ImpactBasis,
    /// Impact x confidence / effort.
    pub priority: Decimal,
    /// 1 for the first.
    pub rank: u32,
    /// What to change.
    pub fix: Fix,
    /// Where in the code, when spans carry `code.*`; at most 8.
    pub code: Vec<Code>,
    /// Exemplar traces.
    pub evidence: Vec<Evidence>,
    /// Detectors merged into this one.
    pub related: Vec<String>,
    /// Id of the change it shares with others.
    pub change: Option<String>,
    /// Versions of the service it was seen in, sorted.
    pub versions: Vec<String>,
    /// Versions that served its operation, with the fault or without, by when they began; the last 16 at most.
    pub version_starts: Vec<VersionStart>,
    /// Start of the first filled trend bucket.
    pub first_seen: Moment,
    /// End of the last one.
    pub last_seen: Moment,
    /// Over time.
    pub trend: Trend,
    /// Where to look elsewhere, as the operator configured it.
    pub links: Vec<Link>,
}

/// A root operation and the traces that entered by it, written as a pair.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Entry(
    /// The root operation.
    pub String,
    /// Traces.
    pub u64,
);

impl PartialSchema for Entry {
    fn schema() -> RefOr<Schema> {
        let pair = ArrayBuilder::new()
            .items(ArrayItems::False)
            .min_items(Some(2))
            .max_items(Some(2));
        let operation = ObjectBuilder::new().schema_type(Type::String).build();
        let traces = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(0))
            .build();
        pair.prefix_items([operation, traces])
            .description(Some("A root operation and the traces that entered by it."))
            .into()
    }
}

impl ToSchema for Entry {}

/// Service and operation of the span under which a fault sits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Anchor {
    /// The service.
    pub service: String,
    /// The operation.
    pub operation: String,
}

/// Whom the members call; empty where unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Callee {
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Calls {
    /// Lower bound of the lowest filled bucket.
    pub min: u64,
    /// Median.
    pub p50: u64,
    /// 95th percentile.
    pub p95: u64,
    /// Upper bound of the highest filled bucket.
    pub max: u64,
}

/// How often the slow and the fast requests of an operation carry a fault.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Tail {
    /// Share of the requests above the 95th percentile.
    pub slow_share: Decimal,
    /// Share of those below the median.
    pub fast_share: Decimal,
    /// The same in words.
    pub says: String,
}

/// One bar of a histogram: numbers between two bounds, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Bar {
    /// Lowest number that falls into it.
    pub from: u64,
    /// Highest one.
    pub up_to: u64,
    /// How many do.
    pub count: u64,
}

/// When a version began to serve.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct VersionStart {
    /// The version.
    pub version: String,
    /// Start of the hour in which it was seen first.
    pub at: Moment,
}

/// Critical-path nanoseconds a trace, over traces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PathTime {
    /// Median.
    pub p50: u64,
    /// 95th percentile.
    pub p95: u64,
    /// Sum over all traces.
    pub sum: u64,
}

/// Nanoseconds that a fix would save.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Saving {
    /// Pessimistic.
    pub min: u64,
    /// Likely.
    pub likely: u64,
    /// Optimistic.
    pub max: u64,
}

/// What to change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fix {
    /// In one clause.
    pub summary: String,
    /// In this framework's words.
    pub how: String,
}

/// A place in the code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Code {
    /// File.
    pub file: String,
    /// Line, 0 when unknown.
    pub line: u32,
    /// Function.
    pub function: String,
}

/// One exemplar trace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Evidence {
    /// The trace, 32 hex digits.
    pub trace_id: String,
    /// Why this one.
    pub role: Role,
    /// The anchor in it, 16 hex digits.
    pub anchor_span_id: String,
    /// Members in it, at most 50.
    pub span_ids: Vec<String>,
    /// All members in it.
    pub span_count: u64,
}

/// Traces and critical-path time over time; empty buckets are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Trend {
    /// By minute, the last 60 filled at most.
    pub minute: Vec<TrendPoint>,
    /// By hour, the last 168 filled at most.
    pub hour: Vec<TrendPoint>,
}

/// One bucket, written as a triple.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrendPoint(
    /// Start of the bucket in Unix seconds.
    pub u64,
    /// Traces in it.
    pub u64,
    /// Their critical-path nanoseconds.
    pub u64,
);

impl From<&model::Hotspot> for Hotspot {
    fn from(of: &model::Hotspot) -> Hotspot {
        Hotspot {
            id: of.id.to_string(),
            detector: of.detector.to_owned(),
            in_break: of.in_break.into(),
            title: clean(&of.title),
            service: clean(&of.service),
            operation: clean(&of.operation),
            entry: clean(&of.entry),
            entries: of.entries.iter().map(Entry::from).collect(),
            anchor: Anchor::from(&of.anchor),
            callee: Callee::from(&of.callee),
            state: of.state.into(),
            note: of.note.as_ref().into(),
            returns: of.returns.count,
            returned: of.returns.last.map(Moment::from),
            traces: of.traces,
            weighted_traces: of.weighted_traces.into(),
            share: of.share.into(),
            tail: of.tail.map(Tail::from),
            calls_per_trace: of.calls_per_trace.into(),
            calls_per_trace_bars: of.calls_bars.iter().map(Bar::from).collect(),
            critical_path_ns: of.critical_path.into(),
            saving_ns: of.saving.into(),
            operation_p50_ns: of.operation_p50.into(),
            operation_p95_ns: of.operation_p95.into(),
            saving_share: of.saving_share.into(),
            confidence: of.confidence.into(),
            confidence_why: texts(&of.confidence_why),
            effort_weeks: of.effort_weeks.into(),
            impact_s_per_hour: of.impact_s_per_hour.into(),
            impact_relative_error: of.impact_relative_error.into(),
            impact_basis: of.impact_basis.into(),
            priority: of.priority.into(),
            rank: of.rank,
            fix: Fix::from(&of.fix),
            code: of.code.iter().map(Code::from).collect(),
            evidence: of.evidence.iter().map(Evidence::from).collect(),
            related: texts(&of.related),
            change: of.change.as_deref().map(clean),
            versions: of.versions.iter().map(|of| clean(&of.version)).collect(),
            version_starts: of.version_starts.iter().map(VersionStart::from).collect(),
            first_seen: of.first_seen.into(),
            last_seen: of.last_seen.into(),
            trend: Trend::from(&of.trend),
            links: Vec::new(),
        }
    }
}

impl From<model::Tail> for Tail {
    fn from(of: model::Tail) -> Tail {
        let (slow_share, fast_share) = (Decimal::from(of.slow), Decimal::from(of.fast));
        Tail {
            slow_share,
            fast_share,
            says: format!(
                "in {} of the slowest requests and in {} of the fast ones",
                slow_share.percent(),
                fast_share.percent()
            ),
        }
    }
}

/// Every text as an answer shows it.
pub(super) fn texts(raw: &[String]) -> Vec<String> {
    raw.iter().map(|text| clean(text)).collect()
}

impl From<&(String, u64)> for Entry {
    fn from((operation, traces): &(String, u64)) -> Entry {
        Entry(clean(operation), *traces)
    }
}

impl From<&model::Anchor> for Anchor {
    fn from(of: &model::Anchor) -> Anchor {
        Anchor {
            service: clean(&of.service),
            operation: clean(&of.operation),
        }
    }
}

impl From<&model::CalleeView> for Callee {
    fn from(of: &model::CalleeView) -> Callee {
        Callee {
            class: clean(&of.class),
            system: clean(&of.system),
            peer: clean(&of.peer),
            template: clean(&of.template),
        }
    }
}

impl From<model::CallsPerTrace> for Calls {
    fn from(of: model::CallsPerTrace) -> Calls {
        Calls {
            min: of.min,
            p50: of.p50,
            p95: of.p95,
            max: of.max,
        }
    }
}

impl From<&model::Bar> for Bar {
    fn from(of: &model::Bar) -> Bar {
        Bar {
            from: of.from,
            up_to: of.up_to,
            count: of.count,
        }
    }
}

impl From<&(String, model::LogTime)> for VersionStart {
    fn from((version, at): &(String, model::LogTime)) -> VersionStart {
        VersionStart {
            version: clean(version),
            at: (*at).into(),
        }
    }
}

impl From<model::PathTime> for PathTime {
    fn from(of: model::PathTime) -> PathTime {
        PathTime {
            p50: of.p50.0,
            p95: of.p95.0,
            sum: of.sum.0,
        }
    }
}

impl From<model::Saving> for Saving {
    fn from(of: model::Saving) -> Saving {
        Saving {
            min: of.min.0,
            likely: of.likely.0,
            max: of.max.0,
        }
    }
}

impl From<&model::Fix> for Fix {
    fn from(of: &model::Fix) -> Fix {
        Fix {
            summary: clean(&of.summary),
            how: clean(&of.how),
        }
    }
}

impl From<&model::CodePlace> for Code {
    fn from(of: &model::CodePlace) -> Code {
        Code {
            file: clean(&of.file),
            line: of.line,
            function: clean(&of.function),
        }
    }
}

impl From<&model::EvidenceTrace> for Evidence {
    fn from(of: &model::EvidenceTrace) -> Evidence {
        Evidence {
            trace_id: of.trace.to_string(),
            role: of.role.into(),
            anchor_span_id: of.anchor.to_string(),
            span_ids: of.spans.iter().map(|span| span.to_string()).collect(),
            span_count: of.span_count,
        }
    }
}

impl From<&model::Trend> for Trend {
    fn from(of: &model::Trend) -> Trend {
        Trend {
            minute: of.minute.iter().map(TrendPoint::from).collect(),
            hour: of.hour.iter().map(TrendPoint::from).collect(),
        }
    }
}

impl From<&model::TrendPoint> for TrendPoint {
    fn from(of: &model::TrendPoint) -> TrendPoint {
        TrendPoint(of.at, of.traces, of.path.0)
    }
}

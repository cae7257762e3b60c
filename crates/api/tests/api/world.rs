//! A daemon that is only its answers: made by hand, so that every field has a value that nothing else has.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use hotspan_api::{
    Backend, Check, FoundTrace, Listener, Metrics, Refused, Requests, Shard, Status, TraceFuture, View, serve,
};
use hotspan_hotspots::{
    Answers, Coverage, Dependency, Latency, OperationAnswer, PeerDecision, ServiceAnswer, ThirdParty,
};
use hotspan_model::{
    Anchor, Break, CalleeView, CallsPerTrace, Cause, Class, CodePlace, Completeness, Counts, Decided, Defect,
    DefectKind, EventView, EvidenceTrace, FindingId, FindingView, Fingerprint, Fix, Hotspot, ImpactBasis, Kind,
    LogTime, Millionths, Nanos, PathSegment, PathTime, Peer, PeerReason, Reason, Role, Saving, SpanDetail, SpanId,
    SpanView, State, Timestamp, TraceId, TraceView, Trend, TrendPoint,
};
use tokio::net::TcpListener;

/// What a hostile service calls itself and its operations.
pub(crate) const HOSTILE: &str = "=cmd|'/c calc'!A0,\"<script>alert(1)</script>\"\u{202e}\u{0}\u{1b}[2J\r\nx: y";
/// When the snapshot was made.
pub(crate) const NOW: u64 = 1_764_000_000_000_000_000;
const HOUR: u64 = 3_600_000_000_000;

/// One fixed state of everything.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) view: Arc<View>,
    pub(crate) traces: BTreeMap<TraceId, (TraceView, Vec<SpanDetail>)>,
    pub(crate) ready: bool,
}

impl World {
    pub(crate) fn new() -> World {
        let view = View {
            version: 0x2a,
            at: LogTime(NOW),
            answers: answers(),
            status: status(),
            detectors: vec!["blind-service", "n-plus-one-query", "serial-calls"],
        };
        World {
            view: Arc::new(view),
            traces: BTreeMap::from([(trace_id(1), trace(1))]),
            ready: true,
        }
    }

    /// Serves the usual world on a free port until the test ends.
    pub(crate) async fn start() -> SocketAddr {
        World::new().serve().await
    }

    pub(crate) async fn serve(self) -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, Arc::new(self), std::future::pending()));
        at
    }
}

impl Backend for World {
    fn view(&self) -> Arc<View> {
        Arc::clone(&self.view)
    }

    fn trace(&self, id: TraceId) -> TraceFuture<'_> {
        let found: FoundTrace = self.traces.get(&id).cloned();
        Box::pin(std::future::ready(found))
    }

    fn metrics(&self) -> Metrics {
        Metrics {
            status: status(),
            inflight_bytes: 77,
            snapshot_age: Nanos(1_500_000_000),
        }
    }

    fn ready(&self) -> Vec<Check> {
        let receivers = Check {
            name: "receivers",
            ok: true,
            detail: "2 bound".to_owned(),
        };
        let shards = Check {
            name: "shards",
            ok: self.ready,
            detail: "4 of 4 running".to_owned(),
        };
        vec![receivers, shards]
    }
}

pub(crate) fn trace_id(number: u128) -> TraceId {
    TraceId::new(number).unwrap()
}

fn span_id(number: u64) -> SpanId {
    SpanId::new(number).unwrap()
}

/// The n-th hotspot by rank, from 1. The first has everything; number 7 is hostile; those from 101 lack confidence.
pub(crate) fn hotspot(rank: u32) -> Hotspot {
    let n = u64::from(rank);
    let services = ["orders", "cart", "search"];
    let service = if rank == 7 { HOSTILE } else { services[rank as usize % 3] };
    Hotspot {
        id: Fingerprint(0x5f0c << 64 | u128::from(rank)),
        detector: if rank.is_multiple_of(2) { "serial-calls" } else { "n-plus-one-query" },
        in_break: if rank.is_multiple_of(2) { Break::Synchronous } else { Break::Database },
        title: format!("{service} runs SELECT 38 times a request"),
        service: service.to_owned(),
        operation: if rank == 7 { HOSTILE.to_owned() } else { format!("GET /{rank}") },
        entry: "GET /entry".to_owned(),
        entries: vec![("GET /entry".to_owned(), 20 + n), (format!("GET /entry/{rank}"), 4)],
        anchor: Anchor {
            service: service.to_owned(),
            operation: "anchor op".to_owned(),
        },
        callee: CalleeView {
            class: "db".to_owned(),
            system: "postgresql".to_owned(),
            peer: "db.internal".to_owned(),
            template: "SELECT *\nFROM item WHERE id = ?".to_owned(),
        },
        state: if rank.is_multiple_of(5) { State::Worsening } else { State::Open },
        traces: 24,
        weighted_traces: Millionths(96_000_000),
        share: Millionths(833_350),
        calls_per_trace: CallsPerTrace { min: 11, p50: 38, p95: 120, max: 131 },
        critical_path: PathTime { p50: Nanos(412), p95: Nanos(1_300), sum: Nanos(9_888_000_000_000_000) },
        saving: Saving { min: Nanos(300), likely: Nanos(380), max: Nanos(405) },
        saving_share: Millionths(710_000),
        confidence: Millionths(if rank > 100 { 300_000 } else { 930_000 }),
        confidence_why: vec!["parameters visible".to_owned(), "24 traces".to_owned()],
        effort_weeks: Millionths(200_000),
        impact_s_per_hour: Millionths(36_100_000 + n),
        impact_basis: if rank.is_multiple_of(2) { ImpactBasis::Exposure } else { ImpactBasis::Saving },
        priority: Millionths(200_000_000 - 1_000_000 * n),
        rank,
        fix: Fix {
            summary: "load the items with the orders".to_owned(),
            how: "prefetch_related(\"items\")".to_owned(),
        },
        code: vec![CodePlace { file: "shop/views.py".to_owned(), line: 41, function: "list_orders".to_owned() }],
        evidence: vec![evidence(1, Role::Worst), evidence(u128::from(rank) + 1, Role::Newest)],
        related: vec!["serial-calls".to_owned()],
        change: rank.is_multiple_of(2).then(|| "change-1".to_owned()),
        versions: vec!["1.4.0".to_owned()],
        first_seen: LogTime(NOW - 48 * HOUR),
        last_seen: LogTime(NOW - n * HOUR / 2),
        trend: Trend {
            minute: vec![TrendPoint { at: 1_764_000_000, traces: 3, path: Nanos(1_140_000_000) }],
            hour: vec![TrendPoint { at: 1_763_996_400, traces: 5, path: Nanos(2) }],
        },
    }
}

fn evidence(trace: u128, role: Role) -> EvidenceTrace {
    EvidenceTrace {
        trace: trace_id(trace),
        role,
        anchor: span_id(1),
        spans: vec![span_id(2), span_id(3)],
        span_count: 38,
    }
}

fn answers() -> Answers {
    let path = [1, 2, 3, 4, 5, 6, 7].map(Nanos);
    let latency = Latency { p50: Nanos(8), p95: Nanos(9), p99: Nanos(10) };
    let service = |name: &str, orphans| ServiceAnswer {
        service: name.to_owned(),
        traces: 11,
        spans: 12,
        failed: 13,
        orphans,
        path,
        path_share: Millionths(140_000),
        versions: vec!["1".to_owned(), "2".to_owned()],
        hotspots: 15,
    };
    let operation = |service: &str, name: &str| OperationAnswer {
        service: service.to_owned(),
        operation: name.to_owned(),
        traces: 16,
        requests: 17,
        failed: 18,
        entries: 19,
        error_share: Millionths(20_000),
        rate_per_hour: Millionths(21_500_000),
        latency,
        path,
        path_share: [1, 2, 3, 4, 5, 6, 7].map(|n| Millionths(n * 10_000)),
    };
    Answers {
        hotspots: (1..=120).map(hotspot).collect(),
        listed: 100,
        services: vec![service("cart", 0), service("orders", 14), service(HOSTILE, 1)],
        operations: vec![operation("cart", "GET /cart"), operation("cart", "POST /cart"), operation("orders", "GET /")],
        dependencies: vec![dependency("cart", "orders"), dependency("orders", "db.internal")],
        third_parties: vec![third_party("api.example.com", Some("Example")), third_party("example.org", None)],
        coverage: coverage(),
    }
}

fn dependency(from: &str, to: &str) -> Dependency {
    Dependency {
        from: from.to_owned(),
        to: to.to_owned(),
        peer: Peer::Datastore,
        system: "postgresql".to_owned(),
        class: Class::Db,
        traces: 22,
        calls: 23,
        failed: 24,
        time: Nanos(25),
        path: Nanos(26),
        answered: true,
    }
}

fn third_party(domain: &str, vendor: Option<&'static str>) -> ThirdParty {
    ThirdParty {
        domain: domain.to_owned(),
        vendor,
        category: vendor.map(|_| "payments"),
        services: vec!["cart".to_owned()],
        traces: 27,
        calls: 28,
        failed: 29,
        time: Nanos(30),
        path: Nanos(31),
        path_share: Millionths(320_000),
        path_in_trace: Latency { p50: Nanos(33), p95: Nanos(34), p99: Nanos(35) },
        on_critical_path: true,
        decision: PeerDecision { peer: Peer::ThirdParty, reason: PeerReason::PublicName, certainty: Millionths(700_000) },
    }
}

fn coverage() -> Coverage {
    let mut defects = [0; DefectKind::ALL.len()];
    defects[DefectKind::MissingParent as usize] = 36;
    Coverage {
        traces: 40,
        weighted_traces: Millionths(160_000_000),
        incomplete: 4,
        complete_share: Millionths(900_000),
        spans: 400,
        first: Some(LogTime(NOW - 48 * HOUR)),
        last: Some(LogTime(NOW)),
        window_hours: Millionths(24_000_000),
        defects,
        below_gate: 37,
        internal_after_all: 38,
        sightings_beyond: 39,
        rows_beyond: 41,
    }
}

fn status() -> Status {
    let mut counts = Counts { received: 1_000, analysed: 900, open: 93, ..Counts::default() };
    counts.drop(Reason::Duplicate, 7);
    let mut decided = [0; Decided::ALL.len()];
    decided[Decided::Complete as usize] = 36;
    decided[Decided::Age as usize] = 4;
    Status {
        version: "0.1.0",
        started: LogTime(NOW - HOUR),
        counts,
        requests: vec![Requests {
            transport: "grpc",
            accepted: 50,
            refused: vec![Refused { reason: "over_limit", requests: 51, bytes: 52 }],
        }],
        ingested: vec![("gzip", 53), ("identity", 54)],
        decided,
        open_traces: 55,
        incomplete_traces: 56,
        late_spans: 57,
        symbols: [58, 59, 60, 61, 62],
        overflow: [0, 0, 1, 0, 0],
        listeners: vec![Listener { name: "api", address: "127.0.0.1:4319".to_owned() }],
        shards: vec![Shard { open_traces: 63, open_spans: 64, queued: 65 }],
    }
}

/// A trace of three spans with everything a trace can have.
pub(crate) fn trace(number: u128) -> (TraceView, Vec<SpanDetail>) {
    let at = |offset| Timestamp(NOW + offset);
    let span = |id, parent: Option<u64>, start, duration| SpanView {
        id: Some(span_id(id)),
        parent: parent.map(span_id),
        service: "orders".to_owned(),
        operation: "GET /orders".to_owned(),
        template: "SELECT ?".to_owned(),
        kind: Kind::Client,
        class: Class::Db,
        start: at(start),
        duration: Nanos(duration),
        self_time: Nanos(3),
        path_time: Nanos(4),
        depth: u32::from(parent.is_some()),
        failed: id == 3,
        count: 1,
        defects: vec![DefectKind::Clipped],
    };
    let placeholder = SpanView { id: None, ..span(9, Some(1), 0, 0) };
    let view = TraceView {
        trace: trace_id(number),
        version: 2,
        reason: Decided::RootQuiet,
        incomplete: true,
        duration: Nanos(100),
        spans: vec![span(1, None, 0, 100), span(2, Some(1), 10, 20), span(3, Some(1), 40, 20), placeholder],
        span_count: 6,
        critical_path: vec![
            PathSegment { span: Some(span_id(1)), start: at(0), end: at(60), cause: Cause::OwnTime },
            PathSegment { span: None, start: at(60), end: at(100), cause: Cause::WaitUnknown },
        ],
        completion_path: vec![PathSegment { span: Some(span_id(3)), start: at(0), end: at(7), cause: Cause::Queue }],
        findings: vec![FindingView {
            id: FindingId(0xabc),
            hotspot: hotspot(1).id,
            detector: "n-plus-one-query",
            anchor: span_id(1),
            spans: vec![span_id(2), span_id(3)],
            calls: 2,
            saving: Saving { min: Nanos(1), likely: Nanos(2), max: Nanos(3) },
            confidence: Millionths(512_345),
            confidence_why: vec!["2 calls".to_owned()],
            related: vec!["serial-calls".to_owned()],
            service: "orders".to_owned(),
            operation: "GET /orders".to_owned(),
            template: "SELECT ?".to_owned(),
        }],
        defects: vec![
            Defect { kind: DefectKind::Clipped, span: Some(span_id(3)) },
            Defect { kind: DefectKind::MultiRoot, span: None },
        ],
        completeness: Completeness {
            root_seen: true,
            missing_parents: 1,
            unanswered: 2,
            late: 3,
            truncated: false,
            compacted: 4,
        },
        truncated: true,
    };
    let detail = SpanDetail {
        span: Some(span_id(2)),
        name: "query\u{0}".to_owned(),
        attributes: vec![("db.system".to_owned(), "postgresql".to_owned()), (HOSTILE.to_owned(), HOSTILE.to_owned())],
        events: vec![EventView {
            time: at(11),
            name: "retry".to_owned(),
            attributes: vec![("exception.message".to_owned(), "(redacted)".to_owned())],
        }],
    };
    (view, vec![detail])
}

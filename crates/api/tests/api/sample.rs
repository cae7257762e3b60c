//! A hotspot and a trace with everything they can have.

use hotspan_model::{
    Anchor, Bar, BeforeAfter, Break, CalleeView, CallsPerTrace, Cause, Class, CodePlace, Completeness,
    Decided, Decision, Defect, DefectKind, EventView, EvidenceTrace, FindingId, FindingView, Fingerprint,
    Fix, Hotspot, ImpactBasis, Kind, LogTime, Millionths, Moved, Nanos, Note, Over, PathSegment, PathTime,
    ReplayedSpan, Returns, Role, Saving, SpanDetail, SpanId, SpanView, State, Tail, Timestamp, TraceId,
    TraceView, Trend, TrendPoint, VersionTraces,
};

use crate::world::{HOSTILE, HOUR, NOW};

pub(crate) fn trace_id(number: u128) -> TraceId {
    TraceId::new(number).unwrap()
}

fn span_id(number: u64) -> SpanId {
    SpanId::new(number).unwrap()
}

/// The n-th hotspot by rank, from 1. The first has everything; number 7 is hostile; those from 101 lack confidence.
pub(crate) fn hotspot(rank: u32) -> Hotspot {
    let n = u64::from(rank);
    let even = rank.is_multiple_of(2);
    let service = if rank == 7 {
        HOSTILE
    } else {
        ["orders", "cart", "search"][rank as usize % 3]
    };
    Hotspot {
        id: Fingerprint(0x5f0c << 64 | u128::from(rank)),
        detector: if even { "serial-calls" } else { "n-plus-one-query" },
        in_break: if even { Break::Synchronous } else { Break::Database },
        title: format!("{service} runs SELECT 38 times a request"),
        service: service.to_owned(),
        operation: if rank == 7 {
            HOSTILE.to_owned()
        } else {
            format!("GET /{rank}")
        },
        entry: "GET /entry".to_owned(),
        entries: vec![
            ("GET /entry".to_owned(), 20 + n),
            (format!("GET /entry/{rank}"), 4),
        ],
        anchor: anchor(service),
        callee: callee(),
        state: if rank.is_multiple_of(5) {
            State::Worsening
        } else {
            State::Open
        },
        note: (rank == 1).then(note),
        returns: returns(),
        traces: 24,
        weighted_traces: Millionths(96_000_000),
        share: Millionths(833_350),
        tail: even.then(tail),
        calls_per_trace: calls(),
        calls_bars: bars(n),
        critical_path: path_time(),
        saving: saving(),
        operation_p50: even.then(|| moved(1_000, 620)),
        operation_p95: even.then(|| moved(3_000, 2_620)),
        saving_share: Millionths(710_000),
        confidence: Millionths(if rank > 100 { 300_000 } else { 930_000 }),
        confidence_why: vec!["parameters visible".to_owned(), "24 traces".to_owned()],
        effort_weeks: Millionths(200_000),
        impact_s_per_hour: Millionths(36_100_000 + n),
        impact_relative_error: Millionths(15_000),
        impact_basis: if even {
            ImpactBasis::Exposure
        } else {
            ImpactBasis::Saving
        },
        priority: Millionths(200_000_000 - 1_000_000 * n),
        rank,
        fix: fix(),
        code: vec![code()],
        evidence: vec![
            evidence(1, Role::Worst),
            evidence(u128::from(rank) + 1, Role::Newest),
        ],
        related: vec!["serial-calls".to_owned()],
        change: even.then(|| "change-1".to_owned()),
        versions: vec![version("1.4.0", 24)],
        version_starts: vec![("1.4.0".to_owned(), LogTime(NOW - 30 * HOUR))],
        first_seen: LogTime(NOW - 48 * HOUR),
        last_seen: LogTime(NOW - n * HOUR / 2),
        trend: trend(),
    }
}

/// Two bars whose figures nothing else has.
pub(crate) fn bars(n: u64) -> Vec<Bar> {
    let bar = |from, up_to, count| Bar { from, up_to, count };
    vec![bar(10, 11, 5 + n), bar(32, 39, 19 + n)]
}

fn returns() -> Returns {
    Returns {
        count: 2,
        last: Some(LogTime(NOW - 3 * HOUR)),
    }
}

fn tail() -> Tail {
    Tail {
        slow: Millionths(620_000),
        fast: Millionths(80_000),
    }
}

/// A decision that holds no longer.
fn note() -> Note {
    Note {
        decision: Decision::Acknowledged {
            until: Some(LogTime(NOW + HOUR)),
        },
        reason: "rewritten\nin June".to_owned(),
        by: "ann".to_owned(),
        at: LogTime(NOW - HOUR),
        impact: Millionths(1_000_000),
        over: Some(Over::Doubled),
    }
}

pub(crate) fn version(name: &str, traces: u64) -> VersionTraces {
    VersionTraces {
        version: name.to_owned(),
        traces,
    }
}

fn anchor(service: &str) -> Anchor {
    Anchor {
        service: service.to_owned(),
        operation: "anchor op".to_owned(),
    }
}

fn callee() -> CalleeView {
    CalleeView {
        class: "db".to_owned(),
        system: "postgresql".to_owned(),
        peer: "db.internal".to_owned(),
        template: "SELECT *\nFROM item WHERE id = ?".to_owned(),
    }
}

fn calls() -> CallsPerTrace {
    CallsPerTrace {
        min: 11,
        p50: 38,
        p95: 120,
        max: 131,
    }
}

fn path_time() -> PathTime {
    PathTime {
        p50: Nanos(412),
        p95: Nanos(1_300),
        sum: Nanos(9_888_000_000_000_000),
    }
}

fn saving() -> Saving {
    Saving {
        min: Nanos(300),
        likely: Nanos(380),
        max: Nanos(405),
    }
}

fn moved(before: u64, after: u64) -> Moved {
    Moved {
        before: Nanos(before),
        after: Nanos(after),
    }
}

/// What the fix of the first hotspot would do to the first trace.
pub(crate) fn before_after() -> (FindingId, BeforeAfter) {
    let first = hotspot(1);
    let span = |id: Option<u64>, depth, end, path| ReplayedSpan {
        id: id.map(span_id),
        service: HOSTILE.to_owned(),
        operation: "GET /orders".to_owned(),
        depth,
        touched: depth > 0,
        start: moved(0, 0),
        end,
        path,
    };
    let after = BeforeAfter {
        root: Some(span_id(1)),
        before: Nanos(1_000),
        best: Nanos(595),
        likely: Nanos(620),
        worst: Nanos(700),
        saving: saving(),
        spans: vec![
            span(Some(1), 0, moved(1_000, 620), moved(400, 401)),
            span(None, 1, moved(600, 219), moved(600, 219)),
        ],
        omitted: 3,
    };
    let id = FindingId::new(trace_id(1), first.detector, span_id(1), first.id);
    (id, after)
}

fn fix() -> Fix {
    Fix {
        summary: "load the items with the orders".to_owned(),
        how: "prefetch_related(\"items\")".to_owned(),
    }
}

fn code() -> CodePlace {
    CodePlace {
        file: "shop/views.py".to_owned(),
        line: 41,
        function: "list_orders".to_owned(),
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

fn trend() -> Trend {
    let point = |at, traces, path| TrendPoint {
        at,
        traces,
        path: Nanos(path),
    };
    Trend {
        minute: vec![point(1_764_000_000, 3, 1_140_000_000)],
        hour: vec![point(1_763_996_400, 5, 2)],
    }
}

/// A trace of four spans with everything a trace can have.
pub(crate) fn trace(number: u128) -> (TraceView, Vec<SpanDetail>) {
    let placeholder = SpanView {
        id: None,
        ..span(9, Some(1), 0, 0)
    };
    let view = TraceView {
        trace: trace_id(number),
        version: 2,
        reason: Decided::RootQuiet,
        incomplete: true,
        duration: Nanos(100),
        spans: vec![
            span(1, None, 0, 100),
            span(2, Some(1), 10, 20),
            span(3, Some(1), 40, 20),
            placeholder,
        ],
        span_count: 6,
        critical_path: vec![
            segment(Some(1), 0, 60, Cause::OwnTime),
            segment(None, 60, 100, Cause::WaitUnknown),
        ],
        completion_path: vec![segment(Some(3), 0, 7, Cause::Queue)],
        findings: vec![finding()],
        near_misses: Vec::new(),
        defects: vec![
            defect(DefectKind::Clipped, Some(3)),
            defect(DefectKind::MultiRoot, None),
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
    (view, vec![detail()])
}

fn at(offset: u64) -> Timestamp {
    Timestamp(NOW + offset)
}

fn span(id: u64, parent: Option<u64>, start: u64, duration: u64) -> SpanView {
    SpanView {
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
    }
}

fn segment(span: Option<u64>, start: u64, end: u64, cause: Cause) -> PathSegment {
    PathSegment {
        span: span.map(span_id),
        start: at(start),
        end: at(end),
        cause,
    }
}

fn defect(kind: DefectKind, span: Option<u64>) -> Defect {
    Defect {
        kind,
        span: span.map(span_id),
    }
}

fn finding() -> FindingView {
    FindingView {
        id: FindingId(0xabc),
        hotspot: hotspot(1).id,
        detector: "n-plus-one-query",
        anchor: span_id(1),
        spans: vec![span_id(2), span_id(3)],
        calls: 2,
        saving: saving(),
        confidence: Millionths(512_345),
        confidence_why: vec!["2 calls".to_owned()],
        related: vec!["serial-calls".to_owned()],
        service: "orders".to_owned(),
        operation: "GET /orders".to_owned(),
        template: "SELECT ?".to_owned(),
    }
}

fn detail() -> SpanDetail {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    SpanDetail {
        span: Some(span_id(2)),
        name: "query\u{0}".to_owned(),
        attributes: vec![pair("db.system", "postgresql"), pair(HOSTILE, HOSTILE)],
        events: vec![EventView {
            time: at(11),
            name: "retry".to_owned(),
            attributes: vec![pair("exception.message", "(redacted)")],
        }],
        ..SpanDetail::default()
    }
}

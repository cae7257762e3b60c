//! A small shop as other tools read it: traces with services, failures, events, findings and a span that is missing.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use hotspan_model::{
    Around, Class, Completeness, Decided, Defect, DefectKind, EventView, FindingId, FindingView, Fingerprint,
    Kind, Link, Millionths, Nanos, Saving, SpanDetail, SpanId, SpanView, Timestamp, TraceId, TraceView,
};

use crate::world::{NOW, World};

pub(crate) const MILLI: u64 = 1_000_000;

/// The newest trace; its id begins with zeros.
pub(crate) const CART: u128 = 0x00ab_cdef_0123_4567_89ab_cdef_0123_45fb;
/// An older one.
pub(crate) const SEARCH: u128 = 0x5e;

pub(crate) fn id(number: u128) -> TraceId {
    TraceId::new(number).unwrap()
}

pub(crate) fn span_id(number: u64) -> SpanId {
    SpanId::new(number).unwrap()
}

/// A world that holds the two traces.
pub(crate) async fn start() -> SocketAddr {
    world().serve().await
}

pub(crate) fn world() -> World {
    World {
        traces: BTreeMap::from([(id(CART), cart()), (id(SEARCH), search())]),
        ..World::new()
    }
}

/// `cart` asks `orders`, which makes the same query twice and fails the second time; another span's parent never came.
fn cart() -> (TraceView, Vec<SpanDetail>) {
    let spans = vec![
        span(1, None, "cart", "GET /cart", Kind::Server, 0, 50 * MILLI),
        span(2, Some(1), "cart", "GET", Kind::Client, MILLI, 40 * MILLI),
        span(
            3,
            Some(2),
            "orders",
            "GET /orders",
            Kind::Server,
            2 * MILLI,
            38 * MILLI,
        ),
        span(
            4,
            Some(3),
            "orders",
            "SELECT items",
            Kind::Client,
            3 * MILLI,
            4 * MILLI + 567,
        ),
        SpanView {
            failed: true,
            defects: vec![DefectKind::SkewCorrected],
            ..span(
                5,
                Some(3),
                "orders",
                "SELECT items",
                Kind::Client,
                8 * MILLI,
                5 * MILLI,
            )
        },
        SpanView {
            id: None,
            ..span(9, None, "?", "?", Kind::Unspecified, 0, 0)
        },
        span(6, Some(9), "mail", "send", Kind::Producer, 20 * MILLI, MILLI),
    ];
    let view = TraceView {
        findings: vec![
            finding("n-plus-one-query", 3, 0xaa),
            finding("redundant-query", 3, 0xbb),
        ],
        defects: vec![Defect {
            kind: DefectKind::MultiRoot,
            span: None,
        }],
        ..view(CART, spans)
    };
    (view, cart_details())
}

fn cart_details() -> Vec<SpanDetail> {
    let query = SpanDetail {
        attributes: pairs(&[
            ("db.system.name", "postgresql"),
            ("db.query.text", "SELECT * FROM items WHERE id = ?"),
            ("http.response.status_code", "500"),
        ]),
        events: vec![EventView {
            time: Timestamp(NOW + 9 * MILLI),
            name: "exception".to_owned(),
            attributes: pairs(&[("exception.type", "Timeout"), ("exception.message", "(redacted)")]),
        }],
        links: vec![Link {
            trace: id(SEARCH),
            span: span_id(7),
        }],
        around: around("sqlx"),
        ..detail(5)
    };
    let server = SpanDetail {
        attributes: pairs(&[("http.route", "/orders"), ("http.response.status_code", "200")]),
        // Of another request of the same process.
        around: around("http"),
        ..detail(3)
    };
    let other_query = SpanDetail {
        around: around("sqlx"),
        ..detail(4)
    };
    vec![server, other_query, query]
}

/// One span of two seconds, an hour earlier.
fn search() -> (TraceView, Vec<SpanDetail>) {
    let mut root = span(7, None, "search", "GET /search", Kind::Server, 0, 2_000 * MILLI);
    root.start = Timestamp(NOW - 3_600_000 * MILLI);
    (view(SEARCH, vec![root]), Vec::new())
}

fn view(trace: u128, spans: Vec<SpanView>) -> TraceView {
    TraceView {
        trace: id(trace),
        version: 1,
        reason: Decided::Complete,
        incomplete: false,
        duration: spans[0].duration,
        span_count: spans.iter().filter(|span| span.id.is_some()).count() as u64,
        spans,
        critical_path: Vec::new(),
        completion_path: Vec::new(),
        findings: Vec::new(),
        near_misses: Vec::new(),
        defects: Vec::new(),
        completeness: Completeness::default(),
        truncated: false,
    }
}

pub(crate) fn span(
    id: u64,
    parent: Option<u64>,
    service: &str,
    operation: &str,
    kind: Kind,
    start: u64,
    duration: u64,
) -> SpanView {
    SpanView {
        id: Some(span_id(id)),
        parent: parent.map(span_id),
        service: service.to_owned(),
        operation: operation.to_owned(),
        template: String::new(),
        kind,
        class: Class::Internal,
        start: Timestamp(NOW + start),
        duration: Nanos(duration),
        self_time: Nanos(0),
        path_time: Nanos(0),
        depth: 0,
        failed: false,
        count: 1,
        defects: Vec::new(),
    }
}

fn finding(detector: &'static str, anchor: u64, hotspot: u128) -> FindingView {
    FindingView {
        id: FindingId(hotspot),
        hotspot: Fingerprint(hotspot),
        detector,
        anchor: span_id(anchor),
        spans: vec![span_id(4), span_id(5)],
        calls: 2,
        saving: Saving {
            min: Nanos(0),
            likely: Nanos(1),
            max: Nanos(2),
        },
        confidence: Millionths(500_000),
        confidence_why: Vec::new(),
        related: Vec::new(),
        service: "orders".to_owned(),
        operation: "GET /orders".to_owned(),
        template: String::new(),
    }
}

fn around(scope: &str) -> Arc<Around> {
    Arc::new(Around {
        resource: pairs(&[
            ("service.name", "orders"),
            ("service.version", "1.4.0"),
            ("shop.tenant", "(redacted)"),
        ]),
        scope: scope.to_owned(),
        scope_version: "2.1".to_owned(),
    })
}

fn detail(span: u64) -> SpanDetail {
    SpanDetail {
        span: Some(span_id(span)),
        name: "name".to_owned(),
        ..SpanDetail::default()
    }
}

pub(crate) fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = of.iter();
    pairs
        .map(|&(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

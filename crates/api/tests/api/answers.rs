//! Made-up answers with a value in every field.

use hotspan_hotspots::audit::{PatternCause, QueryPattern};
use hotspan_hotspots::{
    Answers, Coverage, Dependency, Joints, Latency, Most, NearMissAnswer, OperationAnswer, OperationCall,
    PeerDecision, Remedy, ServiceAnswer, ThirdParty,
};
use hotspan_model::{
    Class, Condition, DefectKind, LogTime, Millionths, Nanos, NearReason, Peer, PeerReason, Trend, TrendPoint,
};

use crate::sample::{bars, hotspot, version};
use crate::world::{HOSTILE, HOUR, NOW};

/// All traces: a hundred two hours ago, forty in the hour after that, ten in this minute.
fn trend() -> Trend {
    let point = |at: u64, traces| TrendPoint {
        at: at / 1_000_000_000,
        traces,
        path: Nanos(0),
    };
    Trend {
        minute: vec![point(NOW, 10)],
        hour: vec![point(NOW - 2 * HOUR, 100), point(NOW - HOUR, 40)],
    }
}

const PATH: [Nanos; 7] = [
    Nanos(1),
    Nanos(2),
    Nanos(3),
    Nanos(4),
    Nanos(5),
    Nanos(6),
    Nanos(7),
];
const LATENCY: Latency = Latency {
    p50: Nanos(8),
    p95: Nanos(9),
    p99: Nanos(10),
};

pub(crate) fn answers() -> Answers {
    Answers {
        hotspots: (1..=120).map(hotspot).collect(),
        listed: 100,
        services: vec![service("cart", 0), service("orders", 14), service(HOSTILE, 1)],
        operations: vec![
            operation("cart", "GET /cart"),
            operation("cart", "POST /cart"),
            operation("orders", "GET /"),
        ],
        dependencies: vec![dependency("cart", "orders"), dependency("orders", "db.internal")],
        third_parties: vec![
            third_party("api.example.com", Some("Example")),
            third_party("example.org", None),
        ],
        near_misses: vec![
            near_miss("cart", "GET /cart", "n-plus-one-query", NearReason::Count),
            near_miss("cart", "GET /cart", "serial-calls", NearReason::Guard("writes")),
            near_miss("orders", "GET /", "n-plus-one-query", NearReason::Sightings),
            blind("cart"),
        ],
        trend: trend(),
        query_patterns: vec![pattern("SELECT ?"), pattern(HOSTILE)],
        joints: Joints::default(),
        coverage: coverage(),
    }
}

fn service(name: &str, orphans: u64) -> ServiceAnswer {
    ServiceAnswer {
        service: name.to_owned(),
        traces: 11,
        spans: 12,
        failed: 13,
        orphans,
        requests: 31,
        failed_requests: 32,
        error_share: Millionths(330_000),
        rate_per_hour: Millionths(34_500_000),
        latency: LATENCY,
        path: PATH,
        path_share: Millionths(140_000),
        versions: vec![version("1", 40), version("1.4.0", 60)],
        hotspots: 15,
    }
}

fn operation(service: &str, name: &str) -> OperationAnswer {
    OperationAnswer {
        service: service.to_owned(),
        operation: name.to_owned(),
        traces: 16,
        requests: 17,
        failed: 18,
        entries: 19,
        error_share: Millionths(20_000),
        rate_per_hour: Millionths(21_500_000),
        latency: LATENCY,
        latency_bars: bars(700),
        path: PATH,
        path_share: [1, 2, 3, 4, 5, 6, 7].map(|n| Millionths(n * 10_000)),
        most: Most {
            queries: 2,
            ..Most::default()
        },
        calls: vec![OperationCall {
            class: Class::Db,
            to: "postgresql/shop".to_owned(),
            peer: Peer::Datastore,
            template: format!("SELECT * FROM {HOSTILE} WHERE id = ?"),
            traces: 15,
            calls: 30,
            time: Nanos(900_000),
            path: Nanos(800_000),
        }],
    }
}

fn blind(service: &str) -> NearMissAnswer {
    NearMissAnswer {
        entries: Vec::new(),
        remedy: Some(Remedy {
            attribute: "db.query.text",
            older: "db.statement",
            how: "send it",
        }),
        ..near_miss(service, "", "n-plus-one-query", NearReason::Blind("template"))
    }
}

fn near_miss(service: &str, operation: &str, detector: &'static str, reason: NearReason) -> NearMissAnswer {
    let members = Condition {
        name: "repeat_min",
        value: 4,
        threshold: 5,
    };
    NearMissAnswer {
        service: service.to_owned(),
        operation: operation.to_owned(),
        entries: vec!["GET /cart".to_owned()],
        detector,
        reason,
        class: Class::Db,
        template: "SELECT ?".to_owned(),
        id: None,
        traces: 3,
        evaluated: 16,
        members: 4,
        conditions: vec![members],
        distance: members.distance(),
        last_seen: LogTime(NOW),
        remedy: None,
    }
}

fn pattern(template: &str) -> QueryPattern {
    QueryPattern {
        class: Class::Db,
        system: "postgresql".to_owned(),
        template: template.to_owned(),
        calls: 42,
        path_s_per_hour: Millionths(43_000_000),
        share: Millionths(440_000),
        causes: vec![PatternCause {
            service: HOSTILE.to_owned(),
            operation: "GET /cart".to_owned(),
            calls: 45,
            path_s_per_hour: Millionths(46_000_000),
        }],
        more_causes: 47,
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
        path_in_trace: Latency {
            p50: Nanos(33),
            p95: Nanos(34),
            p99: Nanos(35),
        },
        on_critical_path: true,
        decision: PeerDecision {
            peer: Peer::ThirdParty,
            reason: PeerReason::PublicName,
            certainty: Millionths(700_000),
        },
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
        ignored: 39_000,
        muted: 42_000,
        sightings_beyond: 39,
        rows_beyond: 41,
    }
}

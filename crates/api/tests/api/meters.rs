//! Counters of a small shop, made by hand; texts of one service are hostile.

use hotspan_hotspots::{
    Exemplar, FindingMeter, Histogram, LinkMeter, Meters, Outside, PathMeter, SpanMeter, ThirdPartyMeter,
};
use hotspan_model::{Class, Kind, LogTime, Nanos, SpanId};

use crate::sample::trace_id;
use crate::world::{HOSTILE, NOW};

/// A second, as counters hold it.
const SECOND: u128 = 1_000_000_000 * 1_000_000;
const ONE: u128 = 1_000_000;

fn exemplar() -> Option<Exemplar> {
    Some(Exemplar {
        trace: trace_id(7),
        span: SpanId::new(42),
        length: Nanos::from_millis(110),
        at: LogTime(NOW),
    })
}

/// Three of 2 ms at most, six of up to 128 ms.
fn took() -> Histogram {
    let mut times = Histogram {
        sum: SECOND * 660 / 1_000,
        newest: exemplar(),
        ..Histogram::default()
    };
    times.buckets[0] = 3 * ONE;
    times.buckets[6] = 6 * ONE;
    times
}

fn link(client: &str, server: &str, outside: Outside, class: Class) -> LinkMeter {
    LinkMeter {
        client: client.to_owned(),
        server: server.to_owned(),
        outside,
        class,
        calls: 9 * ONE,
        failed: ONE,
        client_time: took(),
        server_time: took(),
    }
}

fn span(service: &str, operation: &str) -> SpanMeter {
    SpanMeter {
        service: service.to_owned(),
        operation: operation.to_owned(),
        kind: Kind::Server,
        failed: true,
        count: 9 * ONE,
        latencies: took(),
    }
}

pub(crate) fn meters() -> Meters {
    let finding = |service: &str| FindingMeter {
        detector: "n-plus-one-query",
        service: service.to_owned(),
        traces: ONE * 5 / 2,
        path: SECOND * 7 / 2,
        saving: SECOND * 5 / 4,
        newest: exemplar(),
    };
    Meters {
        spans: vec![span("cart", "GET /cart"), span(HOSTILE, HOSTILE)],
        links: vec![
            link("user", "cart", Outside::User, Class::Call),
            link("cart", "stock", Outside::Nobody, Class::Call),
            link("cart", "postgresql", Outside::Callee, Class::Db),
            link("cart", "vendor.test", Outside::Callee, Class::Call),
            link(HOSTILE, HOSTILE, Outside::Nobody, Class::Publish),
            link("cart", "", Outside::Unknown, Class::Call),
        ],
        paths: vec![PathMeter {
            service: "cart".to_owned(),
            operation: "GET /cart".to_owned(),
            time: [SECOND, 2 * SECOND, 0, 0, 0, 0, 0],
        }],
        third_parties: vec![ThirdPartyMeter {
            domain: "vendor.test".to_owned(),
            service: "cart".to_owned(),
            path: 4 * SECOND,
            beside: SECOND,
        }],
        findings: vec![finding("cart"), finding(HOSTILE)],
    }
}

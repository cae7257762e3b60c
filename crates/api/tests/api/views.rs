//! Property: whichever API shows a trace, it shows the same spans, parents, times and attributes.

use std::collections::BTreeMap;
use std::sync::Arc;

use hotspan_model::{Around, EventView, Kind, Link, SpanDetail, SpanView, Timestamp};
use hotspan_proto::tempopb::TraceByIdResponse;
use prost::Message as _;

use crate::client::{get, get_bytes};
use crate::jaeger_clients::{self, Envelope, check_v3};
use crate::sample;
use crate::seen::{own, tempo, text, v1, v3};
use crate::shop::{self, id, pairs, span_id};
use crate::world::{HOSTILE, NOW, World};

/// A generator of numbers that needs no crate: enough to vary a trace.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[usize::try_from(self.below(list.len() as u64)).unwrap()]
    }
}

const TEXTS: [&str; 5] = ["cart", "GET /orders/{id}", "größe 🦀", HOSTILE, "a\\\"b"];
const KINDS: [Kind; 6] = [
    Kind::Unspecified,
    Kind::Internal,
    Kind::Server,
    Kind::Client,
    Kind::Producer,
    Kind::Consumer,
];

fn random_trace(random: &mut Random) -> (hotspan_model::TraceView, Vec<SpanDetail>) {
    let (mut view, _) = sample::trace(1);
    view.trace = id(u128::from(random.0) << 40 | 7);
    view.findings.clear();
    let count = 1 + random.below(40);
    let mut details = Vec::new();
    view.spans = (1..=count)
        .map(|number| {
            let parent = (number > 1 && random.below(9) > 0).then(|| 1 + random.below(number + 3));
            let start = random.below(1_000_000) * 1_000;
            let duration = random.below(1_000_000) * 1_000;
            if random.below(4) > 0 {
                details.push(random_detail(random, number));
            }
            let of = shop::span(number, parent, "", "", *random.of(&KINDS), start, duration);
            SpanView {
                service: (*random.of(&TEXTS)).to_owned(),
                operation: (*random.of(&TEXTS)).to_owned(),
                failed: random.below(3) == 0,
                ..of
            }
        })
        .collect();
    (view, details)
}

fn random_detail(random: &mut Random, number: u64) -> SpanDetail {
    let version = *random.of(&TEXTS);
    let scope = (*random.of(&TEXTS)).to_owned();
    let mut attributes = |keys: &[&str]| {
        let keys = keys.iter().filter(|_| random.below(2) == 0);
        let keys: Vec<&str> = keys.copied().collect();
        let pair = |key: &&str| (key.to_string(), (*random.of(&TEXTS)).to_owned());
        keys.iter().map(pair).collect::<Vec<_>>()
    };
    SpanDetail {
        span: Some(span_id(number)),
        name: "name".to_owned(),
        attributes: attributes(&["db.system", "http.route", HOSTILE, "error", "span.kind"]),
        events: vec![EventView {
            time: Timestamp(NOW + 5_000),
            name: "retry".to_owned(),
            attributes: attributes(&["exception.type", "event"]),
        }],
        links: vec![Link {
            trace: id(99),
            span: span_id(99),
        }],
        around: Arc::new(Around {
            resource: pairs(&[("service.version", version)]),
            scope,
            scope_version: "2".to_owned(),
        }),
    }
}

#[tokio::test]
async fn every_view_of_a_random_trace_shows_the_same() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let traces: BTreeMap<_, _> = (0..60)
        .map(|_| {
            random.below(2);
            let trace = random_trace(&mut random);
            (trace.0.trace, trace)
        })
        .collect();
    assert_eq!(traces.len(), 60);
    let ids: Vec<_> = traces.keys().copied().collect();
    let world = World {
        traces,
        ..World::new()
    };
    let at = world.serve().await;
    for id in ids {
        let expected = own(&get(at, &format!("/api/v1/traces/{id}")).await.json());
        assert!(!expected.is_empty());
        let reply = get(at, &format!("/jaeger/api/traces/{id}")).await;
        let read: Envelope<Vec<jaeger_clients::Trace>> = serde_json::from_str(&reply.body).unwrap();
        read.data[0].check();
        assert_eq!(v1(&read.data[0]), expected, "{id}");
        let reply = get(at, &format!("/jaeger/api/v3/traces/{id}")).await.json();
        check_v3(&reply["result"]);
        assert_eq!(v3(&reply["result"]), expected, "{id}");
        let accept = "accept: application/protobuf\r\n";
        let (_, _, body) = get_bytes(at, &format!("/tempo/api/v2/traces/{id}"), accept).await;
        assert_eq!(
            tempo(&TraceByIdResponse::decode(body.as_slice()).unwrap()),
            expected,
            "{id}"
        );
    }
}

#[tokio::test]
async fn the_findings_of_our_own_view_are_attributes_in_the_others() {
    let at = shop::start().await;
    let own = get(at, &format!("/api/v1/traces/{:x}", shop::CART)).await.json();
    let findings = own["findings"].as_array().unwrap();
    let joined = |key: &str| {
        findings
            .iter()
            .map(|of| text(&of[key]))
            .collect::<Vec<_>>()
            .join(",")
    };
    let reply = get(at, &format!("/jaeger/api/v3/traces/{:x}", shop::CART))
        .await
        .json();
    let anchor = &v3(&reply["result"])[findings[0]["anchor_span_id"].as_str().unwrap()];
    for (key, expected) in [
        ("hotspan.detector", joined("detector")),
        ("hotspan.hotspot_id", joined("hotspot_id")),
    ] {
        assert_eq!(anchor.attributes[key], expected);
    }
}

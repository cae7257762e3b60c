//! What resources say of their senders.

use hotspan_model::{LocalDictionary, Record, Sender, Side};
use hotspan_otlp::Sink;
use prost::Message as _;

use crate::request::{
    AnyValue, KeyValue, Request, Resource, ResourceSpans, ScopeSpans, Span, Value, decoder,
};

/// What came of the resources of a request.
#[derive(Default)]
struct Resources(Vec<(u64, Sender)>);

impl Sink for Resources {
    fn span(&mut self, _: Record, _: &[Side]) {}

    fn resource(&mut self, hash: u64, read: &mut dyn FnMut() -> Sender) {
        self.0.push((hash, read()));
    }
}

fn request(resources: &[&[(&str, Value)]]) -> Request {
    let resource_spans = resources.iter().map(|attributes| {
        let attributes = attributes.iter().map(|(key, value)| KeyValue {
            key: (*key).to_owned(),
            value: Some(AnyValue {
                value: Some(value.clone()),
            }),
            ..KeyValue::default()
        });
        let span = Span {
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            ..Span::default()
        };
        ResourceSpans {
            resource: Some(Resource {
                attributes: attributes.collect(),
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                spans: vec![span],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }
    });
    Request {
        resource_spans: resource_spans.collect(),
    }
}

fn text(text: &str) -> Value {
    Value::StringValue(text.to_owned())
}

fn senders(requests: &[Request]) -> Vec<(u64, Sender)> {
    let (mut decoder, mut dictionary, mut found) =
        (decoder(), LocalDictionary::default(), Resources::default());
    for request in requests {
        decoder
            .protobuf(&request.encode_to_vec(), &mut dictionary, &mut found)
            .unwrap();
    }
    found.0
}

#[test]
fn a_resource_names_its_service_sdk_and_place() {
    let all = request(&[&[
        ("service.name", text("cart")),
        ("service.version", Value::IntValue(7)),
        ("deployment.environment", text("old")),
        ("deployment.environment.name", text("prod")),
        ("telemetry.sdk.language", text("java")),
        ("telemetry.sdk.name", text("opentelemetry")),
        ("telemetry.sdk.version", text("1.50.0")),
        ("telemetry.sdk.version", text("9.9.9")),
        ("telemetry.distro.name", text("agent")),
        ("telemetry.distro.version", text(&"2".repeat(500))),
    ]]);
    let expected = Sender {
        service: "cart".to_owned(),
        version: "7".to_owned(),
        environment: "prod".to_owned(),
        language: "java".to_owned(),
        sdk: "opentelemetry".to_owned(),
        sdk_version: "1.50.0".to_owned(),
        distro: "agent".to_owned(),
        distro_version: "2".repeat(128),
    };
    let json = serde_json::to_vec(&all).unwrap();
    let [(_, sender)] = &senders(&[all])[..] else {
        panic!("there is one resource")
    };
    assert_eq!(*sender, expected);
    let mut found = Resources::default();
    let mut dictionary = LocalDictionary::default();
    decoder().json(&json, &mut dictionary, &mut found).unwrap();
    assert_eq!(found.0[0].1, expected, "JSON says the same");
}

#[test]
fn the_hash_tells_resources_apart_whether_they_are_new_or_not() {
    let named = |name: &str| request(&[&[("service.name", text(name))]]);
    let nobody = request(&[&[("service.name", text("unknown_service:node"))]]);
    let found = senders(&[named("cart"), named("cart"), named("shop"), nobody]);
    let names: Vec<&str> = found.iter().map(|(_, of)| of.service.as_str()).collect();
    assert_eq!(names, ["cart", "cart", "shop", "(unnamed)"]);
    assert_eq!(found[0].0, found[1].0);
    assert_ne!(found[1].0, found[2].0);
}

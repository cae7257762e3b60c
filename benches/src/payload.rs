//! The payload that performance figures are quoted for: several services and scopes, about 500 bytes and 10
//! attributes a span, 2 % errors with an event, traces spread over requests.

use hotspan_testkit::generator::{BASIC, Generation, Noise, Operation, Place};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span, Status};

/// Attributes of each span.
const ATTRIBUTES: usize = 10;

/// Makes requests of about so many spans each.
#[derive(Debug)]
pub struct Payload {
    operations: Vec<Operation>,
    spans_each: usize,
    /// Every span name and statement is its own.
    distinct: bool,
    next: u64,
}

impl Payload {
    /// A payload of one seed.
    pub fn new(seed: u64, spans_each: usize, distinct: bool) -> Payload {
        let draw = |scenario| Operation::draw(scenario, seed, Generation::Stable, Noise::default());
        Payload {
            operations: BASIC.iter().map(draw).collect(),
            spans_each,
            distinct,
            next: 0,
        }
    }

    /// The next request, whose spans start at about `now` nanoseconds since 1970.
    pub fn request(&mut self, now: u64) -> ExportTraceServiceRequest {
        let (mut resources, mut spans) = (Vec::<ResourceSpans>::new(), 0);
        while spans < self.spans_each {
            let n = self.next;
            self.next += 1;
            let at = (n % self.operations.len() as u64) as usize;
            for request in self.operations[at].request(n, now).requests {
                for mut resource in request.resource_spans {
                    for scope in &mut resource.scope_spans {
                        scope.spans.truncate(self.spans_each - spans);
                        spans += scope.spans.len();
                        scope
                            .spans
                            .iter_mut()
                            .enumerate()
                            .for_each(|(k, span)| self.pad(span, n, k as u64));
                    }
                    resources.push(resource);
                }
            }
        }
        ExportTraceServiceRequest {
            resource_spans: resources,
        }
    }

    fn pad(&self, span: &mut Span, n: u64, k: u64) {
        let place = Place::new(n).at(k);
        let text = |value: String| {
            Some(AnyValue {
                value: Some(any_value::Value::StringValue(value)),
            })
        };
        let mut put = |key: &str, value: String| {
            let (key, value) = (key.to_owned(), text(value));
            span.attributes.push(KeyValue {
                key,
                value,
                ..Default::default()
            });
        };
        put("thread.name", format!("worker-{}", place.within(1, 16)));
        put("shop.request.region", "eu-central-1".to_owned());
        put("shop.request.tenant", format!("{:032x}", place.number()));
        if self.distinct {
            span.name = format!("{} variant {}", span.name, letters(place.number()));
        }
        while span.attributes.len() < ATTRIBUTES {
            let key = format!("shop.context.field_{}", span.attributes.len());
            let value = format!("value-{:016x}", place.at(span.attributes.len() as u64).number());
            span.attributes.push(KeyValue {
                key,
                value: text(value),
                ..Default::default()
            });
        }
        if place.at(3).chance(20_000) {
            span.status = Some(Status {
                code: 2,
                ..Default::default()
            });
            let attributes = vec![KeyValue {
                key: "exception.type".to_owned(),
                value: text("TimeoutError".to_owned()),
                ..Default::default()
            }];
            span.events.push(Event {
                name: "exception".to_owned(),
                attributes,
                ..Default::default()
            });
        }
    }
}

/// A number in letters: masks do not fold it.
fn letters(mut number: u64) -> String {
    let mut text = String::new();
    while number > 0 {
        text.push(char::from(b'g' + (number % 20) as u8));
        number /= 20;
    }
    text
}

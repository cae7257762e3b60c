//! Changes that must not change the answer, made to generated traces on the wire and judged by the whole line: same
//! fingerprints, same counts. Names as in `crates/analysis/tests/metamorphic`, which changes drawings.

use std::collections::BTreeMap;

use hotspan_benches::Line;
use hotspan_model::LogTime;
use hotspan_pipeline::Settings;
use hotspan_testkit::generator::{Generation, Noise, Operation, Place, SCENARIOS};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

const START: u64 = 1_700_000_000_000_000_000;
/// Requests of each operation: enough that habits are hotspots.
const REQUESTS: u64 = 6;
const INTERNAL: i32 = 1;
const CLIENT: i32 = 3;

/// What one sender sends at one time: a span and where it comes from.
#[derive(Clone)]
struct Sent {
    at: u64,
    from: ResourceSpans,
    span: Span,
}

/// Hotspots by fingerprint, each with its traces.
type Said = BTreeMap<String, u64>;

/// The spans of some requests of an operation.
fn stream(operation: &Operation) -> Vec<Sent> {
    let mut all = Vec::new();
    for n in 0..REQUESTS {
        let at = START + n * 60_000_000_000;
        for request in operation.request(n, at).requests {
            for mut from in request.resource_spans {
                let spans: Vec<Span> = from
                    .scope_spans
                    .iter_mut()
                    .flat_map(|of| std::mem::take(&mut of.spans))
                    .collect();
                all.extend(spans.into_iter().map(|span| Sent {
                    at,
                    from: from.clone(),
                    span,
                }));
            }
        }
    }
    all
}

/// What the line says of a stream; each span comes in a request of its own.
fn said(stream: &[Sent]) -> Said {
    let mut line = Line::new(Settings::offline(1 << 30));
    for sent in stream {
        let mut from = sent.from.clone();
        let mut scope = from.scope_spans.pop().unwrap_or_default();
        scope.spans.push(sent.span.clone());
        from.scope_spans = vec![scope];
        let request = ExportTraceServiceRequest {
            resource_spans: vec![from],
        };
        line.take(&request.encode_to_vec(), LogTime(sent.at));
    }
    let hotspots = line.finish().hotspots.into_iter();
    hotspots
        .map(|of| (format!("{} {} {}", of.detector, of.service, of.id), of.traces))
        .collect()
}

/// Every scenario, in one generation of names and the other by turns.
fn each(mut check: impl FnMut(&str, &[Sent], Place)) {
    for (number, scenario) in (0..).zip(SCENARIOS) {
        let generation = match number % 2 == 0 {
            true => Generation::Stable,
            false => Generation::Legacy,
        };
        let operation = Operation::draw(scenario, 11, generation, Noise::default());
        check(scenario.name, &stream(&operation), Place::new(number));
    }
}

/// The answer is the same after a change of the whole stream.
fn same(change: impl Fn(&mut Vec<Sent>, Place)) {
    each(|name, before, place| {
        let mut after = before.to_vec();
        change(&mut after, place);
        assert_eq!(said(&after), said(before), "{name}");
    });
}

/// An order of the spans of each minute, drawn from a place.
fn shuffle(stream: &mut [Sent], place: Place) {
    let mut order: Vec<(u64, u64, Sent)> = (0..)
        .zip(stream.iter())
        .map(|(n, sent)| (sent.at, place.at(n).number(), sent.clone()))
        .collect();
    order.sort_by_key(|(at, number, _)| (*at, *number));
    for (to, (_, _, sent)) in stream.iter_mut().zip(order) {
        *to = sent;
    }
}

fn is_a_statement(span: &Span) -> bool {
    span.attributes
        .iter()
        .any(|of| matches!(of.key.as_str(), "db.query.text" | "db.statement"))
}

/// The statement that an attribute holds, when it is SQL.
fn sql(attribute: &mut KeyValue) -> Option<&mut String> {
    let is_text = matches!(attribute.key.as_str(), "db.query.text" | "db.statement");
    let any_value::Value::StringValue(statement) = attribute.value.as_mut()?.value.as_mut()? else {
        return None;
    };
    let verbs = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CALL "];
    (is_text && verbs.iter().any(|verb| statement.starts_with(verb))).then_some(statement)
}

/// A text attribute.
fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue {
        value: Some(any_value::Value::StringValue(value.to_owned())),
    });
    KeyValue {
        key: key.to_owned(),
        value,
        ..Default::default()
    }
}

/// A span id that no other span has.
fn fresh(span: &Span, salt: u8) -> Vec<u8> {
    let mut id = span.span_id.clone();
    id[0] ^= 0x80 | salt;
    id
}

#[test]
fn m1_m2_any_order_any_number_of_times() {
    same(|stream, place| {
        let again: Vec<Sent> = (0..)
            .zip(stream.iter())
            .filter(|(n, _)| place.at(*n).chance(300_000))
            .map(|(_, sent)| sent.clone())
            .collect();
        stream.extend(again);
        shuffle(stream, place);
    });
}

/// Times from the start of the request stretched by `times` and shrunk by `by`.
fn stretch(stream: &mut [Sent], times: u64, by: u64) {
    for sent in stream {
        for time in [
            &mut sent.span.start_time_unix_nano,
            &mut sent.span.end_time_unix_nano,
        ] {
            *time = sent.at + time.saturating_sub(sent.at) * times / by;
        }
    }
}

#[test]
fn m3_slower_hides_nothing_and_faster_shows_nothing_new() {
    each(|name, before, _| {
        let (mut slower, mut faster) = (before.to_vec(), before.to_vec());
        stretch(&mut slower, 10, 1);
        stretch(&mut faster, 1, 10);
        let (before, slower, faster) = (said(before), said(&slower), said(&faster));
        for id in before.keys() {
            assert!(
                slower.contains_key(id),
                "{name}: {id} is gone when all is ten times slower: {slower:?}"
            );
        }
        for id in faster.keys() {
            assert!(
                before.contains_key(id),
                "{name}: {id} is new when all is ten times faster: {before:?}"
            );
        }
    });
}

#[test]
fn m4_clocks_may_all_be_off_and_one_may_be_off_by_itself() {
    let shift = |sent: &mut Sent, by: u64| {
        sent.span.start_time_unix_nano += by;
        sent.span.end_time_unix_nano += by;
    };
    same(|stream, _| stream.iter_mut().for_each(|sent| shift(sent, 86_400_000_000_000)));
    each(|name, before, _| {
        let root = before
            .iter()
            .find(|sent| sent.span.parent_span_id.is_empty())
            .expect("there is a root");
        let (home, mut after) = (root.from.clone(), before.to_vec());
        for sent in after.iter_mut().filter(|sent| sent.from != home) {
            shift(sent, 37_000_000);
        }
        let ids = |said: Said| said.into_keys().collect::<Vec<_>>();
        assert_eq!(ids(said(&after)), ids(said(before)), "{name}");
    });
}

#[test]
fn m5_wrappers_around_operations_are_looked_through() {
    same(|stream, place| {
        let mut wrappers = Vec::new();
        for (n, sent) in (0..).zip(stream.iter_mut()) {
            if sent.span.kind == CLIENT && place.at(n).chance(500_000) {
                let mut wrapper = sent.clone();
                let span = &mut wrapper.span;
                (span.span_id, span.name, span.kind) =
                    (fresh(span, 1), format!("wrapped {}", span.name), INTERNAL);
                (span.attributes, span.events, span.status) = (Vec::new(), Vec::new(), None);
                sent.span.parent_span_id.clone_from(&span.span_id);
                wrappers.push(wrapper);
            }
        }
        stream.extend(wrappers);
    });
}

#[test]
fn m7_comments_case_and_white_space_of_a_statement_are_nothing() {
    same(|stream, place| {
        for (n, sent) in (0..).zip(stream.iter_mut()) {
            let id = place.at(n).number();
            for statement in sent.span.attributes.iter_mut().filter_map(sql) {
                *statement = statement
                    .replace("SELECT ", "select  ")
                    .replace(" WHERE ", "\n where ");
                *statement += &format!(" /*traceparent='00-{id:032x}-{id:016x}-01'*/");
            }
        }
    });
}

#[test]
fn m8_a_driver_below_its_mapper_counts_once() {
    same(|stream, _| {
        let mut drivers = Vec::new();
        for sent in stream.iter().filter(|sent| is_a_statement(&sent.span)) {
            let mut driver = sent.clone();
            driver.span.parent_span_id.clone_from(&sent.span.span_id);
            driver.span.span_id = fresh(&sent.span, 2);
            driver.span.start_time_unix_nano += 1_000;
            driver.span.end_time_unix_nano =
                (driver.span.end_time_unix_nano - 1_000).max(driver.span.start_time_unix_nano);
            if let Some(ScopeSpans {
                scope: Some(scope), ..
            }) = driver.from.scope_spans.first_mut()
            {
                scope.name = "driver.instrumentation".to_owned();
            }
            drivers.push(driver);
        }
        stream.extend(drivers);
    });
}

#[test]
fn m11_other_operations_in_the_stream_change_nothing() {
    let streams: Vec<Vec<Sent>> = SCENARIOS
        .iter()
        .map(|scenario| {
            stream(&Operation::draw(
                scenario,
                23,
                Generation::Stable,
                Noise::default(),
            ))
        })
        .collect();
    for pair in streams.windows(2) {
        let both: Vec<Sent> = pair.concat();
        let (first, second, both) = (said(&pair[0]), said(&pair[1]), said(&both));
        // Those over traces judge a service by all that it does.
        let of_traces = hotspan_analysis::catalogue();
        let is_of_traces = |id: &&String| {
            of_traces
                .iter()
                .any(|entry| id.starts_with(&format!("{} ", entry.id)))
        };
        for id in first.keys().chain(second.keys()).filter(is_of_traces) {
            assert!(both.contains_key(id), "{id} is gone beside another operation");
        }
    }
}

#[test]
fn m13_ids_hosts_and_versions_are_no_part_of_a_fingerprint() {
    same(|stream, _| {
        for sent in stream.iter_mut() {
            for id in [
                &mut sent.span.trace_id,
                &mut sent.span.span_id,
                &mut sent.span.parent_span_id,
            ] {
                id.iter_mut().for_each(|byte| *byte ^= 0x5a);
            }
            if let Some(resource) = &mut sent.from.resource {
                resource
                    .attributes
                    .retain(|of| !matches!(of.key.as_str(), "host.name" | "service.version"));
                resource.attributes.push(text("host.name", "another-1b2c"));
                resource.attributes.push(text("service.version", "2.0.0"));
            }
        }
    });
}

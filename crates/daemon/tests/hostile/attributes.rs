//! X8, X9, X12, X19: too much, too deep, and what is no text.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::{Span, span::Event, span::Link};
use prost::Message;

use crate::message::{any, around, field, nested, span, text};
use crate::rig::{Rig, analysed};

const MANY: u64 = 100_000;
/// Attributes, events, links that are read of a span.
const READ: u64 = 128;

/// A request of one span with these fields behind the usual ones.
fn with_fields(trace: u128, fields: &[u8]) -> Vec<u8> {
    around(&[[span(trace, 1).encode_to_vec(), fields.to_vec()].concat()])
}

#[tokio::test(flavor = "multi_thread")]
async fn x08_too_many_attributes_events_and_links_are_dropped_and_counted() {
    let mut rig = Rig::start().await;
    let with = |change: fn(&mut Span)| {
        move |trace| {
            let mut span = span(trace, 1);
            change(&mut span);
            vec![span]
        }
    };
    let fate = analysed(1).tolerates("dropped_parts", MANY - READ);
    let attributes = with(|span| {
        span.attributes = (0..MANY).map(|n| text(&format!("k{n}"), "v")).collect();
    });
    rig.spans("attributes", attributes, &fate).await;
    let events = with(|span| span.events = vec![Event::default(); MANY as usize]);
    rig.spans("events", events, &fate).await;
    let links = with(|span| {
        let link = Link {
            trace_id: vec![4; 16],
            span_id: vec![5; 8],
            ..Link::default()
        };
        span.links = vec![link; MANY as usize];
    });
    rig.spans("links", links, &fate).await;
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x08_huge_names_keys_and_values_are_cut_and_counted() {
    let mut rig = Rig::start().await;
    let huge = "x".repeat(1 << 20);
    let with = |change: &dyn Fn(&mut Span), trace| {
        let mut span = span(trace, 1);
        change(&mut span);
        vec![span]
    };
    let name = |trace: u128| {
        // Each a name of its own: one that is known is not read again.
        let letter = char::from(b'a' + (trace % 26) as u8);
        with(&|span| span.name = format!("{letter}{huge}"), trace)
    };
    rig.spans("a name", name, &analysed(1).tolerates("cut", 1)).await;
    let statement = format!("SELECT a FROM b WHERE c IN ({})", "1, ".repeat(300_000));
    let statement = |span: &mut Span| {
        span.kind = 3;
        span.attributes = vec![text("db.system", "mysql"), text("db.query.text", &statement)];
    };
    let fate = analysed(1).tolerates("cut", 1);
    rig.spans("a statement", |trace| with(&statement, trace), &fate)
        .await;
    for (name, attribute, fate) in [
        (
            "a key",
            text(&huge, "v"),
            analysed(1).tolerates("dropped_parts", 1),
        ),
        (
            "an unread value",
            text("note", &huge),
            analysed(1).tolerates("cut", 1),
        ),
        ("an empty key", text("", "v"), analysed(1)),
    ] {
        let change = |span: &mut Span| span.attributes = vec![attribute.clone()];
        rig.spans(name, |trace| with(&change, trace), &fate).await;
    }
    let state = |span: &mut Span| span.trace_state.clone_from(&huge);
    rig.spans("a tracestate", |trace| with(&state, trace), &analysed(1))
        .await;
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x08_numbers_that_are_none_and_the_smallest_one_do_no_harm() {
    let mut rig = Rig::start().await;
    let with = |trace| {
        let mut span = span(trace, 1);
        span.attributes = vec![
            any("a", Value::DoubleValue(f64::NAN)),
            any("b", Value::DoubleValue(f64::NEG_INFINITY)),
            any("http.response.status_code", Value::IntValue(i64::MIN)),
            any("db.response.returned_rows", Value::DoubleValue(f64::NAN)),
        ];
        vec![span]
    };
    rig.protobuf(
        "no numbers",
        |trace| crate::message::request("hostile", with(trace)).encode_to_vec(),
        &analysed(1).tolerates("type_mismatch", 1),
    )
    .await;
    let json = |trace: u128| {
        format!(
            r#"{{"traceId":"{trace:032x}","spanId":"00000000000000a1","attributes":[
            {{"key":"a","value":{{"doubleValue":"NaN"}}}},{{"key":"b","value":{{"doubleValue":"-Infinity"}}}},
            {{"key":"http.response.status_code","value":{{"intValue":"-9223372036854775808"}}}}]}}"#
        )
        .into_bytes()
    };
    rig.json("no numbers in JSON", json, &analysed(1)).await;
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x09_values_are_kept_to_64_levels_and_deeper_ones_cost_no_span() {
    let mut rig = Rig::start().await;
    for depth in [10, 63, 64, 65, 100, 100_000] {
        let fate = analysed(1).tolerates("too_deep", u64::from(depth > 64));
        // AnyValue.array_value, ArrayValue.values; AnyValue.kvlist_value, KeyValueList.values, KeyValue.value.
        for (kind, fields) in [("arrays", &[5, 1][..]), ("maps", &[6, 1, 2])] {
            let deep = |trace| {
                let value = nested(depth * fields.len(), fields, &field(1, b"x"));
                let attribute = [field(1, b"deep"), field(2, &value)].concat();
                with_fields(trace, &field(9, &attribute))
            };
            // The deepest are long as well.
            let fate = match depth {
                100_000 => fate.clone().tolerates("cut", 1),
                _ => fate.clone(),
            };
            rig.protobuf(&format!("{kind} {depth} deep"), deep, &fate).await;
        }
        for (kind, open, close) in [
            ("arrays", r#"{"arrayValue":{"values":["#, "]}}"),
            ("maps", r#"{"kvlistValue":{"values":[{"key":"k","value":"#, "}]}}"),
        ] {
            let deep = |trace: u128| {
                let value = open.repeat(depth) + r#"{"stringValue":"x"}"# + &close.repeat(depth);
                format!(
                    r#"{{"traceId":"{trace:032x}","spanId":"00000000000000a1","attributes":[{{"key":"deep","value":{value}}}]}}"#
                )
                .into_bytes()
            };
            rig.json(&format!("{kind} {depth} deep in JSON"), deep, &fate)
                .await;
        }
    }
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x09_brackets_that_nobody_reads_may_be_as_deep_as_they_like() {
    let mut rig = Rig::start().await;
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
        let deep = |trace: u128| {
            let value = open.repeat(100_000) + "1" + &close.repeat(100_000);
            format!(r#"{{"traceId":"{trace:032x}","spanId":"00000000000000a1","unknown":{value}}}"#)
                .into_bytes()
        };
        rig.json(open, deep, &analysed(1)).await;
    }
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x12_bytes_that_are_no_utf8_become_replacement_characters() {
    let mut rig = Rig::start().await;
    for bytes in [
        &b"\xff"[..],
        b"\x80",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"ok\xff\xfe",
        b"\0",
    ] {
        let attribute = |key: &[u8]| [field(1, key), field(2, &field(1, bytes))].concat();
        let everywhere = |trace| {
            let fields = [
                field(5, bytes),
                field(3, bytes),
                field(9, &attribute(bytes)),
                field(9, &attribute(b"http.route")),
                field(11, &[field(2, bytes), field(3, &attribute(bytes))].concat()),
                field(15, &field(2, bytes)),
            ];
            with_fields(trace, &fields.concat())
        };
        let name = format!("{bytes:02x?}");
        rig.protobuf(&name, everywhere, &analysed(1)).await;
        // Control characters are no JSON; the others are bytes of a string.
        if bytes != b"\0" {
            let text = |trace: u128| {
                let id = format!(r#"{{"traceId":"{trace:032x}","spanId":"00000000000000a1","name":""#);
                [
                    id.as_bytes(),
                    bytes,
                    br#"","attributes":[{"key":""#,
                    bytes,
                    br#""}]}"#,
                ]
                .concat()
            };
            rig.json(&name, text, &analysed(1)).await;
        }
    }
    let lone = |trace: u128| {
        format!(r#"{{"traceId":"{trace:032x}","spanId":"00000000000000a1","name":"a\ud800b\udc00"}}"#)
            .into_bytes()
    };
    rig.json("lone surrogates", lone, &analysed(1)).await;
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x19_markup_and_control_characters_are_data_in_every_answer() {
    let mut rig = Rig::start().await;
    let hostile = "<script>\u{1b}[31m\r\n\u{202e} ignore previous instructions";
    let with = |trace| {
        let mut root = span(trace, 1);
        root.name = hostile.into();
        root.attributes = vec![text(hostile, hostile)];
        vec![root]
    };
    rig.spans("markup", with, &analysed(1)).await;
    rig.compare().await;
    let trace = format!("/api/v1/traces/{:032x}", 1);
    for path in [
        trace.as_str(),
        "/api/v1/operations",
        "/metrics",
        "/api/v1/operations?format=csv",
    ] {
        let reply = rig.get(path).await;
        let text = String::from_utf8(reply.body.to_vec()).unwrap();
        let control = |c: char| (c.is_control() && c != '\n' && c != '\r') || c == '\u{202e}';
        assert!(!text.contains(control), "{path}: {text:?}");
        assert!(!text.contains("\\u001b"), "{path}: {text:?}");
        assert_eq!(
            reply.get("x-content-type-options").unwrap_or("nosniff"),
            "nosniff"
        );
    }
    rig.settle().await;
}

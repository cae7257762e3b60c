//! Rows of the hostile catalogue that concern the decoder alone.

use hotspan_model::{Flag, Kind, Nanos, Reason, Side, Timestamp};
use proptest::prelude::*;
use prost::Message;

use crate::request::{
    Event, Link, Span, Value, around, attribute, field, int, json, of, one, protobuf, span, text, texts,
    value, with,
};

/// A span with something in every field.
fn rich() -> Span {
    let attributes = texts(&[
        ("db.system", "postgresql"),
        ("db.statement", "SELECT * FROM item WHERE id = 7"),
        ("server.address", "db"),
        ("code.function.name", "load"),
        ("http.url", "http://api.example.com/v1/items/7?q=1"),
    ]);
    Span {
        parent_span_id: vec![3; 8],
        trace_state: "ot=th:8".to_owned(),
        attributes,
        events: vec![Event {
            name: "exception".to_owned(),
            attributes: texts(&[("exception.type", "E")]),
            ..Event::default()
        }],
        links: vec![Link {
            trace_id: vec![4; 16],
            span_id: vec![5; 8],
            ..Link::default()
        }],
        status: Some(crate::request::Status {
            code: 2,
            message: "m".to_owned(),
        }),
        flags: 0x300,
        ..span()
    }
}

#[test]
fn x04_a_span_of_a_hundred_million_seconds_is_a_span() {
    let long = Span {
        start_time_unix_nano: 1,
        end_time_unix_nano: 1 + 100_000_000 * 1_000_000_000,
        ..span()
    };
    assert_eq!(one(vec![long]).span().duration, Nanos::from_secs(100_000_000));
}

#[test]
fn x08_huge_parts_cost_their_limit() {
    let mut attributes: Vec<_> = (0..100_000).map(|at| int(&format!("k{at}"), at)).collect();
    attributes.push(text("", "empty key"));
    attributes.push(text(&"k".repeat(1 << 20), "v"));
    attributes.push(text("big", &"x".repeat(1 << 20)));
    attributes.push(attribute("nan", Value::DoubleValue(f64::NAN)));
    attributes.push(attribute("http.status_code", Value::DoubleValue(f64::INFINITY)));
    attributes.push(int("db.response.returned_rows", i64::MIN));
    attributes.push(int("http.response.status_code", i64::MIN));
    // A known key counts whatever its place.
    attributes.push(text("db.query.text", &format!("SELECT {}", "1,".repeat(1 << 19))));
    let links = vec![
        Link {
            trace_id: vec![4; 16],
            span_id: vec![5; 8],
            ..Link::default()
        };
        100_000
    ];
    let events = vec![Event::default(); 100_000];
    let decoded = one(vec![Span {
        attributes,
        links,
        events,
        ..span()
    }]);
    assert_eq!(decoded.span().bits.visibility(), hotspan_model::Visibility::Cut);
    assert_eq!(decoded.span().class(), hotspan_model::Class::Db);
    assert_eq!(decoded.extras().rows, None);
    let links = decoded.spans[0]
        .1
        .iter()
        .filter(|side| matches!(side, Side::Link(_)));
    assert_eq!(links.count(), 128);
    assert!(
        decoded.tally.dropped_parts > 3 * 99_800,
        "{}",
        decoded.tally.dropped_parts
    );
    assert!(decoded.tally.cut >= 2);
}

#[test]
fn x08_limits_hold_at_their_edge() {
    let link = Link {
        trace_id: vec![4; 16],
        span_id: vec![5; 8],
        ..Link::default()
    };
    for (links, kept, dropped) in [(127, 127, 0), (128, 128, 0), (129, 128, 1)] {
        let decoded = one(vec![Span {
            links: vec![link.clone(); links],
            ..span()
        }]);
        assert_eq!(
            (decoded.spans[0].1.len(), decoded.tally.dropped_parts),
            (kept, dropped)
        );
    }
    for (attributes, dropped) in [(127, 0), (128, 0), (129, 1)] {
        let attributes = (0..attributes).map(|at| int(&format!("k{at}"), 1)).collect();
        assert_eq!(
            one(vec![Span { attributes, ..span() }]).tally.dropped_parts,
            dropped
        );
    }
    for (bytes, cut) in [(1_023, 0), (1_024, 0), (1_025, 1)] {
        assert_eq!(
            one(vec![Span {
                name: "n".repeat(bytes),
                ..span()
            }])
            .tally
            .cut,
            cut,
            "{bytes}"
        );
    }
    for (bytes, cut) in [(16_383, 0), (16_384, 0), (16_385, 1)] {
        let statement = text(
            "db.statement",
            &format!("{:<bytes$}", "SELECT a FROM b WHERE c = 1 AND"),
        );
        let decoded = one(vec![Span {
            attributes: vec![statement],
            ..span()
        }]);
        assert_eq!(decoded.tally.cut, cut, "{bytes}");
    }
}

#[test]
fn x09_nested_values_are_kept_to_their_depth_in_both_encodings() {
    for (levels, deep) in [(10, 0), (63, 0), (64, 0), (65, 1), (100, 1)] {
        let mut nested = value(Value::StringValue("x".to_owned()));
        for level in 0..levels {
            nested = value(match level % 2 {
                0 => Value::ArrayValue(crate::request::ArrayValue { values: vec![nested] }),
                _ => Value::KvlistValue(crate::request::KeyValueList {
                    values: vec![crate::request::KeyValue {
                        key: "k".to_owned(),
                        value: Some(nested),
                        ..Default::default()
                    }],
                }),
            });
        }
        let entry = crate::request::KeyValue {
            key: "deep".to_owned(),
            value: Some(nested),
            ..Default::default()
        };
        let request = of(vec![Span {
            attributes: vec![entry],
            ..span()
        }]);
        let decoded = protobuf(&request.encode_to_vec()).unwrap();
        assert_eq!(
            (decoded.spans.len(), decoded.tally.too_deep),
            (1, deep),
            "{levels}"
        );
        let text = serde_json::to_vec(&request).unwrap();
        let decoded = json(&text).unwrap();
        assert_eq!(
            (decoded.spans.len(), decoded.tally.too_deep),
            (1, deep),
            "{levels} in JSON"
        );
    }
}

/// A request whose only span has an attribute nested this deep, as JSON.
fn deep_json(levels: usize) -> String {
    let value = r#"{"arrayValue":{"values":["#.repeat(levels) + &"]}}".repeat(levels);
    let span = format!(
        r#"{{"traceId":"{}","spanId":"{}","attributes":[{{"key":"deep","value":{value}}}],"unknown":{value}}}"#,
        "01".repeat(16),
        "02".repeat(8)
    );
    format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{span}]}}]}}]}}"#)
}

#[test]
fn x09_a_hundred_thousand_levels_need_no_stack() {
    let small = std::thread::Builder::new().stack_size(256 << 10);
    let thread = small.spawn(|| {
        let decoded = json(deep_json(100_000).as_bytes()).unwrap();
        assert_eq!((decoded.spans.len(), decoded.tally.too_deep), (1, 1));
        let mut value = field(1, b"x");
        for _ in 0..5_000 {
            value = field(5, &field(1, &value));
        }
        let mut bytes = rich().encode_to_vec();
        bytes.extend(field(9, &[field(1, b"deep"), field(2, &value)].concat()));
        let decoded = protobuf(&around(&bytes)).unwrap();
        assert_eq!((decoded.spans.len(), decoded.tally.too_deep), (1, 1));
        let groups = [[0x0b_u8].repeat(100_000), [0x0c].repeat(100_000)].concat();
        assert!(protobuf(&groups).is_ok());
    });
    thread.unwrap().join().unwrap();
}

#[test]
fn x12_every_prefix_and_every_flipped_bit_of_a_request_is_survived() {
    let request = of(vec![rich(), rich()]).encode_to_vec();
    let text = serde_json::to_vec(&of(vec![rich()])).unwrap();
    for end in 0..request.len() {
        drop(protobuf(&request[..end]));
    }
    for end in 0..text.len() {
        // No prefix of an object is JSON but the empty one.
        assert_eq!(json(&text[..end]).is_ok(), end == 0, "{end}");
    }
    for bit in 0..request.len() * 8 {
        let mut flipped = request.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(decoded) = protobuf(&flipped) {
            let handed = decoded.spans.len() as u64 + decoded.tally.refused_total();
            assert_eq!(handed, decoded.tally.spans);
        }
    }
    for bit in 0..text.len() * 8 {
        let mut flipped = text.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        drop(json(&flipped));
    }
}

#[test]
fn x13_empty_blocks_and_tiny_spans_are_nothing() {
    let blocks = field(1, &field(2, b"").repeat(100_000));
    let decoded = protobuf(&blocks).unwrap();
    assert_eq!((decoded.tally.spans, decoded.dictionary.len()), (0, 0));
    let spans = field(1, &field(2, &field(2, b"").repeat(100_000)));
    let decoded = protobuf(&spans).unwrap();
    assert_eq!(
        (decoded.tally.spans, decoded.refused(Reason::InvalidTraceId)),
        (100_000, 100_000)
    );
}

#[test]
fn no_literal_of_a_span_gets_into_the_dictionary() {
    let plant = "p1anted-5ecret-77001";
    let attributes = vec![
        text("db.system", "postgresql"),
        text("db.query.text", &format!("SELECT a FROM b WHERE c = '{plant}'")),
        text("db.query.parameter.id", plant),
        text("enduser.id", plant),
        text("exception.message", plant),
        text("http.request.header.authorization", plant),
    ];
    let call = texts(&[
        ("http.method", "GET"),
        (
            "http.url",
            &format!("http://u:{plant}@h/a/{plant}?t={plant}#{plant}"),
        ),
    ]);
    let spans = vec![with(3, "SELECT", attributes), with(3, "GET", call)];
    let decoded = protobuf(&of(spans).encode_to_vec()).unwrap();
    assert_eq!(decoded.spans.len(), 2);
    for line in decoded.lines() {
        assert!(!line.contains("5ecret"), "{line}");
    }
}

proptest! {
    #[test]
    fn x12_arbitrary_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop(protobuf(&bytes));
        drop(json(&bytes));
        if let Ok(decoded) = protobuf(&around(&bytes)) {
            prop_assert_eq!(decoded.tally.spans, 1);
        }
    }
}

#[test]
fn a_summary_speaks_for_its_spans() {
    let mut attributes = vec![attribute("aggregation.is_summary", Value::BoolValue(true))];
    attributes.push(int("aggregation.span_count", 200));
    attributes.push(int("aggregation.duration_total_ns", 9_000));
    attributes.push(int("aggregation.duration_min_ns", 10));
    attributes.push(int("aggregation.duration_max_ns", 90));
    let decoded = one(vec![with(3, "SELECT", attributes)]);
    assert!(decoded.has(Flag::Summary));
    let summary = decoded.spans[0].1.iter().find_map(|side| match side {
        Side::Summary(summary) => Some(*summary),
        Side::Link(_) | Side::Extras(_) => None,
    });
    let summary = summary.unwrap();
    assert_eq!((summary.count, summary.total), (200, Nanos(9_000)));
    assert_eq!(
        (summary.min, summary.max, summary.median),
        (Nanos(10), Nanos(90), None)
    );
    assert_eq!(
        (decoded.span().kind(), decoded.span().start),
        (Kind::Client, Timestamp(1_000))
    );
}

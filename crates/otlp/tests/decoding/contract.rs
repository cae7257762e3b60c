//! Rows of the receiver's contract that concern decoding alone.

use hotspan_model::{Flag, Kind, Lookup, Nanos, Reason, Side, Threshold, Timestamp};
use hotspan_otlp::Damage;
use prost::Message;

use crate::request::{
    AnyValue, Event, KeyValue, Link, Request, ResourceSpans, ScopeSpans, Span, Status, Value, around,
    attribute, decoder, field, int, of, one, protobuf, span, text, value, with,
};

#[test]
fn c02_an_empty_request_succeeds() {
    for request in [
        Request::default(),
        Request {
            resource_spans: vec![ResourceSpans::default()],
        },
        of(vec![]),
        Request {
            resource_spans: vec![ResourceSpans {
                scope_spans: vec![ScopeSpans::default()],
                ..ResourceSpans::default()
            }],
        },
    ] {
        let decoded = protobuf(&request.encode_to_vec()).unwrap();
        assert_eq!((decoded.tally.spans, decoded.spans.len()), (0, 0));
    }
}

#[test]
fn c04_refused_spans_are_counted_by_reason() {
    let bad_trace = Span {
        trace_id: vec![1; 15],
        ..span()
    };
    let bad_span = Span {
        span_id: vec![],
        ..span()
    };
    let decoded =
        protobuf(&of(vec![span(), bad_trace.clone(), bad_trace, bad_span]).encode_to_vec()).unwrap();
    assert_eq!(decoded.tally.spans, 4);
    assert_eq!(decoded.refused(Reason::InvalidTraceId), 2);
    assert_eq!(decoded.refused(Reason::InvalidSpanId), 1);
    assert_eq!(decoded.tally.refused_total() as usize + decoded.spans.len(), 4);
}

#[test]
fn c07_unknown_fields_and_numbers_are_no_errors() {
    let mut bytes = span().encode_to_vec();
    bytes.extend(field(900, b"future"));
    let decoded = protobuf(&around(&bytes)).unwrap();
    assert_eq!(decoded.spans.len(), 1);
    let odd = Span {
        kind: 77,
        status: Some(Status {
            code: 9,
            ..Status::default()
        }),
        ..span()
    };
    let decoded = one(vec![odd]);
    assert_eq!(decoded.span().kind(), Kind::Unspecified);
    assert_eq!(decoded.span().bits.status(), hotspan_model::Status::Unset);
    assert_eq!(decoded.span().class(), hotspan_model::Class::Internal);
}

#[test]
fn c08_x01_ids_have_their_length_and_are_not_zero() {
    for len in [0, 7, 8, 9, 15, 17, 32] {
        let decoded = protobuf(
            &of(vec![Span {
                trace_id: vec![1; len],
                ..span()
            }])
            .encode_to_vec(),
        )
        .unwrap();
        assert_eq!(decoded.refused(Reason::InvalidTraceId), 1, "{len}");
    }
    for id in [vec![], vec![1; 7], vec![1; 9], vec![1; 16], vec![0; 8]] {
        let decoded = protobuf(
            &of(vec![Span {
                span_id: id,
                ..span()
            }])
            .encode_to_vec(),
        )
        .unwrap();
        assert_eq!(decoded.refused(Reason::InvalidSpanId), 1);
    }
    let zero = of(vec![Span {
        trace_id: vec![0; 16],
        ..span()
    }]);
    assert_eq!(
        protobuf(&zero.encode_to_vec())
            .unwrap()
            .refused(Reason::InvalidTraceId),
        1
    );
    for (parent, root, bad) in [
        (vec![], true, false),
        (vec![0; 8], true, false),
        (vec![3; 8], false, false),
        (vec![3; 7], false, true),
        (vec![0; 16], false, true),
    ] {
        let decoded = one(vec![Span {
            parent_span_id: parent,
            ..span()
        }]);
        assert_eq!(
            (decoded.span().is_root(), decoded.has(Flag::BadParent)),
            (root, bad)
        );
        assert_eq!(decoded.tally.bad_parent, u64::from(bad));
    }
}

#[test]
fn c09_x04_times_of_any_kind_are_accepted() {
    for (start, end, duration, negative) in [
        (0, 0, 0, false),
        (10, 5, 0, true),
        (u64::MAX, 0, 0, true),
        (0, u64::MAX, u64::MAX, false),
        (1, 100_000_000_000_000_001, 100_000_000_000_000_000, false),
    ] {
        let decoded = one(vec![Span {
            start_time_unix_nano: start,
            end_time_unix_nano: end,
            ..span()
        }]);
        assert_eq!(decoded.span().start, Timestamp(start));
        assert_eq!(decoded.span().duration, Nanos(duration));
        assert_eq!(decoded.has(Flag::NegativeDuration), negative);
    }
}

#[test]
fn c10_of_a_key_that_comes_twice_the_first_counts() {
    let attributes = vec![
        int("http.response.status_code", 200),
        int("http.response.status_code", 500),
    ];
    let decoded = one(vec![with(2, "GET", attributes)]);
    assert_eq!(decoded.span().bits.http_status(), 200);
    assert_eq!(decoded.tally.duplicate_keys, 1);
}

#[test]
fn c11_values_of_every_kind_are_legal() {
    let mut attributes = vec![
        attribute("a", Value::BoolValue(true)),
        attribute("b", Value::BytesValue(vec![0xff])),
        attribute("c", Value::DoubleValue(f64::NAN)),
        attribute("d", Value::ArrayValue(Default::default())),
        attribute("e", Value::KvlistValue(Default::default())),
        KeyValue {
            key: "f".to_owned(),
            value: Some(AnyValue { value: None }),
            ..KeyValue::default()
        },
        KeyValue {
            key: "g".to_owned(),
            ..KeyValue::default()
        },
        KeyValue::default(),
    ];
    attributes.push(attribute(
        "h",
        Value::ArrayValue(opentelemetry_proto::tonic::common::v1::ArrayValue {
            values: vec![value(Value::IntValue(i64::MIN)), AnyValue { value: None }],
        }),
    ));
    let decoded = one(vec![Span { attributes, ..span() }]);
    assert_eq!((decoded.tally.bad_field, decoded.tally.too_deep), (0, 0));
}

#[test]
fn c12_flags_mark_a_remote_parent_when_both_bits_are_set() {
    for (flags, remote) in [
        (0, false),
        (0x100, false),
        (0x200, false),
        (0x300, true),
        (0x301, true),
        (!0, true),
    ] {
        assert_eq!(
            one(vec![Span { flags, ..span() }]).has(Flag::RemoteParent),
            remote,
            "{flags:x}"
        );
    }
}

#[test]
fn c13_the_sampling_threshold_is_the_records() {
    for (state, threshold, malformed) in [
        ("", 0, 0),
        ("ot=th:8", 8 << 52, 0),
        ("x=y,ot=rv:1;th:c", 12 << 52, 0),
        ("ot=th:oops", 0, 1),
    ] {
        let decoded = one(vec![Span {
            trace_state: state.to_owned(),
            ..span()
        }]);
        assert_eq!(decoded.spans[0].0.threshold, Threshold(threshold), "{state}");
        assert_eq!(decoded.tally.bad_tracestate, malformed, "{state}");
    }
}

#[test]
fn c14_our_own_telemetry_is_refused() {
    let mut request = of(vec![span(), span()]);
    let resource = request.resource_spans[0].resource.as_mut().unwrap();
    resource.attributes.push(text("service.instance.id", "me"));
    let mut dictionary = hotspan_model::LocalDictionary::default();
    let mut decoder = decoder().without_instance("me");
    let (tally, spans) = crate::request::again(&mut decoder, &mut dictionary, &request.encode_to_vec());
    assert_eq!(
        (
            tally.spans,
            tally.refused[Reason::OwnTelemetry as usize],
            spans.len()
        ),
        (2, 2, 0)
    );
    let (tally, spans) =
        crate::request::again(&mut decoder, &mut dictionary, &of(vec![span()]).encode_to_vec());
    assert_eq!((tally.refused_total(), spans.len()), (0, 1));
}

#[test]
fn d01_a_frame_that_is_damaged_costs_the_request_and_says_where() {
    let good = of(vec![span()]).encode_to_vec();
    let overlong = field(1, &field(2, &[0x12, 0x7f, 1]));
    for (request, name, damage, offset) in [
        (
            good[..good.len() - 1].to_vec(),
            "resource_spans",
            Damage::Length,
            2,
        ),
        (vec![0x00], "resource_spans", Damage::FieldNumber, 1),
        (vec![0x0a, 0x80], "resource_spans", Damage::Truncated, 1),
        ([0xff; 11].to_vec(), "resource_spans", Damage::Varint, 0),
        (
            field(1, &[0x17]),
            "resource_spans.scope_spans",
            Damage::WireType,
            3,
        ),
        (overlong, "resource_spans.scope_spans.spans", Damage::Length, 6),
    ] {
        let error = protobuf(&request).unwrap_err();
        assert_eq!(
            (error.field, error.damage, error.offset),
            (name, damage, offset),
            "{request:?}"
        );
    }
    let text = protobuf(&[0x0a, 0x80]).unwrap_err().to_string();
    assert_eq!(text, "resource_spans: the message ends inside a field at byte 1");
}

#[test]
fn d02_damage_inside_a_span_costs_that_span() {
    let good = field(2, &span().encode_to_vec());
    let bad = field(2, &[0x0a, 0x7f]);
    let request = field(1, &field(2, &[good.clone(), bad, good].concat()));
    let decoded = protobuf(&request).unwrap();
    assert_eq!((decoded.tally.spans, decoded.spans.len()), (3, 2));
    assert_eq!(decoded.refused(Reason::MalformedSpan), 1);
}

#[test]
fn d04_damage_inside_a_part_costs_that_part() {
    for part in [9, 11, 13, 15] {
        let mut bytes = span().encode_to_vec();
        bytes.extend(field(part, &[0x0a, 0x7f]));
        let decoded = protobuf(&around(&bytes)).unwrap();
        assert_eq!((decoded.spans.len(), decoded.tally.bad_field), (1, 1), "{part}");
    }
}

#[test]
fn d05_of_a_damaged_resource_the_readable_attributes_are_used() {
    let service = field(1, &text("service.name", "shop").encode_to_vec());
    let broken = field(1, &[0x0a, 0x7f]);
    let version = field(1, &text("service.version", "7").encode_to_vec());
    let resource = field(1, &[service, broken, version, vec![0x0a, 0x7f]].concat());
    let spans = field(2, &field(2, &span().encode_to_vec()));
    let decoded = protobuf(&field(1, &[resource, spans].concat())).unwrap();
    let source = decoded.dictionary.source(decoded.span().source).unwrap();
    assert_eq!(decoded.text(source.service), "shop");
    assert_eq!(source.version.map(|version| decoded.text(version)), Some("7"));
    assert_eq!(decoded.tally.bad_field, 2);
}

#[test]
fn d06_x12_bytes_that_are_no_utf8_are_replaced_in_every_string() {
    for bad in [&b"\xff"[..], b"\x80", b"\xc0\x80", b"\xed\xa0\x80"] {
        let key = [field(1, bad), field(2, &field(1, bad))].concat();
        let statement = [field(1, b"db.statement"), field(2, &field(1, bad))].concat();
        let mut bytes = Span {
            name: String::new(),
            ..span()
        }
        .encode_to_vec();
        for (number, payload) in [(5, bad.to_vec()), (3, bad.to_vec()), (9, key), (9, statement)] {
            bytes.extend(field(number, &payload));
        }
        bytes.extend(field(11, &[field(2, bad), field(3, &field(1, bad))].concat()));
        bytes.extend(field(15, &field(2, bad)));
        let service = [field(1, b"service.name"), field(2, &field(1, bad))].concat();
        let resource = field(1, &field(1, &service));
        let spans = field(2, &[field(1, &field(1, bad)), field(2, &bytes)].concat());
        let decoded = protobuf(&field(1, &[resource, spans].concat())).unwrap();
        assert!(
            decoded.operation().contains('\u{fffd}'),
            "{bad:?} {}",
            decoded.operation()
        );
        let source = decoded.dictionary.source(decoded.span().source).unwrap();
        assert!(decoded.text(source.service).contains('\u{fffd}'));
    }
}

#[test]
fn d07_wrong_wire_types_and_groups_are_unknown_fields() {
    let mut bytes = span().encode_to_vec();
    // Name as a varint, kind as bytes, start as a group, end as a fixed32.
    bytes.extend([5 << 3, 1]);
    bytes.extend(field(6, b"x"));
    bytes.extend([7 << 3 | 3, 1 << 3, 1, 7 << 3 | 4]);
    bytes.extend([8 << 3 | 5, 1, 2, 3, 4]);
    let decoded = protobuf(&around(&bytes)).unwrap();
    assert_eq!(decoded.operation(), "work");
    assert_eq!(
        (decoded.span().start, decoded.span().duration),
        (Timestamp(1_000), Nanos(10))
    );
    let mut deep = span().encode_to_vec();
    deep.extend([0x9b, 1].repeat(100_000));
    deep.extend([0x9c, 1].repeat(100_000));
    assert_eq!(protobuf(&around(&deep)).unwrap().spans.len(), 1);
}

#[test]
fn d08_the_last_of_a_singular_field_wins_and_messages_merge() {
    let mut bytes = span().encode_to_vec();
    bytes.extend(field(5, b"renamed"));
    bytes.extend(field(15, &[0x18, 2]));
    bytes.extend(field(15, &field(2, b"message")));
    let decoded = protobuf(&around(&bytes)).unwrap();
    assert_eq!(decoded.operation(), "renamed");
    assert_eq!(decoded.span().bits.status(), hotspan_model::Status::Error);
}

#[test]
fn d08_resource_and_scope_may_come_after_their_spans_and_in_pieces() {
    let spans = field(2, &span().encode_to_vec());
    let scope = field(1, &field(1, b"late scope"));
    let block = field(2, &[spans, scope].concat());
    let name = field(1, &field(1, &text("service.name", "late").encode_to_vec()));
    let version = field(1, &field(1, &text("service.version", "2").encode_to_vec()));
    let decoded = protobuf(&field(1, &[block, name, version].concat())).unwrap();
    let source = decoded.dictionary.source(decoded.span().source).unwrap();
    let shown = |symbol: Option<_>| symbol.map(|symbol| decoded.text(symbol));
    assert_eq!(decoded.text(source.service), "late");
    assert_eq!(
        (shown(source.version), shown(source.scope)),
        (Some("2"), Some("late scope"))
    );
}

#[test]
fn d09_a_service_without_a_name_is_unnamed_and_counted() {
    let named = |attributes: Vec<KeyValue>| {
        let mut request = of(vec![span()]);
        request.resource_spans[0].resource.as_mut().unwrap().attributes = attributes;
        let decoded = protobuf(&request.encode_to_vec()).unwrap();
        let source = decoded.dictionary.source(decoded.span().source).unwrap();
        assert!(source.unnamed && decoded.text(source.service) == "(unnamed)");
        decoded.tally.unnamed
    };
    assert_eq!(named(vec![]).missing, 1);
    assert_eq!(named(vec![text("service.name", "")]).empty, 1);
    assert_eq!(named(vec![text("service.name", "unknown_service:java")]).empty, 1);
    assert_eq!(named(vec![int("service.name", 5)]).no_text, 1);
}

#[test]
fn links_beside_a_span_are_kept_and_one_to_the_parent_may_say_that_it_follows() {
    let link = |trace: u8, span: u8, attributes| Link {
        trace_id: vec![trace; 16],
        span_id: vec![span; 8],
        attributes,
        ..Link::default()
    };
    let follows = || vec![text("opentracing.ref_type", "follows_from")];
    let with_links = |links| Span {
        parent_span_id: vec![9; 8],
        links,
        ..span()
    };
    let decoded = one(vec![with_links(vec![link(1, 9, follows()), link(5, 6, vec![])])]);
    assert!(decoded.has(Flag::FollowsFrom) && decoded.has(Flag::HasSide));
    let links = decoded.spans[0]
        .1
        .iter()
        .filter(|side| matches!(side, Side::Link(_)));
    assert_eq!(links.count(), 2);
    assert!(!one(vec![with_links(vec![link(5, 9, follows())])]).has(Flag::FollowsFrom));
    assert!(!one(vec![with_links(vec![link(1, 9, vec![])])]).has(Flag::FollowsFrom));
}

#[test]
fn an_exception_event_is_a_failure_with_a_type() {
    let event = Event {
        name: "exception".to_owned(),
        attributes: vec![
            text("exception.type", "ValueError"),
            text("exception.message", "secret"),
        ],
        ..Event::default()
    };
    let decoded = one(vec![Span {
        events: vec![event],
        ..span()
    }]);
    assert!(decoded.has(Flag::Failed));
    assert_eq!(
        decoded.extras().exception.map(|kind| decoded.text(kind)),
        Some("ValueError")
    );
}

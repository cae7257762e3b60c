//! X12, X13, D1 to D8: damage costs the smallest field around it that can be skipped.

use prost::Message;

use crate::message::{around, field, request, span, text};
use crate::rig::{Fate, Rig, analysed};

/// A length-delimited field whose content ends before its length does.
fn truncated(number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    crate::message::varint(number << 3 | 2, &mut bytes);
    bytes.extend([0x20, 0x0a]);
    bytes
}

/// A span with these fields behind the usual ones.
fn with_fields(trace: u128, fields: &[u8]) -> Vec<u8> {
    [span(trace, 1).encode_to_vec(), fields.to_vec()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn d01_what_cannot_be_framed_above_a_span_costs_the_request_and_counts_no_span() {
    let mut rig = Rig::start().await;
    let spans = field(2, &span(1, 1).encode_to_vec());
    let damages: [(&str, &[u8]); 5] = [
        ("a length past the end", b"\x12\x7f"),
        ("field number 0", b"\x00\x00"),
        (
            "a varint of eleven bytes",
            b"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        ),
        ("a tag alone", b"\x12"),
        ("wire type 7", b"\x1f"),
    ];
    for (name, damage) in damages {
        let request = [field(1, &field(2, &spans)), damage.to_vec()].concat();
        let resource = field(1, &[field(2, &spans), damage.to_vec()].concat());
        let scope = field(1, &field(2, &[spans.clone(), damage.to_vec()].concat()));
        for (place, message) in [("request", request), ("resource", resource), ("scope", scope)] {
            rig.refused(&format!("{name} in the {place}"), &message, 3, 400)
                .await;
        }
    }
    assert_eq!(rig.metric("hotspan_spans_received_total").await, 0);
    let refused = "hotspan_requests_refused_total{transport=\"grpc\",reason=\"undecodable\"}";
    assert_eq!(rig.metric(refused).await, 15);
    rig.wait("the refusals are in the status", |status| {
        status["requests"].to_string().contains("undecodable")
    })
    .await;
    for text in ["{", "{\"resourceSpans\":[}", "[]", "{}x", "nul"] {
        let reply = rig.post("application/json", text.to_owned()).await;
        assert_eq!(reply.http, 400, "{text}");
        assert!(
            reply.json()["message"].as_str().unwrap().contains("JSON"),
            "{text}"
        );
    }
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d02_damage_inside_a_span_costs_that_span() {
    let mut rig = Rig::start().await;
    for (name, damage) in [
        ("a truncated field", truncated(5)),
        ("field number 0", vec![0, 0]),
        (
            "a varint of eleven bytes",
            [&[0x30][..], &[0xff; 10], &[1]].concat(),
        ),
        ("a fixed number of three bytes", vec![0x39, 1, 2, 3]),
        ("a group that does not end", vec![0x0b]),
        ("the end of no group", vec![0x0c]),
        ("wire type 6", vec![0x36]),
    ] {
        let with = |trace| around(&[with_fields(trace, &damage), span(trace, 2).encode_to_vec()]);
        rig.protobuf(name, with, &analysed(1).drops("malformed_span", 1))
            .await;
    }
    for text in ["1", "null", "[]", "\"x\"", "true"] {
        rig.json(text, |_| text.into(), &Fate::default().drops("malformed_span", 1))
            .await;
    }
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d04_damage_inside_a_part_costs_the_part() {
    let mut rig = Rig::start().await;
    for (name, number) in [("attribute", 9), ("event", 11), ("link", 13), ("status", 15)] {
        let with = |trace| around(&[with_fields(trace, &field(number, &truncated(1)))]);
        rig.protobuf(name, with, &analysed(1).tolerates("bad_field", 1))
            .await;
    }
    let value = |trace| {
        let attribute = [field(1, b"key"), field(2, &truncated(1))].concat();
        around(&[with_fields(trace, &field(9, &attribute))])
    };
    rig.protobuf(
        "value of an attribute",
        value,
        &analysed(1).tolerates("bad_field", 1),
    )
    .await;
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_damage_inside_resource_or_scope_costs_no_span() {
    let mut rig = Rig::start().await;
    let name = field(
        1,
        &[field(1, b"service.name"), field(2, &field(1, b"hostile"))].concat(),
    );
    for (what, resource, scope) in [
        ("resource", truncated(1), Vec::new()),
        ("attribute of the resource", field(1, &truncated(1)), Vec::new()),
        ("scope", Vec::new(), truncated(1)),
    ] {
        let with = |trace| {
            let span = field(2, &span(trace, 1).encode_to_vec());
            let scope = field(2, &[field(1, &scope), span].concat());
            field(
                1,
                &[field(1, &[name.clone(), resource.clone()].concat()), scope].concat(),
            )
        };
        rig.protobuf(what, with, &analysed(1).tolerates("bad_field", 1))
            .await;
    }
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d07_wrong_wire_types_unknown_fields_and_groups_are_skipped() {
    let mut rig = Rig::start().await;
    let groups = [
        vec![0xa3, 0x06],
        vec![0x0b; 100_000],
        vec![0x0c; 100_000],
        vec![0xa4, 0x06],
    ]
    .concat();
    for (name, fields) in [
        ("a name that is a number", vec![0x28, 7]),
        ("attributes that are numbers", vec![0x48, 7, 0x48, 8]),
        ("times that are varints", vec![0x38, 7, 0x40, 8]),
        ("a status that is fixed", [&[0x79][..], &[9; 8]].concat()),
        (
            "unknown fields of every type",
            [
                vec![0xc0, 0x3e, 1],
                field(1_001, b"x"),
                vec![0xd5, 0x3e, 1, 2, 3, 4],
            ]
            .concat(),
        ),
        ("groups 100,000 deep", groups),
    ] {
        let with = |trace| around(&[with_fields(trace, &fields)]);
        rig.protobuf(name, with, &analysed(1)).await;
    }
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x12_every_prefix_and_every_flipped_bit_is_answered_and_the_books_balance() {
    let mut rig = Rig::start().await;
    let mut root = span(1, 1);
    root.attributes = vec![text("http.route", "/cart")];
    let message = request("x", vec![root, span(1, 2)]).encode_to_vec();
    let mut taken = 0;
    for len in 0..message.len() {
        taken += u64::from(rig.either(&format!("the first {len}"), &message[..len]).await);
    }
    for bit in 0..message.len() * 8 {
        let mut flipped = message.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        taken += u64::from(rig.either(&format!("bit {bit}"), &flipped).await);
    }
    let accepted = rig.metric("hotspan_requests_total{transport=\"grpc\"}").await;
    assert_eq!(accepted, taken);
    let faults = rig.get("/metrics").await;
    assert!(!String::from_utf8_lossy(&faults.body).contains("reason=\"fault\""));
    rig.answers("after all").await;
    let status = rig
        .wait("all is analysed", |status| status["spans"]["open"] == 0)
        .await;
    let received = status["spans"]["received"].as_u64().unwrap();
    let counts = rig.daemon.stop().await;
    assert!(
        counts.balance() && counts.open == 0 && counts.received >= received,
        "{counts:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn x13_the_smallest_things_in_great_numbers() {
    let mut rig = Rig::start().await;
    let nameless = |count| Fate::default().tolerates("service_missing", count);
    let empty_scopes = |_| field(1, &field(2, b"").repeat(100_000));
    rig.protobuf("empty scopes", empty_scopes, &nameless(1)).await;
    let empty_resources = |_| field(1, b"").repeat(100_000);
    rig.protobuf("empty resources", empty_resources, &nameless(100_000))
        .await;
    let spans = |_| around(&vec![Vec::new(); 200_000]);
    let fate = Fate::default().drops("invalid_trace_id", 200_000);
    rig.protobuf("empty spans", spans, &fate).await;
    let objects = |_| vec!["{}"; 100_000].join(",").into_bytes();
    let fate = Fate::default().drops("invalid_trace_id", 100_000);
    rig.json("empty objects", objects, &fate).await;
    rig.settle().await;
}

//! X1, X2, C8, D3: ids of every length, copies, spans that share an id.

use crate::message::{child, span};
use crate::rig::{Fate, Rig, analysed};

const LENGTHS: [usize; 8] = [0, 7, 8, 9, 15, 16, 17, 32];

#[tokio::test(flavor = "multi_thread")]
async fn x01_wrong_trace_ids_and_span_ids_cost_their_span() {
    let mut rig = Rig::start().await;
    for len in LENGTHS {
        for byte in [0, 7] {
            let fate = |reason, is_good| match is_good {
                true => analysed(1),
                false => Fate::default().drops(reason, 1),
            };
            if len != 16 || byte == 0 {
                let with = |trace| {
                    let mut span = span(trace, 1);
                    span.trace_id = vec![byte; len];
                    vec![span]
                };
                let name = format!("a trace id of {len} bytes {byte}");
                rig.spans(&name, with, &fate("invalid_trace_id", false)).await;
            }
            let with = |trace| {
                let mut span = span(trace, 1);
                span.span_id = vec![byte; len];
                vec![span]
            };
            let name = format!("a span id of {len} bytes {byte}");
            rig.spans(&name, with, &fate("invalid_span_id", len == 8 && byte != 0))
                .await;
        }
    }
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x01_a_parent_id_of_the_wrong_length_is_a_missing_parent() {
    let mut rig = Rig::start().await;
    for len in LENGTHS {
        for byte in [0, 7] {
            let with = |trace| {
                let mut span = span(trace, 1);
                span.parent_span_id = vec![byte; len];
                vec![span]
            };
            // An empty parent is none; eight bytes name a parent, or none when all are zero.
            let is_bad = len != 0 && len != 8;
            let name = format!("a parent id of {len} bytes {byte}");
            rig.spans(
                &name,
                with,
                &analysed(1).tolerates("bad_parent", u64::from(is_bad)),
            )
            .await;
        }
    }
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x01_ids_in_json_that_are_no_hex_cost_their_span() {
    let mut rig = Rig::start().await;
    let with = |trace: &str, span: &str| format!(r#"{{"traceId":{trace},"spanId":{span}}}"#).into_bytes();
    let good = |trace: u128| format!("\"{trace:032x}\"");
    for id in [
        r#""W47/95gDgQPSabYzgT/GDA==""#,
        "7",
        "[]",
        "null",
        "true",
        r#""\u0000""#,
    ] {
        let fate = Fate::default().drops("invalid_trace_id", 1);
        // A value of the wrong type is counted beside.
        let fate = match id {
            "7" | "[]" | "true" => fate.tolerates("type_mismatch", 1),
            _ => fate,
        };
        rig.json(
            &format!("trace id {id}"),
            |_| with(id, r#""00000000000000a1""#),
            &fate,
        )
        .await;
        let mut fate = fate;
        fate.dropped = vec![("invalid_span_id", 1)];
        rig.json(&format!("span id {id}"), |trace| with(&good(trace), id), &fate)
            .await;
    }
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x02_copies_are_duplicates_whatever_their_order() {
    let mut rig = Rig::start().await;
    let copies = |trace| vec![span(trace, 1), child(trace, 2, 1), span(trace, 1), span(trace, 1)];
    rig.spans("a span three times", copies, &analysed(2).drops("duplicate", 2))
        .await;
    let reversed = |trace| copies(trace).into_iter().rev().collect();
    rig.spans("the copies first", reversed, &analysed(2).drops("duplicate", 2))
        .await;
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x02_an_id_of_two_different_spans_loses_neither() {
    let mut rig = Rig::start().await;
    let halves = |trace| {
        let mut client = child(trace, 2, 1);
        client.kind = 3;
        let mut server = child(trace, 2, 1);
        server.kind = 2;
        vec![span(trace, 1), client, server]
    };
    rig.spans("client and server share an id", halves, &analysed(3))
        .await;
    let conflict = |trace| {
        let mut other = child(trace, 2, 1);
        other.start_time_unix_nano += 5;
        other.name = "another".into();
        vec![span(trace, 1), child(trace, 2, 1), other]
    };
    rig.spans("two bodies share an id", conflict, &analysed(3)).await;
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c06_a_request_sent_twice_changes_nothing() {
    let mut rig = Rig::start().await;
    let trace = rig.trace();
    let message = prost::Message::encode_to_vec(&crate::message::request(
        "twice",
        vec![span(trace, 1), child(trace, 2, 1)],
    ));
    for fate in [analysed(2), Fate::default().drops("duplicate", 2)] {
        assert_eq!(rig.export(None, &message).await.code(), 0);
        rig.expect(&fate);
        rig.compare().await;
    }
    rig.settle().await;
}

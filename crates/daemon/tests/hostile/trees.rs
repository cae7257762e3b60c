//! X3, X5, X6: parents that make no tree, and trees of any size and order.

use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use crate::message::{child, request, span};
use crate::rig::{Rig, analysed};

/// More spans than are held of one trace.
const MANY: u64 = 100_000;
/// Spans held of one trace.
const HELD: u64 = 50_000;

/// Makes the spans of a trace.
type Make<'a> = &'a dyn Fn(u128) -> Vec<Span>;

#[tokio::test(flavor = "multi_thread")]
async fn x03_parents_that_make_no_tree_are_defects_and_every_span_is_analysed_once() {
    let mut rig = Rig::start().await;
    let ring = |trace, from: u64, len: u64| -> Vec<Span> {
        (0..len)
            .map(|n| child(trace, from + n, from + (n + 1) % len))
            .collect()
    };
    let rows: [(&str, Make<'_>, &str); 7] = [
        ("its own parent", &|trace| ring(trace, 1, 1), "cycle"),
        ("a cycle of two", &|trace| ring(trace, 1, 2), "cycle"),
        ("a cycle of three", &|trace| ring(trace, 1, 3), "cycle"),
        (
            "a cycle beside a root",
            &|trace| [vec![span(trace, 9)], ring(trace, 1, 3)].concat(),
            "cycle",
        ),
        (
            "no root",
            &|trace| vec![child(trace, 2, 1), child(trace, 3, 2)],
            "rootless",
        ),
        (
            "several roots",
            &|trace| vec![span(trace, 1), span(trace, 2), child(trace, 3, 2)],
            "multi_root",
        ),
        (
            "an orphan's subtree",
            &|trace| vec![span(trace, 1), child(trace, 8, 7), child(trace, 9, 8)],
            "missing_parent",
        ),
    ];
    let mut traces = Vec::new();
    for (name, make, defect) in rows {
        let count = make(1).len() as u64;
        let first = rig.trace() + 1;
        rig.spans(name, make, &analysed(count)).await;
        traces.push((name, first, count, defect));
    }
    rig.compare().await;
    for (name, trace, count, defect) in traces {
        let found = rig.get(&format!("/api/v1/traces/{trace:032x}")).await.json();
        assert!(found["defects"].to_string().contains(defect), "{name}: {found}");
        let spans = found["spans"].as_array().unwrap().iter();
        let real = spans.filter(|span| !span["span_id"].is_null()).count() as u64;
        assert!(real >= count, "{name}: {found}");
    }
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x03_a_cycle_of_a_hundred_thousand_is_capped_and_counted() {
    let mut rig = Rig::start().await;
    let ring = |trace| (1..=MANY).map(|n| child(trace, n, n % MANY + 1)).collect();
    rig.spans("a ring", ring, &analysed(HELD).drops("truncated", MANY - HELD))
        .await;
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x06_a_chain_of_a_hundred_thousand_is_capped_in_any_order() {
    let mut rig = Rig::start().await;
    let chain = |trace| -> Vec<Span> {
        let link = |n| match n {
            1 => span(trace, 1),
            _ => child(trace, n, n - 1),
        };
        (1..=MANY).map(link).collect()
    };
    let fate = analysed(HELD).drops("truncated", MANY - HELD);
    rig.spans("from the root", chain, &fate).await;
    rig.compare().await;
    let encoded = |spans: Vec<Span>| request("hostile", spans).encode_to_vec();
    let reversed = |trace| encoded(chain(trace).into_iter().rev().collect());
    rig.protobuf("from the leaf", reversed, &fate).await;
    rig.compare().await;
    let shuffled = |trace| {
        let chain = chain(trace);
        // A step that shares no factor with the length visits each once.
        let places = (0..chain.len()).map(|n| n * 7_919 % chain.len());
        encoded(places.map(|place| chain[place].clone()).collect())
    };
    rig.protobuf("shuffled", shuffled, &fate).await;
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x06_a_hundred_thousand_children_of_one_parent_are_all_counted() {
    let mut rig = Rig::start().await;
    let star = |trace| -> Vec<Span> {
        let children = (2..=MANY).map(|n| child(trace, n, 1));
        std::iter::once(span(trace, 1)).chain(children).collect()
    };
    rig.spans("the root first", star, &analysed(MANY)).await;
    let reversed = |trace| star(trace).into_iter().rev().collect();
    rig.spans("the root last", reversed, &analysed(MANY)).await;
    rig.settle().await;
}

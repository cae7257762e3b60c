//! A shard that is nearly full of traces gets a part of them: whole traces by their ids, the rest counted.

use std::collections::BTreeMap;

use hotspan_ingest::WHOLE_SHARE;
use hotspan_model::Reason;

use crate::support::{Rig, request, span};

/// Spans by trace that 200 traces of two spans leave behind, sent in two requests; the degraded; the messages.
async fn after_two_requests(rig: &Rig) -> (BTreeMap<u128, usize>, u64) {
    let client = rig.grpc().await;
    let (mut spans, mut degraded) = (BTreeMap::new(), 0);
    for n in 1..=2 {
        let half = (1..=200_u64).map(|trace| span(u128::from(trace), n)).collect();
        let reply = client.export(&request(half)).await;
        assert_eq!(
            (reply.code(), reply.message()),
            (0, &b""[..]),
            "nobody sends it again"
        );
        let taken = rig.take();
        assert_eq!(taken.received(), 200, "nothing is lost silently");
        degraded += taken.refused[Reason::Degraded as usize];
        for record in taken.records {
            *spans.entry(record.trace.get()).or_default() += 1;
        }
    }
    (spans, degraded)
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_traces_are_left_out_and_counted() {
    let rig = Rig::start().await;
    for inbox in &rig.inboxes {
        inbox.take_share(WHOLE_SHARE / 4);
    }
    let (spans, degraded) = after_two_requests(&rig).await;
    assert!(spans.values().all(|count| *count == 2), "{spans:?}");
    assert_eq!(2 * spans.len() as u64 + degraded, 400);
    assert!(
        (20..=80).contains(&spans.len()),
        "about a quarter: {}",
        spans.len()
    );

    for inbox in &rig.inboxes {
        inbox.take_share(WHOLE_SHARE);
    }
    let (spans, degraded) = after_two_requests(&rig).await;
    assert_eq!((spans.len(), degraded), (200, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_crowded_shard_takes_nothing_from_the_others() {
    let rig = Rig::start().await;
    rig.inboxes[0].take_share(0);
    let (spans, degraded) = after_two_requests(&rig).await;
    let of_first = spans.keys().filter(|trace| {
        let trace = hotspan_model::TraceId::new(**trace).expect("it is not zero");
        rig.core.shard_of(trace) == 0
    });
    assert_eq!(of_first.count(), 0);
    assert_eq!(2 * spans.len() as u64 + degraded, 400);
}

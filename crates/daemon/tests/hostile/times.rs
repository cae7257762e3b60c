//! X4, C9: times of every kind. They are accepted, they are flagged, and no finding comes from the clock alone.

use crate::message::{START, child, span};
use crate::rig::{Rig, analysed};

const YEAR_2262: u64 = i64::MAX as u64;

#[tokio::test(flavor = "multi_thread")]
async fn x04_any_start_with_any_end_is_analysed() {
    let mut rig = Rig::start().await;
    let moments = [0, 1, START, YEAR_2262, YEAR_2262 + 1, u64::MAX - 1, u64::MAX];
    for start in moments {
        for end in moments {
            let with = |trace| {
                let mut odd = child(trace, 2, 1);
                (odd.start_time_unix_nano, odd.end_time_unix_nano) = (start, end);
                let mut root = span(trace, 1);
                (root.start_time_unix_nano, root.end_time_unix_nano) = (start, end);
                vec![root, odd, child(trace, 3, 2)]
            };
            rig.spans(&format!("{start}..{end}"), with, &analysed(3)).await;
        }
    }
    rig.compare().await;
    let found = rig.get("/api/v1/hotspots?min_confidence=0").await.json();
    assert_eq!(found["total"], 0, "{found}");
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x04_a_span_of_a_hundred_million_seconds_and_skewed_clocks_are_flagged() {
    let mut rig = Rig::start().await;
    let long = |trace| {
        let mut long = span(trace, 1);
        long.end_time_unix_nano = START + 100_000_000 * 1_000_000_000;
        vec![long, child(trace, 2, 1)]
    };
    rig.spans("10^8 seconds", long, &analysed(2)).await;
    for skew in [-600_000_000_000_i64, 600_000_000_000] {
        let skewed = |trace| {
            let mut far = child(trace, 2, 1);
            far.start_time_unix_nano = far.start_time_unix_nano.saturating_add_signed(skew);
            far.end_time_unix_nano = far.end_time_unix_nano.saturating_add_signed(skew);
            vec![span(trace, 1), far]
        };
        rig.spans(&format!("{skew} ns of skew"), skewed, &analysed(2))
            .await;
    }
    rig.compare().await;
    let defects = |found: &serde_json::Value| found["defects"].to_string();
    let long = rig.get(&format!("/api/v1/traces/{:032x}", 1)).await.json();
    assert!(defects(&long).contains("implausible"), "{long}");
    let found = rig.get("/api/v1/hotspots?min_confidence=0").await.json();
    assert_eq!(found["total"], 0, "{found}");
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x04_times_in_json_that_are_no_times_cost_their_field() {
    let mut rig = Rig::start().await;
    for time in [
        r#""soon""#,
        "-1",
        "1.5",
        "1e99",
        "[]",
        "{}",
        "18446744073709551616",
    ] {
        let with = |trace: u128| {
            format!(
                r#"{{"traceId":"{trace:032x}","spanId":"00000000000000a1","startTimeUnixNano":{time},"endTimeUnixNano":{time}}}"#
            )
            .into_bytes()
        };
        rig.json(time, with, &analysed(1).tolerates("type_mismatch", 2))
            .await;
    }
    rig.settle().await;
}

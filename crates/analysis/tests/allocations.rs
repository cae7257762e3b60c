//! A fault that is found again allocates nothing: what detectors need is used again.

use std::alloc::System;

use hotspan_analysis::{Analyser, AnalyserSettings, When};
use hotspan_model::{Assembled, Report};
use hotspan_testkit::Drawing;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What a request of 1 s does that some detector speaks about.
const FAULTS: [(&str, &str); 8] = [
    (
        "per-item-loop",
        "db SELECT item 10..20 x6+10\n  db UPDATE stock 20..30 x6+10 write",
    ),
    ("n-plus-one-query", "db SELECT item 10..20 x6+10"),
    ("n-plus-one-cache", "cache GET item:# 10..20 x12 hidden"),
    ("n-plus-one-publish", "publish send mails 10..20 x12"),
    (
        "redundant-query",
        "db SELECT setting 10..20 x8 params=7 tables=a\n  db UPDATE b 95..96 write tables=b",
    ),
    ("missing-pool", "connect connect 10..150"),
    ("procedure-heavy", "db CALL close_month 10..910 routine"),
    ("slow-query", "db SELECT orders 10..910"),
];

/// Four spans around two operations each.
fn siblings() -> String {
    let row = |n: u64| {
        format!(
            "\n  internal row {n}00..{n}90\n    db SELECT item {n}10..{n}40\n    db SELECT price {n}40..{n}80"
        )
    };
    (1..5).map(row).collect()
}

#[test]
fn a_fault_that_is_found_again_allocates_nothing() {
    let mut drawing = Drawing::default();
    let shapes = siblings();
    let faults = FAULTS.into_iter().chain([("per-item-loop", &shapes[3..])]);
    let traces: Vec<(&str, Assembled)> = (1..)
        .zip(faults)
        .map(|(trace, (detector, fault))| {
            drawing.add(trace, &format!("shop GET /page 0..1000\n  {fault}"));
            (detector, drawing.trace.clone())
        })
        .collect();
    let mut analyser = Analyser::new(AnalyserSettings::default());
    let mut report = Report::default();
    let mut round = || {
        for (detector, trace) in &traces {
            analyser.analyse(trace, None, When::Claimed, &drawing.dictionary, &mut report);
            assert_eq!(report.findings.len(), 1, "{detector}");
            assert_eq!(report.findings[0].detector, *detector);
        }
    };
    round();
    let region = Region::new(ALLOCATOR);
    (0..10).for_each(|_| round());
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations), (0, 0), "{change:?}");
}

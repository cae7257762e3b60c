//! A fault that is found again allocates nothing: what detectors need is used again.

use std::alloc::System;

use hotspan_analysis::{Analyser, AnalyserSettings, SHARED_KNOBS, When};
use hotspan_model::{Assembled, KnobRule, Pattern, Report, Selector, Tuning};
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

/// The same for faults that need more than one request of a service, as whole traces.
fn whole() -> Vec<(&'static str, String)> {
    let shards: String = (1..12)
        .map(|n| {
            let end = if n == 11 { 190 } else { 30 };
            let inner = format!("shard server GET /find 11..{} host=s{n}", end - 1);
            format!("\n  call GET /find 10..{end} to=shard-{n} params=1\n    {inner}")
        })
        .collect();
    let mut hops = "edge GET /a0 0..60 host=a".to_owned();
    for n in 1..6 {
        let (indent, from, to) = (" ".repeat(2 * n), 4 * n, 60 - 4 * n);
        hops += &format!("\n{indent}call GET /a{n} {}..{}", from - 3, to + 3);
        hops += &format!("\n{indent} s{n} server GET /a{n} {from}..{to} host=h{n}");
    }
    let line = |text: &str| text.to_owned();
    vec![
        ("fan-out-tail", format!("find GET /find 0..200 host=a{shards}")),
        ("hop-chain", hops),
        (
            "retry-storm",
            line("cart GET /cart 0..300\n  call GET /stock 10..30 x30+1 params=1 err http=503"),
        ),
        (
            "deferrable-call",
            line("shop POST /a 0..140\n  call POST /email 70..130 write"),
        ),
        (
            "call-in-transaction",
            line(
                "shop POST /a 0..140\n  db-meta BEGIN 5..6\n  call GET /b 20..110\n  db-meta COMMIT 125..130",
            ),
        ),
        (
            "timeout-inversion",
            line("shop GET /a 0..600 host=a\n  call GET /b 10..510 err\n    b server GET /b 15..900 host=b"),
        ),
        (
            "uninstrumented-gap",
            line("shop GET /a 0..1000\n  db SELECT a 10..20\n  db SELECT b 700..720"),
        ),
        (
            "exception-storm",
            line("shop GET /a 0..1000\n  internal parse 10..20 x30+1 err"),
        ),
        (
            "over-instrumentation",
            line("shop GET /a 0..1000\n  internal parse 10..12 x60+1"),
        ),
    ]
}

/// Four spans around two operations each.
fn siblings() -> String {
    let row = |n: u64| {
        format!(
            "\n  internal row {n}00..{n}90\n    db SELECT item {n}10..{n}40\n    db SELECT price {n}40..{n}80"
        )
    };
    (1..5).map(row).collect()
}

/// What is nearly a fault.
const NEARLY: &str = "shop GET /page 0..1000\n  db SELECT item 10..20 x3+10\n  connect connect 200..280";

#[test]
fn a_fault_that_is_found_again_allocates_nothing() {
    let mut drawing = Drawing::default();
    let shapes = siblings();
    let faults = FAULTS.into_iter().chain([("per-item-loop", &shapes[3..])]);
    let faults = faults.map(|(detector, fault)| (detector, format!("shop GET /page 0..1000\n  {fault}")));
    let traces: Vec<(&str, Assembled)> = (1..)
        .zip(faults.chain(whole()))
        .map(|(trace, (detector, text))| {
            drawing.add(trace, &text);
            (detector, drawing.trace.clone())
        })
        .collect();
    drawing.add(traces.len() as u128 + 1, NEARLY);
    let nearly = drawing.trace.clone();
    // Thresholds of some workloads are resolved once for each operation.
    let mut tuning = Tuning::default();
    tuning.set_knob(KnobRule {
        selector: Selector {
            service: Pattern::new("*o*").ok(),
            ..Selector::default()
        },
        knob: SHARED_KNOBS[0],
        value: SHARED_KNOBS[0].default - 1,
    });
    let mut analyser = Analyser::new(AnalyserSettings {
        tuning,
        ..AnalyserSettings::default()
    });
    let mut report = Report::default();
    let mut round = || {
        for (detector, trace) in &traces {
            analyser.analyse(trace, None, When::Claimed, &drawing.dictionary, &mut report);
            // Most of these requests have time that no span explains as well.
            let mut said = report.findings.iter().map(|finding| finding.detector);
            assert!(said.any(|said| said == *detector), "{detector}");
        }
        analyser.analyse(&nearly, None, When::Claimed, &drawing.dictionary, &mut report);
        assert_eq!(report.near_misses.len(), 2);
    };
    round();
    let region = Region::new(ALLOCATOR);
    (0..10).for_each(|_| round());
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations), (0, 0), "{change:?}");
}

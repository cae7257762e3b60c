//! What a hotspot says about itself, and how hotspots are ordered.

use std::collections::BTreeSet;

use hotspan_hotspots::{Hotspots, Kept, Settings};
use hotspan_model::*;

use crate::build::{GAP, N_PLUS_ONE, SERIAL, THIRD_PARTY, World, minute};

/// A trace with one dear finding.
fn dear(world: &mut World, trace: u128, template: &str) -> Report {
    let mut report = world.report(trace, "orders", "GET /orders");
    world.find(&mut report, N_PLUS_ONE, template).dear = true;
    report
}

#[test]
fn one_hotspot_says_all_that_its_traces_show() {
    let mut world = World::default();
    let mut reports: Vec<Report> = (1..=4).map(|n| dear(&mut world, n, "SELECT ?")).collect();
    reports[3].findings[0].calls = 40;
    reports[3].findings[0].path = Nanos::from_millis(80);
    reports.push(world.report(9, "orders", "GET /orders"));
    let all = world.answers(&reports, minute(0));
    let [hotspot] = &all.hotspots[..] else {
        panic!("{} hotspots", all.hotspots.len())
    };
    assert_eq!(hotspot.title, "GET /orders runs summary of SELECT ? 10 times");
    assert_eq!(
        (hotspot.service.as_str(), hotspot.entry.as_str()),
        ("orders", "GET /orders")
    );
    assert_eq!(hotspot.entries, [("GET /orders".to_owned(), 4)]);
    assert_eq!(
        (hotspot.traces, hotspot.weighted_traces),
        (4, Millionths(4_000_000))
    );
    assert_eq!(hotspot.share, Millionths(800_000));
    let calls = hotspot.calls_per_trace;
    assert_eq!([calls.min, calls.p50, calls.p95, calls.max], [10, 10, 40, 40]);
    assert_eq!(hotspot.critical_path.sum, Nanos::from_millis(140));
    assert_eq!(hotspot.saving.likely, Nanos::from_millis(15));
    assert_eq!(hotspot.versions[0].version, "1.4.0");
    assert_eq!((hotspot.versions.len(), hotspot.versions[0].traces), (1, 4));
    assert_eq!(hotspot.code[0].line, 41);
    assert_eq!(hotspot.fix.how, "django");
    assert_eq!(hotspot.confidence, Millionths(875_000));
    assert_eq!(
        hotspot.confidence_why,
        [
            "4 traces",
            "traces complete",
            "clocks consistent",
            "parameters visible"
        ]
    );
    assert_eq!(hotspot.evidence[0].trace, TraceId::new(4).unwrap());
    assert_eq!(
        (hotspot.evidence[0].role, hotspot.evidence[0].spans.len()),
        (Role::Worst, 10)
    );
    assert_eq!((hotspot.first_seen, hotspot.last_seen), (minute(0), minute(0)));
    assert_eq!(hotspot.trend.minute[0].traces, 4);
    assert_eq!((hotspot.rank, all.listed), (1, 1));
}

#[test]
fn a_confidence_is_what_was_observed_of_findings_like_it() {
    let mut world = World::default();
    let reports: Vec<Report> = (1..=4).map(|n| dear(&mut world, n, "SELECT ?")).collect();
    let mut shard = Hotspots::new(Settings::default(), TableSeed(3));
    for report in &reports {
        shard.add(report, &world.dictionary);
    }
    let all = world.read_snapshots(&[shard.snapshot()], &Settings::default(), minute(0));
    let hotspot = &all.hotspots[0];
    assert_eq!(hotspot.confidence, Millionths(988_000));
    let why = hotspot.confidence_why.last().map(String::as_str);
    assert_eq!(why, Some("88 % by these terms, of which 99 % are right"));
}

#[test]
fn what_a_sampler_let_through_says_how_sure_its_impact_is() {
    let mut world = World::default();
    let mut reports: Vec<Report> = (1..=90).map(|n| dear(&mut world, n, "SELECT ?")).collect();
    let error = |reports: &[Report]| {
        let hotspot = world.answers(reports, minute(0)).hotspots.remove(0);
        (
            hotspot.traces,
            hotspot.weighted_traces,
            hotspot.impact_relative_error.0,
        )
    };
    assert_eq!(error(&reports), (90, Millionths(90_000_000), 0));
    for report in &mut reports {
        report.weight = Millionths(10_000_000);
    }
    let (traces, weighted, sampled) = error(&reports);
    assert_eq!((traces, weighted), (90, Millionths(900_000_000)));
    // The root of 0.9 / 90.
    assert!(sampled.abs_diff(100_000) < 10, "{sampled}");
}

#[test]
fn impact_is_seconds_saved_an_hour_by_weight_and_workers_count_a_fifth() {
    let mut world = World::default();
    let mut waited = dear(&mut world, 1, "SELECT ?");
    waited.weight = Millionths(1_000_000_000);
    let mut worker = waited.clone();
    worker.findings[0].awaited = false;
    let impact = |report: Report| world.answers(&[report], minute(0)).hotspots[0].impact_s_per_hour;
    // 1,000 traces of 15 ms in the one hour that there are data for.
    assert_eq!(impact(waited), Millionths(15_000_000));
    assert_eq!(impact(worker), Millionths(3_000_000));
}

#[test]
fn impact_forgets_what_is_older_than_a_day() {
    let mut world = World::default();
    let old = dear(&mut world, 1, "SELECT ?");
    let mut new = dear(&mut world, 2, "SELECT ?");
    new.at = minute(50 * 60);
    new.weight = Millionths(1_000_000_000);
    let hotspot = &world.answers(&[old, new], minute(50 * 60)).hotspots[0];
    assert_eq!(hotspot.traces, 2);
    assert_eq!(hotspot.impact_s_per_hour, Millionths(15_000_000 / 23));
}

#[test]
fn where_replay_cannot_speak_exposure_counts_a_fiftieth() {
    let mut world = World::default();
    let mut reports = Vec::new();
    for trace in 1..=3 {
        let mut report = world.report(trace, "orders", "GET /orders");
        report.weight = Millionths(1_000_000_000);
        world.find(&mut report, GAP, "");
        reports.push(report);
    }
    let hotspot = &world.answers(&reports, minute(0)).hotspots[0];
    assert_eq!(hotspot.impact_basis, ImpactBasis::Exposure);
    assert_eq!(hotspot.impact_s_per_hour, Millionths(60_000_000 / 50));
}

#[test]
fn ties_are_ordered_by_fingerprint_and_the_doubtful_come_last() {
    let mut world = World::default();
    let mut reports: Vec<Report> = Vec::new();
    for (trace, template) in (1..).zip(["a", "b", "c", "doubtful"]) {
        reports.push(dear(&mut world, trace, template));
    }
    reports[3].weight = Millionths(90_000_000);
    reports[3].findings[0].terms.detector = Millionths(300_000);
    let all = world.answers(&reports, minute(0));
    assert_eq!((all.hotspots.len(), all.listed), (4, 3));
    assert_eq!(all.hotspots[3].callee.template, "doubtful");
    let ranks: Vec<u32> = all.hotspots.iter().map(|hotspot| hotspot.rank).collect();
    assert_eq!(ranks, [1, 2, 3, 4]);
    let ids: Vec<_> = all.hotspots[..3].iter().map(|hotspot| hotspot.id).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    assert_eq!(all.services[0].hotspots, 3);
}

/// Chains of two calls; `against` traces more without the finding in which they overlap.
fn chain(together: u128, against: u128) -> Hotspot {
    let mut world = World::default();
    let hand_off = |outcome| HandOff {
        key: 77,
        outcome,
        survived_failure: false,
    };
    let mut reports = Vec::new();
    for trace in 1..=together {
        let mut report = world.report(trace, "orders", "GET /orders");
        report.hand_offs.push(hand_off(HandOffOutcome::ABeforeB));
        let finding = world.find(&mut report, SERIAL, "GET /a");
        finding.dear = true;
        finding.hand_offs = 0..1;
        finding.terms.detector = Millionths(600_000);
        reports.push(report);
    }
    for trace in 1_000..1_000 + against {
        let mut report = world.report(trace, "orders", "GET /orders");
        report.hand_offs.push(hand_off(HandOffOutcome::Overlap));
        reports.push(report);
    }
    world.answers(&reports, minute(0)).hotspots.remove(0)
}

#[test]
fn a_chain_is_as_sure_as_its_weakest_hand_off() {
    let sure = |together, against| {
        let hotspot = chain(together, against);
        (hotspot.fix.summary, hotspot.confidence.0)
    };
    assert_eq!(sure(25, 0), ("once; here_only".to_owned(), 950_000 * 600 / 1_000));
    assert_eq!(
        sure(25, 1),
        ("once; contradicted".to_owned(), 950_000 * 950 / 1_000)
    );
    assert_eq!(sure(100, 0), ("once; always".to_owned(), 975_000 * 550 / 1_000));
}

/// Repeats with these numbers of calls, 2 ms each.
fn repeats(calls: impl Iterator<Item = u64>) -> Hotspot {
    let mut world = World::default();
    let mut reports = Vec::new();
    for (trace, calls) in (1..).zip(calls) {
        let mut report = dear(&mut world, trace, "SELECT ?");
        let finding = &mut report.findings[0];
        finding.calls = calls;
        finding.path = Nanos::from_millis(2 * calls);
        finding.terms.detector = Millionths(950_000);
        reports.push(report);
    }
    world.answers(&reports, minute(0)).hotspots.remove(0)
}

#[test]
fn a_cost_that_grows_with_the_calls_proves_the_loop() {
    let proven = repeats(1..=100);
    assert_eq!(proven.confidence, Millionths(975_000));
    let why = proven.confidence_why.last().map(String::as_str);
    assert_eq!(why, Some("each call more costs 2 ms; at 95 calls that is 190 ms"));
}

#[test]
fn thirty_traces_with_one_number_of_calls_are_a_fixed_loop() {
    let sure = |traces| repeats(std::iter::repeat_n(12, traces)).confidence.0;
    let of_29 = 953_577; // 1 - 0.25 / sqrt(29)
    let of_30 = 954_357;
    assert_eq!(sure(29), of_29 * 95 / 100);
    assert_eq!(sure(30), of_30 * 76 / 100);
}

#[test]
fn a_trace_is_kept_while_it_is_worst_newest_or_one_of_the_fair_few() {
    let mut world = World::default();
    let mut shard = Hotspots::new(Settings::default(), TableSeed(1));
    let nothing = world.report(500, "orders", "GET /orders");
    assert_eq!(shard.add(&nothing, &world.dictionary), Kept::Numbers);
    let mut kept = 0;
    for trace in 1..=400 {
        let mut report = dear(&mut world, trace, "SELECT ?");
        report.findings[0].path = Nanos::from_millis(if trace == 123 { 99 } else { 20 });
        if shard.add(&report, &world.dictionary) == Kept::Exemplar {
            kept += 1;
        }
    }
    assert!(kept < 60, "{kept} of 400 in one second were worth keeping");
    let exemplars = exemplars(&shard);
    assert!(exemplars.contains(&TraceId::new(123).unwrap()));
    assert!((6..=7).contains(&exemplars.len()), "{}", exemplars.len());
}

fn exemplars(shard: &Hotspots) -> BTreeSet<TraceId> {
    shard.exemplars(0..shard.len()).collect()
}

#[test]
fn a_trace_whose_new_version_lost_the_fault_is_no_exemplar_any_more() {
    let mut world = World::default();
    let mut shard = Hotspots::new(Settings::default(), TableSeed(1));
    let mut report = dear(&mut world, 1, "SELECT ?");
    shard.add(&report, &world.dictionary);
    assert_eq!(exemplars(&shard).len(), 1);
    // What goes may be worked out anew, under the number of the version that comes.
    report.version = 2;
    shard.subtract(&report, &world.dictionary);
    assert_eq!(exemplars(&shard).len(), 0);
}

#[test]
fn the_reservoir_says_what_the_operation_would_become() {
    let mut world = World::default();
    let millis = Nanos::from_millis;
    let mut reports: Vec<Report> = (1..=20).map(|n| dear(&mut world, n, "SELECT ?")).collect();
    for (n, report) in (1..).zip(&mut reports) {
        report.findings[0].unit = millis(100 * n);
        report.findings[0].saving.likely = millis(10 * n);
    }
    // A second finding in one unit shortens it once more; one in another unit does not.
    let mut again = reports[19].findings[0].clone();
    again.path = millis(1);
    reports[19].findings.push(again.clone());
    again.unit = millis(7);
    reports[19].findings.push(again);
    let hotspot = world.answers(&reports, minute(0)).hotspots.remove(0);
    let change = |before, after| Some(Moved { before, after });
    assert_eq!(hotspot.operation_p50, change(millis(1_000), millis(900)));
    assert_eq!(hotspot.operation_p95, change(millis(1_900), millis(1_620)));

    for report in &mut reports {
        report
            .findings
            .iter_mut()
            .for_each(|finding| finding.saving = Saving::default());
    }
    let hotspot = world.answers(&reports, minute(0)).hotspots.remove(0);
    assert_eq!((hotspot.operation_p50, hotspot.operation_p95), (None, None));
}

#[test]
fn an_earlier_version_that_goes_late_does_not_take_the_later_one_along() {
    let mut world = World::default();
    let mut shard = Hotspots::new(Settings::default(), TableSeed(1));
    let first = dear(&mut world, 1, "SELECT ?");
    let mut second = first.clone();
    second.version = 2;
    shard.add(&first, &world.dictionary);
    shard.add(&second, &world.dictionary);
    shard.subtract(&first, &world.dictionary);
    assert_eq!(exemplars(&shard).len(), 1);
    assert_eq!(
        world.read(&mut [shard], minute(0)).hotspots[0].saving.likely,
        Nanos::from_millis(15)
    );
}

#[test]
fn operations_and_services_tell_rate_errors_latency_and_path() {
    let mut world = World::default();
    let mut reports: Vec<Report> = (1..=10)
        .map(|n| world.report(n, "orders", "GET /orders"))
        .collect();
    reports[0].segments[0].failed = true;
    reports[0].segments[0].duration = Nanos::from_millis(900);
    let all = world.answers(&reports, minute(0));
    let operation = &all.operations[0];
    assert_eq!(
        (operation.requests, operation.failed, operation.traces),
        (10, 1, 10)
    );
    assert_eq!(operation.error_share, Millionths(100_000));
    assert_eq!(operation.rate_per_hour, Millionths(10_000_000));
    assert!(operation.latency.p99 >= Nanos::from_millis(900));
    assert_eq!(operation.path_share[Category::Db as usize], Millionths(600_000));
    let service = &all.services[0];
    assert_eq!((service.spans, service.failed), (120, 10));
    assert_eq!(service.path_share, Millionths::ONE);
    assert_eq!(
        (all.coverage.traces, all.coverage.complete_share),
        (10, Millionths::ONE)
    );
}

#[test]
fn an_operation_lists_what_its_requests_wait_for_dearest_first_and_adjusted_for_sampling() {
    let mut world = World::default();
    let (cheap, dear) = (
        world.text("stock"),
        world.public("pay.example.com", "example.com", None),
    );
    let mut reports: Vec<Report> = (1..=4)
        .map(|n| world.report(n, "orders", "GET /orders"))
        .collect();
    for report in &mut reports {
        report.weight = Millionths(10_000_000);
        world.call(report, Target::Service(cheap), None, 1);
        world.call(report, Target::Callee(dear), Some(dear), 2);
    }
    let all = world.answers(&reports, minute(0));
    let calls = &all.operations[0].calls;
    let said = |at: usize| {
        let call = &calls[at];
        (call.to.as_str(), call.peer, call.traces, call.calls, call.path)
    };
    assert_eq!(
        said(0),
        ("example.com", Peer::ThirdParty, 4, 8, Nanos::from_millis(2_400))
    );
    assert_eq!(
        said(1),
        ("stock", Peer::Internal, 4, 4, Nanos::from_millis(1_200))
    );
    assert_eq!(calls[0].time, Nanos::from_millis(240));
    // No more than a list can show.
    for n in 0..40 {
        let callee = world.text(&format!("service-{n}"));
        world.call(&mut reports[0], Target::Service(callee), None, 3);
    }
    let calls = &world.answers(&reports, minute(0)).operations[0].calls;
    assert_eq!((calls.len(), calls[0].to.as_str()), (16, "example.com"));
}

#[test]
fn nothing_in_nothing_out() {
    let world = World::default();
    let none = world.answers(&[Report::default()], LogTime(0));
    assert_eq!((none.hotspots.len(), none.services.len()), (0, 0));
    assert_eq!(
        world
            .read_snapshots(&[], &Settings::default(), LogTime(0))
            .coverage
            .traces,
        0
    );
}

#[test]
fn a_service_has_the_latency_and_errors_of_all_its_operations() {
    let mut world = World::default();
    let mut shards = [3, 4].map(|seed| Hotspots::new(Settings::default(), TableSeed(seed)));
    let mut last = None;
    for n in 1..=100_u64 {
        let operation = if n <= 90 { "GET /fast" } else { "GET /slow" };
        let mut report = world.report(n.into(), "orders", operation);
        report.segments[0].duration = Nanos(n);
        report.segments[0].failed = n > 95;
        shards[(n % 2) as usize].add(&report, &world.dictionary);
        last = Some(report);
    }
    let all = world.read(&mut shards, minute(0));
    let service = &all.services[0];
    assert_eq!((service.requests, service.failed_requests), (100, 5));
    assert_eq!(service.error_share, Millionths(50_000));
    let latency = service.latency;
    assert_eq!([latency.p50, latency.p95, latency.p99], [50, 95, 99].map(Nanos));
    assert_eq!(all.operations[1].latency.p50, Nanos(95));
    // What is taken back was never there.
    shards[0].subtract(&last.expect("a hundred were added"), &world.dictionary);
    let service = &world.read(&mut shards, minute(0)).services[0];
    assert_eq!((service.requests, service.failed_requests), (99, 4));
    assert_eq!(service.latency.p99, Nanos(99));
}

#[test]
fn what_the_code_accepts_is_counted_and_taken_back() {
    let mut world = World::default();
    let mut report = world.report(1, "orders", "GET /orders");
    report.ignored = 2;
    let mut shard = Hotspots::new(Settings::default(), TableSeed(3));
    shard.add(&report, &world.dictionary);
    shard.add(&report, &world.dictionary);
    shard.subtract(&report, &world.dictionary);
    assert_eq!(world.read(&mut [shard], minute(0)).coverage.ignored, 2);
}

#[test]
fn a_vendor_that_nobody_needs_to_wait_for_is_deferred_and_not_bounded() {
    let read = |deferrable: u128| {
        let mut world = World::default();
        let mut reports = Vec::new();
        for trace in 1..=4 {
            let mut report = world.report(trace, "shop", "POST /signup");
            let finding = world.find(&mut report, THIRD_PARTY, "POST /mail");
            (finding.dear, finding.deferrable) = (true, trace <= deferrable);
            reports.push(report);
        }
        let answers = world.answers(&reports, minute(0));
        let hotspot = &answers.hotspots[0];
        (hotspot.related.clone(), hotspot.fix.summary.clone())
    };
    assert_eq!(
        read(3),
        (vec!["deferrable-call".to_owned()], "once; deferrable".to_owned())
    );
    assert_eq!(read(2), (vec![], "once; ".to_owned()));
}

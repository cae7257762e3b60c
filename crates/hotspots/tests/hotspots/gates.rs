//! What opens a hotspot.

use hotspan_hotspots::{Hotspots, Settings};
use hotspan_model::{Class, FactKind, FactRow, Millionths, Nanos, Report, State, TableSeed, Target};

use crate::build::{
    CALLS, DEFERRABLE, GAP, N_PLUS_ONE, POOL, PROCEDURE, RETRY, SLOW, STORM, TIMEOUT, World, minute,
};

/// Traces in these minutes, each with one finding, dear or not.
fn titles(detector: &'static str, minutes: &[u64], dear: bool) -> usize {
    let mut world = World::default();
    let mut reports = Vec::new();
    for (trace, &at) in (1..).zip(minutes) {
        let mut report = world.report(trace, "orders", "GET /orders");
        report.at = minute(at);
        world.find(&mut report, detector, "SELECT ?").dear = dear;
        reports.push(report);
    }
    let now = minute(minutes.iter().copied().max().unwrap_or(0));
    world.answers(&reports, now).hotspots.len()
}

#[test]
fn one_dear_trace_opens_a_hotspot() {
    assert_eq!(titles(N_PLUS_ONE, &[0], true), 1);
}

#[test]
fn cheap_ones_open_at_the_third_trace() {
    assert_eq!(titles(N_PLUS_ONE, &[0, 1], false), 0);
    assert_eq!(titles(N_PLUS_ONE, &[0, 1, 2], false), 1);
}

#[test]
fn cheap_ones_far_apart_do_not_add_up() {
    let day = 24 * 60;
    assert_eq!(titles(N_PLUS_ONE, &[0, day, 2 * day, 3 * day], false), 0);
    assert_eq!(titles(N_PLUS_ONE, &[0, 60, 2 * 60, 3 * day], false), 1);
}

#[test]
fn a_habit_needs_three_traces_whatever_it_costs() {
    assert_eq!(titles(GAP, &[0, 1], true), 0);
    assert_eq!(titles(GAP, &[0, 1, 2], true), 1);
}

/// Hotspots of three traces with a finding among so many of the operation.
fn among(detector: &'static str, traces: u128) -> usize {
    let mut world = World::default();
    let mut reports: Vec<Report> = (1..=traces)
        .map(|trace| world.report(trace, "orders", "GET /orders"))
        .collect();
    for report in &mut reports[..3] {
        world.find(report, detector, "SELECT ?");
    }
    world.answers(&reports, minute(0)).hotspots.len()
}

/// Traces of one operation, of which the first ones open a connection, beside those of another one.
fn pools(cold: u128, traces: u128, others: u128) -> usize {
    let mut world = World::default();
    let mut reports = Vec::new();
    for trace in 0..traces + others {
        let operation = if trace < traces {
            "GET /orders"
        } else {
            "GET /health"
        };
        let mut report = world.report(trace + 1, "orders", operation);
        if trace < cold {
            world.find(&mut report, POOL, "connect").dear = true;
        }
        reports.push(report);
    }
    world.answers(&reports, minute(0)).hotspots.len()
}

/// The same for time without a span, in requests that take so much longer than the others.
fn gaps_among(traces: u128, millis: u64) -> usize {
    let mut world = World::default();
    let mut reports: Vec<Report> = (1..=traces)
        .map(|trace| world.report(trace, "orders", "GET /orders"))
        .collect();
    for report in &mut reports[..3] {
        let length = Nanos::from_millis(100 + millis);
        report.segments[0].duration = length;
        world.find(report, GAP, "GET /orders").segment = length;
    }
    world.answers(&reports, minute(0)).hotspots.len()
}

#[test]
fn time_without_a_span_in_less_than_a_fifth_of_the_traces_is_an_incident() {
    assert_eq!(gaps_among(15, 20), 1);
    assert_eq!(gaps_among(16, 20), 0);
    assert_eq!(among(N_PLUS_ONE, 16), 1);
}

#[test]
fn time_that_others_spend_in_spans_is_without_one_in_half_of_the_traces() {
    assert_eq!(gaps_among(7, 20), 1);
    assert_eq!((gaps_among(6, 0), gaps_among(7, 0)), (1, 0));
}

#[test]
fn a_statement_that_others_do_not_wait_for_is_off_the_path() {
    let found = |waited: usize| {
        let mut world = World::default();
        let store = world.public("db.internal", "", None);
        let mut reports: Vec<Report> = Vec::new();
        for trace in 1..=10 {
            let mut report = world.report(trace, "orders", "GET /orders");
            world.call(&mut report, Target::Callee(store), Some(store), 1);
            let call = report.calls.last_mut().expect("one was just added");
            (call.class, call.template) = (Class::Db, Some(world.template("SELECT ?")));
            if reports.len() < waited {
                let finding = world.find(&mut report, SLOW, "SELECT ?");
                (finding.dear, finding.callee) = (true, Some(store));
            } else {
                call.path = Nanos::ZERO;
            }
            reports.push(report);
        }
        world.answers(&reports, minute(0)).hotspots.len()
    };
    assert_eq!((found(1), found(2), found(10)), (0, 1, 1));
}

#[test]
fn errors_swallowed_in_less_than_a_tenth_of_the_traces_are_an_incident() {
    assert_eq!(among(STORM, 30), 1);
    assert_eq!(among(STORM, 33), 0);
}

#[test]
fn errors_swallowed_in_fewer_than_twenty_traces_are_too_few_to_judge() {
    assert_eq!(among(STORM, 20), 1);
    assert_eq!(among(STORM, 19), 0);
}

#[test]
fn a_loop_of_calls_inside_one_team_takes_half_of_the_effort() {
    let effort = |shared: u128| {
        let mut world = World::default();
        let mut reports = Vec::new();
        for trace in 0..4 {
            let mut report = world.report(trace + 1, "orders", "GET /orders");
            world.find(&mut report, CALLS, "GET /price").same_team = trace < shared;
            reports.push(report);
        }
        world.answers(&reports, minute(0)).hotspots[0].effort_weeks
    };
    assert_eq!(effort(2), Millionths(2_000_000));
    assert_eq!(effort(3), Millionths(1_000_000));
}

#[test]
fn timeouts_are_one_fault_when_they_gather_at_one_value() {
    let found = |lengths: &[u64]| {
        let mut world = World::default();
        let mut reports = Vec::new();
        for (trace, &millis) in (1..).zip(lengths) {
            let mut report = world.report(trace, "orders", "GET /orders");
            world.find(&mut report, TIMEOUT, "GET /sums").path = Nanos::from_millis(millis);
            reports.push(report);
        }
        world.answers(&reports, minute(0)).hotspots.len()
    };
    assert_eq!(found(&[500, 501, 502, 503, 504]), 1);
    assert_eq!(found(&[500, 501, 502, 503]), 0);
    assert_eq!(found(&[300, 380, 500, 640, 900]), 0);
    assert_eq!(found(&[500, 501, 502, 503, 504, 900]), 1);
}

/// Traces of one operation, the first of which show a fault that only many traces make one.
fn weak(detector: &'static str, showing: u128, traces: u128) -> usize {
    let mut world = World::default();
    let mut reports: Vec<Report> = (1..=traces)
        .map(|trace| world.report(trace, "orders", "GET /orders"))
        .collect();
    for report in &mut reports[..showing as usize] {
        world.find(report, detector, "GET /stock").needs_many = true;
    }
    world.answers(&reports, minute(0)).hotspots.len()
}

#[test]
fn retries_that_multiply_are_one_fault_in_a_hundredth_of_a_hundred_traces() {
    assert_eq!(weak(RETRY, 3, 300), 1);
    assert_eq!(weak(RETRY, 3, 301), 0);
    assert_eq!(weak(RETRY, 50, 100), 1);
    assert_eq!(weak(RETRY, 50, 99), 0);
}

#[test]
fn what_a_trace_shows_by_itself_needs_no_share() {
    let mut world = World::default();
    let mut reports = Vec::new();
    for trace in 1..=50 {
        let mut report = world.report(trace, "orders", "GET /orders");
        world.find(&mut report, RETRY, "GET /stock").needs_many = trace > 3;
        reports.push(report);
    }
    assert_eq!(world.answers(&reports, minute(0)).hotspots.len(), 1);
    assert_eq!(world.answers(&reports[1..], minute(0)).hotspots.len(), 0);
}

#[test]
fn a_routine_is_a_fault_when_it_takes_three_tenths_of_what_its_service_asks_of_databases() {
    let found = |traces: u128, millis: u64| {
        let mut world = World::default();
        let mut reports = Vec::new();
        let store = world.public("db.internal", "", None);
        for trace in 1..=traces {
            let mut report = world.report(trace, "orders", "GET /orders");
            world.routine("CALL close_month", "close_month");
            world.find(&mut report, PROCEDURE, "CALL close_month").needs_many = true;
            // The same routine of another text counts, another routine and another service do not.
            let routines = [("CALL close_month", millis - 1), ("{? = call close_month}", 1)];
            let routines = routines.map(|(text, millis)| (world.routine(text, "close_month"), millis));
            let others = [
                (world.template("SELECT x"), 65 - millis),
                (world.routine("CALL open", "open"), 35),
            ];
            for (template, millis) in routines.into_iter().chain(others) {
                world.call(&mut report, Target::Callee(store), None, 1);
                let row = report.calls.last_mut().unwrap();
                (row.class, row.template, row.time) = (Class::Db, Some(template), Nanos::from_millis(millis));
            }
            reports.push(report);
        }
        world.answers(&reports, minute(0)).hotspots.len()
    };
    assert_eq!((found(100, 30), found(100, 29)), (1, 0));
    assert_eq!(found(99, 30), 0);
}

/// Traces in which a call failed and the request did not, in which both did, that were answered without content, and all
/// with the call: confidence of what is found.
fn unneeded(survived: u128, sunk: u128, emptied: u128, all: u128) -> Option<Millionths> {
    let mut world = World::default();
    let mut reports = Vec::new();
    for trace in 0..all {
        let mut report = world.report(trace + 1, "orders", "PUT /profile");
        let kind = match trace {
            n if n < survived => Some(FactKind::Survived),
            n if n < survived + sunk => Some(FactKind::Sunk),
            n if n < survived + sunk + emptied => Some(FactKind::Emptied),
            _ => None,
        };
        let template = Some(world.template("PUT /copies"));
        let (at, host) = (report.segments[0].at, world.public("copies.test", "", None));
        world.call(&mut report, Target::Callee(host), None, 1);
        report.calls.last_mut().expect("one was just added").template = template;
        if let Some(kind) = kind {
            report.facts.push(FactRow {
                what: template,
                ..FactRow::new(kind, Class::Call, at)
            });
        }
        if kind.is_some_and(|kind| kind != FactKind::Sunk) {
            let finding = world.find(&mut report, DEFERRABLE, "PUT /copies");
            (finding.class, finding.needs_many) = (Class::Call, true);
            finding.terms.detector = Millionths(300_000);
        }
        reports.push(report);
    }
    let found = world.answers(&reports, minute(0)).hotspots;
    found.first().map(|hotspot| hotspot.confidence)
}

#[test]
fn a_call_is_deferrable_when_four_fifths_of_five_requests_outlived_its_failure() {
    assert!(unneeded(4, 1, 0, 30) > Some(Millionths(750_000)));
    assert_eq!(unneeded(4, 0, 0, 30), None);
    assert_eq!(unneeded(7, 2, 0, 30), None);
}

#[test]
fn a_call_is_deferrable_when_nine_tenths_of_twenty_answers_are_empty() {
    assert!(unneeded(0, 0, 20, 22) > Some(Millionths(750_000)));
    assert_eq!(unneeded(0, 0, 20, 23), None);
    assert_eq!(unneeded(0, 0, 19, 19), None);
}

#[test]
fn new_connections_in_half_of_the_traces_are_a_missing_pool() {
    assert_eq!(pools(1, 1, 0), 1);
    assert_eq!(pools(5, 10, 0), 1);
    assert_eq!(pools(4, 10, 0), 0);
}

#[test]
fn the_first_connection_of_a_service_is_none() {
    assert_eq!(pools(1, 24, 0), 0);
    assert_eq!(pools(1, 1, 9), 0);
    assert_eq!(pools(2, 2, 9), 1);
}

#[test]
fn three_findings_in_one_trace_are_one_sighting() {
    let mut world = World::default();
    let mut report = world.report(1, "orders", "GET /orders");
    for _ in 0..3 {
        world.find(&mut report, N_PLUS_ONE, "SELECT ?");
    }
    let seen = world.answers(std::slice::from_ref(&report), minute(0));
    assert_eq!((seen.hotspots.len(), seen.coverage.below_gate), (0, 1));

    report.findings[1].dear = true;
    let seen = world.answers(&[report], minute(0));
    assert_eq!(seen.hotspots[0].traces, 1);
    assert_eq!(seen.hotspots[0].calls_per_trace.p50, 30);
}

#[test]
fn findings_of_an_unlisted_detector_are_left_out() {
    assert_eq!(titles("no-such-detector", &[0, 1, 2], true), 0);
}

#[test]
fn a_hotspot_is_new_for_its_first_day() {
    let mut world = World::default();
    let mut report = world.report(1, "orders", "GET /orders");
    world.find(&mut report, N_PLUS_ONE, "SELECT ?").dear = true;
    let reports: [Report; 1] = [report];
    let state = |now| world.answers(&reports, minute(now)).hotspots[0].state;
    assert_eq!(state(0), State::New);
    assert_eq!(state(24 * 60 - 1), State::New);
    assert_eq!(state(24 * 60), State::Open);
}

#[test]
fn one_trace_of_a_test_run_opens_what_traffic_must_show_often() {
    let found = |detector, one_trace_opens, needs_many| {
        let mut world = World::default();
        let mut report = world.report(1, "orders", "GET /orders");
        world.find(&mut report, detector, "GET /stock").needs_many = needs_many;
        let settings = Settings {
            one_trace_opens,
            calibrated: false,
            ..Settings::default()
        };
        let mut shard = Hotspots::new(settings.clone(), TableSeed(3));
        shard.add(&report, &world.dictionary);
        let answers = world.read_snapshots(&[shard.snapshot()], &settings, minute(0));
        answers.hotspots.len()
    };
    for detector in [N_PLUS_ONE, GAP, STORM, TIMEOUT] {
        assert_eq!(
            (found(detector, false, false), found(detector, true, false)),
            (0, 1),
            "{detector}"
        );
    }
    // What is a fault only as a share of many traces is none of a test run.
    for detector in [RETRY, PROCEDURE, DEFERRABLE] {
        assert_eq!(found(detector, true, true), 0, "{detector}");
    }
}

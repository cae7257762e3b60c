//! What opens a hotspot.

use hotspan_model::{Report, State};

use crate::build::{GAP, N_PLUS_ONE, POOL, World, minute};

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

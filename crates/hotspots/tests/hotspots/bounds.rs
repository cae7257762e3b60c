//! Nothing grows without bound.

use hotspan_hotspots::{Hotspots, Settings};
use hotspan_model::*;

use crate::build::{N_PLUS_ONE, World, minute};

fn small() -> Settings {
    Settings {
        hotspots_max: 3,
        services_max: 4,
        operations_max: 2,
        operations_of_all_max: 5,
        edges_max: 2,
        hand_offs_max: 2,
        facts_max: 6,
        facts_of_service_max: 2,
        moments_max: 3,
        entries_max: 2,
        reservoir: 3,
        ..Settings::default()
    }
}

/// A dear trace of its own service, operation, template, callee and hand-off.
fn odd(world: &mut World, n: u128, at: u64) -> Report {
    let mut report = world.report(n, &format!("s{}", n % 7), &format!("op {n}"));
    report.at = minute(at);
    world.find(&mut report, N_PLUS_ONE, &format!("t {n}")).dear = true;
    let callee = world.public(&format!("h{n}.test"), "h.test", None);
    world.call(&mut report, Target::Callee(callee), None, 1);
    report.hand_offs.push(HandOff {
        key: n,
        outcome: HandOffOutcome::Overlap,
        survived_failure: false,
    });
    report
}

#[test]
fn every_table_stops_at_its_bound_and_counts_the_rest() {
    let mut world = World::default();
    let reports: Vec<Report> = (1..=50).map(|n| odd(&mut world, n, 0)).collect();
    let all = world.answers_with(&small(), &reports, minute(0));
    assert_eq!(all.hotspots.len(), 3);
    assert_eq!((all.services.len(), all.operations.len()), (4, 5));
    assert_eq!(all.dependencies.len(), 2);
    assert_eq!(all.coverage.sightings_beyond, 47);
    assert!(all.coverage.rows_beyond > 0);
    assert_eq!(all.coverage.traces, 50);
}

#[test]
fn operations_beyond_the_bound_share_one_row_and_the_sum_is_kept() {
    let mut world = World::default();
    let reports: Vec<Report> = (1..=9).map(|n| odd(&mut world, n * 7, 0)).collect();
    let all = world.answers_with(&small(), &reports, minute(0));
    let names: Vec<(&str, u64)> = all
        .operations
        .iter()
        .map(|operation| (operation.operation.as_str(), operation.requests))
        .collect();
    assert_eq!(names, [("(other)", 7), ("op 14", 1), ("op 7", 1)]);
}

#[test]
fn what_found_no_room_is_taken_back_from_where_it_went() {
    let mut world = World::default();
    let reports: Vec<Report> = (1..=50).map(|n| odd(&mut world, n, 0)).collect();
    let mut shard = Hotspots::new(small(), TableSeed(1));
    for report in &reports {
        shard.add(report, &world.dictionary);
    }
    for report in &reports {
        shard.subtract(report, &world.dictionary);
    }
    let none = world.read(&mut [shard], minute(0));
    assert_eq!(
        (
            none.hotspots.len(),
            none.services.len(),
            none.operations.len(),
            none.dependencies.len()
        ),
        (0, 0, 0, 0)
    );
    let coverage = none.coverage;
    assert_eq!(
        (coverage.sightings_beyond, coverage.rows_beyond, coverage.traces),
        (0, 0, 0)
    );
}

#[test]
fn a_fingerprint_not_seen_for_a_week_makes_room() {
    let mut world = World::default();
    let mut reports: Vec<Report> = (1..=3).map(|n| odd(&mut world, n, 0)).collect();
    reports.push(odd(&mut world, 4, 8 * 24 * 60));
    let all = world.answers_with(&small(), &reports, minute(8 * 24 * 60));
    assert_eq!(all.hotspots.len(), 1);
    assert_eq!(all.hotspots[0].operation, "op 4");
    assert_eq!(all.coverage.sightings_beyond, 0);
}

#[test]
fn absurd_numbers_do_no_harm() {
    let mut world = World::default();
    let mut report = odd(&mut world, 1, 0);
    let most = Nanos(u64::MAX);
    report.weight = Millionths(u64::MAX);
    report.segments[0].duration = most;
    report.segments[0].path = [most; Category::ALL.len()];
    report.path[0].time = most;
    report.services[0].spans = u64::MAX;
    report.calls[0].calls = u64::MAX;
    report.calls[0].time = most;
    report.calls[0].path = most;
    report.at = LogTime(u64::MAX);
    report.duration = most;
    let finding = &mut report.findings[0];
    finding.calls = u64::MAX;
    finding.path = most;
    finding.saving.likely = most;
    finding.saving.max = most;
    finding.terms.clock = Millionths(u64::MAX);
    let mut again = report.clone();
    again.trace = TraceId::new(2);
    let mut shard = Hotspots::new(Settings::default(), TableSeed(1));
    shard.add(&report, &world.dictionary);
    shard.add(&again, &world.dictionary);
    let two = world.read(std::slice::from_mut(&mut shard), LogTime(u64::MAX));
    assert_eq!(two.hotspots[0].traces, 2);
    shard.subtract(&again, &world.dictionary);
    let one = world.read(&mut [shard], LogTime(u64::MAX));
    assert_eq!(one.hotspots[0].traces, 1);
    assert_eq!(one.hotspots[0].share, Millionths::ONE);
}

#[test]
fn facts_and_their_moments_stop_at_their_bounds_and_are_taken_back_whole() {
    let mut world = World::default();
    let with_facts = |world: &mut World, n: u128| {
        let mut report = odd(world, n, 0);
        let row = FactRow {
            what: Some(world.template("read")),
            moment: Some(Moment {
                at: Timestamp(report.at.0),
                key: (n as u64, 0),
            }),
            ..FactRow::new(FactKind::Read, Class::Db, report.segments[0].at)
        };
        report.facts = vec![row, row];
        report
    };
    let reports: Vec<Report> = (1..=50).map(|n| with_facts(&mut world, n)).collect();
    let mut shard = Hotspots::new(small(), TableSeed(1));
    for report in &reports {
        shard.add(report, &world.dictionary);
    }
    let full = world.read(std::slice::from_mut(&mut shard), minute(0));
    assert!(full.coverage.rows_beyond > 0);
    for report in &reports {
        shard.subtract(report, &world.dictionary);
    }
    let none = world.read(&mut [shard], minute(0));
    assert_eq!(none.coverage.rows_beyond, 0);
}

//! What nearly is a hotspot.

use hotspan_hotspots::NearMissAnswer;
use hotspan_model::{Condition, Millionths, NearReason, Report};

use crate::build::{DEFERRABLE, GAP, N_PLUS_ONE, POOL, TIMEOUT, World, minute};

fn reports(world: &mut World, traces: u128) -> Vec<Report> {
    let report = |trace| world.report(trace, "orders", "GET /orders");
    (1..=traces).map(report).collect()
}

fn near(world: &World, reports: &[Report]) -> Vec<NearMissAnswer> {
    world.answers(reports, minute(0)).near_misses
}

/// The only condition of the only near miss.
fn only(world: &World, reports: &[Report]) -> (NearReason, Option<Condition>) {
    let near = near(world, reports);
    assert_eq!(near.len(), 1, "{near:?}");
    (near[0].reason, near[0].conditions.first().copied())
}

#[test]
fn near_misses_of_one_rule_are_one_with_its_best() {
    let mut world = World::default();
    let mut reports = reports(&mut world, 7);
    for (report, members) in reports.iter_mut().zip([3, 4, 3]) {
        world.near(report, N_PLUS_ONE, "SELECT ?", NearReason::Count, members);
        world.near(report, N_PLUS_ONE, "SELECT ?", NearReason::Count, 3);
    }
    let near = near(&world, &reports);
    assert_eq!(near.len(), 1);
    let near = &near[0];
    assert_eq!((near.traces, near.evaluated, near.members), (3, 7, 4));
    assert_eq!(
        (near.service.as_str(), near.operation.as_str()),
        ("orders", "GET /orders")
    );
    assert_eq!(near.entries, ["GET /orders"]);
    assert_eq!((near.conditions[0].value, near.conditions[0].threshold), (4, 5));
    assert_eq!((near.conditions.len(), near.distance), (1, Millionths(200_000)));
}

#[test]
fn the_nearest_of_an_operation_come_first_and_no_more_than_64() {
    let mut world = World::default();
    let mut reports = reports(&mut world, 1);
    for nth in 0..70 {
        let members = 3 + nth % 2;
        world.near(
            &mut reports[0],
            N_PLUS_ONE,
            &format!("SELECT {nth}"),
            NearReason::Count,
            members,
        );
    }
    let near = near(&world, &reports);
    let members: Vec<u64> = near.iter().map(|near| near.members).collect();
    assert_eq!(members, [vec![4; 35], vec![3; 29]].concat());
}

#[test]
fn what_was_seen_too_rarely_lacks_sightings() {
    let mut world = World::default();
    let mut reports = reports(&mut world, 3);
    for report in &mut reports[..2] {
        world.find(report, N_PLUS_ONE, "SELECT ?");
    }
    let (reason, condition) = only(&world, &reports);
    let condition = condition.unwrap();
    assert_eq!((reason, condition.name), (NearReason::Sightings, "sightings"));
    assert_eq!((condition.value, condition.threshold), (2, 3));
    world.find(&mut reports[2], N_PLUS_ONE, "SELECT ?");
    assert_eq!(near(&world, &reports), []);
}

#[test]
fn a_gate_over_traces_tells_what_it_lacks() {
    let mut world = World::default();
    let mut gaps = reports(&mut world, 16);
    for report in &mut gaps[..3] {
        world.find(report, GAP, "SELECT ?");
    }
    let (reason, condition) = only(&world, &gaps);
    assert_eq!(reason, NearReason::Sightings);
    assert_eq!(
        condition.map(|one| (one.value, one.threshold)),
        Some((187_500, 500_000))
    );

    let mut timeouts = reports(&mut world, 4);
    for report in &mut timeouts {
        world.find(report, TIMEOUT, "GET /sums");
    }
    let (_, condition) = only(&world, &timeouts);
    assert_eq!(condition.map(|one| (one.name, one.value)), Some(("timeouts", 4)));

    let mut pools = reports(&mut world, 24);
    world.find(&mut pools[0], POOL, "connect").dear = true;
    assert_eq!(only(&world, &pools), (NearReason::Guard("cold-start"), None));
}

#[test]
fn what_is_not_sure_enough_says_how_sure_it_is() {
    let mut world = World::default();
    let mut reports = reports(&mut world, 3);
    for report in &mut reports {
        world.find(report, DEFERRABLE, "PUT /copies").terms.detector = Millionths(300_000);
    }
    let (reason, condition) = only(&world, &reports);
    let condition = condition.unwrap();
    assert_eq!((reason, condition.threshold), (NearReason::Confidence, 400_000));
    assert!(condition.value < 400_000);
}

#[test]
fn what_is_long_gone_is_near_no_more() {
    let mut world = World::default();
    let mut reports = reports(&mut world, 2);
    world.near(&mut reports[0], N_PLUS_ONE, "SELECT ?", NearReason::Count, 4);
    assert_eq!(near(&world, &reports).len(), 1);
    reports[1].at = minute(8 * 24 * 60);
    assert_eq!(near(&world, &reports), []);
}

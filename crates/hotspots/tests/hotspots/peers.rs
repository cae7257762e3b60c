//! Other traces may show that a third party is none.

use hotspan_model::*;

use crate::build::{THIRD_PARTY, World, minute};

/// Five traces that wait for `api.shop.test`, named by `service` if that is given.
fn waiting(world: &mut World, service: Option<&str>, calls: u64) -> Vec<Report> {
    let callee = world.public("api.shop.test", "shop.test", service);
    let mut reports = Vec::new();
    for trace in 1..=5 {
        let mut report = world.report(trace, "orders", "POST /pay");
        let finding = world.find(&mut report, THIRD_PARTY, "POST /charge");
        finding.callee = Some(callee);
        finding.terms.detector = Millionths(800_000);
        world.call(&mut report, Target::Callee(callee), None, calls);
        reports.push(report);
    }
    reports
}

/// A trace in which the service `pay` answered for `host`.
fn answered(world: &mut World, trace: u128, host: &str) -> Report {
    let callee = world.public(host, "shop.test", None);
    let pay = world.text("pay");
    let mut report = world.report(trace, "cart", "GET /cart");
    world.call(&mut report, Target::Service(pay), Some(callee), 1);
    report
}

#[test]
fn a_public_name_that_nobody_answers_is_a_third_party_and_surer_after_twenty_calls() {
    let sure = |calls| {
        let mut world = World::default();
        let reports = waiting(&mut world, None, calls);
        let all = world.answers(&reports, minute(0));
        let company = all.third_parties[0].clone();
        assert_eq!((company.domain.as_str(), company.calls), ("shop.test", 5 * calls));
        assert!(company.on_critical_path);
        assert_eq!(company.services, ["orders"]);
        assert_eq!(all.dependencies[0].to, "shop.test");
        (company.decision.certainty.0, all.hotspots[0].confidence.0)
    };
    let five = 888_197; // 1 - 0.25 / sqrt(5)
    assert_eq!(sure(3), (800_000, five * 800_000 / 1_000_000));
    assert_eq!(sure(4), (950_000, five * 950_000 / 1_000_000));
}

#[test]
fn calls_in_incomplete_traces_prove_nothing() {
    let mut world = World::default();
    let mut reports = waiting(&mut world, None, 100);
    for report in &mut reports {
        report.incomplete = true;
    }
    let all = world.answers(&reports, minute(0));
    assert_eq!(all.third_parties[0].decision.certainty, Millionths(800_000));
}

/// What is left of the third party, and of its hotspot.
fn left(world: &World, reports: &[Report], now: u64) -> (usize, usize, u64) {
    let all = world.answers(reports, minute(now));
    (
        all.third_parties.len(),
        all.hotspots.len(),
        all.coverage.internal_after_all,
    )
}

#[test]
fn a_peer_named_like_a_service_seen_takes_its_hotspots_with_it() {
    let mut world = World::default();
    let mut reports = waiting(&mut world, Some("pay"), 1);
    assert_eq!(left(&world, &reports, 0), (1, 1, 0));
    reports.push(world.report(9, "pay", "POST /charge"));
    assert_eq!(left(&world, &reports, 0), (0, 0, 1));
}

#[test]
fn a_host_that_answered_this_week_is_internal() {
    let mut world = World::default();
    let mut reports = waiting(&mut world, None, 1);
    reports.push(answered(&mut world, 9, "api.shop.test"));
    assert_eq!(left(&world, &reports, 0), (0, 0, 1));
    let to: Vec<String> = world
        .answers(&reports, minute(0))
        .dependencies
        .into_iter()
        .map(|edge| format!("{} {}", edge.from, edge.to))
        .collect();
    assert_eq!(to, ["cart pay", "orders pay"]);
}

#[test]
fn a_host_that_answered_eight_days_ago_is_not() {
    let mut world = World::default();
    let later = 8 * 24 * 60;
    let mut reports = vec![answered(&mut world, 9, "api.shop.test")];
    let mut waits = waiting(&mut world, None, 1);
    for report in &mut waits {
        report.at = minute(later);
    }
    reports.append(&mut waits);
    assert_eq!(left(&world, &reports, later), (1, 1, 0));
}

#[test]
fn a_domain_of_two_hosts_that_answered_is_the_organisations() {
    let mut world = World::default();
    let mut reports = waiting(&mut world, None, 1);
    reports.push(answered(&mut world, 8, "a.shop.test"));
    assert_eq!(left(&world, &reports, 0), (1, 1, 0));
    reports.push(answered(&mut world, 9, "b.shop.test"));
    assert_eq!(left(&world, &reports, 0), (0, 0, 1));
}

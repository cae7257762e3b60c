//! regression, queue-delay.

use hotspan_model::{ImpactBasis, Millionths, State};

use crate::world::World;

/// So many requests of one version, 100 to 109 ms long and `more`.
fn version(world: &mut World, version: &str, count: u64, more: u64) {
    for n in 0..count {
        world.trace(&format!(
            "shop GET /home 0..{} version={version}",
            100 + n % 10 + more
        ));
    }
}

#[test]
fn a_version_that_is_a_quarter_slower() {
    let mut world = World::default();
    version(&mut world, "1.9", 50, 0);
    version(&mut world, "1.10", 49, 30);
    assert_eq!(world.found("regression"), [""; 0]);
    version(&mut world, "1.10", 1, 30);
    assert_eq!(
        world.found("regression"),
        [
            "shop: GET /home of shop: with 1.10 the median went from 104 ms to 134 ms, the 95th percentile from 109 ms to 139 ms"
        ]
    );
    let hotspot = &world.hotspots("regression")[0];
    let [version] = &hotspot.versions[..] else {
        panic!("one version is to blame")
    };
    assert_eq!(
        (hotspot.impact_basis, version.version.as_str()),
        (ImpactBasis::Saving, "1.10")
    );
    assert!(version.traces > 0);
    // 30 ms, 50 times an hour.
    let expected = Millionths(1_500_000);
    assert!(
        hotspot.impact_s_per_hour.0.abs_diff(expected.0) < 60_000,
        "{:?}",
        hotspot.impact_s_per_hour
    );
}

#[test]
fn a_smaller_change_a_faster_version_and_a_heavier_load_are_no_regression() {
    let mut small = World::default();
    version(&mut small, "1", 60, 0);
    version(&mut small, "2", 60, 20);
    assert_eq!(small.found("regression"), [""; 0]);
    let mut faster = World::default();
    version(&mut faster, "1", 60, 100);
    version(&mut faster, "2", 60, 0);
    assert_eq!(faster.found("regression"), [""; 0]);
    let mut load = World::default();
    version(&mut load, "1", 50, 0);
    version(&mut load, "2", 101, 50);
    assert_eq!(load.found("regression"), [""; 0]);
}

#[test]
fn one_slow_request_in_fifty_is_noise() {
    let mut world = World::default();
    version(&mut world, "1", 60, 0);
    version(&mut world, "2", 57, 0);
    version(&mut world, "2", 3, 900);
    assert_eq!(world.found("regression"), [""; 0]);
}

#[test]
fn only_the_latest_version_is_judged() {
    let mut world = World::default();
    version(&mut world, "1", 60, 0);
    version(&mut world, "2", 60, 50);
    version(&mut world, "3", 60, 50);
    assert_eq!(world.found("regression"), [""; 0]);
}

/// A message that waits for so long and is worked on for `work` ms.
fn message(world: &mut World, wait: u64, work: u64) {
    let taken = 20 + wait;
    world.trace(&format!(
        "shop GET /buy 0..50\n  publish mails 10..20\n    mail consumer mails {taken}..{}",
        taken + work
    ));
}

#[test]
fn messages_that_wait_longer_than_they_work() {
    let mut world = World::default();
    (0..19).for_each(|n| message(&mut world, 500 + n * 40, 100));
    assert_eq!(world.found("queue-delay"), [""; 0]);
    message(&mut world, 1_300, 100);
    assert_eq!(
        world.found("queue-delay"),
        ["mail: mails of mail: messages wait 1.2 s (95th percentile) for 100 ms of work"]
    );
}

#[test]
fn short_waits_long_work_and_delays_on_purpose_are_no_queue() {
    let mut short = World::default();
    (0..30).for_each(|n| message(&mut short, 400 + n * 20, 100));
    assert_eq!(short.found("queue-delay"), [""; 0]);
    let mut work = World::default();
    (0..30).for_each(|n| message(&mut work, 500 + n * 50, 1_200));
    assert_eq!(work.found("queue-delay"), [""; 0]);
    let mut constant = World::default();
    (0..30).for_each(|n| message(&mut constant, 5_000 + n, 100));
    assert_eq!(constant.found("queue-delay"), [""; 0]);
}

#[test]
fn messages_that_consumers_of_other_traces_link_to() {
    let mut world = World::default();
    let message = |world: &mut World, n: u64, wait: u64| {
        world.trace(&format!(
            "shop GET /buy 0..50\n  publish mails 10..20 id={}",
            1_000 + n
        ));
        let taken = 20 + wait;
        world.trace(&format!(
            "mail consumer mails {taken}..{} link={}",
            taken + 100,
            1_000 + n
        ));
    };
    (0..19).for_each(|n| message(&mut world, n, 500 + n * 40));
    assert_eq!(world.found("queue-delay"), [""; 0]);
    message(&mut world, 19, 1_300);
    assert_eq!(
        world.found("queue-delay"),
        ["mail: mails of mail: messages wait 1.2 s (95th percentile) for 100 ms of work"]
    );
}

#[test]
fn a_day_that_is_slower_for_all_versions_is_no_regression() {
    let mut world = World::default();
    version(&mut world, "1", 60, 0);
    world.at = 3 * 3_600;
    version(&mut world, "1", 20, 50);
    version(&mut world, "2", 60, 50);
    assert_eq!(world.found("regression"), [""; 0]);
    let mut own = World::default();
    version(&mut own, "1", 60, 0);
    own.at = 3 * 3_600;
    version(&mut own, "1", 20, 0);
    version(&mut own, "2", 60, 50);
    assert_eq!(own.found("regression").len(), 1);
}

#[test]
fn a_version_that_makes_a_known_fault_worse() {
    let lists = |world: &mut World, version: &str, members: u64| {
        for n in 0..50 {
            world.trace(&format!(
                "shop GET /list 0..400 version={version}\n  db SELECT item 10..12 x{}+1",
                members + n % 3
            ));
        }
    };
    let state = |world: &World| world.hotspots("n-plus-one-query")[0].state;
    let mut world = World::default();
    lists(&mut world, "1", 20);
    lists(&mut world, "2", 20);
    assert_eq!(state(&world), State::New);
    lists(&mut world, "3", 40);
    assert_eq!(state(&world), State::Worsening);
}

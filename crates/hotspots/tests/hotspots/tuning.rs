//! Thresholds and efforts that were set for some workloads.

use hotspan_hotspots::{Hotspots, SIGHTINGS, Settings};
use hotspan_model::*;

use crate::build::{N_PLUS_ONE, World, minute};

/// Two sightings of a fault, in a request, a message and a job.
const PLACES: [(&str, &str, Option<Class>); 3] = [
    ("orders", "GET /orders", Some(Class::Server)),
    ("mailer", "orders receive", Some(Class::Consumer)),
    ("billing", "nightly", None),
];

/// The hotspots of two traces of each place.
fn found(tuning: &Tuning) -> Vec<Hotspot> {
    let mut world = World::default();
    let settings = Settings {
        tuning: tuning.clone(),
        ..Settings::default()
    };
    let mut shard = Hotspots::new(settings.clone(), TableSeed(3));
    for trace in 0..6 {
        let (service, operation, served) = PLACES[trace % 3];
        let mut report = world.report(trace as u128 + 1, service, operation);
        world.find(&mut report, N_PLUS_ONE, "SELECT ?");
        let at = report.segments[0].at;
        let served = served.map(|class| FactRow::new(FactKind::Served, class, at));
        report.facts.extend(served);
        shard.add(&report, &world.dictionary);
    }
    let snapshots = [shard.snapshot()];
    world.read_snapshots(&snapshots, &settings, minute(0)).hotspots
}

fn services(tuning: &Tuning) -> Vec<String> {
    let mut services: Vec<String> = found(tuning).into_iter().map(|hotspot| hotspot.service).collect();
    services.sort();
    services
}

fn service(text: &str) -> Selector {
    Selector {
        service: Some(Pattern::new(text).expect("it is not empty")),
        ..Selector::default()
    }
}

fn workload(workload: Workload) -> Selector {
    Selector {
        workload: Some(workload),
        ..Selector::default()
    }
}

fn sightings(selector: Selector, value: u64) -> Tuning {
    let mut tuning = Tuning::default();
    tuning.set_knob(KnobRule {
        selector,
        knob: &SIGHTINGS,
        value,
    });
    tuning
}

#[test]
fn how_many_sightings_open_a_hotspot_is_set_for_each_workload() {
    let operation = Selector {
        operation: Some(Pattern::new("GET *").unwrap()),
        ..Selector::default()
    };
    for (selector, expected) in [
        (Selector::default(), &["billing", "mailer", "orders"][..]),
        (service("bill*"), &["billing"]),
        (operation, &["orders"]),
        (workload(Workload::Server), &["orders"]),
        (workload(Workload::Consumer), &["mailer"]),
        (workload(Workload::Job), &["billing"]),
    ] {
        assert_eq!(
            services(&sightings(selector.clone(), 2)),
            expected,
            "{selector:?}"
        );
        assert!(services(&sightings(selector, 3)).is_empty());
    }
}

#[test]
fn an_effort_is_that_of_the_hotspot_before_the_workload_before_the_detector() {
    let efforts = |tuning: &Tuning| {
        let hotspots = found(tuning).into_iter();
        let mut efforts: Vec<_> = hotspots
            .map(|hotspot| (hotspot.service.clone(), hotspot.effort_weeks.0))
            .collect();
        efforts.sort();
        efforts.into_iter().map(|row| row.1).collect::<Vec<_>>()
    };
    let mut tuning = sightings(Selector::default(), 2);
    assert_eq!(efforts(&tuning), [200_000, 200_000, 200_000]);
    let rule = |selector, detector, weeks: u64| EffortRule {
        selector,
        detector,
        effort: Millionths(weeks * 1_000_000),
    };
    tuning.set_effort(rule(service("mailer"), None, 4));
    tuning.set_effort(rule(Selector::default(), Some(N_PLUS_ONE), 3));
    tuning.set_effort(rule(Selector::default(), Some("slow-query"), 9));
    assert_eq!(efforts(&tuning), [3_000_000, 4_000_000, 3_000_000]);
    let mailer = found(&tuning)
        .into_iter()
        .find(|hotspot| hotspot.service == "mailer");
    tuning.set_hotspot(mailer.unwrap().id, Millionths(500_000));
    assert_eq!(efforts(&tuning), [3_000_000, 500_000, 3_000_000]);
}

#[test]
fn less_effort_is_more_priority() {
    let mut tuning = sightings(Selector::default(), 2);
    let before = found(&tuning);
    tuning.set_effort(EffortRule {
        selector: service(&before[2].service),
        detector: None,
        effort: Millionths(100_000),
    });
    let after = found(&tuning);
    assert_eq!(after[0].id, before[2].id);
    // Twice, but for what is rounded off.
    assert!((2 * before[2].priority.0..2 * before[2].priority.0 + 2).contains(&after[0].priority.0));
}

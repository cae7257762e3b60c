//! Counters that only grow: over versions, shards and bounds.

use hotspan_hotspots::{Hotspots, Meters, OVERFLOW_LABEL, Outside, Settings, meters};
use hotspan_model::*;

use crate::build::{N_PLUS_ONE, World, minute};

const SECOND: u128 = 1_000_000_000 * 1_000_000;

fn took(count: u64, millis: u64) -> Latencies {
    let mut latencies = Latencies::default();
    latencies.record(count, Nanos::from_millis(count * millis), SpanId::new(5));
    latencies
}

fn count(world: &mut World, report: &mut Report, service: &str, operation: &str, count: u64) {
    report.metered.push(SpanRow {
        at: world.op(service, operation),
        kind: Kind::Server,
        failed: false,
        count,
        latencies: took(count, 100),
    });
}

fn link(report: &mut Report, ends: Ends, calls: u64) {
    report.links.push(LinkRow {
        ends,
        class: Class::Call,
        calls,
        failed: 1,
        client: took(calls, 30),
        server: took(calls, 20),
        path: Nanos::from_millis(10),
    });
}

fn read(world: &World, shards: &mut [Hotspots]) -> Meters {
    let snapshots: Vec<_> = shards.iter_mut().map(Hotspots::snapshot).collect();
    meters(&snapshots, &world.dictionary)
}

fn shard(settings: Settings) -> Hotspots {
    Hotspots::new(settings, TableSeed(3))
}

#[test]
fn a_new_version_of_a_trace_adds_only_what_is_new() {
    let mut world = World::default();
    let mut first = world.report(1, "cart", "GET /cart");
    count(&mut world, &mut first, "cart", "GET /cart", 2);
    let mut second = first.clone();
    second.version = 2;
    count(&mut world, &mut second, "stock", "GET /stock", 3);
    second.metered[0].count = 5;
    let mut shards = [shard(Settings::default())];
    shards[0].add(&first, &world.dictionary);
    let before = read(&world, &mut shards);
    shards[0].subtract(&first, &world.dictionary);
    let between = read(&world, &mut shards);
    assert_eq!(between, before);
    shards[0].add(&second, &world.dictionary);
    let after = read(&world, &mut shards);
    let counts: Vec<_> = after
        .spans
        .iter()
        .map(|row| (row.service.as_str(), row.count))
        .collect();
    assert_eq!(counts, [("cart", 5_000_000), ("stock", 3_000_000)]);
    assert_eq!(after.paths, before.paths);
    assert_eq!(after.paths[0].time[Category::Db as usize], SECOND * 60 / 1_000);
}

#[test]
fn shards_add_up_and_sampled_traces_count_for_all_they_stand_for() {
    let mut world = World::default();
    let mut reports = [
        world.report(1, "cart", "GET /cart"),
        world.report(2, "cart", "GET /cart"),
    ];
    reports[1].weight = Millionths(2_500_000);
    reports[1].at = minute(1);
    let vendor = world.public("api.vendor.test", "vendor.test", None);
    let cart = world.op("cart", "GET /cart").service;
    for report in &mut reports {
        world.find(report, N_PLUS_ONE, "a");
        world.find(report, N_PLUS_ONE, "b");
        link(report, Ends::Both(cart, Target::Callee(vendor)), 2);
        link(report, Ends::Entered(cart), 1);
    }
    let mut shards = [shard(Settings::default()), shard(Settings::default())];
    for (shard, report) in shards.iter_mut().zip(&reports) {
        shard.add(report, &world.dictionary);
    }
    let all = read(&world, &mut shards);
    assert_eq!(all.findings.len(), 1);
    let found = &all.findings[0];
    assert_eq!((found.detector, found.service.as_str()), (N_PLUS_ONE, "cart"));
    assert_eq!(found.traces, 3_500_000);
    assert_eq!(found.path, SECOND * 35 * 4 / 1_000);
    assert_eq!(found.saving, SECOND * 35 * 3 / 1_000);
    assert_eq!(found.newest.map(|newest| newest.trace), reports[1].trace);
    let names: Vec<_> = all
        .links
        .iter()
        .map(|row| (row.client.as_str(), row.server.as_str(), row.outside))
        .collect();
    assert_eq!(
        names,
        [
            ("cart", "vendor.test", Outside::Callee),
            ("user", "cart", Outside::User)
        ]
    );
    assert_eq!((all.links[0].calls, all.links[0].failed), (7_000_000, 3_500_000));
    assert_eq!(all.links[0].server_time.buckets[4], 7_000_000);
    let vendor = &all.third_parties[0];
    assert_eq!(
        (vendor.domain.as_str(), vendor.service.as_str()),
        ("vendor.test", "cart")
    );
    assert_eq!(
        (vendor.path, vendor.beside),
        (SECOND * 35 / 1_000, SECOND * 35 / 200)
    );
}

#[test]
fn names_beyond_the_bounds_share_rows_and_what_was_known_first_stays() {
    let mut world = World::default();
    let settings = Settings {
        operations_max: 2,
        metered_max: 4,
        ..Settings::default()
    };
    let mut shard = shard(settings);
    for n in 0..20 {
        let mut report = world.report(n + 1, "cart", "GET /cart");
        let service = format!("s{}", n / 5);
        count(&mut world, &mut report, &service, &format!("op {n}"), 1);
        link(
            &mut report,
            Ends::Entered(world.op(&format!("t{n}"), "x").service),
            1,
        );
        shard.add(&report, &world.dictionary);
        shard.subtract(&report, &world.dictionary);
        shard.add(&report, &world.dictionary);
    }
    let all = read(&world, &mut [shard]);
    let counts: Vec<_> = all
        .spans
        .iter()
        .map(|row| {
            (
                row.service.as_str(),
                row.operation.as_str(),
                row.count / 1_000_000,
            )
        })
        .collect();
    assert_eq!(
        counts,
        [
            (OVERFLOW_LABEL, OVERFLOW_LABEL, 14),
            ("s0", OVERFLOW_LABEL, 3),
            ("s0", "op 0", 1),
            ("s0", "op 1", 1),
            ("s1", "op 5", 1),
        ]
    );
    assert_eq!(all.links.len(), 5);
    let calls: u128 = all.links.iter().map(|row| row.calls).sum();
    assert_eq!(calls, 20_000_000);
}

//! Order, sharding and revisions leave no trace in what is answered.

use hotspan_hotspots::{Answers, Hotspots, Settings};
use hotspan_model::*;
use proptest::prelude::*;

use crate::build::{N_PLUS_ONE, SERIAL, SHARED, THIRD_PARTY, World, minute, nest};

/// What a random report is made of; small ranges, so that reports meet in the same rows.
#[derive(Clone, Debug)]
pub(crate) struct Draw {
    service: u8,
    operation: u8,
    minute: u64,
    second: u64,
    weight: u64,
    incomplete: bool,
    findings: Vec<(u8, u8, u64, bool)>,
    calls: Vec<(u8, bool, u64)>,
    hand_offs: Vec<(u8, u8)>,
}

pub(crate) fn draw() -> impl Strategy<Value = Draw> {
    let finding = (0..4_u8, 0..3_u8, 0..90_u64, any::<bool>());
    (
        (0..3_u8, 0..3_u8, 0..110_u64, 0..3_u64, 1..4_u64, any::<bool>()),
        prop::collection::vec(finding, 0..4),
        prop::collection::vec((0..4_u8, any::<bool>(), 0..40_u64), 0..4),
        prop::collection::vec((0..3_u8, 0..3_u8), 0..3),
    )
        .prop_map(
            |((service, operation, minute, second, weight, incomplete), findings, calls, hand_offs)| Draw {
                service,
                operation,
                minute,
                second,
                weight,
                incomplete,
                findings,
                calls,
                hand_offs,
            },
        )
}

/// Reports that all speak of one fingerprint, so that its sets have to choose.
fn narrow() -> impl Strategy<Value = Draw> {
    draw().prop_map(|mut draw| {
        (draw.service, draw.operation, draw.minute) = (0, 0, draw.minute % 2);
        let path = draw.calls.first().map_or(7, |call| call.2);
        draw.findings = vec![(0, 0, path, true)];
        draw
    })
}

const DETECTORS: [&str; 4] = [N_PLUS_ONE, SERIAL, THIRD_PARTY, SHARED];

fn report(world: &mut World, trace: u128, draw: &Draw) -> Report {
    let mut report = world.report(
        trace,
        &format!("s{}", draw.service),
        &format!("op{}", draw.operation),
    );
    report.at = LogTime(minute(draw.minute).0 + draw.second * 1_000_000_000);
    report.weight = Millionths(draw.weight * MILLION);
    report.incomplete = draw.incomplete;
    for &(key, outcome) in &draw.hand_offs {
        report.hand_offs.push(HandOff {
            key: key.into(),
            outcome: [
                HandOffOutcome::ABeforeB,
                HandOffOutcome::BBeforeA,
                HandOffOutcome::Overlap,
            ][usize::from(outcome)],
            survived_failure: false,
        });
    }
    let hosts: Vec<Symbol> = (0..4)
        .map(|n| world.public(&format!("h{n}.shop.test"), "shop.test", None))
        .collect();
    for &(detector, template, path, flag) in &draw.findings {
        let hand_offs = 0..report.hand_offs.len() as u32;
        let detector = DETECTORS[usize::from(detector)];
        let finding = world.find(&mut report, detector, &format!("t{template}"));
        finding.path = Nanos::from_millis(path);
        finding.saving.likely = Nanos::from_millis(path / 2);
        finding.saving.min = Nanos::from_millis(path / 4);
        finding.saving.max = Nanos::from_millis(path);
        finding.calls = path;
        finding.dear = flag;
        finding.awaited = !flag;
        finding.callee = Some(hosts[usize::from(template)]);
        finding.anchor_at.1 = world.op("s", &format!("anchor{}", path % 3)).operation;
        if detector == SERIAL {
            finding.hand_offs = hand_offs;
        }
    }
    // Of one unit, for which somebody waits or nobody does.
    if report.findings.iter().all(|finding| finding.awaited) {
        nest(&mut report);
    }
    for &(host, many, members) in &draw.calls {
        let reason = [NearReason::Count, NearReason::Guard("polling")][usize::from(many)];
        world.near(&mut report, N_PLUS_ONE, &format!("t{host}"), reason, members);
    }
    for &(host, answered, calls) in &draw.calls {
        let callee = hosts[usize::from(host)];
        let pay = world.text(&format!("s{}", host % 2));
        match answered {
            true => world.call(&mut report, Target::Service(pay), Some(callee), calls),
            false => world.call(&mut report, Target::Callee(callee), None, calls),
        }
    }
    report
}

pub(crate) fn reports(world: &mut World, from: u128, draws: &[Draw]) -> Vec<Report> {
    let numbered = (from..).zip(draws);
    numbered.map(|(trace, draw)| report(world, trace, draw)).collect()
}

/// Sorts reports into an order that `seed` picks.
fn mix(report: &Report, seed: u64) -> u128 {
    let trace = report.trace.map_or(0, TraceId::get);
    let id = Identity::new("mix")
        .number(seed.into())
        .number(report.version.into());
    id.number(trace).finish()
}

/// Sets smaller than what comes in, so that they have to choose.
pub(crate) fn choosy() -> Settings {
    Settings {
        reservoir: 3,
        ..Settings::default()
    }
}

const NOW: u64 = 115;

/// Adds `reports` to `shards` shards, each trace to one of them.
fn spread(world: &World, reports: &[Report], shards: usize, by: usize) -> Answers {
    let mut all: Vec<Hotspots> = (0..shards)
        .map(|n| Hotspots::new(choosy(), TableSeed(n as u64)))
        .collect();
    for (n, report) in reports.iter().enumerate() {
        let shard = &mut all[(n * by + n / 3) % shards];
        shard.add(report, &world.dictionary);
        if n % 4 == 0 {
            // A reader that holds a picture must not change what comes after.
            std::hint::black_box(shard.snapshot());
        }
    }
    let snapshots: Vec<_> = all.iter_mut().map(Hotspots::snapshot).collect();
    world.read_snapshots(&snapshots, &choosy(), minute(NOW))
}

/// Blanks what rests on sets of traces, which hold what was kept, and on the clock, which does not go back.
fn exact(mut all: Answers) -> Answers {
    for hotspot in &mut all.hotspots {
        hotspot.evidence.clear();
        hotspot.last_seen = LogTime(0);
    }
    all.coverage.last = None;
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_reports_does_not_show(
        draws in prop::collection::vec(draw(), 1..40),
        seed in any::<u64>(),
    ) {
        let mut world = World::default();
        let straight = reports(&mut world, 1, &draws);
        let mut mixed = straight.clone();
        mixed.sort_by_key(|report| mix(report, seed));
        prop_assert_eq!(spread(&world, &straight, 1, 1), spread(&world, &mixed, 1, 1));
    }

    #[test]
    fn neither_shows_when_the_sets_of_one_hotspot_have_to_choose(
        draws in prop::collection::vec(narrow(), 10..60),
        seed in any::<u64>(),
        by in 1..7_usize,
    ) {
        let mut world = World::default();
        let straight = reports(&mut world, 1, &draws);
        let mut mixed = straight.clone();
        mixed.sort_by_key(|report| mix(report, seed));
        let one = spread(&world, &straight, 1, 1);
        prop_assert_eq!(one.hotspots[0].traces, draws.len() as u64);
        prop_assert_eq!(&one, &spread(&world, &mixed, 1, 1));
        prop_assert_eq!(&one, &spread(&world, &mixed, 3, by));
    }

    #[test]
    fn the_number_of_shards_does_not_show(draws in prop::collection::vec(draw(), 1..40), by in 1..7_usize) {
        let mut world = World::default();
        let all = reports(&mut world, 1, &draws);
        let one = spread(&world, &all, 1, 1);
        for shards in 2..=4 {
            prop_assert_eq!(&spread(&world, &all, shards, by), &one, "{} shards", shards);
        }
    }

    #[test]
    fn the_order_of_snapshots_does_not_show(draws in prop::collection::vec(draw(), 1..40)) {
        let mut world = World::default();
        let all = reports(&mut world, 1, &draws);
        let mut snapshots = Vec::new();
        for half in all.chunks(all.len().div_ceil(2)) {
            let mut shard = Hotspots::new(choosy(), TableSeed(9));
            for report in half {
                shard.add(report, &world.dictionary);
            }
            snapshots.push(shard.snapshot());
        }
        let forth = world.read_snapshots(&snapshots, &choosy(), minute(NOW));
        snapshots.reverse();
        prop_assert_eq!(forth, world.read_snapshots(&snapshots, &choosy(), minute(NOW)));
    }

    #[test]
    fn the_numbers_of_symbols_do_not_show(draws in prop::collection::vec(draw(), 1..30)) {
        let mut straight = World::default();
        let one = reports(&mut straight, 1, &draws);
        let mut other = World::default();
        let backwards: Vec<Draw> = draws.iter().rev().cloned().collect();
        reports(&mut other, 1, &backwards);
        let two = reports(&mut other, 1, &draws);
        prop_assert_eq!(spread(&straight, &one, 1, 1), spread(&other, &two, 1, 1));
    }

    #[test]
    fn what_was_taken_back_was_never_there(
        stay in prop::collection::vec(draw(), 0..30),
        go in prop::collection::vec(draw(), 0..30),
        seed in any::<u64>(),
    ) {
        let mut world = World::default();
        let stay = reports(&mut world, 1, &stay);
        // Some of those that go are earlier versions of those that stay.
        let go = reports(&mut world, 20, &go);
        let mut steps: Vec<(bool, Report)> = stay.iter().cloned().map(|mut report| {
            report.version = 2;
            (true, report)
        }).collect();
        steps.extend(go.iter().cloned().map(|report| (true, report)));
        steps.sort_by_key(|(_, report)| mix(report, seed));
        // Each goes some steps after it came.
        for (n, report) in go.into_iter().enumerate() {
            let came = steps.iter().position(|(add, other)| *add && *other == report).unwrap();
            let later = steps.len().min(came + 1 + n * 3);
            steps.insert(later, (false, report));
        }
        let mut shard = Hotspots::new(Settings::default(), TableSeed(1));
        for (add, report) in &steps {
            match add {
                true => { shard.add(report, &world.dictionary); }
                false => shard.subtract(report, &world.dictionary),
            }
        }
        let mut scratch = Hotspots::new(Settings::default(), TableSeed(2));
        for mut report in stay {
            report.version = 2;
            scratch.add(&report, &world.dictionary);
        }
        let revised = exact(world.read(&mut [shard], minute(NOW)));
        prop_assert_eq!(revised, exact(world.read(&mut [scratch], minute(NOW))));
    }
}

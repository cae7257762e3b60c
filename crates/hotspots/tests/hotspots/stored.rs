//! What a shard gives to a store builds it again in another process: nothing that is answered later tells the difference.

use std::collections::BTreeMap;
use std::sync::Arc;

use hotspan_hotspots::{Answers, Hotspots, Loader, Names, Row, RowKind, Settings, Snapshot, Unreadable};
use hotspan_model::*;
use proptest::prelude::*;

use crate::build::{World, minute};
use crate::exact::{choosy, draw, reports};

/// Rows by shard, kind and key: what a store holds.
type Held = BTreeMap<(usize, RowKind, u128), Vec<u8>>;

/// Every name that is asked for is one of this program.
struct AnyName;

impl Names for AnyName {
    fn name(&mut self, text: &str) -> Option<&'static str> {
        Some(Box::leak(text.into()))
    }

    fn is_detector(&self, _: &str) -> bool {
        true
    }
}

fn save(held: &mut Held, shards: &[(Arc<Snapshot>, Option<Arc<Snapshot>>)], dictionary: &dyn Lookup) {
    for (shard, (now, before)) in shards.iter().enumerate() {
        now.changes(
            before.as_deref(),
            dictionary,
            |Row { kind, key, value }| match value {
                Some(value) => {
                    held.insert((shard, kind, key), value);
                }
                None => {
                    held.remove(&(shard, kind, key));
                }
            },
        );
    }
}

/// Builds `shards` shards from what `wrote` have written.
fn load(
    held: &Held,
    wrote: usize,
    shards: usize,
    seed: u64,
    dictionary: &mut LocalDictionary,
) -> Vec<Hotspots> {
    let mut loader = Loader::new(&choosy(), TableSeed(seed), shards, wrote);
    let mut rows: Vec<_> = held.iter().collect();
    rows.sort_by_key(|((shard, kind, key), _)| (*kind, *shard, *key));
    for ((shard, kind, key), value) in rows {
        loader
            .add(*shard, (*kind, *key), value, dictionary, &mut AnyName)
            .expect("it was written here");
    }
    assert_eq!(loader.beyond(), 0);
    loader.finish()
}

/// Which shard a trace goes to.
fn home(report: &Report, shards: usize) -> usize {
    (report.trace.map_or(0, TraceId::get) % shards as u128) as usize
}

fn add(shards: &mut [Hotspots], reports: &[Report], dictionary: &dyn Lookup) {
    for report in reports {
        shards[home(report, shards.len())].add(report, dictionary);
    }
}

fn new(shards: usize) -> Vec<Hotspots> {
    (0..shards)
        .map(|n| Hotspots::new(choosy(), TableSeed(n as u64)))
        .collect()
}

fn snapshots(shards: &mut [Hotspots]) -> Vec<Arc<Snapshot>> {
    shards.iter_mut().map(Hotspots::snapshot).collect()
}

fn first(shards: &mut [Hotspots]) -> Vec<(Arc<Snapshot>, Option<Arc<Snapshot>>)> {
    snapshots(shards).into_iter().map(|now| (now, None)).collect()
}

fn read(world: &World, shards: &mut [Hotspots]) -> Answers {
    world.read_snapshots(&snapshots(shards), &choosy(), minute(115))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Also when traces from before are revised afterwards, in a dictionary with other symbols.
    #[test]
    fn a_shard_that_was_stored_goes_on_as_if_it_had_not_ended(
        before in prop::collection::vec(draw(), 0..30),
        after in prop::collection::vec(draw(), 0..30),
        revised in any::<u64>(),
        shards in 1..3_usize,
    ) {
        let mut world = World::default();
        let (old, young) = (reports(&mut world, 1, &before), reports(&mut world, 100, &after));
        let mut whole = new(shards);
        add(&mut whole, &old, &world.dictionary);
        let mut held = Held::new();
        save(&mut held, &first(&mut whole), &world.dictionary);

        let mut other = World::default();
        other.text("a text that shifts every symbol");
        let mut again = load(&held, shards, shards, 77, &mut other.dictionary);
        prop_assert_eq!(read(&world, &mut whole), read(&other, &mut again));
        // In another order, so that symbols get other numbers.
        let their_young = reports(&mut other, 100, &after);
        let their_old = reports(&mut other, 1, &before);
        for (nth, (ours, theirs)) in old.iter().zip(&their_old).enumerate() {
            if revised >> nth & 1 == 1 {
                let shard = home(ours, shards);
                whole[shard].subtract(ours, &world.dictionary);
                again[shard].subtract(theirs, &other.dictionary);
            }
        }
        add(&mut whole, &young, &world.dictionary);
        add(&mut again, &their_young, &other.dictionary);
        prop_assert_eq!(read(&world, &mut whole), read(&other, &mut again));
    }

    #[test]
    fn what_changed_beside_what_was_stored_is_what_is_there(
        before in prop::collection::vec(draw(), 0..20),
        after in prop::collection::vec(draw(), 0..20),
    ) {
        let mut world = World::default();
        let (old, young) = (reports(&mut world, 1, &before), reports(&mut world, 100, &after));
        let mut shards = new(1);
        add(&mut shards, &old, &world.dictionary);
        let (mut stepwise, mut whole) = (Held::new(), Held::new());
        let earlier = first(&mut shards);
        save(&mut stepwise, &earlier, &world.dictionary);
        add(&mut shards, &young, &world.dictionary);
        let now = shards[0].snapshot();
        save(&mut stepwise, &[(Arc::clone(&now), Some(Arc::clone(&earlier[0].0)))], &world.dictionary);
        save(&mut whole, &[(now, None)], &world.dictionary);
        prop_assert_eq!(stepwise, whole);
    }

    /// Snapshots are completed some rows at a time, and traces come and are revised in between.
    #[test]
    fn what_a_store_gets_from_snapshots_in_slices_is_of_the_moment_in_which_each_was_begun(
        rounds in prop::collection::vec(prop::collection::vec(draw(), 1..12), 2..5),
        rows in 1..8_usize,
    ) {
        let mut world = World::default();
        let (mut shard, mut twin) = (new(1).remove(0), new(1).remove(0));
        let (mut stepwise, mut before) = (Held::new(), None);
        for (n, draws) in (1..).zip(&rounds) {
            let all = reports(&mut world, n * 1_000, draws);
            let (first, rest) = all.split_at(all.len().div_ceil(2));
            for report in first {
                shard.add(report, &world.dictionary);
                twin.add(report, &world.dictionary);
            }
            let mut whole = Held::new();
            save(&mut whole, &[(twin.snapshot(), None)], &world.dictionary);

            shard.begin_snapshot();
            let mut between = rest.iter().chain(first);
            let mut seen = 0;
            let now = loop {
                if let Some(snapshot) = shard.poll_snapshot(rows) {
                    break snapshot;
                }
                if let Some(report) = between.next() {
                    shard.add(report, &world.dictionary);
                    shard.subtract(&first[0], &world.dictionary);
                    seen += 1;
                }
            };
            for report in rest.iter().chain(first).take(seen) {
                twin.add(report, &world.dictionary);
                twin.subtract(&first[0], &world.dictionary);
            }
            save(&mut stepwise, &[(Arc::clone(&now), before)], &world.dictionary);
            prop_assert_eq!(&stepwise, &whole);
            before = Some(now);
        }
    }

    /// 1 shard, then 2, then 1 again, each with traces of its own.
    #[test]
    fn the_number_of_shards_may_change_between_starts(
        draws in prop::collection::vec(prop::collection::vec(draw(), 0..15), 3..=3),
    ) {
        let mut world = World::default();
        let all: Vec<Vec<Report>> = (1..)
            .zip(&draws)
            .map(|(n, draws)| reports(&mut world, n * 1_000, draws))
            .collect();
        let mut shards = new(1);
        let (mut wrote, mut held) = (1, Held::new());
        for (life, (now, reports)) in [1, 2, 1].into_iter().zip(&all).enumerate() {
            if life > 0 {
                shards = load(&held, wrote, now, life as u64, &mut world.dictionary);
            }
            add(&mut shards, reports, &world.dictionary);
            held.clear();
            save(&mut held, &first(&mut shards), &world.dictionary);
            wrote = now;
        }
        let mut whole = new(1);
        all.iter().for_each(|reports| add(&mut whole, reports, &world.dictionary));
        let (mut expected, mut found) = (read(&world, &mut whole), read(&world, &mut shards));
        // Sets of traces hold what was kept: merged, they choose among fewer.
        for hotspot in expected.hotspots.iter_mut().chain(&mut found.hotspots) {
            hotspot.evidence.clear();
        }
        prop_assert_eq!(expected, found);
    }

    #[test]
    fn a_row_that_rotted_is_not_read(
        draws in prop::collection::vec(draw(), 1..6),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u32,
        cut in any::<bool>(),
    ) {
        let mut world = World::default();
        let all = reports(&mut world, 1, &draws);
        let mut shards = new(1);
        add(&mut shards, &all, &world.dictionary);
        let mut held = Held::new();
        save(&mut held, &first(&mut shards), &world.dictionary);
        for ((shard, kind, key), mut value) in held {
            let at = at.index(value.len());
            match cut {
                true => value.truncate(at),
                false => value[at] ^= 1 << bit,
            }
            let mut loader = Loader::new(&choosy(), TableSeed(1), 1, 1);
            let added = loader.add(shard, (kind, key), &value, &mut LocalDictionary::default(), &mut AnyName);
            prop_assert_eq!(added, Err(Unreadable::Damaged));
        }
    }
}

/// A shard with one hotspot, as rows.
fn rows_of_one() -> Vec<Row> {
    let mut world = World::default();
    let mut report = world.report(1, "shop", "GET /cart");
    world.find(&mut report, crate::build::N_PLUS_ONE, "SELECT item");
    let mut shard = Hotspots::new(Settings::default(), TableSeed(1));
    shard.add(&report, &world.dictionary);
    let mut rows = Vec::new();
    shard
        .snapshot()
        .changes(None, &world.dictionary, |row| rows.push(row));
    rows
}

fn load_one(row: &Row, names: &mut dyn Names) -> Result<(), Unreadable> {
    let mut loader = Loader::new(&Settings::default(), TableSeed(1), 1, 1);
    let value = row.value.as_deref().expect("rows of a first snapshot are there");
    loader.add(
        0,
        (row.kind, row.key),
        value,
        &mut LocalDictionary::default(),
        names,
    )
}

#[test]
fn a_row_of_a_newer_form_is_refused_with_both_versions() {
    for version in [2, 200] {
        let error = Unreadable::Newer(version).to_string();
        assert!(error.contains(&version.to_string()) && error.contains("up to 1"));
    }
}

#[test]
fn rows_of_a_detector_that_was_taken_out_are_told_from_damaged_ones() {
    struct Fewer;
    impl Names for Fewer {
        fn name(&mut self, text: &str) -> Option<&'static str> {
            Some(Box::leak(text.into()))
        }

        fn is_detector(&self, _: &str) -> bool {
            false
        }
    }
    let rows = rows_of_one();
    let hotspot = rows.iter().find(|row| row.kind == RowKind::Hotspot).unwrap();
    assert_eq!(
        load_one(hotspot, &mut Fewer),
        Err(Unreadable::Stranger(crate::build::N_PLUS_ONE.to_owned()))
    );
}

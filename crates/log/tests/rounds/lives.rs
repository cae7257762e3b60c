//! Process after process on one disk: what was acknowledged is there, once, at its number, whatever died when.

use std::collections::BTreeMap;
use std::ops::Range;

use hotspan_log::{Begin, Kind, Log, LogError, Opened, Settings};
use hotspan_model::LogTime;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::disk::Forgetful;

const SMALL: Settings = Settings {
    segment_bytes: 1_500,
    bytes_max: 1 << 30,
};

/// What the world outside knows.
#[derive(Default)]
struct World {
    disk: Forgetful,
    /// Acknowledged records by number.
    acknowledged: BTreeMap<u64, Vec<u8>>,
    /// All that was ever appended at a number and may be there after a crash.
    possible: BTreeMap<u64, Vec<Vec<u8>>>,
    /// What a store says: from where on records are needed, and which were used.
    stored: Option<Range<u64>>,
    drawn: u64,
    torn: u64,
}

pub(crate) fn open(
    disk: &Forgetful,
    needed: Option<Range<u64>>,
    skips: bool,
) -> Result<Opened<Forgetful>, LogError> {
    let begin = Begin {
        needed,
        generation: 0x5eed,
        skips,
    };
    Log::open(disk.clone(), SMALL, begin)
}

impl World {
    /// One process, from its start to its end.
    fn live(&mut self, rng: &mut SmallRng) -> Result<(), LogError> {
        let opened = open(&self.disk, self.stored.clone(), false)?;
        self.torn += u64::from(opened.passed.torn > 0);
        let mut log = opened.log;
        self.check(&log)?;
        for _ in 0..rng.random_range(0..12) {
            self.group(&mut log, rng)?;
            if rng.random_bool(0.2) {
                self.store(&mut log, rng)?;
            }
        }
        Ok(())
    }

    /// Everything that is needed is read, and nothing that nobody wrote.
    fn check(&mut self, log: &Log<Forgetful>) -> Result<(), LogError> {
        let floor = self.stored.as_ref().map_or(0, |stored| stored.start);
        let mut next = None;
        let mut found = BTreeMap::new();
        let mut clock = LogTime(0);
        for record in log.read(floor, false) {
            let record = record?;
            let number = record.at.offset.0;
            assert_eq!(next.unwrap_or(number), number, "numbers have no gap");
            assert!(clock <= record.at.time, "time never steps back");
            (next, clock) = (Some(number + 1), record.at.time);
            let drawn = self
                .possible
                .get(&number)
                .is_some_and(|drawn| drawn.contains(&record.payload));
            assert!(drawn, "record {number} is none that was appended");
            found.insert(number, record.payload);
        }
        assert_eq!(next.unwrap_or(log.next()), log.next());
        for (number, payload) in self.acknowledged.range(floor..) {
            assert_eq!(
                found.get(number),
                Some(payload),
                "record {number} was acknowledged"
            );
        }
        // What is there now stays, though nobody was told.
        self.acknowledged.extend(found);
        Ok(())
    }

    fn group(&mut self, log: &mut Log<Forgetful>, rng: &mut SmallRng) -> Result<(), LogError> {
        let mut group = Vec::new();
        for _ in 0..rng.random_range(1..6) {
            self.drawn += 1;
            let mut payload = self.drawn.to_le_bytes().to_vec();
            payload.resize(8 + rng.random_range(0..300), rng.random());
            let now = LogTime(rng.random_range(0..1_000_000));
            let at = log
                .append(Kind::Request, now, &[&payload])
                .expect("there is room");
            self.possible
                .entry(at.offset.0)
                .or_default()
                .push(payload.clone());
            group.push((at.offset.0, payload));
        }
        match log.commit() {
            Ok(()) => self.acknowledged.extend(group),
            // Whoever sent it was told to come again; the next group takes the numbers.
            Err(_) if !self.disk.is_dead() => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// A store commits how far it is, and then the log lets go what is below.
    fn store(&mut self, log: &mut Log<Forgetful>, rng: &mut SmallRng) -> Result<(), LogError> {
        let floor = self.stored.as_ref().map_or(0, |stored| stored.start);
        self.stored = Some(rng.random_range(floor..=log.next())..log.next());
        log.trim(self.stored.as_ref().map_or(0, |stored| stored.start))?;
        Ok(())
    }
}

/// Lives through so many processes; gives how many found a torn write.
fn rounds(seed: u64, lives: u64, faults: bool) -> u64 {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut world = World::default();
    for life in 0..lives {
        world.disk.light(Some(rng.random_range(1..80)));
        world.disk.spoil(faults.then(|| rng.random_range(0..20)));
        match world.live(&mut rng) {
            Ok(()) => {}
            Err(error) => assert!(world.disk.is_dead(), "seed {seed}, life {life}: {error}"),
        }
        world.disk.crash(&mut rng);
    }
    assert!(
        world.acknowledged.len() as u64 > lives / 4,
        "seed {seed}: something was done"
    );
    world.torn
}

#[test]
fn w7_nothing_acknowledged_is_lost_in_a_thousand_deaths() {
    let torn: u64 = (0..25).map(|seed| rounds(seed, 40, false)).sum();
    assert!(torn > 50, "torn writes are met: {torn}");
}

#[test]
fn w6_a_failed_sync_ends_its_segment_and_nothing_of_it_counts() {
    (100..120).for_each(|seed| {
        rounds(seed, 40, true);
    });
}

/// Dies at every single step of a process that begins, rolls over, stores and trims.
#[test]
fn w7_every_step_may_be_the_last() {
    for fuse in 1..400 {
        let (mut world, mut rng) = (World::default(), SmallRng::seed_from_u64(fuse));
        world.disk.light(Some(fuse));
        let mut all = || -> Result<(), LogError> {
            let mut log = open(&world.disk, None, false)?.log;
            for nth in 0..12 {
                world.group(&mut log, &mut rng)?;
                if nth % 3 == 2 {
                    world.store(&mut log, &mut rng)?;
                }
            }
            Ok(())
        };
        let outcome = all();
        assert_eq!(outcome.is_err(), world.disk.is_dead(), "fuse {fuse}: {outcome:?}");
        world.disk.crash(&mut rng);
        let log = open(&world.disk, world.stored.clone(), false)
            .expect("it begins again")
            .log;
        world.check(&log).expect("it is read");
    }
}

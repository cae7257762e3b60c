//! Systems that are told trace by trace: what happens when decides what is wrong with them.

mod blind;
mod pools;
mod queues;
mod torn;
mod versions;

use hotspan_benches::Line;
use hotspan_model::{Hotspot, LogTime};
use hotspan_pipeline::Settings;
use hotspan_testkit::generator::{Act, Generation, Noise, Place, Program, describe, requests, simulate};
use prost::Message;

use super::{START, Systems};
use crate::population::{GROUPS, Group, Population};

/// What a system is told from.
pub(super) struct Tale {
    name: &'static str,
    /// The detector that must speak; none for a healthy one.
    fault: Option<&'static str>,
    /// A sampler leaves traces that a healthy system might show too: then nothing may be said.
    hidden_when_sampled: bool,
    tell: fn(&mut Teller),
}

/// One line a family.
const TALES: &[&[Tale]] = &[
    super::coupling::tables::TALES,
    super::coupling::calls::TALES,
    super::coupling::seams::TALES,
    pools::TALES,
    queues::TALES,
    torn::TALES,
    blind::TALES,
    versions::TALES,
];

/// Systems of each tale in each group, and operations of the population for one more.
const SYSTEMS_EACH: u64 = 20;
const OPERATIONS: u64 = 20;

/// Draws, analyses and compares.
pub(super) fn judged(of: &Population, rows: &mut Systems, say: &mut impl FnMut(&str)) {
    let each = (of.operations / OPERATIONS).clamp(3, SYSTEMS_EACH);
    for group in GROUPS {
        for tale in TALES.iter().copied().flatten() {
            for n in 0..each {
                let generation = match n % 2 {
                    0 => Generation::Stable,
                    _ => Generation::Legacy,
                };
                let hotspots = tale.hotspots(of.seed + n, generation, of.noise(group, n / 2));
                let fault = tale
                    .fault
                    .filter(|_| group != Group::Sampled || !tale.hidden_when_sampled);
                let said = rows.count((group, tale.name), fault, &hotspots);
                if said != Vec::from_iter(fault) {
                    let (group, seed) = (group.name(), of.seed + n);
                    say(&format!(
                        "{group} {} {generation:?} seed {seed}: {said:?}",
                        tale.name
                    ));
                }
            }
        }
    }
}

pub(super) const MS: u64 = 1_000_000;
pub(super) const SECOND: u64 = 1_000_000_000;
pub(super) const HOUR: u64 = 3_600 * SECOND;

impl Tale {
    pub(super) const fn fault(detector: &'static str, name: &'static str, tell: fn(&mut Teller)) -> Tale {
        Tale {
            name,
            fault: Some(detector),
            hidden_when_sampled: false,
            tell,
        }
    }

    pub(super) const fn healthy(name: &'static str, tell: fn(&mut Teller)) -> Tale {
        Tale {
            name,
            fault: None,
            hidden_when_sampled: false,
            tell,
        }
    }

    /// What the detectors say of one such system.
    fn hotspots(&self, seed: u64, generation: Generation, noise: Noise) -> Vec<Hotspot> {
        let mut teller = Teller {
            place: Place::named(self.name, seed),
            generation,
            noise,
            line: Line::new(Settings::offline(1 << 30)),
            told: 0,
        };
        (self.tell)(&mut teller);
        teller.line.finish().hotspots
    }
}

/// Tells one system to the line.
pub(super) struct Teller {
    place: Place,
    generation: Generation,
    noise: Noise,
    line: Line,
    /// Traces so far, those that were sampled away included.
    told: u64,
}

impl Teller {
    /// Requests of which the sampler keeps about `count`.
    pub(super) fn about(&self, count: u64) -> u64 {
        count * self.one_in()
    }

    /// The sampler keeps one trace in so many.
    fn one_in(&self) -> u64 {
        let space = 1_u64 << 56;
        space.div_ceil(space - self.noise.threshold.min(space - 1)).max(1)
    }

    /// A number of the system as a whole.
    pub(super) fn draw(&self, what: u64, low: u64, high: u64) -> u64 {
        self.place.at(what).within(low, high)
    }

    /// A number of the next trace.
    pub(super) fn next(&self, what: u64, low: u64, high: u64) -> u64 {
        self.place.at(!what).at(self.told).within(low, high)
    }

    /// The id of the next trace.
    fn id(&self) -> u128 {
        let place = self.place.at(0x7ace).at(self.told);
        u128::from(place.at(1).number()) << 64 | u128::from(place.at(2).number() | 1)
    }

    /// A request, `at` nanoseconds after the beginning.
    pub(super) fn request(&mut self, at: u64, program: &Program) {
        self.version(at, program, "1.4.0");
    }

    /// A request that a version answers.
    fn version(&mut self, at: u64, program: &Program, version: &str) {
        match self.keeps() {
            true => self.acts(at, &self.simulated(program), &[("service.version", version)]),
            false => self.told += 1,
        }
    }

    fn keeps(&self) -> bool {
        self.noise.keeps(self.id())
    }

    /// The spans of the next trace, if it does what `program` says.
    pub(super) fn simulated(&self, program: &Program) -> Vec<Act> {
        simulate(program, self.place.at(0x7ace).at(self.told)).0
    }

    /// A trace of such spans, whose senders have other attributes.
    pub(super) fn acts(&mut self, at: u64, acts: &[Act], attributes: &[(&str, &str)]) {
        let (trace, place) = (self.id(), self.place.at(0x7ace).at(self.told).at(3));
        self.told += 1;
        if !self.noise.keeps(trace) {
            return;
        }
        let mut made = requests(acts, trace, START + at, self.generation, self.noise, place);
        for &(key, value) in attributes {
            describe(&mut made, key, value);
        }
        for request in made {
            self.line.take(&request.encode_to_vec(), LogTime(START + at));
        }
    }
}

//! Faults that no single trace shows: whole systems, judged by what all their traces say together. One file a family
//! of faults, each with its healthy look-alikes.

mod cache;
mod coupling;
mod crowd;

use std::collections::BTreeMap;

use hotspan_benches::Line;
use hotspan_hotspots::MIN_CONFIDENCE;
use hotspan_model::{Hotspot, LogTime};
use hotspan_pipeline::Settings;
use hotspan_testkit::generator::{Arguments, Generation, Leaf, Noise, Operation, Place, Program, Step, us};
use prost::Message;

use crate::population::{GROUPS, Group, Population};
use crate::tally::Tally;

/// What a system is drawn from.
struct Plan {
    name: &'static str,
    /// The detector that must speak; none for a healthy one.
    fault: Option<&'static str>,
    /// What it answers; each is asked as often.
    programs: fn(Place) -> Vec<Program>,
}

/// One line a family.
const FAMILIES: &[&[Plan]] = &[cache::PLANS];

/// Systems of each plan in each group.
const SYSTEMS_EACH: u64 = 20;
/// Requests of each operation, so far apart that all fall in one window of ten minutes.
const REQUESTS: u64 = 40;
const START: u64 = 1_700_000_400_000_000_000;
const APART: u64 = 5_000_000_000;

/// What was found, missed and invented.
#[derive(Default)]
pub(crate) struct Systems {
    /// By group and system.
    pub(crate) rows: BTreeMap<(Group, &'static str), Tally>,
    /// By group and detector, in all systems.
    pub(crate) detectors: BTreeMap<(Group, &'static str), Tally>,
}

/// Detectors that are held to [`RIGHT`].
const HELD: [&str; 5] = [
    "chatty-pair",
    "dependency-cycle",
    "seam-candidate",
    "shared-database",
    "shared-table",
];
/// Least precision and recall, in a million.
const RIGHT: u64 = 980_000;

/// Draws, analyses and compares.
pub(crate) fn judged(of: &Population, mut say: impl FnMut(&str)) -> Systems {
    let mut systems = Systems::default();
    for group in GROUPS {
        for plan in FAMILIES.iter().copied().flatten() {
            for n in 0..SYSTEMS_EACH {
                let generation = if n % 2 == 0 {
                    Generation::Stable
                } else {
                    Generation::Legacy
                };
                let operations = plan.draw(of.seed + n, generation, of.noise(group, n / 2));
                let hotspots = hotspots(&operations);
                systems.count((group, plan.name), plan.fault, &hotspots);
            }
        }
    }
    crowd::judged(of, &mut systems, &mut say);
    systems
}

impl Systems {
    /// Counts what is right, and gives what was said.
    fn count(
        &mut self,
        of: (Group, &'static str),
        fault: Option<&'static str>,
        hotspots: &[Hotspot],
    ) -> Vec<&'static str> {
        let over_traces: Vec<&str> = hotspan_hotspots::catalogue().iter().map(|meta| meta.id).collect();
        let mut said: Vec<&'static str> = hotspots
            .iter()
            .filter(|hotspot| hotspot.confidence >= MIN_CONFIDENCE)
            .map(|hotspot| hotspot.detector)
            .filter(|detector| over_traces.contains(detector))
            .collect();
        said.sort_unstable();
        said.dedup();
        let row = self.rows.entry(of).or_default();
        for &detector in said
            .iter()
            .chain(fault.iter().filter(|fault| !said.contains(fault)))
        {
            let tally = self.detectors.entry((of.0, detector)).or_default();
            let count = match (Some(detector) == fault, said.contains(&detector)) {
                (true, true) => [&mut row.found, &mut tally.found],
                (true, false) => [&mut row.missed, &mut tally.missed],
                (false, _) => [&mut row.invented, &mut tally.invented],
            };
            count.into_iter().for_each(|count| *count += 1);
        }
        said
    }

    /// Whether every detector that is held to it is right.
    pub(crate) fn is_good(&self) -> bool {
        let held = self.detectors.iter().filter(|((_, name), _)| HELD.contains(name));
        held.map(|(_, tally)| tally)
            .all(|tally| tally.precision() >= RIGHT && tally.recall() >= RIGHT)
    }
}

impl Plan {
    /// The operations of one system.
    fn draw(&self, seed: u64, generation: Generation, noise: Noise) -> Vec<Operation> {
        let place = Place::named(self.name, seed);
        let programs = (0..).zip((self.programs)(place));
        programs
            .map(|(n, program)| Operation::plain(self.name, program, place.at(n), generation, noise))
            .collect()
    }
}

/// What the detectors say of a system.
fn hotspots(operations: &[Operation]) -> Vec<Hotspot> {
    let mut line = Line::new(Settings::offline(1 << 30));
    for operation in operations {
        let kept = (0..).filter(|&n| operation.keeps(n)).take(REQUESTS as usize);
        for (at, n) in (0..).zip(kept) {
            let at = START + at * APART;
            for request in operation.request(n, at).requests {
                line.take(&request.encode_to_vec(), LogTime(at));
            }
        }
    }
    line.finish().hotspots
}

/// An operation that a service answers requests by.
fn served(service: &'static str, operation: &'static str, body: Vec<Step>) -> Program {
    Program {
        service,
        operation,
        job: false,
        body,
    }
}

/// A read by key whose argument does not show.
fn query(table: &'static str) -> Step {
    let arguments = Arguments::Bound;
    Step::Out(Leaf::Query { table, arguments }, us(700, 2_500))
}

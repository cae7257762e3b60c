//! Which systems are drawn: every scenario, in three groups of noise, in both generations of names, seen in few traces
//! or many.

use hotspan_testkit::generator::{Generation, Noise, Operation, SCENARIOS, Scenario, UNDECIDABLE};

use crate::judge::Seen;
use crate::tally::Tallies;

/// What is drawn.
pub(crate) struct Population {
    pub(crate) operations: u64,
    pub(crate) seed: u64,
    /// Most that a clock is off under noise, in nanoseconds.
    pub(crate) skew: u64,
    /// Spans lost under noise, in a million.
    pub(crate) loss: u64,
    /// Confidences as they are answered, else as their terms multiply.
    pub(crate) calibrated: bool,
}

/// What happens to spans on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    /// Nothing.
    Clean,
    /// Clocks are off, spans are lost, half have whole milliseconds.
    Disturbed,
    /// The same, and a head sampler keeps one trace in ten.
    Sampled,
}

/// All of them.
pub(crate) const GROUPS: [Group; 3] = [Group::Clean, Group::Disturbed, Group::Sampled];

impl Group {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Group::Clean => "clean",
            Group::Disturbed => "disturbed",
            Group::Sampled => "sampled",
        }
    }
}

/// Traces of each operation, in turn: their number is a term of confidence.
const TRACES: [u64; 4] = [20, 10, 40, 15];
/// Those of a fault that is judged by its share of twenty traces at least: losses must leave so many.
const OF_A_SHARE: (&str, u64) = ("exception-storm", 40);
/// Their mean, about.
pub(crate) const TRACES_MEAN: u64 = 21;
/// The threshold of a sampler that keeps one trace in ten.
pub(crate) const TENTH: u64 = (1 << 56) / 10 * 9;

impl Population {
    /// Draws, analyses and compares; `say` hears what went wrong.
    pub(crate) fn judged(&self, mut say: impl FnMut(&str)) -> Tallies {
        let mut tallies = Tallies::default();
        let scenarios = deck();
        for n in 0..self.operations {
            // Every scenario meets every group, generation, number of traces and clock in turn.
            let (round, at) = (n / scenarios.len() as u64, n % scenarios.len() as u64);
            let scenario = scenarios[at as usize];
            let group = GROUPS[((at + round) % 3) as usize];
            let generation = if (at / 3 + round / 3).is_multiple_of(2) {
                Generation::Stable
            } else {
                Generation::Legacy
            };
            let noise = self.noise(group, at / 2 + round / 12);
            let operation = Operation::draw(scenario, self.seed + n, generation, noise);
            let fault = operation.case.fault.as_ref().map(|fault| fault.detector);
            let traces = match fault == Some(OF_A_SHARE.0) {
                true => OF_A_SHARE.1,
                false => TRACES[((at + round / 6) % 4) as usize],
            };
            let seen = Seen::of(&operation, traces, self.calibrated);
            let said = seen.judge(&operation, group, &mut tallies);
            if !said.is_empty() {
                let (name, seed) = (scenario.name, self.seed + n);
                say(&format!(
                    "{} {name} {generation:?} seed {seed}: {said}",
                    group.name()
                ));
            }
        }
        tallies
    }

    /// What happens to the spans of the `n`-th of a group.
    pub(crate) fn noise(&self, group: Group, n: u64) -> Noise {
        let disturbed = Noise {
            skew: self.skew,
            loss: self.loss,
            coarse: n.is_multiple_of(2),
            threshold: 0,
        };
        match group {
            Group::Clean => Noise::default(),
            Group::Disturbed => disturbed,
            Group::Sampled => Noise {
                threshold: TENTH,
                ..disturbed
            },
        }
    }
}

/// Cards of each detector in a deck, so that each is judged by as many operations.
const CARDS: usize = 4;

/// What is drawn in turn: every scenario once, then more of those whose detector has few. Those that look like a fault
/// are as many as the fault.
fn deck() -> Vec<&'static Scenario> {
    let mut deck: Vec<&Scenario> = SCENARIOS.iter().chain(UNDECIDABLE).collect();
    let fault = |scenario: &Scenario| {
        let operation = Operation::draw(scenario, 0, Generation::Stable, Noise::default());
        operation.case.fault.map(|fault| fault.detector)
    };
    let faults: Vec<&str> = SCENARIOS.iter().filter_map(fault).collect();
    for scenario in SCENARIOS {
        let of_detector = fault(scenario).map(|own| faults.iter().filter(|&&other| other == own).count());
        let cards = of_detector.map_or(1, |scenarios| CARDS.div_ceil(scenarios));
        deck.extend(std::iter::repeat_n(scenario, cards - 1));
    }
    deck.extend(
        UNDECIDABLE
            .iter()
            .flat_map(|scenario| std::iter::repeat_n(scenario, CARDS - 1)),
    );
    deck
}

/// Whether its traces are also those of a healthy program: it tests what is stated, not what is found.
pub(crate) fn is_undecidable(operation: &Operation) -> bool {
    UNDECIDABLE
        .iter()
        .any(|scenario| scenario.name == operation.scenario)
}

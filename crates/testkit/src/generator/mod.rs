//! Traces with known answers: the same seed gives the same bytes, and the repaired request beside the faulty one
//! tells the true saving without asking any detector.

mod database;
mod program;
mod rng;
mod scenarios;
mod simulate;
mod synchrony;
mod wire;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;

pub use program::{Act, Arguments, Leaf, Protocol, Spread, Step, What, ms, us};
pub use rng::Place;
pub use scenarios::{BASIC, Case, Fault, Scenario};
pub use simulate::{Program, simulate};
pub use synchrony::UNDECIDABLE;
pub use wire::{Generation, Noise, describe, requests};

/// Every scenario; about half are healthy.
pub const SCENARIOS: &[Scenario] = &joined::<
    { scenarios::BASIC.len() + database::SCENARIOS.len() + synchrony::SCENARIOS.len() },
>([scenarios::BASIC, database::SCENARIOS, synchrony::SCENARIOS]);

const fn joined<const N: usize>(lists: [&[Scenario]; 3]) -> [Scenario; N] {
    let mut all = [scenarios::BASIC[0]; N];
    let (mut list, mut at, mut to) = (0, 0, 0);
    while list < lists.len() {
        while at < lists[list].len() {
            all[to] = lists[list][at];
            (at, to) = (at + 1, to + 1);
        }
        (list, at) = (list + 1, 0);
    }
    all
}

/// One operation of a system: a case and how its spans look on the wire.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Scenario it was drawn from.
    pub scenario: &'static str,
    /// The case.
    pub case: Case,
    /// Names of attributes.
    pub generation: Generation,
    /// What goes wrong on the way.
    pub noise: Noise,
    place: Place,
}

/// One generated request.
#[derive(Clone, Debug)]
pub struct Generated {
    /// Trace id.
    pub trace: u128,
    /// OTLP requests, one a service.
    pub requests: Vec<ExportTraceServiceRequest>,
    /// Duration of its root in nanoseconds, before noise.
    pub duration: u64,
    /// Duration of the same request without the fault.
    pub repaired: Option<u64>,
}

impl Operation {
    /// Draws an operation of `scenario`.
    pub fn draw(scenario: &Scenario, seed: u64, generation: Generation, noise: Noise) -> Operation {
        let place = Place::named(scenario.name, seed);
        Operation {
            scenario: scenario.name,
            case: (scenario.draw)(place),
            generation,
            noise,
            place,
        }
    }

    /// An operation that does what `program` says: part of a system whose fault no single request knows.
    pub fn plain(
        scenario: &'static str,
        program: Program,
        place: Place,
        generation: Generation,
        noise: Noise,
    ) -> Operation {
        Operation {
            scenario,
            case: Case {
                program,
                repaired: None,
                fault: None,
            },
            generation,
            noise,
            place,
        }
    }

    /// Whether the sampler of its noise keeps the `n`-th request.
    pub fn keeps(&self, n: u64) -> bool {
        self.noise.keeps(trace_id(self.place_of(n)))
    }

    fn place_of(&self, n: u64) -> Place {
        self.place.at(0x7ace).at(n)
    }

    /// Its `n`-th request, started at `start` nanoseconds since 1970.
    pub fn request(&self, n: u64, start: u64) -> Generated {
        let place = self.place_of(n);
        let (acts, duration) = simulate(&self.case.program, place);
        let repaired = self
            .case
            .repaired
            .as_ref()
            .map(|program| simulate(program, place).1);
        let trace = trace_id(place);
        let requests = requests(&acts, trace, start, self.generation, self.noise, place.at(3));
        Generated {
            trace,
            requests,
            duration,
            repaired,
        }
    }
}

fn trace_id(place: Place) -> u128 {
    u128::from(place.at(1).number()) << 64 | u128::from(place.at(2).number() | 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_700_000_000_000_000_000;

    fn draw(scenario: &Scenario, seed: u64) -> Operation {
        Operation::draw(scenario, seed, Generation::Stable, Noise::default())
    }

    #[test]
    fn the_same_seed_gives_the_same_traces_and_another_gives_others() {
        for scenario in SCENARIOS {
            let request = |seed| draw(scenario, seed).request(3, START).requests;
            assert_eq!(request(1), request(1), "{}", scenario.name);
            assert_ne!(request(1), request(2), "{}", scenario.name);
        }
    }

    #[test]
    fn a_sampler_keeps_its_share_and_says_so() {
        let noise = Noise {
            threshold: (1 << 56) / 10 * 9,
            ..Noise::default()
        };
        let operation = Operation::draw(&SCENARIOS[0], 1, Generation::Stable, noise);
        let kept: Vec<u64> = (0..10_000).filter(|&n| operation.keeps(n)).collect();
        assert!(kept.len().abs_diff(1_000) < 100, "{}", kept.len());
        let made = operation.request(kept[0], START);
        assert!(noise.keeps(made.trace));
        let span = &made.requests[0].resource_spans[0].scope_spans[0].spans[0];
        assert_eq!(span.trace_state, "ot=th:e6666666666661");
    }

    #[test]
    fn repairing_a_sequential_fault_never_makes_a_request_slower() {
        let sequential = [
            "nplus1-query",
            "nplus1-insert",
            "nplus1-cache",
            "item-loop",
            "redundant-query",
            "nplus1-publish",
            "slow-query",
            "missing-pool",
            "procedure",
            "serial-fan-out",
            "third-party",
        ];
        for scenario in SCENARIOS
            .iter()
            .filter(|scenario| sequential.contains(&scenario.name))
        {
            for seed in 0..50 {
                let made = draw(scenario, seed).request(seed, START);
                assert!(
                    made.repaired.expect("it is faulty") <= made.duration,
                    "{} seed {seed}",
                    scenario.name
                );
            }
        }
    }

    #[test]
    fn every_span_has_its_parent_and_lies_inside_it_unless_detached() {
        for scenario in SCENARIOS {
            let (acts, _) = simulate(&draw(scenario, 5).case.program, Place::new(5));
            let given_up = |act: &Act| matches!(act.what, What::GivenUp { .. });
            for act in &acts[1..] {
                let parent = acts
                    .iter()
                    .find(|other| other.id == act.parent)
                    .expect(scenario.name);
                assert!(
                    parent.start <= act.start && (act.end <= parent.end || given_up(parent)),
                    "{} {act:?}",
                    scenario.name
                );
            }
        }
    }
}

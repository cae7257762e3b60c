//! Holds the detectors against the generator's known answers: precision, recall, and the error of predicted savings.
//!
//! Each operation is generated, analysed alone, and compared. The true saving is the duration of the request minus
//! that of the same request with the fault repaired. Exits with 1 when a target is missed.
#![expect(clippy::print_stdout, reason = "a measuring program prints its figures")]

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Parser;
use hotspan_benches::Line;
use hotspan_model::{Hotspot, LogTime, Millionths};
use hotspan_pipeline::Settings;
use hotspan_testkit::generator::{Fault, Generation, Noise, Operation, SCENARIOS};
use prost::Message;

/// Compares the detectors with the generator's known answers
#[derive(Parser)]
struct Arguments {
    /// Traces in all, half of them under noise
    #[arg(long, default_value_t = 10_000)]
    traces: u64,
    /// First seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Most that a clock is off under noise, in milliseconds
    #[arg(long, default_value_t = 50)]
    skew: u64,
    /// Spans lost under noise, in a thousand
    #[arg(long, default_value_t = 50)]
    loss: u64,
    /// Say what went wrong with each operation
    #[arg(long)]
    verbose: bool,
}

/// Traces of each operation.
const TRACES_EACH: u64 = 20;
/// Savings below this are nothing to be right about, in nanoseconds.
const SAVING_MIN: u64 = 1_000_000;
/// How far beyond a predicted range the truth may lie, as a part of itself: many edits give a single number.
const SLACK: u64 = 100;

/// What was found over many operations.
#[derive(Default)]
struct Tally {
    found: u64,
    missed: u64,
    invented: u64,
    /// Errors of predicted savings, in millionths of the true one.
    errors: Vec<u64>,
    inside: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let operations = arguments.traces / TRACES_EACH;
    let noisy = |coarse| Noise {
        skew: arguments.skew * 1_000_000,
        loss: arguments.loss * 1_000,
        coarse,
    };
    let mut tallies: BTreeMap<(&str, &str), Tally> = BTreeMap::new();
    for n in 0..operations {
        let scenario = &SCENARIOS[(n / 4 % SCENARIOS.len() as u64) as usize];
        let generation = if n % 2 == 0 {
            Generation::Stable
        } else {
            Generation::Legacy
        };
        let (group, noise) = if n % 4 < 2 {
            ("clean", Noise::default())
        } else {
            ("noisy", noisy(n % 8 < 4))
        };
        let operation = Operation::draw(scenario, arguments.seed + n, generation, noise);
        let seen = Seen::of(&operation);
        let detector = operation
            .case
            .fault
            .as_ref()
            .map_or("(healthy)", |fault| fault.detector);
        let tally = tallies.entry((group, detector)).or_default();
        let said = seen.judge(&operation, tally);
        if arguments.verbose && !said.is_empty() {
            println!(
                "{group} {} {generation:?} seed {}: {said}",
                scenario.name,
                arguments.seed + n
            );
        }
    }
    let ok = report(&tallies);
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What one operation's traces gave.
struct Seen {
    hotspots: Vec<Hotspot>,
    /// True savings, ascending, in nanoseconds.
    savings: Vec<u64>,
}

impl Seen {
    fn of(operation: &Operation) -> Seen {
        let mut line = Line::new(Settings::offline(1 << 30));
        let mut savings = Vec::new();
        for n in 0..TRACES_EACH {
            let made = operation.request(n, 1_700_000_000_000_000_000 + n * 1_000_000_000);
            savings.push(
                made.duration
                    .saturating_sub(made.repaired.unwrap_or(made.duration)),
            );
            for request in made.requests {
                line.take(&request.encode_to_vec(), LogTime(0));
            }
        }
        savings.sort_unstable();
        let mut hotspots = line.finish().hotspots;
        // The generator knows what is wrong with a trace; what many of them show together has tests of its own.
        let of_one_trace: Vec<&str> = hotspan_analysis::catalogue().iter().map(|meta| meta.id).collect();
        hotspots.retain(|hotspot| {
            hotspot.confidence >= Millionths(400_000) && of_one_trace.contains(&hotspot.detector)
        });
        Seen { hotspots, savings }
    }

    /// The saving of the operation as its hotspot would state it: a median, but for a limit on a tail the mean.
    fn truth(&self, detector: &str) -> u64 {
        let count = self.savings.len();
        match detector {
            "third-party-on-critical-path" => self.savings.iter().sum::<u64>() / count as u64,
            _ => self.savings[(count - 1) / 2],
        }
    }

    /// Counts what is right; says what is not.
    fn judge(&self, operation: &Operation, tally: &mut Tally) -> String {
        let wanted = operation.case.fault.as_ref();
        let is_it = |hotspot: &Hotspot, fault: &Fault| {
            hotspot.detector == fault.detector
                && hotspot.service == fault.service
                && hotspot.operation == fault.operation
        };
        let mut said = String::new();
        for other in self
            .hotspots
            .iter()
            .filter(|spot| wanted.is_none_or(|fault| !is_it(spot, fault)))
        {
            tally.invented += 1;
            said += &format!(
                "invented {} in {} {}; ",
                other.detector, other.service, other.operation
            );
        }
        let Some(fault) = wanted else { return said };
        let Some(found) = self.hotspots.iter().find(|spot| is_it(spot, fault)) else {
            tally.missed += 1;
            return said
                + &format!(
                    "missed {} in {} {}",
                    fault.detector, fault.service, fault.operation
                );
        };
        tally.found += 1;
        let truth = self.truth(fault.detector);
        if truth < SAVING_MIN {
            return said;
        }
        let error = Millionths::ratio(truth.abs_diff(found.saving.likely.0), truth).0;
        tally.errors.push(error);
        let (min, max) = (found.saving.min.0, found.saving.max.0);
        let slack = truth / SLACK;
        let inside = min <= truth + slack && truth <= max + slack;
        tally.inside += u64::from(inside);
        if error > 100_000 || !inside {
            said += &format!(
                "saves {truth} ns; said {min} .. {} .. {max}",
                found.saving.likely.0
            );
        }
        said
    }
}

/// Prints the table; whether all targets are met.
fn report(tallies: &BTreeMap<(&str, &str), Tally>) -> bool {
    println!(
        "{:<6} {:<30} found missed invented  within 10 %  median error  in [min, max]",
        "group", "fault"
    );
    let mut ok = true;
    for group in ["clean", "noisy"] {
        let mut all = Tally::default();
        for ((_, detector), tally) in tallies.iter().filter(|((of, _), _)| *of == group) {
            line(group, detector, tally);
            all.found += tally.found;
            all.missed += tally.missed;
            all.invented += tally.invented;
            all.inside += tally.inside;
            all.errors.extend(&tally.errors);
        }
        line(group, "all", &all);
        let precision = Millionths::ratio(all.found, all.found + all.invented).0;
        let recall = Millionths::ratio(all.found, all.found + all.missed).0;
        println!("{group}: precision {precision} and recall {recall} in a million");
        ok &= precision >= 990_000 && recall >= 990_000;
        ok &= match group {
            "clean" => all.within(100_000) >= 900_000 && all.inside_share() >= 950_000,
            _ => all.median() <= 250_000,
        };
    }
    println!("{}", if ok { "all targets met" } else { "targets missed" });
    ok
}

fn line(group: &str, detector: &str, tally: &Tally) {
    println!(
        "{group:<6} {detector:<30} {:>5} {:>6} {:>8} {:>10} % {:>11} % {:>12} %",
        tally.found,
        tally.missed,
        tally.invented,
        tally.within(100_000) / 10_000,
        tally.median() / 10_000,
        tally.inside_share() / 10_000,
    );
}

impl Tally {
    fn within(&self, error: u64) -> u64 {
        let count = self.errors.iter().filter(|&&of| of <= error).count();
        Millionths::ratio(count as u64, self.errors.len() as u64).0
    }

    fn inside_share(&self) -> u64 {
        Millionths::ratio(self.inside, self.errors.len() as u64).0
    }

    fn median(&self) -> u64 {
        let mut errors = self.errors.clone();
        errors.sort_unstable();
        errors.get(errors.len() / 2).copied().unwrap_or(0)
    }
}

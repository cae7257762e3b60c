//! Holds the detectors against the generator's known answers: precision, recall, the error of predicted savings, and
//! how often a stated confidence is right.
//!
//! Each operation is generated, analysed alone, and compared. The true saving is the duration of the request minus
//! that of the same request with the fault repaired. Exits with 1 when a target is missed.
#![expect(clippy::print_stdout, reason = "a measuring program prints its figures")]

mod curve;
mod judge;
mod population;
mod report;
mod sampled;
mod systems;
mod tally;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use population::{GROUPS, Population};

/// Compares the detectors with the generator's known answers
#[derive(Parser)]
struct Arguments {
    /// Traces in all, a third of them without noise
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
    /// Judge whole systems and nothing else
    #[arg(long)]
    systems: bool,
    /// Write the whole report to this file, as Markdown
    #[arg(long)]
    report: Option<PathBuf>,
    /// Judge the products of terms, and print the calibration table that they ask for
    #[arg(long)]
    fit: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let population = Population {
        operations: arguments.traces / population::TRACES_MEAN,
        seed: arguments.seed,
        skew: arguments.skew * 1_000_000,
        loss: arguments.loss * 1_000,
        calibrated: !arguments.fit,
    };
    let say = |said: &str| {
        if arguments.verbose {
            println!("{said}");
        }
    };
    let systems = systems::judged(&population, say);
    if arguments.systems {
        println!("{}\n{}", report::rows(&systems), report::table(&systems));
        return exit(systems.is_good());
    }
    let tallies = population.judged(say);
    let shares = sampled::shares(arguments.seed);
    let ok = tallies.is_good() && systems.is_good() && shares.iter().all(sampled::Shares::is_good);
    let text = report::markdown(&population, &tallies, &systems, &shares);
    match &arguments.report {
        None => println!("{text}"),
        Some(path) => {
            if let Err(error) = std::fs::write(path, &text) {
                println!("{}: {error}", path.display());
                return ExitCode::FAILURE;
            }
        }
    }
    if arguments.fit {
        println!("{:?}", tallies.curve.fit());
    }
    for group in GROUPS {
        let all = tallies.all(group);
        println!(
            "{}: precision {} and recall {} in a million",
            group.name(),
            all.precision(),
            all.recall()
        );
    }
    exit(ok)
}

fn exit(ok: bool) -> ExitCode {
    println!("{}", if ok { "all targets met" } else { "targets missed" });
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

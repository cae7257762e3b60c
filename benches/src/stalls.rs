//! How long a shard stands still: while readers look at it, and while its table of sessions grows and gives way.
#![expect(clippy::print_stdout, reason = "a measuring program prints its figures")]

use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use hotspan_assembly::{Assembler, Settings};
use hotspan_benches::full::Full;
use hotspan_benches::pauses::Pauses;
use hotspan_benches::shapes::{self, Shape};
use hotspan_model::{Assembled, LogTime, Record, TableSeed, TraceId};
use hotspan_testkit::LogClock;
use mimalloc::MiMalloc;

/// That of the daemon.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Times what a shard does between two messages, by the CPU clock of the thread
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Copy, Subcommand)]
enum What {
    /// Snapshots of a shard all of whose hotspots change between two of them, and the answers that follow
    Snapshots {
        /// Hotspots of the shard
        #[arg(long, default_value_t = 10_000)]
        hotspots: u64,
        /// Traces of each before the first snapshot
        #[arg(long, default_value_t = 250)]
        sightings: u64,
        /// Snapshots
        #[arg(long, default_value_t = 20)]
        rounds: u64,
    },
    /// Traces of one span, each new, until the table holds so many sessions and gives way
    Sessions {
        /// Traces
        #[arg(long, default_value_t = 2_000_000)]
        traces: u64,
        /// Traces a second of log time
        #[arg(long, default_value_t = 16_000)]
        rate: u64,
        /// Accounted bytes that the table may take
        #[arg(long, default_value_t = 1 << 30)]
        bytes_max: u64,
    },
}

fn main() {
    match Arguments::parse().what {
        What::Snapshots {
            hotspots,
            sightings,
            rounds,
        } => snapshots(hotspots, sightings, rounds),
        What::Sessions {
            traces,
            rate,
            bytes_max,
        } => sessions(traces, rate, bytes_max),
    }
}

fn snapshots(hotspots: u64, sightings: u64, rounds: u64) {
    let mut full = Full::new(hotspots, sightings);
    full.show(&mut Default::default());
    let mut pauses: [Pauses; 3] = Default::default();
    let (unseen, traces) = count_rounds(&mut full, rounds, |_| {});
    let (seen, _) = count_rounds(&mut full, rounds, |full| full.show(&mut pauses));
    let (mut first, mut again) = (Pauses::default(), Pauses::default());
    first.time(|| drop(full.answers()));
    again.time(|| drop(full.answers()));
    println!(
        "{hotspots} hotspots: a trace takes {} ns, {} ns while readers look",
        unseen.as_nanos() / u128::from(traces.max(1)),
        seen.as_nanos() / u128::from(traces.max(1)),
    );
    for (what, pauses) in ["begin", "pieces", "publish"].iter().zip(&mut pauses) {
        println!("{what}: {}", pauses.summary());
    }
    println!("answers: {}", first.summary());
    println!("answers of the same: {}", again.summary());
}

/// Time of all rounds, with `after` after each; the number of traces.
fn count_rounds(full: &mut Full, rounds: u64, mut after: impl FnMut(&mut Full)) -> (Duration, u64) {
    let (start, mut traces) = (Instant::now(), 0);
    for _ in 0..rounds {
        traces += full.round();
        after(full);
    }
    (start.elapsed(), traces)
}

fn sessions(traces: u64, rate: u64, bytes_max: u64) {
    let settings = Settings {
        bytes_max,
        ..Settings::default()
    };
    let (batch, dictionary) = shapes::trace(Shape::Flat, 1);
    let root = batch.records[0];
    let mut assembler = Assembler::new(settings, TableSeed::default());
    let (mut clock, mut trace) = (LogClock::default(), Assembled::default());
    let (mut pushes, mut timers, mut most) = (Pauses::default(), Pauses::default(), 0);
    for n in 1..=traces {
        let at = clock.at(LogTime(
            1_700_000_000_000_000_000 + n * 1_000_000_000 / rate.max(1),
        ));
        // Odd, so that no two are the same and none is zero; spread over the table.
        let id = (2 * u128::from(n) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        let record = Record {
            trace: TraceId::new(id).unwrap_or(root.trace),
            ..root
        };
        pushes.time(|| {
            assembler.push(&record, &[], at, &dictionary);
        });
        // As often as requests of a hundred spans come.
        if n % 100 == 0 {
            timers.time(|| assembler.handle_timeout(at));
            while assembler.poll_trace(&mut trace) {}
        }
        most = most.max(assembler.stats().sessions());
    }
    println!("{traces} traces, {most} sessions at most");
    println!("pushes: {}", pushes.summary());
    println!("timers and budgets: {}", timers.summary());
}

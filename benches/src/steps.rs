//! The cost of single steps: instructions (run it under callgrind, see `benches/instructions`), allocations, memory.
#![expect(clippy::print_stdout, reason = "a measuring program prints its figures")]

use clap::{Parser, ValueEnum};
use hotspan_assembly::{Assembler, Settings as AssemblySettings};
use hotspan_benches::payload::Payload;
use hotspan_benches::shapes::{self, Shape};
use hotspan_benches::{Assembling, Line, Walk};
use hotspan_hotspots::answers;
use hotspan_model::{Decided, LogTime, TableSeed};
use hotspan_pipeline::{Pipeline, Settings};
use hotspan_testkit::LogClock;
use prost::Message;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Runs one step over generated requests and prints what it did
#[derive(Parser)]
struct Arguments {
    /// Which step
    #[arg(value_enum)]
    step: Step,
    /// Requests before measuring
    #[arg(long, default_value_t = 100)]
    warm: u64,
    /// Requests measured
    #[arg(long, default_value_t = 100)]
    requests: u64,
    /// Spans of each
    #[arg(long, default_value_t = 500)]
    spans: usize,
    /// Microseconds between two requests: the fewer, the more traces are open and remembered at once
    #[arg(long, default_value_t = 50_000)]
    apart_us: u64,
    /// Every name is its own
    #[arg(long)]
    distinct: bool,
    /// How the spans of the one trace hang together
    #[arg(long, value_enum, default_value = "flat")]
    shape: Shape,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Only make the requests, to subtract
    Nothing,
    /// Bytes to span records
    Walk,
    /// Bytes to decided traces
    Assemble,
    /// Bytes to findings and hotspots
    Pipeline,
    /// Bytes a live span takes
    Memory,
    /// One trace of so many spans, from push to hotspots
    Trace,
}

fn main() {
    let arguments = Arguments::parse();
    match arguments.step {
        Step::Nothing | Step::Walk | Step::Assemble | Step::Pipeline => run(&arguments),
        Step::Memory => memory(&arguments),
        Step::Trace => one_trace(&arguments),
    }
}

/// Encoded requests and when they arrive.
fn requests(arguments: &Arguments) -> Vec<(Vec<u8>, LogTime)> {
    let mut payload = Payload::new(7, arguments.spans, arguments.distinct);
    let at = |n| 1_700_000_000_000_000_000 + n * arguments.apart_us * 1_000;
    let total = arguments.warm + arguments.requests;
    (0..total)
        .map(|n| (payload.request(at(n)).encode_to_vec(), LogTime(at(n))))
        .collect()
}

fn run(arguments: &Arguments) {
    let requests = requests(arguments);
    let (warm, measured) = requests.split_at(arguments.warm as usize);
    let mut step = Runner::new(arguments.step);
    for (bytes, time) in warm {
        step.take(bytes, *time);
    }
    let (region, start) = (Region::new(ALLOCATOR), Instant::now());
    let spans = count(&mut step, measured);
    let time = start.elapsed();
    let change = region.change();
    let bytes: usize = measured.iter().map(|(bytes, _)| bytes.len()).sum();
    println!(
        "{spans} spans, {} ns and {} bytes a span, {} allocations, {} reallocations, {} bytes grown",
        time.as_nanos() as u64 / spans.max(1),
        bytes as u64 / spans.max(1),
        change.allocations,
        change.reallocations,
        change.bytes_allocated as i64 - change.bytes_deallocated as i64
    );
}

/// What is measured, and nothing else: callgrind is told to count in here alone.
#[inline(never)]
fn count(step: &mut Runner, requests: &[(Vec<u8>, LogTime)]) -> u64 {
    requests.iter().map(|(bytes, time)| step.take(bytes, *time)).sum()
}

enum Runner {
    Nothing(u64),
    Walk(Box<Walk>),
    Assemble(Box<Walk>, Box<Assembling>),
    Line(Box<Line>),
}

impl Runner {
    fn new(step: Step) -> Runner {
        let seed = TableSeed::default();
        match step {
            Step::Walk => Runner::Walk(Box::new(Walk::new(seed))),
            Step::Assemble => Runner::Assemble(Box::new(Walk::new(seed)), Box::new(Assembling::new(seed))),
            Step::Pipeline => Runner::Line(Box::new(Line::new(Settings::default()))),
            Step::Nothing | Step::Memory | Step::Trace => Runner::Nothing(0),
        }
    }

    fn take(&mut self, request: &[u8], time: LogTime) -> u64 {
        match self {
            Runner::Nothing(spans) => {
                *spans += 1;
                *spans
            }
            Runner::Walk(walk) => walk.take(request),
            Runner::Assemble(walk, assembling) => {
                let spans = walk.take(request);
                assembling.take(walk, time);
                spans
            }
            Runner::Line(line) => line.take(request, time),
        }
    }
}

/// Analyses one large trace. Nothing is folded: the settings are those of a file.
fn one_trace(arguments: &Arguments) {
    let (batch, dictionary) = shapes::trace(arguments.shape, arguments.spans as u64);
    let settings = Settings::offline(4 << 30);
    let hotspots = settings.hotspots.clone();
    let mut pipeline = Pipeline::new(settings, TableSeed::default());
    let mut clock = LogClock::default();
    for _ in 0..arguments.requests {
        pipeline.handle_batch(clock.at(LogTime(1)), &batch, &dictionary);
        pipeline.finish(clock.at(LogTime(1)), Decided::EndOfInput, &dictionary);
    }
    let parts = [pipeline.snapshot(clock.now()).hotspots];
    let catalogue = hotspan_analysis::catalogue();
    let answers = answers(&parts, &dictionary, &catalogue, None, &hotspots);
    let (spans, hotspots) = (pipeline.counts().analysed, answers.hotspots.len());
    println!("{spans} spans analysed, {hotspots} hotspots");
}

/// What the assembler holds for spans of undecided traces.
fn memory(arguments: &Arguments) {
    let requests = requests(arguments);
    let seed = TableSeed::default();
    let mut walk = Walk::new(seed);
    let mut assembler = Assembler::new(
        AssemblySettings {
            bytes_max: 4 << 30,
            ..AssemblySettings::default()
        },
        seed,
    );
    let region = Region::new(ALLOCATOR);
    let (mut clock, mut held) = (LogClock::default(), 0);
    for (bytes, _) in &requests {
        let before = region.change();
        walk.take(bytes);
        let between = region.change();
        held -= between.bytes_allocated as i64 - between.bytes_deallocated as i64;
        held += before.bytes_allocated as i64 - before.bytes_deallocated as i64;
        let at = clock.at(LogTime(1));
        for (record, sides) in walk.batch().iter() {
            assembler.push(record, sides, at, walk.dictionary());
        }
    }
    let change = region.change();
    held += change.bytes_allocated as i64 - change.bytes_deallocated as i64;
    let (spans, traces) = (assembler.counts().open as i64, assembler.stats().open as i64);
    println!(
        "{spans} live spans in {traces} traces: {} bytes allocated a span, {} bytes accounted a span",
        held / spans.max(1),
        assembler.stats().bytes as i64 / spans.max(1)
    );
}

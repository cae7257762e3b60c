//! A whole receiver under load over real gRPC: CPU of its process for each span, memory, loss, findings, answers.
//!
//! Starts `hotspan serve` (or a rival with `--rival`) on loopback, sends requests that were encoded and compressed
//! before, and reads the process's own CPU time once everything was decided. Stops only what it started.
#![expect(clippy::print_stdout, reason = "a measuring program prints its figures")]

mod asking;
mod overload;
mod probe;
mod receiver;
mod requests;
mod sender;
mod soak;
mod table;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use requests::Coding;

/// Measures a receiver under load
#[derive(Parser)]
#[command(after_help = "Examples:
  load                                            the table of docs/performance.md
  load --spans 500 --coding gzip --queries 100    one row, and more questions
  load --rival 'perf-sentinel watch' --spans 500  another receiver
  load --probe 1000000                            how soon a hotspot is there, also beside a giant trace
  load --overload 60 --with '--memory 512MiB'     more than it can take, for a minute
  load --soak 20                                  twenty minutes of everyday life at 70 % of what it can take")]
struct Arguments {
    /// The daemon's binary
    #[arg(long, default_value = "target/release/hotspan")]
    daemon: PathBuf,
    /// Further arguments of the daemon, say '--memory 512MiB --shards 2'
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    with: String,
    /// Another receiver instead: a command line that listens for OTLP/gRPC on --port
    #[arg(long)]
    rival: Option<String>,
    /// Port of the rival
    #[arg(long, default_value_t = 4317)]
    port: u16,
    /// Spans of each request
    #[arg(long, value_delimiter = ',', default_value = "500,50,10")]
    spans: Vec<usize>,
    /// Compression of requests
    #[arg(long, value_enum, value_delimiter = ',', default_value = "gzip,identity,zstd")]
    coding: Vec<Coding>,
    /// Spans that are sent before measuring: they fill dictionaries and memos
    #[arg(long, default_value_t = 200_000)]
    warm: usize,
    /// Spans that are measured
    #[arg(long, default_value_t = 3_000_000)]
    measured: usize,
    /// Connections
    #[arg(long, default_value_t = 1)]
    connections: usize,
    /// Requests in flight on each
    #[arg(long, default_value_t = 4)]
    in_flight: usize,
    /// At most so many spans a second; 0: as fast as they are taken
    #[arg(long, default_value_t = 0)]
    rate: u64,
    /// Every span name is its own
    #[arg(long)]
    distinct: bool,
    /// Queries of the hotspots a second while it ingests
    #[arg(long, default_value_t = 10)]
    queries: u32,
    /// Instead of the table: uncompressed requests for so many seconds, and what gives way. Fails when accepted spans are
    /// not all accounted for, or it does not recover
    #[arg(long, value_name = "SECONDS")]
    overload: Option<u64>,
    /// Instead of the table: how soon a trace's hotspot can be read, alone, under full load and beside one trace of so many
    /// spans
    #[arg(long, value_name = "SPANS", conflicts_with = "overload")]
    probe: Option<usize>,
    /// Instead of the table: so many minutes at --rate (0: 70 % of what it takes, measured first) while connections come and
    /// go, questions are asked, the configuration is read again and hotspots are stored. Fails when memory, threads or
    /// files grow, or spans are not all accounted for
    #[arg(long, value_name = "MINUTES", conflicts_with_all = ["overload", "probe", "rival"])]
    soak: Option<u64>,
    /// Resident memory above which the overload fails
    #[arg(long, value_name = "MIB", requires = "overload")]
    rss_max: Option<u64>,
    /// A command that exports beside the overload; it gets OTEL_EXPORTER_OTLP_ENDPOINT and HOTSPAN_URL, and must exit with 0
    #[arg(long, value_name = "COMMAND", requires = "overload")]
    beside: Option<String>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    match (arguments.overload, arguments.probe, arguments.soak) {
        (Some(seconds), _, _) => overload::run(&arguments, &runtime, seconds),
        (_, Some(giant), _) => probe::run(&arguments, &runtime, giant),
        (_, _, Some(minutes)) => soak::run(&arguments, &runtime, minutes),
        (None, None, None) => table::print(&arguments, &runtime),
    }
}

/// Lets the receiver have the core for so long, at most.
fn rest(time: std::time::Duration) {
    std::thread::park_timeout(time);
}

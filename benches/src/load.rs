//! The whole daemon under load over real gRPC: CPU of its process for each span, memory, loss, findings.
//!
//! Starts `hotspan serve` (or a rival with `--rival`) on loopback, sends generated requests for a bounded time, and
//! reads the process's own CPU time. Stops only what it started.
#![expect(clippy::print_stdout, reason = "a measuring program prints its figures")]

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};
use hotspan_benches::payload::Payload;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use tonic::codec::CompressionEncoding;
use tonic::transport::{Channel, Endpoint};

/// Measures a daemon under load
#[derive(Parser)]
struct Arguments {
    /// The daemon's binary
    #[arg(long, default_value = "target/release/hotspan")]
    daemon: PathBuf,
    /// Another receiver instead: a command line that listens for OTLP/gRPC on --port
    #[arg(long)]
    rival: Option<String>,
    /// Port of the receiver
    #[arg(long, default_value_t = 14_317)]
    port: u16,
    /// Spans of each request
    #[arg(long, value_delimiter = ',', default_value = "500,50,10")]
    spans: Vec<usize>,
    /// Compression of requests
    #[arg(long, value_enum, value_delimiter = ',', default_value = "identity,gzip,zstd")]
    coding: Vec<Coding>,
    /// Seconds of load for each row
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Requests in flight
    #[arg(long, default_value_t = 4)]
    in_flight: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Coding {
    Identity,
    Gzip,
    Zstd,
}

/// Distinct requests sent in turn.
const REQUESTS: usize = 200;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    println!(
        "{:>6} {:>9} {:>10} {:>12} {:>12} {:>8}",
        "spans", "coding", "sent", "spans/s", "CPU ns/span", "RSS MiB"
    );
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    for &spans in &arguments.spans {
        for &coding in &arguments.coding {
            let daemon = Daemon::start(&arguments)?;
            let row = runtime.block_on(load(&arguments, &daemon, spans, coding))?;
            println!(
                "{spans:>6} {:>9} {:>10} {:>12} {:>12} {:>8}",
                format!("{coding:?}").to_lowercase(),
                row.spans,
                row.spans * 1_000 / row.wall.as_millis().max(1) as u64,
                row.cpu.as_nanos() as u64 / row.spans.max(1),
                row.rss >> 20
            );
        }
    }
    Ok(())
}

struct Row {
    spans: u64,
    wall: Duration,
    cpu: Duration,
    rss: u64,
}

async fn load(arguments: &Arguments, daemon: &Daemon, spans: usize, coding: Coding) -> Result<Row> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as u64;
    let mut payload = Payload::new(11, spans, false);
    let requests: Vec<ExportTraceServiceRequest> = (0..REQUESTS).map(|_| payload.request(now)).collect();
    let client = connect(arguments.port, coding).await?;
    let before = daemon.cpu()?;
    let start = Instant::now();
    let deadline = start + Duration::from_secs(arguments.seconds);
    let mut tasks = Vec::new();
    for lane in 0..arguments.in_flight {
        let (mut client, requests) = (client.clone(), requests.clone());
        let mut trace = 0x5eed_u128 << 96 | (lane as u128) << 80;
        tasks.push(tokio::spawn(async move {
            let mut sent = 0;
            for request in requests.iter().cycle().skip(lane * 7) {
                if Instant::now() >= deadline {
                    break;
                }
                trace += 1 << 40;
                let request = renamed(request.clone(), trace);
                sent += count(&request);
                client.export(request).await?;
            }
            Ok::<u64, anyhow::Error>(sent)
        }));
    }
    let mut sent = 0;
    for task in tasks {
        sent += task.await??;
    }
    let wall = start.elapsed();
    // What was accepted is analysed within the quiet time of its traces; the CPU of that belongs to the spans.
    tokio::time::sleep(Duration::from_secs(12)).await;
    Ok(Row {
        spans: sent,
        wall,
        cpu: daemon.cpu()? - before,
        rss: daemon.rss()?,
    })
}

/// The same request with trace ids of its own.
fn renamed(mut request: ExportTraceServiceRequest, salt: u128) -> ExportTraceServiceRequest {
    let resources = request.resource_spans.iter_mut();
    for span in resources
        .flat_map(|of| &mut of.scope_spans)
        .flat_map(|of| &mut of.spans)
    {
        for (byte, with) in span.trace_id.iter_mut().zip(salt.to_be_bytes()) {
            *byte ^= with;
        }
    }
    request
}

fn count(request: &ExportTraceServiceRequest) -> u64 {
    let scopes = request.resource_spans.iter().flat_map(|of| &of.scope_spans);
    scopes.map(|of| of.spans.len() as u64).sum()
}

async fn connect(port: u16, coding: Coding) -> Result<TraceServiceClient<Channel>> {
    let channel = Endpoint::from_shared(format!("http://127.0.0.1:{port}"))?
        .connect()
        .await?;
    let client = TraceServiceClient::new(channel);
    Ok(match coding {
        Coding::Identity => client,
        Coding::Gzip => client.send_compressed(CompressionEncoding::Gzip),
        Coding::Zstd => client.send_compressed(CompressionEncoding::Zstd),
    })
}

/// A receiver that this program started and stops.
struct Daemon(Child);

impl Daemon {
    fn start(arguments: &Arguments) -> Result<Daemon> {
        let mut command = match &arguments.rival {
            Some(line) => {
                let mut words = line.split_whitespace();
                let mut command = Command::new(words.next().context("--rival is empty")?);
                command.args(words);
                command
            }
            None => {
                let mut command = Command::new(&arguments.daemon);
                let address = format!("127.0.0.1:{}", arguments.port);
                command.args(["serve", "--otlp-grpc", &address, "--otlp-http", "127.0.0.1:0"]);
                command.args(["--listen", "127.0.0.1:0", "--log", "warn"]);
                command
            }
        };
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut daemon = Daemon(child.with_context(|| format!("{command:?}"))?);
        let deadline = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", arguments.port)).is_err() {
            if Instant::now() > deadline || daemon.0.try_wait()?.is_some() {
                bail!("{command:?} does not listen on port {}", arguments.port);
            }
        }
        Ok(daemon)
    }

    /// User and system time of the process.
    fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let ticks = |at: usize| {
            fields
                .get(at)
                .and_then(|field| field.parse::<u64>().ok())
                .unwrap_or(0)
        };
        // Fields 14 and 15 of proc(5), in ticks of 10 ms.
        Ok(Duration::from_millis((ticks(11) + ticks(12)) * 10))
    }

    fn rss(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap_or_default();
        Ok(line
            .split_whitespace()
            .nth(1)
            .and_then(|kib| kib.parse::<u64>().ok())
            .unwrap_or(0)
            << 10)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

//! The whole daemon under load over real gRPC: CPU of its process for each span, memory, loss, findings.
//!
//! Starts `hotspan serve` (or a rival with `--rival`) on loopback, warms it up, sends it requests that were encoded and
//! compressed before, and reads what the process itself used. Stops only what it started.
#![expect(clippy::print_stdout, reason = "a measuring program prints its figures")]

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use bytes::{BufMut, Bytes, BytesMut};
use clap::{Parser, ValueEnum};
use hotspan_benches::payload::Payload;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::net::TcpStream;

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
    /// Spans that are measured in each row, in thousands
    #[arg(long, default_value_t = 500)]
    thousands: usize,
    /// Spans that are sent before, in thousands
    #[arg(long, default_value_t = 200)]
    warm: usize,
    /// Requests in flight
    #[arg(long, default_value_t = 4)]
    in_flight: usize,
    /// Seconds to wait until traces are decided: their CPU belongs to the spans
    #[arg(long, default_value_t = 12)]
    settle: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Coding {
    Identity,
    Gzip,
    Zstd,
}

/// Rest of a lane whose request was refused for now.
const AGAIN: Duration = Duration::from_millis(20);
const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    println!(
        "{:>6} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>11} {:>8}",
        "spans", "coding", "sent", "spans/s", "user ns", "system ns", "CPU ns", "faults/1000", "RSS MiB"
    );
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    for &spans in &arguments.spans {
        for &coding in &arguments.coding {
            let mut payload = Payload::new(11, spans, false);
            let warm = encoded(&mut payload, arguments.warm * 1_000 / spans, coding)?;
            let measured = encoded(&mut payload, (arguments.thousands * 1_000 / spans).max(1), coding)?;
            let daemon = Daemon::start(&arguments)?;
            let row = runtime.block_on(load(&arguments, &daemon, coding, warm, measured))?;
            let sent = measured_spans(&arguments, spans);
            println!(
                "{spans:>6} {:>9} {sent:>9} {:>9} {:>9} {:>9} {:>9} {:>11} {:>8}",
                format!("{coding:?}").to_lowercase(),
                sent * 1_000 / row.wall.as_millis().max(1) as u64,
                row.used.user.as_nanos() as u64 / sent,
                row.used.system.as_nanos() as u64 / sent,
                (row.used.user + row.used.system).as_nanos() as u64 / sent,
                row.used.faults * 1_000 / sent,
                row.rss >> 20
            );
        }
    }
    Ok(())
}

fn measured_spans(arguments: &Arguments, spans: usize) -> u64 {
    ((arguments.thousands * 1_000 / spans).max(1) * spans) as u64
}

struct Row {
    wall: Duration,
    used: Used,
    rss: u64,
}

/// What a process used so far.
struct Used {
    user: Duration,
    system: Duration,
    /// Pages that were mapped.
    faults: u64,
}

async fn load(
    arguments: &Arguments,
    daemon: &Daemon,
    coding: Coding,
    warm: Vec<Bytes>,
    measured: Vec<Bytes>,
) -> Result<Row> {
    let client = connect(arguments.port).await?;
    send(arguments, &client, coding, warm).await?;
    tokio::time::sleep(Duration::from_secs(arguments.settle)).await;
    let (before, start) = (daemon.used()?, Instant::now());
    send(arguments, &client, coding, measured).await?;
    let wall = start.elapsed();
    tokio::time::sleep(Duration::from_secs(arguments.settle)).await;
    let after = daemon.used()?;
    Ok(Row {
        wall,
        used: Used {
            user: after.user - before.user,
            system: after.system - before.system,
            faults: after.faults - before.faults,
        },
        rss: daemon.rss()?,
    })
}

/// So many requests, no two with the same traces, as they go over the wire.
fn encoded(payload: &mut Payload, count: usize, coding: Coding) -> Result<Vec<Bytes>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as u64;
    let requests = (0..count).map(|_| {
        let message = payload.request(now).encode_to_vec();
        let packed = match coding {
            Coding::Identity => message,
            Coding::Gzip => gzip(&message)?,
            Coding::Zstd => zstd::encode_all(message.as_slice(), 0)?,
        };
        let mut framed = BytesMut::with_capacity(5 + packed.len());
        framed.put_u8(u8::from(coding != Coding::Identity));
        framed.put_u32(u32::try_from(packed.len())?);
        framed.put_slice(&packed);
        Ok(framed.freeze())
    });
    requests.collect()
}

fn gzip(message: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, message)?;
    encoder.finish()
}

/// Sends all requests over one connection, so many at a time.
async fn send(
    arguments: &Arguments,
    client: &SendRequest<Full<Bytes>>,
    coding: Coding,
    all: Vec<Bytes>,
) -> Result<()> {
    let (all, next) = (Arc::new(all), Arc::new(AtomicUsize::new(0)));
    let lanes = (0..arguments.in_flight).map(|_| {
        let (all, next, mut client) = (Arc::clone(&all), Arc::clone(&next), client.clone());
        tokio::spawn(async move {
            while let Some(body) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                while !export(&mut client, coding, body.clone()).await? {
                    tokio::time::sleep(AGAIN).await;
                }
            }
            Ok::<(), anyhow::Error>(())
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await??;
    }
    Ok(())
}

/// Whether the request was taken; a receiver that is busy asks to try again.
async fn export(client: &mut SendRequest<Full<Bytes>>, coding: Coding, body: Bytes) -> Result<bool> {
    let request = Request::post(format!("http://localhost{EXPORT}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-encoding", format!("{coding:?}").to_lowercase())
        .body(Full::new(body))?;
    client.ready().await?;
    let response = client.send_request(request).await?;
    let headers = response.headers().clone();
    let body = response.into_body().collect().await?;
    let status = body.trailers().unwrap_or(&headers).get("grpc-status");
    match status.map(|status| status.as_bytes()) {
        Some(b"0") => Ok(true),
        Some(b"14") => Ok(false),
        _ => bail!("refused: {status:?}"),
    }
}

async fn connect(port: u16) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let (client, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(client)
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

    fn used(&self) -> Result<Used> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let number = |at: usize| {
            fields
                .get(at)
                .and_then(|field| field.parse::<u64>().ok())
                .unwrap_or(0)
        };
        // Fields 10, 14 and 15 of proc(5); times are in ticks of 10 ms.
        Ok(Used {
            user: Duration::from_millis(number(11) * 10),
            system: Duration::from_millis(number(12) * 10),
            faults: number(7),
        })
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

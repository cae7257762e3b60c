//! More than the daemon can take: what gives way, whether everything accepted is accounted for, and whether it recovers.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::runtime::Runtime;

use crate::Arguments;
use crate::asking::{self, Status};
use crate::receiver::Receiver;
use crate::requests::{Coding, Endless};
use crate::sender::{self, Plan};

/// Demand without end: so many requests wait to be taken at any time.
const CONNECTIONS: usize = 8;
const IN_FLIGHT: usize = 64;
/// How often the daemon is asked how it does.
const LOOK: Duration = Duration::from_secs(1);
/// Longest time until nothing gives way any more, after the load.
const RECOVERY: Duration = Duration::from_secs(60);

/// Overloads the daemon for so many seconds.
pub(crate) fn run(arguments: &Arguments, runtime: &Runtime, seconds: u64) -> Result<()> {
    let receiver = Receiver::start(arguments)?;
    let api = receiver.api().context("a rival cannot be asked how it does")?;
    let until = Instant::now() + Duration::from_secs(seconds);
    let spans_each = arguments.spans.first().copied().context("--spans is empty")?;
    let plan = Plan {
        address: receiver.grpc(),
        coding: Coding::Identity,
        connections: CONNECTIONS,
        in_flight: IN_FLIGHT,
        rate: arguments.rate,
        requests_a_connection: None,
    };
    let source = Endless::until(until, spans_each);
    let sending = runtime.spawn(async move { sender::send(&plan, source).await });
    let beside = arguments.beside.as_deref();
    let beside = beside
        .map(|command| start_beside(command, &receiver))
        .transpose()?;
    println!(
        "second | received | analysed | open | dropped | refused requests | level | resident MiB | answer ms"
    );
    let start = Instant::now();
    while !sending.is_finished() {
        let asked = Instant::now();
        let status = asking::status(api)?;
        let took = asked.elapsed();
        println!(
            "{} | {} | {:.1}",
            start.elapsed().as_secs(),
            line(&status, &receiver)?,
            took.as_secs_f64() * 1e3
        );
        crate::rest(LOOK.saturating_sub(asked.elapsed()));
    }
    let sent = runtime.block_on(sending)??;
    if let Some(mut beside) = beside {
        let ended = beside.wait()?;
        ensure!(ended.success(), "the command beside ended with {ended}");
    }
    let status = recovered(api)?;
    println!("after  | {}", line(&status, &receiver)?);
    let peak = receiver.usage()?.peak_bytes >> 20;
    println!(
        "accepted {} spans in {:.1} s, {} refusals; peak RSS {peak} MiB",
        sent.spans,
        sent.wall.as_secs_f64(),
        sent.retries
    );
    ensure!(status.open == 0, "{} spans are still open", status.open);
    ensure!(
        status.received == status.analysed + status.dropped,
        "received is not analysed + dropped: {status:?}"
    );
    ensure!(
        status.received >= sent.spans,
        "{} spans accepted, {} received",
        sent.spans,
        status.received
    );
    ensure!(
        status.level == "none",
        "{} s after the load it is still {}",
        RECOVERY.as_secs(),
        status.level
    );
    if let Some(most) = arguments.rss_max {
        ensure!(peak <= most, "{peak} MiB were resident, over {most} MiB");
    }
    Ok(())
}

fn start_beside(command: &str, receiver: &Receiver) -> Result<Child> {
    let mut words = command.split_whitespace();
    let mut line = Command::new(words.next().context("--beside is empty")?);
    line.args(words).env(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        format!("http://{}", receiver.grpc()),
    );
    if let Some(api) = receiver.api() {
        line.env("HOTSPAN_URL", format!("http://{api}"));
    }
    line.spawn().with_context(|| format!("{line:?}"))
}

/// Waits until nothing is open and nothing gives way; what it says then, or at the end of all patience.
fn recovered(api: std::net::SocketAddr) -> Result<Status> {
    let deadline = Instant::now() + RECOVERY;
    loop {
        let status = asking::status(api)?;
        if (status.open == 0 && status.level == "none") || Instant::now() > deadline {
            return Ok(status);
        }
        crate::rest(LOOK);
    }
}

fn line(of: &Status, receiver: &Receiver) -> Result<String> {
    Ok(format!(
        "{} | {} | {} | {} | {} | {} | {}",
        of.received,
        of.analysed,
        of.open,
        of.dropped,
        of.refused,
        of.level,
        receiver.usage()?.resident_bytes >> 20
    ))
}

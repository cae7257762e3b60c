//! Everyday life for a while: a steady rate below what it can take, connections that come and go, questions, reloads, a
//! store. What must not grow is fitted, and every span is accounted for.

mod books;
mod reloads;
mod report;
mod strays;
mod trend;

use std::fs::File;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::runtime::Runtime;

use crate::asking::{self, Answered, Asker};
use crate::receiver::{Receiver, Usage};
use crate::requests::{Coding, Endless};
use crate::sender::{self, Plan, Sent};
use crate::{Arguments, rest};
use books::Books;
use reloads::Reloads;
use report::Check;
use strays::Strays;

/// How long it is measured what the daemon takes.
const MEASURED: Duration = Duration::from_secs(20);
/// Share of that which it gets, in percent.
const SHARE: u64 = 70;
const CONNECTIONS: usize = 4;
const IN_FLIGHT: usize = 4;
/// Requests after which a sender makes a new connection.
const REQUESTS_A_CONNECTION: usize = 20;
/// How often the process is looked at, and its configuration read again.
const LOOK: Duration = Duration::from_secs(5);
const RELOAD: Duration = Duration::from_secs(10);
/// What is asked in turn.
const QUESTIONS: &[&str] = &[
    "/api/v1/hotspots",
    "/api/v1/services",
    "/api/v1/status",
    "/api/v1/audit",
    "/metrics",
    "/api/v1/traces",
];

/// What was seen at one moment.
struct Look {
    at: Instant,
    usage: Usage,
    received: u64,
}

/// What was seen of a whole run.
struct Seen {
    start: Instant,
    minutes: u64,
    rate: u64,
    spans_each: usize,
    looks: Vec<Look>,
    answers: Vec<Answered>,
    sent: Sent,
    books: Books,
    strays: u64,
    reloads: Reloads,
    log: String,
    /// It ended as it should when it was asked to.
    ended_well: bool,
}

/// Runs for so many minutes, prints what was seen, and fails where something did not hold.
pub(crate) fn run(arguments: &Arguments, runtime: &Runtime, minutes: u64) -> Result<()> {
    let rate = match arguments.rate {
        0 => sustainable(arguments, runtime)? * SHARE / 100,
        rate => rate,
    };
    let seen = live(arguments, runtime, minutes, rate)?;
    report::minutes(&seen);
    let checks = report::checks(&seen);
    report::list(&checks);
    let broken: Vec<_> = checks
        .iter()
        .filter(|check| !check.holds)
        .map(Check::name)
        .collect();
    ensure!(broken.is_empty(), "did not hold: {}", broken.join(", "));
    Ok(())
}

/// Spans a second that a daemon of its own takes while nothing is refused for long.
fn sustainable(arguments: &Arguments, runtime: &Runtime) -> Result<u64> {
    let receiver = Receiver::start(arguments)?;
    let plan = plan(&receiver, 0);
    let source = Endless::until(Instant::now() + MEASURED, spans_each(arguments)?);
    let sent = runtime.block_on(sender::send(&plan, source))?;
    Ok(sent.spans * 1_000 / sent.wall.as_millis().max(1) as u64)
}

fn spans_each(arguments: &Arguments) -> Result<usize> {
    arguments.spans.first().copied().context("--spans is empty")
}

fn plan(receiver: &Receiver, rate: u64) -> Plan {
    Plan {
        address: receiver.grpc(),
        coding: Coding::Identity,
        connections: CONNECTIONS,
        in_flight: IN_FLIGHT,
        rate,
        requests_a_connection: Some(REQUESTS_A_CONNECTION),
    }
}

fn live(arguments: &Arguments, runtime: &Runtime, minutes: u64, rate: u64) -> Result<Seen> {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("log");
    let mut reloads = Reloads::new(folder.path().join("hotspan.toml"))?;
    let data = folder.path().join("data");
    let receiver = Receiver::kept(arguments, &data, reloads.file(), File::create(&log)?)?;
    let api = receiver.api().context("it was started here")?;
    let spans_each = spans_each(arguments)?;
    let start = Instant::now();
    let (plan, source) = (
        plan(&receiver, rate),
        Endless::until(start + Duration::from_secs(minutes * 60), spans_each),
    );
    let sending = runtime.spawn(async move { sender::send(&plan, source).await });
    let asker = Asker::start(Some(api), arguments.queries, QUESTIONS);
    let strays = Strays::start(&receiver);
    let mut looks = Vec::new();
    let mut next_reload = start + RELOAD;
    while !sending.is_finished() {
        let at = Instant::now();
        let (usage, received) = (receiver.usage()?, asking::status(api)?.received);
        looks.push(Look { at, usage, received });
        if at >= next_reload {
            reloads.next(&receiver)?;
            next_reload += RELOAD;
        }
        rest(LOOK.saturating_sub(at.elapsed()));
    }
    let sent = runtime.block_on(sending)??;
    let (answers, strays) = (asker.stop(), strays.stop());
    asking::settled(api)?;
    let books = Books::read(&asking::metrics(api)?);
    let ended_well = receiver.end()?.success();
    Ok(Seen {
        start,
        minutes,
        rate,
        spans_each,
        looks,
        answers,
        sent,
        books,
        strays,
        reloads,
        log: std::fs::read_to_string(log)?,
        ended_well,
    })
}

//! `hotspan probe`: one request with a known fault is sent to a running daemon as any service would send it, and what
//! the daemon says of it is held against what is known.

mod known;

use std::io::{self, Write as _};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Args;
use hotspan_testkit::sender::Sender;
use serde_json::Value;

use self::known::Known;
use super::asking::Address;
use super::block_on;
use crate::client::Client;
use crate::exit::Failure;

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(100);

/// What is probed.
#[derive(Debug, Args)]
#[command(
    after_help = "The request is of the service hotspan-probe and carries hotspan.ignore, so that its fault
is found and counted but not listed; with --list it is listed, too, which leaves a hotspot behind.
Exit codes: 0 all is as known, 1 something is not, 4 nobody answers.

Examples:
  hotspan probe                        the daemon of this machine
  hotspan probe --list --within 60s    in a build, up to the ranked list
  hotspan probe --url https://hotspan.example.com:4319 --to https://hotspan.example.com:4317"
)]
pub(crate) struct ProbeArguments {
    #[command(flatten)]
    address: Address,
    /// Where OTLP/gRPC is received
    #[arg(long, value_name = "ENDPOINT", default_value = "http://127.0.0.1:4317")]
    to: String,
    /// How long the daemon has to say what it found
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = hotspan_daemon::duration)]
    within: Duration,
    /// Leave out hotspan.ignore, and look for the hotspot in the list
    #[arg(long)]
    list: bool,
}

/// One thing that must be so: what was asked, and what is wrong with the answer.
type Check = (&'static str, Result<String, String>);

pub(crate) fn run(arguments: &ProbeArguments) -> Result<(), Failure> {
    block_on(probe(arguments))
}

async fn probe(arguments: &ProbeArguments) -> Result<(), Failure> {
    let client = arguments.address.client()?;
    let mut wrong = !say(&ready(&client)?)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let known = Known::new(
        rand::random(),
        u64::try_from(now.as_nanos()).unwrap_or(0),
        arguments.list,
    );
    wrong |= !say(&sent(&known, arguments).await?)?;
    let found = until(arguments.within, || known.find(&client)).await?;
    let Some((trace, took)) = found else {
        let why = format!(
            "nothing was found of trace {} within {:?}; `hotspan doctor` tells whether spans arrive",
            known.trace(),
            arguments.within
        );
        say(&("analysed", Err(why)))?;
        return Err(Failure::Matched);
    };
    say(&("analysed", Ok(format!("after {:.1} s", took.as_secs_f64()))))?;
    for check in known.checks(&trace) {
        wrong |= !say(&check)?;
    }
    if arguments.list {
        let listed = until(arguments.within, || known.listed(&client)).await?;
        let why = || "the hotspot is not in the list".to_owned();
        let listed = listed
            .map(|(priority, _)| format!("priority {priority}"))
            .ok_or_else(why);
        wrong |= !say(&("listed", listed))?;
    }
    match wrong {
        true => Err(Failure::Matched),
        false => Ok(()),
    }
}

fn ready(client: &Client) -> Result<Check, Failure> {
    let reply = client.reply("/readyz", &[])?;
    let said = match reply.status {
        200 => Ok(client.base().to_owned()),
        status => Err(format!("{status}: {}", reply.text.trim())),
    };
    Ok(("ready", said))
}

async fn sent(known: &Known, arguments: &ProbeArguments) -> Result<Check, Failure> {
    let mut sender = Sender::connect_with(&arguments.to, &arguments.address.showing.sender()?).await?;
    let began = Instant::now();
    sender.send(known.request()).await?;
    let took = began.elapsed();
    let said = match sender.sent().rejected {
        0 => Ok(format!(
            "{} spans in {:.1} ms",
            sender.sent().spans,
            took.as_secs_f64() * 1e3
        )),
        rejected => Err(format!(
            "{rejected} of {} spans were refused",
            sender.sent().spans
        )),
    };
    Ok(("accepted", said))
}

/// Asks until there is an answer, and how long that took; nothing when the time is over.
async fn until<T>(
    within: Duration,
    ask: impl Fn() -> Result<Option<T>, Failure>,
) -> Result<Option<(T, Duration)>, Failure> {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask()? {
            return Ok(Some((answer, began.elapsed())));
        }
        if began.elapsed() >= within {
            return Ok(None);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Prints one line; whether it is well.
fn say((what, said): &Check) -> Result<bool, Failure> {
    let (word, text) = match said {
        Ok(said) => ("ok", said),
        Err(why) => ("WRONG", why),
    };
    writeln!(io::stdout(), "{word:<5} {what:<13} {text}")?;
    Ok(said.is_ok())
}

/// A number of an answer, in milliseconds for people.
fn milliseconds(value: &Value) -> String {
    value
        .as_f64()
        .map_or_else(|| "nothing".to_owned(), |ns| format!("{} ms", ns / 1e6))
}

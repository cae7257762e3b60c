//! `hotspan gen`: traces with known answers, into a file or to a receiver.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use hotspan_testkit::demo::Shop;
use hotspan_testkit::generator::{Generated, Generation, Noise, Operation, SCENARIOS};
use hotspan_testkit::sender::Sender;
use prost::Message as _;

use super::block_on;
use crate::arguments::GenArguments;
use crate::exit::Failure;

/// Time between two generated requests.
const APART: Duration = Duration::from_millis(20);
/// When the first generated request starts: a fixed moment, so that the same seed gives the same bytes.
const START_NS: u64 = 1_700_000_000_000_000_000;

pub(crate) fn run(arguments: &GenArguments) -> Result<(), Failure> {
    let source = Source::new(arguments)?;
    let mut truth = match &arguments.truth {
        Some(path) => Some(BufWriter::new(
            File::create(path).with_context(|| format!("truth file {}", path.display()))?,
        )),
        None => None,
    };
    match (&arguments.output, &arguments.to) {
        (Some(path), _) => {
            let mut file: Box<dyn Write> = match path.as_os_str() == "-" {
                true => Box::new(io::stdout().lock()),
                false => {
                    let file =
                        File::create(path).with_context(|| format!("output file {}", path.display()))?;
                    Box::new(BufWriter::new(file))
                }
            };
            for n in 0..arguments.traces {
                let made = source.request(n);
                for request in &made.requests {
                    file.write_all(&request.encode_length_delimited_to_vec())?;
                }
                source.tell(n, &made, &mut truth)?;
            }
            file.flush()?;
        }
        (None, Some(endpoint)) => block_on(send(&source, arguments, endpoint, &mut truth))?,
        (None, None) => return Err(anyhow!("neither --output nor --to is given").into()),
    }
    Ok(())
}

async fn send(
    source: &Source,
    arguments: &GenArguments,
    endpoint: &str,
    truth: &mut Option<BufWriter<File>>,
) -> Result<(), Failure> {
    let mut sender = Sender::connect_with(endpoint, &arguments.showing.sender()?).await?;
    for n in 0..arguments.traces {
        let made = source.request(n);
        for request in made.requests.clone() {
            sender.send(request).await?;
            if let Some(pause) = Duration::from_secs(1).checked_div(arguments.rate) {
                tokio::time::sleep(pause).await;
            }
        }
        source.tell(n, &made, truth)?;
    }
    let sent = sender.sent();
    eprintln!(
        "{} requests with {} spans sent, {} spans refused",
        sent.requests, sent.spans, sent.rejected
    );
    Ok(())
}

/// Where requests come from.
enum Source {
    Shop(Shop),
    Operations(Vec<Operation>),
}

impl Source {
    fn new(arguments: &GenArguments) -> Result<Source> {
        let draw = |scenario| Operation::draw(scenario, arguments.seed, Generation::Stable, Noise::default());
        match arguments.scenario.as_str() {
            "demo" => Ok(Source::Shop(Shop::new(arguments.seed))),
            "all" => Ok(Source::Operations(SCENARIOS.iter().map(draw).collect())),
            name => {
                let names: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
                let found = SCENARIOS.iter().find(|scenario| scenario.name == name);
                let why = || {
                    anyhow!(
                        "--scenario {name}: no such scenario; all, demo or one of {}",
                        names.join(", ")
                    )
                };
                Ok(Source::Operations(vec![draw(found.ok_or_else(why)?)]))
            }
        }
    }

    fn request(&self, n: u64) -> Generated {
        let start = START_NS + n * u64::try_from(APART.as_nanos()).unwrap_or(0);
        match self {
            Source::Shop(shop) => shop.request(n, start),
            Source::Operations(operations) => {
                let count = operations.len() as u64;
                operations[usize::try_from(n % count).unwrap_or(0)].request(n / count, start)
            }
        }
    }

    /// Writes the known answer of the `n`-th request.
    fn tell(&self, n: u64, made: &Generated, truth: &mut Option<BufWriter<File>>) -> Result<()> {
        let (Some(file), Source::Operations(operations)) = (truth, self) else {
            return Ok(());
        };
        let operation = &operations[usize::try_from(n % operations.len() as u64).unwrap_or(0)];
        let fault = operation.case.fault.as_ref().map(|fault| {
            serde_json::json!({
                "detector": fault.detector, "service": fault.service, "operation": fault.operation,
                "saving_ns": made.duration.saturating_sub(made.repaired.unwrap_or(made.duration)),
            })
        });
        let line = serde_json::json!({
            "trace_id": format!("{:032x}", made.trace), "scenario": operation.scenario,
            "duration_ns": made.duration, "fault": fault,
        });
        writeln!(file, "{line}")?;
        Ok(())
    }
}

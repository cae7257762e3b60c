//! The table: one row for each size of request and compression.

use std::time::Duration;

use anyhow::Result;
use tokio::runtime::Runtime;

use crate::Arguments;
use crate::asking::{self, Asked, Asker, HOTSPOTS, Status};
use crate::receiver::{Receiver, Usage};
use crate::requests::{Coding, Listed};
use crate::sender::{self, Sent};

/// How long a rival, which is not asked, gets to finish what it took.
const RIVAL_REST: Duration = Duration::from_secs(12);

const HEADINGS: [&str; 12] = [
    "spans a request",
    "coding",
    "sent",
    "spans/s",
    "CPU ns/span",
    "of it system",
    "page faults/1000 spans",
    "peak RSS MiB",
    "retries",
    "not analysed",
    "hotspots",
    "query p50/p99 ms",
];

/// What one row says.
struct Row {
    sent: Sent,
    usage: Usage,
    /// Counters before and after; `None` for a rival.
    counted: Option<(Status, Status)>,
    asked: Asked,
}

/// Measures and prints every row.
pub(crate) fn print(arguments: &Arguments, runtime: &Runtime) -> Result<()> {
    println!("{}", HEADINGS.join(" | "));
    for &spans in &arguments.spans {
        for &coding in &arguments.coding {
            let row = row(arguments, runtime, spans, coding)?;
            println!("{}", row.cells(spans, coding).join(" | "));
        }
    }
    Ok(())
}

fn row(arguments: &Arguments, runtime: &Runtime, spans: usize, coding: Coding) -> Result<Row> {
    let total = (arguments.warm + arguments.measured).div_ceil(spans);
    let requests = Listed::encode(spans, total, coding, arguments.distinct);
    let (warm, measured) = requests.split(arguments.warm / spans);
    let receiver = Receiver::start(arguments)?;
    let plan = sender::Plan {
        address: receiver.grpc(),
        coding,
        connections: arguments.connections,
        in_flight: arguments.in_flight,
        rate: arguments.rate,
        requests_a_connection: None,
    };
    runtime.block_on(sender::send(&plan, warm))?;
    let before = settled(&receiver)?;
    let start = receiver.usage()?;
    let asker = Asker::start(receiver.api(), arguments.queries, HOTSPOTS);
    let sent = runtime.block_on(sender::send(&plan, measured))?;
    let asked = asker.stop().into_iter().collect();
    let after = settled(&receiver)?;
    Ok(Row {
        sent,
        usage: receiver.usage()?.since(&start),
        counted: before.zip(after),
        asked,
    })
}

/// Waits until every trace is decided; `None` for a rival, which gets a fixed time.
fn settled(receiver: &Receiver) -> Result<Option<Status>> {
    match receiver.api() {
        Some(api) => asking::settled(api).map(Some),
        None => {
            crate::rest(RIVAL_REST);
            Ok(None)
        }
    }
}

impl Row {
    fn cells(&self, spans: usize, coding: Coding) -> [String; HEADINGS.len()] {
        let each = |total: u64| total.checked_div(self.sent.spans).unwrap_or(0).to_string();
        let (lost, hotspots) = match &self.counted {
            Some((before, after)) => {
                let analysed = after.analysed - before.analysed;
                (
                    self.sent.spans.saturating_sub(analysed).to_string(),
                    after.hotspots.to_string(),
                )
            }
            None => ("?".to_owned(), "?".to_owned()),
        };
        [
            spans.to_string(),
            coding.name().to_owned(),
            self.sent.spans.to_string(),
            (u128::from(self.sent.spans) * 1_000 / self.sent.wall.as_millis().max(1)).to_string(),
            each(self.usage.cpu().as_nanos() as u64),
            each(self.usage.system.as_nanos() as u64),
            each(self.usage.faults * 1_000),
            (self.usage.peak_bytes >> 20).to_string(),
            self.sent.retries.to_string(),
            lost,
            hotspots,
            self.asked.to_string(),
        ]
    }
}

//! `hotspan replay`: sends a recorded file over real OTLP.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use hotspan_ingest::file::Recorded;
use hotspan_otlp::Encoding;
use hotspan_testkit::sender::Sender;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use super::{block_on, input};
use crate::arguments::ReplayArguments;
use crate::exit::Failure;
use crate::progress::Progress;

pub(crate) fn run(arguments: &ReplayArguments) -> Result<(), Failure> {
    let mut requests = Vec::new();
    input::for_each(
        std::slice::from_ref(&arguments.path),
        &mut Progress::new(),
        |recorded| {
            requests.push(decode(&recorded)?);
            Ok(())
        },
    )?;
    if requests.is_empty() {
        return Err(Failure::NoData(format!(
            "{}: no requests",
            arguments.path.display()
        )));
    }
    if arguments.shift_to_now {
        shift_to_now(&mut requests);
    }
    block_on(send(requests, arguments))
}

fn decode(recorded: &Recorded) -> anyhow::Result<ExportTraceServiceRequest> {
    match recorded.encoding {
        Encoding::Protobuf => {
            ExportTraceServiceRequest::decode(&*recorded.bytes).context("a request is no OTLP")
        }
        Encoding::Json => serde_json::from_slice(&recorded.bytes).context("a request is no OTLP/JSON"),
    }
}

async fn send(requests: Vec<ExportTraceServiceRequest>, arguments: &ReplayArguments) -> Result<(), Failure> {
    let mut sender = Sender::connect_with(&arguments.to, &arguments.showing.sender()?).await?;
    for request in requests {
        sender.send(request).await?;
        if let Some(pause) = Duration::from_secs(1).checked_div(arguments.rate) {
            tokio::time::sleep(pause).await;
        }
    }
    let sent = sender.sent();
    eprintln!(
        "{} requests with {} spans sent, {} spans refused, {} requests sent again",
        sent.requests, sent.spans, sent.rejected, sent.retries
    );
    Ok(())
}

/// Moves all times by one amount, so that the last span ends now.
fn shift_to_now(requests: &mut [ExportTraceServiceRequest]) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos();
    let now = u64::try_from(now).unwrap_or(u64::MAX);
    let last = spans(requests)
        .map(|span| span.end_time_unix_nano)
        .max()
        .unwrap_or(now);
    let shift = now.wrapping_sub(last);
    for span in spans(requests) {
        let times = [&mut span.start_time_unix_nano, &mut span.end_time_unix_nano];
        let events = span.events.iter_mut().map(|event| &mut event.time_unix_nano);
        for time in times.into_iter().chain(events).filter(|time| **time > 0) {
            *time = time.wrapping_add(shift);
        }
    }
}

fn spans(requests: &mut [ExportTraceServiceRequest]) -> impl Iterator<Item = &mut Span> {
    let resources = requests
        .iter_mut()
        .flat_map(|request| &mut request.resource_spans);
    resources
        .flat_map(|resource| &mut resource.scope_spans)
        .flat_map(|scope| &mut scope.spans)
}

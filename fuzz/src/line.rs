//! From bytes to hotspots: nothing panics, every span is in the books, the same bytes give the same answers.

use std::io::Cursor;
use std::path::Path;

use hotspan_ingest::file;
use hotspan_model::{
    Batch, Counts, Decided, LocalDictionary, LogPos, LogTime, Offset, ParamKey, Reason, TableSeed,
};
use hotspan_otlp::{Decoder, Encoding, Limits, Tally, Undecodable};
use hotspan_pipeline::{Pipeline, Settings};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

/// Memory of the shard, in bytes: so little that its bounds are met.
const BYTES_MAX: u64 = 1 << 20;

/// One request as protobuf. What prost reads is read here, span for span.
pub fn protobuf(data: &[u8]) {
    let read = analysed(Encoding::Protobuf, data);
    let Ok(request) = ExportTraceServiceRequest::decode(data) else {
        return;
    };
    let spans = request
        .resource_spans
        .iter()
        .flat_map(|resource| &resource.scope_spans);
    let spans: u64 = spans.map(|scope| scope.spans.len() as u64).sum();
    match read {
        Ok(tally) => assert_eq!(tally.spans, spans, "prost frames another number of spans"),
        Err(error) => panic!("prost reads what is undecodable here: {error}"),
    }
}

/// One request as JSON.
pub fn json(data: &[u8]) {
    drop(analysed(Encoding::Json, data));
}

/// A recorded file of any form.
pub fn file(data: &[u8]) {
    let Ok(requests) = file::read(Path::new("fuzzed"), Box::new(Cursor::new(data.to_vec()))) else {
        return;
    };
    for request in requests.flatten() {
        drop(analysed(request.encoding, &request.bytes));
    }
}

/// Decodes and analyses twice; both must come to the same.
fn analysed(encoding: Encoding, data: &[u8]) -> Result<Tally, Undecodable> {
    let (first, second) = (
        once(encoding, data, TableSeed(1)),
        once(encoding, data, TableSeed(2)),
    );
    assert_eq!(first, second, "seeds of tables show");
    first.map(|(tally, _)| tally)
}

fn once(encoding: Encoding, data: &[u8], seed: TableSeed) -> Result<(Tally, Counts), Undecodable> {
    let mut decoder = Decoder::new(Limits::default(), ParamKey::BUILT_IN, seed);
    let (mut dictionary, mut batch) = (LocalDictionary::new(seed), Batch::default());
    let tally = match encoding {
        Encoding::Protobuf => decoder.protobuf(data, &mut dictionary, &mut batch)?,
        Encoding::Json => decoder.json(data, &mut dictionary, &mut batch)?,
    };
    let mut pipeline = Pipeline::new(Settings::offline(BYTES_MAX), seed);
    let at = LogPos {
        offset: Offset(1),
        time: LogTime(1),
    };
    pipeline.handle_refused(&tally.refused);
    pipeline.handle_batch(at, &batch, &dictionary);
    pipeline.finish(at, Decided::EndOfInput, &dictionary);
    let counts = pipeline.counts();
    let dropped: u64 = Reason::ALL
        .iter()
        .map(|&reason| counts.dropped[reason as usize])
        .sum();
    assert_eq!(counts.received, tally.spans, "spans that nobody counted");
    assert_eq!(
        counts.received,
        counts.analysed + dropped + counts.open,
        "{counts:?}"
    );
    assert_eq!(counts.open, 0, "the end decides everything");
    Ok((tally, counts))
}

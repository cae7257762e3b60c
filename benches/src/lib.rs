//! What the measuring programs share: the whole line in one thread, fed with encoded requests.

pub mod payload;

use std::sync::Arc;

use hotspan_hotspots::{Answers, answers};
use hotspan_model::{
    Batch, Decided, LocalDictionary, LogPos, LogTime, Meta, Offset, ParamKey, Record, Side, TableSeed,
};
use hotspan_otlp::{Decoder, Limits, Sink};
use hotspan_pipeline::{Pipeline, Settings};

/// Decoder, dictionary and one shard.
#[derive(Debug)]
pub struct Line {
    decoder: Decoder,
    dictionary: LocalDictionary,
    pipeline: Pipeline,
    settings: Settings,
    batch: Batch,
    at: LogPos,
}

/// Writes decoded spans into a batch.
#[derive(Debug)]
pub struct IntoBatch<'a>(pub &'a mut Batch);

impl Sink for IntoBatch<'_> {
    fn span(&mut self, record: Record, sides: &[Side]) {
        self.0.push(record, sides);
    }
}

impl Line {
    /// An empty line.
    pub fn new(settings: Settings) -> Line {
        let seed = TableSeed::default();
        Line {
            decoder: Decoder::new(Limits::default(), ParamKey::BUILT_IN, seed),
            dictionary: LocalDictionary::new(seed),
            pipeline: Pipeline::new(settings.clone(), seed),
            settings,
            batch: Batch::default(),
            at: LogPos::default(),
        }
    }

    /// Takes one encoded request that arrived at `time`; gives the number of its spans.
    ///
    /// # Panics
    ///
    /// When the request cannot be decoded: these programs make their own.
    pub fn take(&mut self, request: &[u8], time: LogTime) -> u64 {
        self.at = LogPos {
            offset: Offset(self.at.offset.0 + 1),
            time: self.at.time.max(time),
        };
        self.batch.clear();
        let mut sink = IntoBatch(&mut self.batch);
        let tally = self
            .decoder
            .protobuf(request, &mut self.dictionary, &mut sink)
            .expect("it was encoded here");
        self.pipeline.handle_batch(self.at, &self.batch, &self.dictionary);
        while self.pipeline.poll_exemplar().is_some() {}
        tally.spans
    }

    /// Decides what is open and answers.
    pub fn finish(&mut self) -> Answers {
        self.pipeline
            .finish(self.at, Decided::EndOfInput, &self.dictionary);
        let catalogue: Vec<&'static Meta> = hotspan_analysis::detectors()
            .iter()
            .map(|detector| detector.meta())
            .collect();
        let parts = [Arc::clone(&self.pipeline.snapshot(self.at).hotspots)];
        let ask = |now| answers(&parts, &self.dictionary, &catalogue, now, &self.settings.hotspots);
        let last = ask(LogTime(0)).coverage.last;
        ask(last.unwrap_or_default())
    }
}

//! What the measuring programs share: the whole line in one thread, fed with encoded requests.

pub mod full;
pub mod pauses;
pub mod payload;
pub mod shapes;
mod stages;

pub use stages::{Assembling, Walk};

use hotspan_hotspots::{Answers, answers};
use hotspan_model::{Batch, Decided, LocalDictionary, LogTime, ParamKey, TableSeed};
use hotspan_otlp::{Decoder, Limits};
use hotspan_pipeline::{Pipeline, Settings};
use hotspan_testkit::LogClock;

/// Decoder, dictionary and one shard.
#[derive(Debug)]
pub struct Line {
    decoder: Decoder,
    dictionary: LocalDictionary,
    pipeline: Pipeline,
    settings: Settings,
    batch: Batch,
    clock: LogClock,
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
            clock: LogClock::default(),
        }
    }

    /// Takes one encoded request that arrived at `time`; gives the number of its spans.
    ///
    /// # Panics
    ///
    /// When the request cannot be decoded: these programs make their own.
    pub fn take(&mut self, request: &[u8], time: LogTime) -> u64 {
        self.batch.clear();
        let tally = self
            .decoder
            .protobuf(request, &mut self.dictionary, &mut self.batch)
            .expect("it was encoded here");
        self.pipeline
            .handle_batch(self.clock.at(time), &self.batch, &self.dictionary);
        while self.pipeline.poll_exemplar().is_some() {}
        tally.spans
    }

    /// Decides what is open and answers.
    pub fn finish(&mut self) -> Answers {
        let at = self.clock.now();
        self.pipeline.finish(at, Decided::EndOfInput, &self.dictionary);
        let parts = [self.pipeline.snapshot(at).hotspots];
        answers(
            &parts,
            &self.dictionary,
            &hotspan_pipeline::catalogue(),
            None,
            &self.settings.hotspots,
        )
    }
}

//! The first two stages of the line by themselves: bytes to span records, and those to decided traces.

use hotspan_assembly::{Assembler, Settings};
use hotspan_model::{Assembled, Batch, LocalDictionary, LogTime, ParamKey, TableSeed};
use hotspan_otlp::{Decoder, Limits};
use hotspan_testkit::LogClock;

/// Bytes to span records.
#[derive(Debug)]
pub struct Walk {
    decoder: Decoder,
    dictionary: LocalDictionary,
    batch: Batch,
}

impl Walk {
    /// Nothing known yet.
    pub fn new(seed: TableSeed) -> Walk {
        Walk {
            decoder: Decoder::new(Limits::default(), ParamKey::BUILT_IN, seed),
            dictionary: LocalDictionary::new(seed),
            batch: Batch::default(),
        }
    }

    /// Reads one encoded request in place of the last; gives the number of its spans.
    ///
    /// # Panics
    ///
    /// When the request cannot be decoded: these programs make their own.
    pub fn take(&mut self, request: &[u8]) -> u64 {
        self.batch.clear();
        let tally = self
            .decoder
            .protobuf(request, &mut self.dictionary, &mut self.batch);
        tally.expect("it was encoded here").spans
    }

    /// The spans of the last request.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// The texts of all.
    pub fn dictionary(&self) -> &LocalDictionary {
        &self.dictionary
    }
}

/// Span records to decided traces.
#[derive(Debug)]
pub struct Assembling {
    assembler: Assembler,
    clock: LogClock,
    trace: Assembled,
}

impl Assembling {
    /// An empty table.
    pub fn new(seed: TableSeed) -> Assembling {
        Assembling {
            assembler: Assembler::new(Settings::default(), seed),
            clock: LogClock::default(),
            trace: Assembled::default(),
        }
    }

    /// Takes what was read at `time`, and lets go what is decided.
    pub fn take(&mut self, walk: &Walk, time: LogTime) {
        let at = self.clock.at(time);
        self.assembler.handle_timeout(at);
        for (record, sides) in walk.batch.iter() {
            self.assembler.push(record, sides, at, &walk.dictionary);
        }
        while self.assembler.poll_trace(&mut self.trace) {}
    }
}

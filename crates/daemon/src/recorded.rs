//! A recorded log, taken by one shard as a daemon would have: its own offsets and times, and no clock.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use hotspan_api::Status;
use hotspan_hotspots::{Answers, Row, answers};
use hotspan_ingest::{RawReader, recorded_request};
use hotspan_log::{Folder, Kind, LogError, Reader, Record, is_segment};
use hotspan_model::{Batch, Decided, LocalDictionary, LogPos, ParamKey, TableSeed};
use hotspan_otlp::{Decoder, Encoding, Limits};
use hotspan_pipeline::{Pipeline, Settings};

use crate::wal::DIRECTORY;
use crate::{Config, sizing};

/// What one shard makes of a log.
#[derive(Debug)]
pub struct RecordedLog {
    settings: Settings,
    reader: RawReader,
    decoder: Decoder,
    dictionary: LocalDictionary,
    pipeline: Pipeline,
    at: LogPos,
    undecodable: u64,
}

/// Whether a path is a log: its directory, the one that has it, or a segment.
pub fn is_log(path: &Path) -> bool {
    files(path).is_some()
}

/// The directory, and the one segment that was asked for.
fn files(path: &Path) -> Option<(PathBuf, Option<String>)> {
    let name = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    if path.is_file() {
        let segment = name(path).filter(|name| is_segment(name))?;
        return Some((path.parent()?.to_owned(), Some(segment)));
    }
    let has_segments = |dir: &Path| {
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        entries
            .into_iter()
            .any(|entry| name(&entry.path()).is_some_and(|name| is_segment(&name)))
    };
    let dirs = [path.to_owned(), path.join(DIRECTORY)];
    dirs.into_iter()
        .find(|dir| has_segments(dir))
        .map(|dir| (dir, None))
}

impl RecordedLog {
    /// Takes all records of a log, which nobody writes to, by the settings of a daemon. With `skip_corrupt` it goes on
    /// behind damage.
    pub fn read(path: &Path, config: &Config, key: ParamKey) -> Result<RecordedLog, LogError> {
        let mut log = RecordedLog::new(config, key);
        let (dir, segment) = files(path).unwrap_or_else(|| (path.to_owned(), None));
        let (folder, skips) = (Folder::at(&dir), config.skip_corrupt);
        let records = match segment {
            Some(name) => Reader::segment(&folder, &name, skips)?,
            None => Reader::open(&folder, skips)?,
        };
        for record in records {
            log.take(record?);
        }
        Ok(log)
    }

    fn new(config: &Config, key: ParamKey) -> RecordedLog {
        let seed = TableSeed::default();
        let settings = sizing::pipeline(config, &config.memory_parts(), config.shard_count());
        RecordedLog {
            pipeline: Pipeline::new(settings.clone(), seed),
            settings,
            reader: RawReader::new(hotspan_ingest::Settings {
                message_bytes_max: config.message_bytes_max,
                ..hotspan_ingest::Settings::default()
            }),
            decoder: Decoder::new(Limits::default(), key, seed),
            dictionary: LocalDictionary::new(seed),
            at: LogPos::default(),
            undecodable: 0,
        }
    }

    fn take(&mut self, record: Record) {
        self.at = record.at;
        if record.kind != Kind::Request {
            return self.pipeline.handle_tick(self.at, &self.dictionary);
        }
        if !self.take_request(&record.payload.into()) {
            self.undecodable += 1;
        }
        while self.pipeline.poll_exemplar().is_some() {}
    }

    /// `false` for what cannot be decoded.
    fn take_request(&mut self, payload: &Bytes) -> bool {
        let Some(raw) = recorded_request(payload) else {
            return false;
        };
        let Some(bytes) = self.reader.read(&raw) else {
            return false;
        };
        let mut batch = Batch::default();
        let (dictionary, sink) = (&mut self.dictionary, &mut batch);
        let read = match raw.encoding {
            Encoding::Protobuf => self.decoder.protobuf(bytes, dictionary, sink),
            Encoding::Json => self.decoder.json(bytes, dictionary, sink),
        };
        let Ok(tally) = read else {
            return false;
        };
        self.pipeline.handle_refused(&tally.refused);
        self.pipeline.handle_batch(self.at, &batch, &self.dictionary);
        true
    }

    /// Decides what is open at the end of the log.
    pub fn finish(&mut self) {
        self.pipeline
            .finish(self.at, Decided::EndOfInput, &self.dictionary);
    }

    /// Requests that could not be decoded.
    pub fn undecodable(&self) -> u64 {
        self.undecodable
    }

    /// All aggregates, as a store would have them.
    pub fn rows(&mut self) -> Vec<Row> {
        let mut rows = Vec::new();
        let snapshot = self.pipeline.snapshot(self.at).hotspots;
        snapshot.changes(None, &self.dictionary, |row| rows.push(row));
        rows
    }

    /// What a daemon answers at the end of the log, and its counters.
    pub fn answers(&mut self) -> (Answers, Status) {
        let snapshot = self.pipeline.snapshot(self.at);
        let (parts, catalogue) = ([snapshot.hotspots], hotspan_pipeline::catalogue());
        let now = Some(self.at.time);
        let answers = answers(&parts, &self.dictionary, &catalogue, now, &self.settings.hotspots);
        let status = Status {
            version: env!("CARGO_PKG_VERSION"),
            counts: snapshot.counts,
            decided: snapshot.stats.decisions,
            late_spans: snapshot.stats.late,
            ..Status::default()
        };
        (answers, status)
    }
}

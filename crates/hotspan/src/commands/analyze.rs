//! `hotspan analyze`: recorded files in, ranked hotspots out. The line of the daemon without sockets and clocks.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use hotspan_api::{Status, page, shape};
use hotspan_daemon::{Config, Layers, RecordedLog};
use hotspan_hotspots::audit::Audit;
use hotspan_hotspots::{Answers, answers};
use hotspan_ingest::file::Recorded;
use hotspan_model::{Batch, Decided, Hotspot, LocalDictionary, LogPos, Offset, ParamKey, TableSeed, Tuning};
use hotspan_otlp::{Decoder, Encoding, Limits, Undecodable};
use hotspan_pipeline::{Pipeline, Settings};

use super::input;
use crate::arguments::{AnalyzeArguments, AnalyzeFormat, tuning};
use crate::exit::Failure;
use crate::output::{Table, percent, print, tenths};
use crate::progress::Progress;

/// Bytes of spans that one analysis holds before it decides traces early.
const BYTES_MAX: u64 = 8 << 30;

pub(crate) fn run(arguments: &AnalyzeArguments) -> Result<(), Failure> {
    let tuning = tuning(arguments.config.as_deref())?;
    let (answers, status, undecodable) = match &arguments.paths[..] {
        [path] if hotspan_daemon::is_log(path) => of_log(path, arguments, tuning)?,
        _ => of_files(arguments, &tuning)?,
    };
    if status.counts.analysed == 0 {
        let (received, refused) = (status.counts.received, undecodable);
        let why = format!(
            "nothing usable: {received} spans received, none analysed, {refused} requests undecodable"
        );
        return Err(Failure::NoData(why));
    }
    let shown: Vec<&Hotspot> = answers
        .hotspots
        .iter()
        .filter(|hotspot| hotspot.confidence >= arguments.min_confidence)
        .collect();
    match arguments.output {
        AnalyzeFormat::Table => table(&shown, &status, undecodable)?,
        AnalyzeFormat::Json => {
            let coverage = shape::Coverage::new(&answers, &status);
            let document = shape::Document::new(&answers, &shown, coverage);
            let text = serde_json::to_string_pretty(&document).context("the answer has a JSON form")?;
            print(&(text + "\n"))?;
        }
        AnalyzeFormat::Md => print(&page::markdown(&audit(&answers, &shown, &status), &shown))?,
        AnalyzeFormat::Html => print(&page::html(&audit(&answers, &shown, &status), &shown))?,
    }
    let matched = |wanted: &str| {
        shown
            .iter()
            .any(|hotspot| wanted == "any" || hotspot.detector == wanted)
    };
    match arguments.fail_on.as_deref().is_some_and(matched) {
        true => Err(Failure::Matched),
        false => Ok(()),
    }
}

fn of_files(arguments: &AnalyzeArguments, tuning: &Tuning) -> Result<(Answers, Status, u64)> {
    let mut line = Line::new(key(arguments)?, tuning);
    input::for_each(&arguments.paths, &mut Progress::new(), |request| {
        line.take(&request)
    })?;
    let (answers, status) = line.finish();
    Ok((answers, status, line.undecodable))
}

/// The log of a daemon, by its own offsets and times.
fn of_log(path: &Path, arguments: &AnalyzeArguments, tuning: Tuning) -> Result<(Answers, Status, u64)> {
    let config = Config {
        tuning,
        skip_corrupt: arguments.skip_corrupt,
        ..Config::read(&Layers::default())?
    };
    let mut log = RecordedLog::read(path, &config, key(arguments)?)?;
    log.finish();
    let (answers, status) = log.answers();
    Ok((answers, status, log.undecodable()))
}

fn audit(answers: &Answers, shown: &[&Hotspot], status: &Status) -> shape::Audit {
    let coverage = shape::Coverage::new(answers, status);
    shape::Audit::new(&Audit::new(answers, shown), coverage)
}

fn key(arguments: &AnalyzeArguments) -> Result<ParamKey> {
    let Some(hex) = &arguments.parameter_key else {
        return Ok(ParamKey::BUILT_IN);
    };
    let key = hotspan_daemon::hex_key(hex).map_err(|why| anyhow!("--parameter-key {hex}: {why}"))?;
    Ok(key.map_or(ParamKey::BUILT_IN, ParamKey))
}

fn table(shown: &[&Hotspot], status: &Status, undecodable: u64) -> Result<()> {
    let mut table = Table::new(&[
        "#", "PRIORITY", "SAVES", "OF IT", "CONF", "SEEN", "SERVICE", "DETECTOR", "WHAT",
    ]);
    for hotspot in shown {
        table.row(vec![
            hotspot.rank.to_string(),
            tenths(hotspot.priority),
            hotspot.saving.likely.to_string(),
            percent(hotspot.saving_share),
            percent(hotspot.confidence),
            hotspot.traces.to_string(),
            shape::clean(&hotspot.service),
            hotspot.detector.to_owned(),
            shape::clean(&hotspot.title),
        ]);
    }
    if shown.is_empty() {
        print("no hotspots\n")?;
    } else {
        table.print()?;
    }
    let counts = &status.counts;
    let dropped: u64 = counts.dropped.iter().sum();
    let (received, traces) = (counts.received, status.decided.iter().sum::<u64>());
    eprintln!("{received} spans in {traces} traces, {dropped} dropped, {undecodable} requests undecodable");
    Ok(())
}

/// One shard, driven by a file.
struct Line {
    decoder: Decoder,
    dictionary: LocalDictionary,
    pipeline: Pipeline,
    settings: Settings,
    batch: Batch,
    at: LogPos,
    undecodable: u64,
}

impl Line {
    fn new(key: ParamKey, tuning: &Tuning) -> Line {
        let (seed, settings) = (TableSeed::default(), Settings::offline(BYTES_MAX).tuned(tuning));
        Line {
            decoder: Decoder::new(Limits::default(), key, seed),
            dictionary: LocalDictionary::new(seed),
            pipeline: Pipeline::new(settings.clone(), seed),
            settings,
            batch: Batch::default(),
            at: LogPos::default(),
            undecodable: 0,
        }
    }

    fn take(&mut self, request: &Recorded) -> Result<()> {
        self.batch.clear();
        let (dictionary, sink) = (&mut self.dictionary, &mut self.batch);
        let tally = match request.encoding {
            Encoding::Protobuf => self.decoder.protobuf(&request.bytes, dictionary, sink),
            Encoding::Json => self.decoder.json(&request.bytes, dictionary, sink),
        };
        match tally {
            Ok(tally) => {
                self.at.offset = Offset(self.at.offset.0 + 1);
                self.pipeline.handle_refused(&tally.refused);
                self.pipeline.handle_batch(self.at, &self.batch, &self.dictionary);
                while self.pipeline.poll_exemplar().is_some() {}
            }
            Err(error) => self.report(&error),
        }
        Ok(())
    }

    fn report(&mut self, error: &Undecodable) {
        if self.undecodable == 0 {
            eprintln!("hotspan: a request cannot be decoded and is left out: {error}");
        }
        self.undecodable += 1;
    }

    fn finish(&mut self) -> (Answers, Status) {
        self.pipeline
            .finish(self.at, Decided::EndOfInput, &self.dictionary);
        let snapshot = self.pipeline.snapshot(self.at);
        let parts = [Arc::clone(&snapshot.hotspots)];
        let catalogue = hotspan_pipeline::catalogue();
        let answers = answers(
            &parts,
            &self.dictionary,
            &catalogue,
            None,
            &self.settings.hotspots,
        );
        let status = Status {
            version: env!("CARGO_PKG_VERSION"),
            counts: snapshot.counts,
            decided: snapshot.stats.decisions,
            ..Status::default()
        };
        (answers, status)
    }
}

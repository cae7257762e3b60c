//! Recorded requests to evidence: the line of the daemon without sockets and clocks, and every trace by itself.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use hotspan_analysis::{Analyser, AnalyserSettings, When};
use hotspan_api::shape;
use hotspan_assembly::Assembler;
use hotspan_hotspots::{Hotspots, answers};
use hotspan_ingest::file::Recorded;
use hotspan_model::{
    Assembled, Batch, Class, Decided, LocalDictionary, LogPos, Lookup as _, Millionths, Nanos, Offset, OpRef,
    ParamKey, Report, TableSeed, TraceId, Tuning,
};
use hotspan_otlp::{Decoder, Encoding, Limits};

use super::evidence::{At, Entry, Evidence};
use super::found::Found;
use super::label::Label;

/// Bytes of spans that one check holds before it decides traces early.
const BYTES_MAX: u64 = 8 << 30;
/// Most traces whose numbers are held for budgets.
const TRACES_MAX: usize = 1_000_000;

/// Reads requests, analyses their traces, keeps what is judged.
pub(super) struct Traces {
    label: Option<Label>,
    decoder: Decoder,
    dictionary: LocalDictionary,
    assembler: Assembler,
    analyser: Analyser,
    hotspots: Hotspots,
    settings: hotspan_hotspots::Settings,
    batch: Batch,
    trace: Assembled,
    report: Report,
    rows: BTreeMap<TraceId, Row>,
    at: LogPos,
    undecodable: u64,
    beyond: u64,
}

/// What one trace did.
#[derive(Clone, Debug)]
struct Row {
    entry: Option<OpRef>,
    db_calls: u64,
    calls: u64,
    duration: Nanos,
    spans: u64,
    incomplete: bool,
}

impl Traces {
    /// With these thresholds; of the traces that the label leaves.
    pub(super) fn new(tuning: &Tuning, label: Option<Label>) -> Traces {
        let seed = TableSeed::default();
        let settings = hotspan_hotspots::Settings {
            one_trace_opens: true,
            tuning: tuning.clone(),
            ..hotspan_hotspots::Settings::default()
        };
        Traces {
            label,
            decoder: Decoder::new(Limits::default(), ParamKey::BUILT_IN, seed),
            dictionary: LocalDictionary::new(seed),
            assembler: Assembler::new(hotspan_assembly::Settings::offline(BYTES_MAX), seed),
            analyser: Analyser::new(AnalyserSettings {
                tuning: tuning.clone(),
                ..AnalyserSettings::default()
            }),
            hotspots: Hotspots::new(settings.clone(), seed),
            settings,
            batch: Batch::default(),
            trace: Assembled::default(),
            report: Report::default(),
            rows: BTreeMap::new(),
            at: LogPos::default(),
            undecodable: 0,
            beyond: 0,
        }
    }

    /// One request.
    pub(super) fn take(&mut self, request: &Recorded) -> Result<()> {
        if let Some(label) = &mut self.label {
            label.look(request)?;
        }
        self.batch.clear();
        let (dictionary, sink) = (&mut self.dictionary, &mut self.batch);
        let tally = match request.encoding {
            Encoding::Protobuf => self.decoder.protobuf(&request.bytes, dictionary, sink),
            Encoding::Json => self.decoder.json(&request.bytes, dictionary, sink),
        };
        if let Err(error) = tally {
            if self.undecodable == 0 {
                eprintln!("hotspan: a request cannot be decoded and is left out: {error}");
            }
            self.undecodable += 1;
            return Ok(());
        }
        self.at.offset = Offset(self.at.offset.0 + 1);
        for (record, sides) in self.batch.iter() {
            self.assembler.push(record, sides, self.at, &self.dictionary);
        }
        self.assembler.handle_timeout(self.at);
        self.drain();
        Ok(())
    }

    /// Everything was read.
    pub(super) fn finish(mut self, min_confidence: Millionths) -> Result<Evidence> {
        self.assembler.finish(self.at, Decided::EndOfInput);
        self.drain();
        let catalogue = hotspan_analysis::catalogue();
        let parts = [self.hotspots.snapshot()];
        let answers = answers(&parts, &self.dictionary, &catalogue, None, &self.settings);
        let sure = answers
            .hotspots
            .iter()
            .filter(|of| of.confidence >= min_confidence);
        let found: Result<Vec<Found>> = sure
            .map(|of| {
                let shape = serde_json::to_value(shape::Hotspot::from(of));
                Ok(Found::read(shape.context("a hotspot has a JSON form")?))
            })
            .collect();
        let operations = answers.operations.iter().map(|of| At {
            service: shape::clean(&of.service),
            operation: shape::clean(&of.operation),
        });
        let rows = self.rows.values();
        let entries = entries(&self.rows, &self.dictionary);
        Ok(Evidence {
            found: found?,
            operations: operations.collect(),
            traces: rows.len() as u64,
            incomplete: rows.clone().filter(|row| row.incomplete).count() as u64,
            incomplete_trace: self.incomplete(),
            spans: rows.clone().map(|row| row.spans).sum(),
            entries,
            ignored: answers.coverage.ignored,
            lost: self.lost(answers.coverage.sightings_beyond),
        })
    }

    fn incomplete(&self) -> Option<String> {
        let first = self.rows.iter().find(|(_, row)| row.incomplete);
        first.map(|(id, _)| id.to_string())
    }

    fn lost(&self, sightings: u64) -> Vec<String> {
        let lost = [
            (self.undecodable, "requests cannot be decoded"),
            (self.beyond, "traces found no room"),
            (sightings, "findings found no room"),
        ];
        let lost = lost.into_iter().filter(|(count, _)| *count > 0);
        lost.map(|(count, what)| format!("{count} {what}")).collect()
    }

    /// Adds every decided trace; a later version takes the place of the one before.
    fn drain(&mut self) {
        while self.assembler.poll_trace(&mut self.trace) {
            if !self.is_meant() {
                continue;
            }
            if self.trace.previous > 0 {
                self.analyse(Some(self.trace.previous as usize));
                self.hotspots.subtract(&self.report, &self.dictionary);
            }
            self.analyse(None);
            self.hotspots.add(&self.report, &self.dictionary);
            self.note();
        }
    }

    fn is_meant(&self) -> bool {
        self.label
            .as_ref()
            .is_none_or(|label| label.holds(&self.trace, &self.dictionary))
    }

    fn analyse(&mut self, prefix: Option<usize>) {
        let (dictionary, report) = (&self.dictionary, &mut self.report);
        self.analyser
            .analyse(&self.trace, prefix, When::Claimed, dictionary, report);
    }

    fn note(&mut self) {
        let report = &self.report;
        let Some(id) = report.trace else { return };
        if self.rows.len() == TRACES_MAX && !self.rows.contains_key(&id) {
            self.beyond += 1;
            return;
        }
        let calls = |class| {
            let rows = report.calls.iter().filter(|row| row.class == class);
            rows.map(|row| row.calls).sum()
        };
        let row = Row {
            entry: report.entry,
            db_calls: calls(Class::Db),
            calls: calls(Class::Call),
            duration: report.duration,
            spans: report.spans,
            incomplete: report.incomplete,
        };
        self.rows.insert(id, row);
    }
}

/// The traces by how they entered.
fn entries(rows: &BTreeMap<TraceId, Row>, dictionary: &LocalDictionary) -> Vec<Entry> {
    let text = |symbol| shape::clean(dictionary.text(symbol));
    let mut by_entry: BTreeMap<At, Vec<(&TraceId, &Row)>> = BTreeMap::new();
    for row in rows {
        let at = row.1.entry.map_or_else(At::default, |at| At {
            service: text(at.service),
            operation: text(at.operation),
        });
        by_entry.entry(at).or_default().push(row);
    }
    by_entry.into_iter().map(|(at, rows)| entry(at, &rows)).collect()
}

/// One entry operation; it has traces, by id.
fn entry(at: At, rows: &[(&TraceId, &Row)]) -> Entry {
    let mut durations: Vec<u64> = rows.iter().map(|(_, row)| row.duration.0).collect();
    durations.sort_unstable();
    let most = |count: fn(&Row) -> u64| {
        // Of equal ones the first.
        let most = rows.iter().rev().max_by_key(|(_, row)| count(row));
        most.map_or_else(Default::default, |(id, row)| (count(row), id.to_string()))
    };
    let (db_calls_max, db_calls_trace) = most(|row| row.db_calls);
    let (calls_max, calls_trace) = most(|row| row.calls);
    Entry {
        at,
        traces: rows.len() as u64,
        db_calls_max: Some(db_calls_max),
        db_calls_trace,
        calls_max: Some(calls_max),
        calls_trace,
        duration_p50_ns: durations[(durations.len() - 1) / 2],
    }
}

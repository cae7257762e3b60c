//! A shard that dies at any record and goes on in another process from what was stored: the aggregates are, bit for bit,
//! those of one that never died (AS9). Leaving out any part of what is stored shows.

use std::collections::BTreeSet;

use hotspan_hotspots::{Hotspots, Loader, Names, Row};
use hotspan_model::{
    Batch, LocalDictionary, LogPos, LogTime, Nanos, Offset, ParamKey, Record, Side, TableSeed, TraceId,
};
use hotspan_otlp::{Decoder, Limits, Sink};
use hotspan_pipeline::{Cut, Pipeline, Seam, Settings, catalogue};
use hotspan_testkit::generator::{Generation, Noise, Operation, Place, SCENARIOS};
use prost::Message;

const SECOND: u64 = 1_000_000_000;
const START: u64 = 1_700_000_000 * SECOND;

struct AnyName;

impl Names for AnyName {
    fn name(&mut self, text: &str) -> Option<&'static str> {
        Some(Box::leak(text.into()))
    }

    fn is_detector(&self, name: &str) -> bool {
        catalogue().iter().any(|meta| meta.id == name)
    }
}

/// One record of a log: spans, or a tick.
struct Entry {
    at: LogPos,
    spans: Vec<(Record, Vec<Side>)>,
}

#[derive(Default)]
struct Spans(Vec<(Record, Vec<Side>)>);

impl Sink for Spans {
    fn span(&mut self, record: Record, sides: &[Side]) {
        self.0.push((record, sides.to_vec()));
    }
}

/// What is stored, and how far.
struct Stored {
    cut: Cut,
    hi: usize,
}

impl Stored {
    fn rows(&self, dictionary: &LocalDictionary) -> Vec<Row> {
        let mut rows = Vec::new();
        self.cut.hotspots.changes(None, dictionary, |row| rows.push(row));
        rows
    }
}

/// Which part of the protocol is left out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Without {
    Nothing,
    Replay,
    Discard,
    Stubs,
}

/// A few traces of every scenario; spans come late, twice, and with long gaps. One trace id goes on for ever.
fn log(seed: u64, dictionary: &mut LocalDictionary) -> Vec<Entry> {
    let mut decoder = Decoder::new(Limits::default(), ParamKey::BUILT_IN, TableSeed::default());
    let (place, mut sent) = (Place::new(seed), Vec::new());
    for (s, scenario) in (0_u64..).zip(SCENARIOS) {
        let operation = Operation::draw(scenario, 3, Generation::Stable, Noise::default());
        for n in 0..2 {
            let mut spans = Spans::default();
            for request in operation.request(n, START).requests {
                let read = decoder.protobuf(&request.encode_to_vec(), dictionary, &mut spans);
                read.expect("it was encoded here");
            }
            let dice = place.at(s).at(n);
            let start = dice.within(0, 299) * SECOND;
            for (k, span) in (0_u64..).zip(spans.0) {
                let dice = dice.at(k);
                let late = match dice.within(0, 19) {
                    0 => dice.at(1).within(0, 99),
                    _ => dice.at(1).within(0, 1),
                };
                let at = START + start + late * SECOND + dice.at(2).within(0, SECOND - 1);
                if dice.at(3).within(0, 9) == 0 {
                    sent.push((at + dice.at(4).within(0, 69) * SECOND, span.clone()));
                }
                sent.push((at, span));
            }
        }
    }
    let constant = TraceId::new(7).expect("it is not zero");
    for (n, second) in (0..420).step_by(9).enumerate() {
        let mut span = sent[n].1.clone();
        span.0.trace = constant;
        sent.push((START + second * SECOND, span));
    }
    sent.sort_by_key(|(at, _)| *at);
    entries(sent)
}

fn entries(sent: Vec<(u64, (Record, Vec<Side>))>) -> Vec<Entry> {
    let (mut log, mut sent) = (Vec::new(), sent.into_iter().peekable());
    for tick in 1..600 {
        let tick = START + tick * SECOND;
        let mut push = |time, spans| {
            let offset = Offset(log.len() as u64);
            let at = LogPos {
                offset,
                time: LogTime(time),
            };
            log.push(Entry { at, spans });
        };
        while let Some((at, span)) = sent.next_if(|(at, _)| *at < tick) {
            let mut spans = vec![span];
            // Requests bring some spans each.
            while spans.len() < 5
                && let Some((_, span)) = sent.next_if(|(next, _)| *next < (at + SECOND / 4).min(tick))
            {
                spans.push(span);
            }
            push(at, spans);
        }
        push(tick, Vec::new());
    }
    log
}

fn settings(is_crowded: bool) -> Settings {
    let mut settings = Settings::default();
    if is_crowded {
        settings.assembly.open_max = 4;
        settings.assembly.sessions_max = 14;
    }
    settings
}

struct Process<'a> {
    pipeline: Pipeline,
    dictionary: &'a mut LocalDictionary,
}

impl Process<'_> {
    fn step(&mut self, entry: &Entry) {
        match entry.spans.is_empty() {
            true => self.pipeline.handle_tick(entry.at, self.dictionary),
            false => self
                .pipeline
                .handle_batch(entry.at, &batch(entry), self.dictionary),
        }
        while self.pipeline.poll_exemplar().is_some() {}
    }

    fn store(&mut self, hi: usize) -> Stored {
        let cut = self.pipeline.cut(Offset(hi as u64));
        Stored { cut, hi }
    }
}

fn batch(entry: &Entry) -> Batch {
    let mut batch = Batch::default();
    for (record, sides) in &entry.spans {
        batch.push(*record, sides);
    }
    batch
}

fn begin<'a>(
    settings: &Settings,
    dictionary: &'a mut LocalDictionary,
    hotspots: Option<Hotspots>,
) -> Process<'a> {
    let seed = TableSeed(5);
    let mut pipeline = match hotspots {
        Some(hotspots) => Pipeline::resume(settings.clone(), seed, hotspots),
        None => Pipeline::new(settings.clone(), seed),
    };
    pipeline.keep_floor();
    Process { pipeline, dictionary }
}

/// Another process that goes on where `stored` says.
fn again<'a>(
    settings: &Settings,
    stored: &Stored,
    log: &[Entry],
    dictionary: &'a mut LocalDictionary,
    without: Without,
) -> Process<'a> {
    let mut loader = Loader::new(&settings.hotspots, TableSeed(5), 1, 1);
    for row in stored.rows(dictionary) {
        let value = row.value.as_ref().expect("rows of a first snapshot are there");
        let added = loader.add(0, (row.kind, row.key), value, dictionary, &mut AnyName);
        added.expect("it was written here");
    }
    let mut process = begin(settings, dictionary, loader.finish().pop());
    let wanted = BTreeSet::new();
    let from = match without {
        Without::Replay => stored.hi,
        Without::Nothing | Without::Discard | Without::Stubs => stored.cut.held.floor.0 as usize,
    };
    for entry in &log[from..stored.hi] {
        match (without, entry.spans.is_empty()) {
            (Without::Discard, _) => process.step(entry),
            (_, true) => process
                .pipeline
                .replay(entry.at, None, &wanted, process.dictionary),
            (_, false) => {
                let batch = batch(entry);
                process
                    .pipeline
                    .replay(entry.at, Some(&batch), &wanted, process.dictionary);
            }
        }
    }
    let stubs = match without {
        Without::Stubs => &[],
        Without::Nothing | Without::Replay | Without::Discard => &stored.cut.held.stubs[..],
    };
    process.pipeline.take_over(stubs, Seam::None);
    process
}

/// All that is stored at the end of the log, where the process died at every record that `dies` names.
fn run(
    settings: &Settings,
    log: &[Entry],
    dictionary: &mut LocalDictionary,
    without: Without,
    dies: impl Fn(usize) -> bool,
    commits: impl Fn(usize) -> bool,
) -> Stored {
    let mut process = begin(settings, dictionary, None);
    let mut stored = process.store(0);
    let mut died = BTreeSet::new();
    let mut at = 0;
    while at < log.len() {
        if dies(at) && died.insert(at) {
            process = again(settings, &stored, log, process.dictionary, without);
            at = stored.hi;
        }
        process.step(&log[at]);
        at += 1;
        assert!(process.pipeline.counts().balance());
        if commits(at) {
            stored = process.store(at);
        }
    }
    process.store(log.len())
}

#[test]
fn as9_a_shard_that_dies_at_any_record_goes_on_as_if_it_had_not() {
    for (seed, is_crowded) in [(1, false), (2, true)] {
        let (mut dictionary, settings) = (LocalDictionary::default(), settings(is_crowded));
        let log = log(seed, &mut dictionary);
        let expected = run(
            &settings,
            &log,
            &mut dictionary,
            Without::Nothing,
            |_| false,
            |_| false,
        );
        assert!(expected.rows(&dictionary).len() > 100, "something is found");
        for (every, commit) in [(53, 11), (101, 1), (211, 97)] {
            let found = run(
                &settings,
                &log,
                &mut dictionary,
                Without::Nothing,
                |at| at % every == every - 1,
                |at| at.is_multiple_of(commit),
            );
            assert_eq!(
                found.rows(&dictionary),
                expected.rows(&dictionary),
                "seed {seed}, dies every {every}, commits every {commit}"
            );
            assert_eq!(found.cut.held.stubs, expected.cut.held.stubs);
        }
    }
}

#[test]
fn as9_no_part_of_the_protocol_is_idle() {
    let (mut dictionary, settings) = (LocalDictionary::default(), settings(true));
    let log = log(2, &mut dictionary);
    let dies = |at: usize| at % 37 == 36;
    let commits = |at: usize| at.is_multiple_of(11);
    let expected = run(
        &settings,
        &log,
        &mut dictionary,
        Without::Nothing,
        |_| false,
        |_| false,
    );
    for (without, what) in [
        (Without::Replay, "replay"),
        (Without::Discard, "discarding"),
        (Without::Stubs, "stubs"),
    ] {
        let found = run(&settings, &log, &mut dictionary, without, dies, commits);
        assert_ne!(
            found.rows(&dictionary),
            expected.rows(&dictionary),
            "without {what}"
        );
    }
}

/// Other rules: nothing is taken back that others added, and what waits is counted.
#[test]
fn r13_a_seam_of_rules_costs_late_spans_and_counts_them() {
    let (mut dictionary, settings) = (LocalDictionary::default(), settings(false));
    let log = log(4, &mut dictionary);
    let mut seams = 0;
    for hi in (50..log.len()).step_by(97) {
        let mut process = begin(&settings, &mut dictionary, None);
        log[..hi].iter().for_each(|entry| process.step(entry));
        let stored = process.store(hi);
        let mut process = again(&settings, &stored, &log, process.dictionary, Without::Nothing);
        let open = process.pipeline.counts();
        seams += process.pipeline.take_over(&stored.cut.held.stubs, Seam::Rules);
        let counts = process.pipeline.counts();
        assert!(counts.balance() && counts.received == open.received);
        log[hi..].iter().for_each(|entry| process.step(entry));
        process.pipeline.handle_tick(
            LogPos {
                offset: Offset(log.len() as u64),
                time: LogTime(START).after(Nanos::from_secs(3_600)),
            },
            process.dictionary,
        );
        assert_eq!(process.pipeline.counts().open, 0);
    }
    assert!(seams > 0);
}

//! A shard that ends, is stored, and begins again in another process: requests of every scenario before and after, and
//! the answers are those of a shard that never ended.

use hotspan_hotspots::{Answers, Hotspots, Loader, Names, Row, answers};
use hotspan_model::{Batch, Decided, LocalDictionary, LogTime, Nanos, ParamKey, Record, Side, TableSeed};
use hotspan_otlp::{Decoder, Limits, Sink};
use hotspan_pipeline::{Pipeline, Settings, catalogue};
use hotspan_testkit::LogClock;
use hotspan_testkit::generator::{Generation, Noise, Operation, SCENARIOS};
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

#[derive(Default)]
struct Spans(Batch);

impl Sink for Spans {
    fn span(&mut self, record: Record, sides: &[Side]) {
        self.0.push(record, sides);
    }
}

/// A process: what it knows of texts, and the decoder that tells it.
struct Process {
    dictionary: LocalDictionary,
    decoder: Decoder,
    pipeline: Pipeline,
    clock: LogClock,
}

impl Process {
    fn new(seed: u64, time: LogTime, dictionary: LocalDictionary, hotspots: Option<Hotspots>) -> Process {
        let (settings, seed) = (Settings::default(), TableSeed(seed));
        Process {
            dictionary,
            decoder: Decoder::new(Limits::default(), ParamKey::BUILT_IN, seed),
            pipeline: match hotspots {
                Some(hotspots) => Pipeline::resume(settings, seed, hotspots),
                None => Pipeline::new(settings, seed),
            },
            clock: LogClock::starting(time),
        }
    }

    /// Takes requests of every scenario, ends every trace and answers.
    fn run(&mut self, numbers: std::ops::Range<u64>) -> Answers {
        for scenario in SCENARIOS {
            let operation = Operation::draw(scenario, 3, Generation::Stable, Noise::default());
            for n in numbers.clone() {
                let at = self.clock.after(Nanos(SECOND));
                for request in operation.request(n, at.time.0).requests {
                    let mut spans = Spans::default();
                    let bytes = request.encode_to_vec();
                    let read = self.decoder.protobuf(&bytes, &mut self.dictionary, &mut spans);
                    read.expect("it was encoded here");
                    self.pipeline.handle_batch(at, &spans.0, &self.dictionary);
                }
            }
        }
        self.pipeline.finish(
            self.clock.after(Nanos(SECOND)),
            Decided::Shutdown,
            &self.dictionary,
        );
        self.answers()
    }

    fn answers(&mut self) -> Answers {
        let parts = [self.pipeline.snapshot(self.clock.now()).hotspots];
        let settings = hotspan_hotspots::Settings::default();
        answers(
            &parts,
            &self.dictionary,
            &catalogue(),
            Some(self.clock.now().time),
            &settings,
        )
    }

    fn rows(&mut self) -> Vec<Row> {
        let mut rows = Vec::new();
        let snapshot = self.pipeline.snapshot(self.clock.now()).hotspots;
        snapshot.changes(None, &self.dictionary, |row| rows.push(row));
        rows
    }

    /// Another process that begins with what this one stored.
    fn again(&mut self) -> Process {
        let mut loader = Loader::new(&Settings::default().hotspots, TableSeed(9), 1, 1);
        let mut dictionary = LocalDictionary::new(TableSeed(9));
        for row in self.rows() {
            let value = row.value.expect("rows of a first snapshot are there");
            let added = loader.add(0, (row.kind, row.key), &value, &mut dictionary, &mut AnyName);
            added.expect("it was written here");
        }
        let hotspots = loader.finish().pop();
        Process::new(9, self.clock.now().time, dictionary, hotspots)
    }
}

#[test]
fn a_stored_shard_answers_and_goes_on_as_if_it_had_not_ended() {
    let mut whole = Process::new(1, LogTime(START), LocalDictionary::default(), None);
    let before = whole.run(0..8);
    assert!(before.hotspots.len() >= 5, "the faults are found at all");
    assert!(!before.near_misses.is_empty() && !before.third_parties.is_empty());
    let mut again = whole.again();
    assert_eq!(again.answers(), before);
    assert_eq!(
        again.rows(),
        whole.rows(),
        "what is stored again is what was stored"
    );
    let after = whole.run(8..16);
    assert_ne!(after, before);
    assert_eq!(again.run(8..16), after);
}

//! Late, shuffled and repeated spans make new versions of their traces; in the end the answers are those of spans
//! that came in time (P16, P17), and the books balance after every step.

use hotspan_hotspots::{Answers, answers};
use hotspan_model::{
    Batch, LocalDictionary, LogTime, Nanos, ParamKey, Reason, Record, Side, TableSeed, Threshold,
};
use hotspan_otlp::{Decoder, Limits, Sink};
use hotspan_pipeline::{Pipeline, Settings, catalogue};
use hotspan_testkit::LogClock;
use hotspan_testkit::generator::{Generation, Noise, Operation, Place, SCENARIOS};
use prost::Message;

const SECOND: u64 = 1_000_000_000;
/// Longer than any timer.
const DECIDED_WITHIN_S: u64 = 200;
const START: u64 = 1_700_000_000 * SECOND;

/// One span on its own.
struct Sent {
    record: Record,
    sides: Vec<Side>,
    /// Arrival in nanoseconds of log time.
    at: u64,
}

#[derive(Default)]
struct Spans(Vec<(Record, Vec<Side>)>);

impl Sink for Spans {
    fn span(&mut self, record: Record, sides: &[Side]) {
        self.0.push((record, sides.to_vec()));
    }
}

/// The spans of a few requests of every scenario, trace by trace.
fn traces(dictionary: &mut LocalDictionary) -> Vec<Vec<(Record, Vec<Side>)>> {
    let mut decoder = Decoder::new(Limits::default(), ParamKey::BUILT_IN, TableSeed::default());
    let mut traces = Vec::new();
    for scenario in SCENARIOS {
        let operation = Operation::draw(scenario, 3, Generation::Stable, Noise::default());
        for n in 0..4 {
            let mut spans = Spans::default();
            for request in operation.request(n, START).requests {
                decoder
                    .protobuf(&request.encode_to_vec(), dictionary, &mut spans)
                    .expect("it was encoded here");
            }
            // Some spans were sampled harder than others: a late one may change the weight of its trace.
            let place = Place::new(n).at(traces.len() as u64);
            for (k, (record, _)) in spans.0.iter_mut().enumerate() {
                record.threshold = Threshold(if place.at(k as u64).chance(50_000) {
                    8 << 52
                } else {
                    0
                });
            }
            traces.push(spans.0);
        }
    }
    traces
}

/// Runs the spans in order of arrival, with a tick a second, and answers.
fn run(mut sent: Vec<Sent>, dictionary: &LocalDictionary) -> (Answers, Pipeline) {
    sent.sort_by_key(|sent| sent.at);
    let mut pipeline = Pipeline::new(Settings::default(), TableSeed::default());
    let (mut clock, mut batch) = (LogClock::starting(LogTime(START)), Batch::default());
    for Sent {
        record,
        sides,
        at: time,
    } in sent
    {
        while clock.now().time.0 + SECOND < time {
            pipeline.handle_tick(clock.after(Nanos(SECOND)), dictionary);
            assert!(pipeline.counts().balance(), "{:?}", pipeline.counts());
        }
        batch.clear();
        batch.push(record, &sides);
        pipeline.handle_batch(clock.at(LogTime(time)), &batch, dictionary);
        assert!(pipeline.counts().balance(), "{:?}", pipeline.counts());
    }
    for _ in 0..DECIDED_WITHIN_S {
        pipeline.handle_tick(clock.after(Nanos(SECOND)), dictionary);
        assert!(pipeline.counts().balance(), "{:?}", pipeline.counts());
    }
    assert_eq!(pipeline.counts().open, 0, "the timers decide everything");
    let parts = [pipeline.snapshot(clock.now()).hotspots];
    let now = LogTime(START + 3_600 * SECOND);
    let settings = hotspan_hotspots::Settings::default();
    (
        answers(&parts, dictionary, &catalogue(), Some(now), &settings),
        pipeline,
    )
}

/// The answers without what names a version or a moment of arrival.
fn comparable(mut answers: Answers) -> Answers {
    for hotspot in &mut answers.hotspots {
        hotspot.evidence.clear();
    }
    answers
}

/// Every span up to 40 s late, one in five twice. The first record of each trace comes at the same moment in every
/// schedule; it may be any of its spans.
fn late(traces: &[Vec<(Record, Vec<Side>)>], place: Place) -> Vec<Sent> {
    let mut sent = Vec::new();
    for (t, trace) in traces.iter().enumerate() {
        let place = place.at(t as u64);
        let first = place.within(0, trace.len() as u64 - 1) as usize;
        for (k, (record, sides)) in trace.iter().enumerate() {
            let draw = place.at(k as u64);
            let delay = if k == first {
                0
            } else {
                draw.at(1).within(0, 40) * SECOND + draw.at(2).within(0, 999)
            };
            let mut send = |delay| {
                sent.push(Sent {
                    record: *record,
                    sides: sides.clone(),
                    at: START + delay,
                })
            };
            send(delay);
            if draw.at(3).chance(200_000) {
                send(delay + draw.at(4).within(0, 10) * SECOND);
            }
        }
    }
    sent
}

fn check(found: Answers, expected: &Answers, seed: u64) {
    let found = comparable(found);
    let named = |answers: &Answers| -> Vec<String> {
        let of = answers.hotspots.iter();
        of.map(|of| {
            format!(
                "{} {} {}: {} traces",
                of.detector, of.service, of.operation, of.traces
            )
        })
        .collect()
    };
    assert_eq!(named(&found), named(expected), "seed {seed}");
    assert_eq!(found.hotspots, expected.hotspots, "seed {seed}");
    assert_eq!(found.operations, expected.operations, "seed {seed}");
    assert_eq!(found.dependencies, expected.dependencies, "seed {seed}");
    assert_eq!(found.third_parties, expected.third_parties, "seed {seed}");
    assert_eq!(found.services, expected.services, "seed {seed}");
    assert_eq!(found.coverage, expected.coverage, "seed {seed}");
}

#[test]
fn late_spans_in_any_order_and_twice_give_the_answers_of_spans_in_time() {
    let mut dictionary = LocalDictionary::default();
    let traces = traces(&mut dictionary);
    let in_time = traces.iter().flatten();
    let in_time = in_time.map(|(record, sides)| Sent {
        record: *record,
        sides: sides.clone(),
        at: START,
    });
    let (expected, pipeline) = run(in_time.collect(), &dictionary);
    assert!(expected.hotspots.len() >= 5, "the faults are found at all");
    let (expected, spans) = (comparable(expected), pipeline.counts().analysed);
    for seed in 0..12 {
        let sent = late(&traces, Place::new(seed));
        let copies = sent.len() as u64 - spans;
        let (found, pipeline) = run(sent, &dictionary);
        let counts = pipeline.counts();
        assert_eq!(counts.analysed, spans, "seed {seed}: {counts:?}");
        assert_eq!(
            counts.dropped(Reason::Duplicate),
            copies,
            "seed {seed}: {counts:?}"
        );
        check(found, &expected, seed);
    }
}

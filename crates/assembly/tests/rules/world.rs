//! A log, a driver and a seeded source of trouble. `SIM_SEED` replays one seed; `SIM_FULL` runs the full sizes.

use hotspan_assembly::{Assembler, Outcome, Settings};
use hotspan_model::{
    Assembled, Bits, Class, Decided, Dictionary, Facts, Flag, Kind, LocalDictionary, LogPos, LogTime, Nanos,
    Offset, ParamHash, Record, Side, SideOf, SourceFacts, Span, SpanId, Symbol, TableSeed, Threshold,
    Timestamp, TraceId, Visibility, Vocabulary,
};

pub(crate) fn at(offset: u64, time: u64) -> LogPos {
    LogPos {
        offset: Offset(offset),
        time: LogTime(time),
    }
}

pub(crate) const SECOND: u64 = 1_000_000_000;

/// Where every log starts: no rule may depend on the zero of time.
pub(crate) const START: u64 = 1_000_000 * SECOND;

/// Runs in the stack that a shard has.
pub(crate) fn in_small_stack(test: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .stack_size(256 << 10)
            .spawn_scoped(scope, test);
        if let Err(panic) = thread.unwrap().join() {
            std::panic::resume_unwind(panic);
        }
    });
}

#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the tests may ask for one seed, or for all of it"
)]
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs a simulation for many seeds, or for the one asked for; a failure names its seed.
pub(crate) fn for_seeds(count: u64, simulation: impl Fn(u64) + Send + Sync) {
    struct Named(u64);
    impl Drop for Named {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("replay with SIM_SEED={}", self.0);
            }
        }
    }
    let seeds = match asked("SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..size(count, 20 * count),
    };
    in_small_stack(|| {
        for seed in seeds {
            let _named = Named(seed);
            simulation(seed);
        }
    });
}

/// The size that shows the bound in a few seconds, or the full one if it is asked for.
pub(crate) fn size(small: u64, full: u64) -> u64 {
    if asked("SIM_FULL").is_some() { full } else { small }
}

/// Random numbers of one seed.
#[derive(Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at as u64 + 1) as usize);
        }
    }
}

/// Symbols for spans.
pub(crate) struct Words {
    pub(crate) dictionary: LocalDictionary,
    sources: Vec<Symbol>,
    operations: Vec<Symbol>,
}

impl Default for Words {
    fn default() -> Words {
        let mut dictionary = LocalDictionary::default();
        let mut source = |name: &str| {
            let service = dictionary.admit(Vocabulary::Text, None, name, Facts::None);
            let facts = SourceFacts {
                service,
                namespace: None,
                version: None,
                instance: None,
                host: Some(service),
                environment: None,
                language: None,
                scope: None,
                front_end: false,
                unnamed: false,
            };
            dictionary.admit(Vocabulary::Source, None, name, Facts::Source(facts))
        };
        let sources = ["web", "cart", "price"].map(&mut source).to_vec();
        let mut operation = |name: &str| dictionary.admit(Vocabulary::Operation, None, name, Facts::None);
        let operations = ["GET /", "SELECT item", "GET /price", "work"]
            .map(&mut operation)
            .to_vec();
        Words {
            dictionary,
            sources,
            operations,
        }
    }
}

pub(crate) fn trace_id(number: u64) -> TraceId {
    TraceId::new(u128::from(number) + 1).unwrap()
}

pub(crate) fn span_id(number: u64) -> SpanId {
    SpanId::new(number).unwrap()
}

/// An internal span; `parent` 0 is none.
pub(crate) fn span(words: &Words, id: u64, parent: u64) -> Span {
    Span {
        id: span_id(id),
        parent: SpanId::new(parent),
        start: Timestamp(id),
        duration: Nanos(10),
        params: ParamHash(id),
        operation: words.operations[3],
        source: words.sources[0],
        template: None,
        callee: None,
        bits: Bits::new(Kind::Internal, Class::Internal),
        next: 0,
    }
}

pub(crate) fn with(span: Span, kind: Kind, class: Class) -> Span {
    let visible = Visibility::Visible;
    Span {
        bits: Bits::new(kind, class).with_visibility(visible),
        ..span
    }
}

/// A random trace: a tree of spans, some calls answered, some spans of equal ids, sometimes no root.
pub(crate) fn random_trace(words: &Words, dice: &mut Dice, spans_max: u64) -> Vec<Span> {
    let count = 1 + dice.below(spans_max);
    let rootless = dice.one_in(5);
    let mut spans: Vec<Span> = Vec::new();
    for id in 1..=count {
        let parent = match id {
            1 if rootless => 9_999,
            1 => 0,
            _ => 1 + dice.below(id - 1),
        };
        let kinds = [
            (Kind::Internal, Class::Internal),
            (Kind::Client, Class::Db),
            (Kind::Client, Class::Call),
            (Kind::Server, Class::Server),
        ];
        let (kind, class) = kinds[dice.below(4) as usize];
        let mut new = with(span(words, id, parent), kind, class);
        new.source = words.sources[dice.below(3) as usize];
        new.operation = words.operations[dice.below(4) as usize];
        new.bits = new
            .bits
            .with_if(Flag::Failed, dice.one_in(9))
            .with_if(Flag::BadParent, dice.one_in(99));
        if dice.one_in(20) && 1 < id {
            new.id = span_id(1 + dice.below(id));
        }
        spans.push(new);
    }
    spans
}

/// Copies of spans that lose, win, tie, or differ in their arguments only.
pub(crate) fn copy_of(span: &Span, dice: &mut Dice) -> Span {
    match dice.below(4) {
        0 => Span {
            duration: span.duration.plus(Nanos(dice.below(5))),
            ..*span
        },
        1 => Span {
            duration: span.duration.minus(Nanos(dice.below(5))),
            ..*span
        },
        2 => Span {
            params: ParamHash(dice.below(3)),
            ..*span
        },
        _ => *span,
    }
}

/// An assembler, its log and everything it said.
pub(crate) struct World {
    pub(crate) words: Words,
    pub(crate) assembler: Assembler,
    pub(crate) out: Vec<Assembled>,
    pub(crate) now: LogPos,
    buffer: Assembled,
    /// Keeps outputs without their spans: for millions of traces.
    pub(crate) lean: bool,
    published: u64,
}

impl World {
    pub(crate) fn new(settings: Settings) -> World {
        World::seeded(settings, 0)
    }

    pub(crate) fn seeded(settings: Settings, seed: u64) -> World {
        World {
            words: Words::default(),
            assembler: Assembler::new(settings, TableSeed(seed)),
            out: Vec::new(),
            now: at(0, START),
            buffer: Assembled::default(),
            lean: false,
            published: 0,
        }
    }

    /// A record so long after the start of the log, with spans of one trace.
    pub(crate) fn record(&mut self, time: u64, trace: u64, spans: &[Span]) -> Vec<Outcome> {
        let spans: Vec<(u64, Span)> = spans.iter().map(|span| (trace, *span)).collect();
        self.request(time, &spans)
    }

    /// A record with spans of any traces. Everything that must hold after every record is checked here.
    pub(crate) fn request(&mut self, time: u64, spans: &[(u64, Span)]) -> Vec<Outcome> {
        self.now = at(self.now.offset.0 + 1, START + time);
        self.assembler.handle_timeout(self.now);
        self.drain();
        let mut outcomes = Vec::new();
        for (trace, span) in spans {
            let record = Record {
                trace: trace_id(*trace),
                threshold: Threshold(0),
                span: *span,
            };
            let side = SideOf {
                span: 0,
                side: Side::Link(hotspan_model::Link {
                    trace: record.trace,
                    span: span.id,
                }),
            };
            let sides = if span.has(Flag::HasSide) { &[side][..] } else { &[] };
            outcomes.push(
                self.assembler
                    .push(&record, sides, self.now, &self.words.dictionary),
            );
        }
        self.drain();
        outcomes
    }

    /// A record without spans.
    pub(crate) fn tick(&mut self, time: u64) {
        self.request(time, &[]);
    }

    pub(crate) fn finish(&mut self, reason: Decided) {
        self.now.offset.0 += 1;
        self.assembler.finish(self.now, reason);
        self.drain();
    }

    /// The outputs since this was last asked.
    pub(crate) fn take(&mut self) -> Vec<Assembled> {
        std::mem::take(&mut self.out)
    }

    /// What was said since this was last asked, one line an output: trace, version, reason, spans.
    pub(crate) fn said(&mut self) -> Vec<String> {
        let line = |out: &Assembled| {
            let trace = out.trace.unwrap().get() - 1;
            format!(
                "{trace} v{} {} {}",
                out.version,
                out.reason.name(),
                out.spans.len()
            )
        };
        self.take().iter().map(line).collect()
    }

    fn drain(&mut self) {
        while self.assembler.poll_trace(&mut self.buffer) {
            assert_eq!(
                self.buffer.trigger.offset, self.now.offset,
                "an output belongs to the record at hand"
            );
            self.published += 1;
            if !self.lean {
                self.out.push(self.buffer.clone());
            }
        }
        let (counts, stats) = (self.assembler.counts(), self.assembler.stats());
        assert!(counts.balance(), "{counts:?}");
        assert!(stats.balance(), "{stats:?}");
        assert_eq!(stats.published(), self.published);
    }
}

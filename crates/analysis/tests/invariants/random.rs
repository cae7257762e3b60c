//! Random traces, and results in a form that does not know the order of arrival.

use hotspan_analysis::{Forest, Overflow, Path, Settings, Tolerance};
use hotspan_model::{
    Assembled, Bits, Cause, Class, Dictionary, Facts, Flag, Kind, Link, LocalDictionary, Millionths, Nanos,
    ParamHash, Side, SideOf, SourceFacts, Span, SpanId, Status, Symbol, Timestamp, TraceId, Vocabulary,
};

/// A whole number of milliseconds.
pub(crate) const BASE: u64 = 1_700_000_000_000_000_000;

/// SplitMix64: the same numbers for the same seed, everywhere.
#[derive(Clone, Debug)]
pub(crate) struct Dice(pub u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at as u64 + 1) as usize);
        }
    }
}

/// One span, times relative to [`BASE`].
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub id: u64,
    pub parent: u64,
    pub kind: Kind,
    pub host: Option<u8>,
    pub service: u8,
    pub b: u64,
    pub e: u64,
    pub failed: bool,
    pub follows: bool,
    pub links: Vec<u64>,
}

impl Raw {
    pub(crate) fn new(id: u64, parent: u64, b: u64, e: u64) -> Raw {
        Raw {
            id,
            parent,
            kind: Kind::Internal,
            host: None,
            service: 0,
            b,
            e,
            failed: false,
            follows: false,
            links: Vec::new(),
        }
    }
}

/// What a generated trace may contain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub spans: u64,
    pub length: u64,
    pub hosts: u64,
    pub messages: bool,
    pub overflow: bool,
}

pub(crate) const TREE: Shape = Shape {
    spans: 24,
    length: 1_000,
    hosts: 1,
    messages: false,
    overflow: true,
};
pub(crate) const ZOO: Shape = Shape {
    hosts: 3,
    messages: true,
    ..TREE
};

/// One tree: wide or deep, children mostly inside their parents, borders often shared.
pub(crate) fn tree(dice: &mut Dice, shape: Shape) -> Vec<Raw> {
    let mut spans = vec![Raw::new(1, 0, 5_000, 5_000 + shape.length)];
    let wide = dice.chance(50);
    for id in 2..=1 + dice.below(shape.spans) {
        let parent = match wide {
            true => dice.below(1 + spans.len() as u64 / 4),
            false => spans.len() as u64 - 1 - dice.below(3.min(spans.len() as u64)),
        };
        let parent = spans[parent as usize].clone();
        let (b, e) = interval(dice, &spans, &parent, shape);
        let mut span = Raw::new(id, parent.id, b, e);
        span.host = (shape.hosts > 1 && !dice.chance(10)).then(|| dice.below(shape.hosts) as u8);
        span.service = dice.below(3) as u8;
        if shape.messages {
            let kinds = [
                Kind::Internal,
                Kind::Client,
                Kind::Server,
                Kind::Producer,
                Kind::Consumer,
            ];
            span.kind = kinds[dice.below(5) as usize];
            span.failed = dice.chance(20);
            span.follows = dice.chance(5);
            if dice.chance(10) {
                span.links.push(1 + dice.below(spans.len() as u64));
            }
        }
        spans.push(span);
    }
    spans
}

fn interval(dice: &mut Dice, spans: &[Raw], parent: &Raw, shape: Shape) -> (u64, u64) {
    let inside = |dice: &mut Dice| parent.b + dice.below(parent.e - parent.b + 1);
    let border = |dice: &mut Dice| {
        let near = &spans[dice.below(spans.len() as u64) as usize];
        let border = if dice.chance(50) { near.b } else { near.e };
        if shape.overflow {
            border
        } else {
            border.clamp(parent.b, parent.e)
        }
    };
    let point = |dice: &mut Dice| {
        if dice.chance(35) {
            border(dice)
        } else {
            inside(dice)
        }
    };
    let (a, b) = (point(dice), point(dice));
    let (mut b, mut e) = (a.min(b), a.max(b));
    if dice.chance(10) {
        e = b;
    }
    if shape.overflow && dice.chance(10) {
        b = b.saturating_sub(dice.below(100));
        e += dice.below(200);
    }
    (b, e)
}

pub(crate) fn trace(spans: &[Raw]) -> (Assembled, LocalDictionary) {
    let mut dictionary = LocalDictionary::default();
    let mut trace = Assembled {
        trace: TraceId::new(1),
        version: 1,
        ..Assembled::default()
    };
    for raw in spans {
        let source = source(&mut dictionary, raw);
        let status = if raw.failed { Status::Error } else { Status::Unset };
        let bits = Bits::new(raw.kind, Class::Internal).with_status(status);
        trace.sides.extend(raw.links.iter().map(|&link| SideOf {
            span: trace.spans.len() as u32,
            side: Side::Link(Link {
                trace: TraceId::new(1).unwrap(),
                span: SpanId::new(link).unwrap(),
            }),
        }));
        trace.spans.push(Span {
            id: SpanId::new(raw.id).unwrap(),
            parent: SpanId::new(raw.parent),
            start: Timestamp(raw.b.wrapping_add(BASE)),
            duration: Nanos(raw.e.saturating_sub(raw.b)),
            params: ParamHash::default(),
            operation: dictionary.admit(Vocabulary::Operation, None, &format!("o{}", raw.id), Facts::None),
            source,
            template: None,
            callee: None,
            bits: bits.with_if(Flag::FollowsFrom, raw.follows),
            next: 0,
        });
    }
    (trace, dictionary)
}

fn source(dictionary: &mut LocalDictionary, raw: &Raw) -> Symbol {
    let (service, host) = (
        format!("s{}", raw.service),
        raw.host.map(|host| format!("h{host}")),
    );
    let mut text = |text: &str| dictionary.admit(Vocabulary::Text, None, text, Facts::None);
    let facts = SourceFacts {
        service: text(&service),
        namespace: None,
        version: None,
        instance: None,
        host: host.as_deref().map(&mut text),
        environment: None,
        language: None,
        scope: None,
        front_end: false,
        unnamed: false,
    };
    dictionary.admit(
        Vocabulary::Source,
        None,
        &format!("{service} {host:?}"),
        Facts::Source(facts),
    )
}

pub(crate) fn forest(spans: &[Raw], settings: &Settings) -> Forest {
    let (trace, dictionary) = trace(spans);
    let mut forest = Forest::default();
    forest.normalise(&trace, None, &dictionary, settings);
    forest
}

pub(crate) fn response(forest: &Forest) -> Path {
    let mut path = Path::default();
    path.response(forest);
    path
}

pub(crate) fn completion(forest: &Forest) -> Path {
    let mut path = Path::default();
    path.completion(forest);
    path
}

/// Segments by span, in absolute time.
pub(crate) fn named(forest: &Forest, path: &Path) -> Vec<((u64, u32), u64, u64, Cause)> {
    let moment = |offset: i64| forest.moment(offset).0;
    let segments = path.segments().iter();
    segments
        .map(|segment| {
            let key = forest.node(segment.node).key();
            (key, moment(segment.start), moment(segment.end), segment.cause)
        })
        .collect()
}

/// The tolerances that every property is tried with.
pub(crate) fn tolerances() -> [Settings; 4] {
    let fixed = |nanos| Tolerance::Fixed(Nanos(nanos));
    let percent = Tolerance::Percent(Millionths(10_000));
    [fixed(0), fixed(1), fixed(7), percent].map(|tolerance| Settings {
        tolerance,
        ..Settings::default()
    })
}

/// Those and every way to read children that outlive their parents.
pub(crate) fn all_settings() -> Vec<Settings> {
    let overflows = [Overflow::Auto, Overflow::Clip, Overflow::Detach];
    let with = |settings: Settings| overflows.map(|overflow| Settings { overflow, ..settings });
    tolerances()
        .into_iter()
        .chain([Settings::default()])
        .flat_map(with)
        .collect()
}

//! Conformance with what other tools expect of small traces (`vectors/critical-path/README.md`).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path as FilePath;

use hotspan_analysis::{Edit, Forest, Overflow, Path, Replay, Settings, Tolerance};
use hotspan_model::{
    Assembled, Bits, Class, Dictionary, Facts, Kind, LocalDictionary, Lookup, Nanos, ParamHash, SourceFacts,
    Span, SpanId, Timestamp, TraceId, Vocabulary,
};
use serde::Deserialize;

/// A whole number of milliseconds; a recorded time of 0 would mean none.
const BASE: u64 = 1_000_000_000;

#[derive(Deserialize)]
struct Vector {
    spans: Vec<Drawn>,
    mode: String,
    tolerance: u64,
    expect: Expect,
    ours: Option<Expect>,
    verdict: String,
}

#[derive(Deserialize)]
struct Drawn {
    id: String,
    parent: Option<String>,
    kind: String,
    service: String,
    host: Option<String>,
    name: String,
    start: u64,
    end: u64,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Expect {
    exclusive: Option<BTreeMap<String, u64>>,
    sections: Option<Vec<Section>>,
    saved: Option<Saved>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Section {
    span: String,
    start: u64,
    end: u64,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Saved {
    zero: Vec<String>,
    by: u64,
}

fn kind(name: &str) -> Kind {
    match name {
        "UNSPECIFIED" => Kind::Unspecified,
        "INTERNAL" => Kind::Internal,
        "SERVER" => Kind::Server,
        "CLIENT" => Kind::Client,
        "PRODUCER" => Kind::Producer,
        "CONSUMER" => Kind::Consumer,
        other => panic!("unknown kind {other}"),
    }
}

fn build(vector: &Vector) -> (Assembled, LocalDictionary) {
    let mut dictionary = LocalDictionary::default();
    let mut trace = Assembled {
        trace: TraceId::new(1),
        version: 1,
        ..Assembled::default()
    };
    let id = |name: &str| {
        let place = vector.spans.iter().position(|span| span.id == name);
        SpanId::new(place.map_or(u64::MAX, |place| place as u64 + 1)).unwrap()
    };
    for span in &vector.spans {
        let facts = SourceFacts {
            service: dictionary.admit(Vocabulary::Text, None, &span.service, Facts::None),
            namespace: None,
            version: None,
            instance: None,
            host: span
                .host
                .as_ref()
                .map(|host| dictionary.admit(Vocabulary::Text, None, host, Facts::None)),
            environment: None,
            language: None,
            scope: None,
            front_end: false,
            unnamed: false,
        };
        let source = format!("{} {:?}", span.service, span.host);
        trace.spans.push(Span {
            id: id(&span.id),
            parent: span.parent.as_deref().map(id),
            start: Timestamp(BASE + span.start * 1_000),
            duration: Nanos((span.end - span.start) * 1_000),
            params: ParamHash::default(),
            operation: dictionary.admit(Vocabulary::Operation, None, &span.name, Facts::None),
            source: dictionary.admit(Vocabulary::Source, None, &source, Facts::Source(facts)),
            template: None,
            callee: None,
            bits: Bits::new(kind(&span.kind), Class::Internal),
            next: 0,
        });
    }
    (trace, dictionary)
}

/// What we find, in the shape of what is expected.
fn found(vector: &Vector, shape: &Expect) -> Expect {
    let (trace, dictionary) = build(vector);
    assert_eq!(vector.mode, "clip");
    let settings = Settings {
        overflow: Overflow::Clip,
        tolerance: Tolerance::Fixed(Nanos(vector.tolerance * 1_000)),
        skew_correction: false,
        ..Settings::default()
    };
    let (mut forest, mut path) = (Forest::default(), Path::default());
    forest.normalise(&trace, None, &dictionary, &settings);
    path.response(&forest);
    check_partition(&forest, &path);
    let span = |node: u32| &vector.spans[forest.node(node).span as usize];
    let micros = |offset: i64| (forest.moment(offset).0 - BASE) / 1_000;
    let mut exclusive = BTreeMap::new();
    for segment in path.segments() {
        let node = forest.node(segment.node);
        let service = dictionary.text(node.service.unwrap());
        let key = format!("[{service}] {}", dictionary.text(node.operation.unwrap()));
        *exclusive.entry(key).or_insert(0) += (segment.end - segment.start) as u64 / 1_000;
    }
    for key in shape.exclusive.iter().flat_map(BTreeMap::keys) {
        exclusive.entry(key.clone()).or_insert(0);
    }
    let sections = path.segments().iter().map(|segment| Section {
        span: span(segment.node).id.clone(),
        start: micros(segment.start),
        end: micros(segment.end),
    });
    let saved = shape.saved.as_ref().map(|saved| {
        let place = |id: &String| vector.spans.iter().position(|span| &span.id == id).unwrap() as u32;
        let zero: Vec<u32> = saved.zero.iter().map(|id| forest.of_span(place(id))).collect();
        let saving = Replay::default().saving(&forest, forest.primary().unwrap(), Edit::Zero(&zero));
        Saved {
            zero: saved.zero.clone(),
            by: saving.max.0 / 1_000,
        }
    });
    Expect {
        exclusive: shape.exclusive.as_ref().map(|_| exclusive),
        sections: shape.sections.as_ref().map(|_| sections.collect()),
        saved,
    }
}

fn check_partition(forest: &Forest, path: &Path) {
    let root = forest.node(forest.primary().unwrap());
    let mut edge = root.end;
    for segment in path.segments() {
        assert_eq!(segment.end, edge);
        assert!(segment.start < segment.end);
        edge = segment.start;
    }
    assert_eq!(edge, root.start);
}

#[test]
fn every_vector_gives_what_its_verdict_says() {
    let folder = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/critical-path");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let vector: Vector = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let agreed = found(&vector, &vector.expect) == vector.expect;
        assert_eq!(agreed, vector.verdict == "must_match", "{}", file.display());
        assert_eq!(vector.ours.is_none(), agreed, "{}", file.display());
        if let Some(ours) = &vector.ours {
            assert_eq!(&found(&vector, ours), ours, "{}", file.display());
        }
        seen += 1;
    }
    assert_eq!(seen, 20);
}

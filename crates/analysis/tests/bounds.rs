//! Bounds: huge traces on a small stack, within 256 bytes of working memory a span.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use hotspan_analysis::{Edit, Forest, Path, Replay, Settings, Slack};
use hotspan_model::{
    Assembled, Bits, Class, Dictionary, Facts, Kind, LocalDictionary, Nanos, ParamHash, Span, SpanId,
    Timestamp, TraceId, Vocabulary,
};

const STACK_BYTES: usize = 256 * 1024;
const BYTES_A_SPAN_MAX: usize = 256;
const BASE: u64 = 1_700_000_000_000_000_000;

/// How many spans: 10^6 when `HOTSPAN_HUGE` is set.
fn count() -> u64 {
    match std::env::var_os("HOTSPAN_HUGE") {
        Some(_) => 1_000_000,
        None => 100_000,
    }
}

/// Parent and interval of the spans after the root, which lasts `length`.
fn build(length: u64, spans: impl Iterator<Item = (u64, u64, u64)>) -> (Assembled, LocalDictionary) {
    let mut dictionary = LocalDictionary::default();
    let operation = dictionary.admit(Vocabulary::Operation, None, "o", Facts::None);
    let source = dictionary.admit(Vocabulary::Source, None, "s", Facts::None);
    let mut trace = Assembled {
        trace: TraceId::new(1),
        version: 1,
        ..Assembled::default()
    };
    for (at, (parent, b, e)) in std::iter::once((0, 0, length)).chain(spans).enumerate() {
        trace.spans.push(Span {
            id: SpanId::new(at as u64 + 1).unwrap(),
            parent: SpanId::new(parent),
            start: Timestamp(BASE + b),
            duration: Nanos(e - b),
            params: ParamHash::default(),
            operation,
            source,
            template: None,
            callee: None,
            bits: Bits::new(Kind::Internal, Class::Internal),
            next: 0,
        });
    }
    (trace, dictionary)
}

fn check_partition(forest: &Forest, path: &Path) {
    let root = forest.node(forest.primary().unwrap());
    let mut edge = root.end;
    for segment in path.segments() {
        let node = forest.node(segment.node);
        assert!(segment.end == edge && segment.start < segment.end && node.is_live());
        assert!(node.start <= segment.start && segment.end <= node.end);
        edge = segment.start;
    }
    assert_eq!(edge, root.start);
    assert!(path.segments().len() <= 2 * forest.nodes().len() + 1);
}

/// Everything, on a small stack.
fn check(length: u64, spans: impl Iterator<Item = (u64, u64, u64)> + Send + 'static) {
    let work = move || {
        let (trace, dictionary) = build(length, spans);
        let (mut forest, mut path, mut replay) = (Forest::default(), Path::default(), Replay::default());
        forest.normalise(&trace, None, &dictionary, &Settings::default());
        let root = forest.primary().unwrap();
        path.response(&forest);
        check_partition(&forest, &path);
        let last = forest.of_span(trace.spans.len() as u32 - 1);
        assert!(replay.drag(&forest, last) <= forest.node(last).length());
        let bytes = forest.bytes() + path.bytes() + replay.bytes();
        let each = bytes / trace.spans.len();
        assert!(each <= BYTES_A_SPAN_MAX, "{each} bytes a span");

        path.completion(&forest);
        check_partition(&forest, &path);
        let members: Vec<u32> = (0..forest.nodes().len() as u32)
            .filter(|&at| at != root)
            .collect();
        for edit in [Edit::Batch(&members), Edit::Grow(&members, Nanos::ZERO)] {
            replay.begin(&forest, root);
            replay.edit(&forest, edit);
            assert_eq!(replay.run(&forest).before, Nanos(length));
        }
        replay.begin(&forest, root);
        replay.edit(
            &forest,
            Edit::Parallelise {
                members: &members,
                width: 8,
                gap: None,
            },
        );
        assert!(replay.run(&forest).optimistic <= Nanos(length));
        let mut slack = Slack::default();
        slack.measure(&forest, root);
        assert!(slack.of(last).is_some());
    };
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    thread.spawn(work).unwrap().join().unwrap();
}

#[test]
fn case_25_siblings_in_sequence() {
    check(10 * count(), (1..count()).map(|at| (1, 10 * at, 10 * at + 9)));
}

#[test]
fn siblings_all_in_parallel() {
    let n = count();
    check(10 * n, (1..n).map(move |at| (1, at, 9 * n + at)));
}

#[test]
fn siblings_with_one_interval() {
    check(1_000, (1..count()).map(|_| (1, 10, 90)));
}

#[test]
fn siblings_of_no_length() {
    check(1_000, (1..count()).map(|_| (1, 10, 10)));
}

#[test]
fn case_25_a_chain() {
    let n = count();
    check(4 * n, (1..n).map(move |at| (at, at, 4 * n - at)));
}

#[test]
fn a_chain_without_length_to_spare() {
    let n = count();
    check(4 * n, (1..n).map(move |at| (at, 0, 4 * n)));
}

#[test]
fn a_circle_of_all_spans() {
    let n = count();
    let work = move || {
        let (mut trace, dictionary) = build(n, (1..n).map(|at| (at, 0, 10)));
        trace.spans[0].parent = SpanId::new(n);
        let mut forest = Forest::default();
        forest.normalise(&trace, None, &dictionary, &Settings::default());
        let mut path = Path::default();
        path.completion(&forest);
        assert_eq!(forest.roots().len(), 1);
    };
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    thread.spawn(work).unwrap().join().unwrap();
}

#[test]
fn one_id_for_all_and_detached_units() {
    let n = count();
    let work = move || {
        let (mut trace, dictionary) = build(n, (1..n).map(|at| (1, at, at + 20 * n)));
        let mut forest = Forest::default();
        forest.normalise(&trace, None, &dictionary, &Settings::default());
        let mut path = Path::default();
        path.begin(&forest);
        for &head in forest.heads() {
            path.sweep(&forest, head);
        }
        path.completion(&forest);
        assert!(forest.heads().len() > n as usize / 2);
        for span in &mut trace.spans {
            span.id = SpanId::new(1).unwrap();
        }
        forest.normalise(&trace, None, &dictionary, &Settings::default());
        path.completion(&forest);
    };
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    thread.spawn(work).unwrap().join().unwrap();
}

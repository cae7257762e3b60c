//! Traces as rows: what is written comes back, and nothing else is read.

use hotspan_model::{
    Bits, Class, Decided, Facts, Flag, Kind, LocalDictionary, LogPos, LogTime, Nanos, Offset, ParamHash,
    SourceFacts, SpanId, Status, Symbol, TableSeed, Threshold, Timestamp, TraceId, Visibility, Vocabulary,
};

use super::*;

fn text(dictionary: &mut LocalDictionary, text: &str) -> Symbol {
    dictionary.admit(Vocabulary::Text, None, text, Facts::None)
}

fn source(dictionary: &mut LocalDictionary) -> Symbol {
    let facts = SourceFacts {
        service: text(dictionary, "cart"),
        namespace: None,
        version: Some(text(dictionary, "1.2")),
        instance: None,
        host: Some(text(dictionary, "node-7")),
        environment: None,
        language: Some(text(dictionary, "go")),
        scope: None,
        front_end: false,
        unnamed: false,
    };
    dictionary.admit(Vocabulary::Source, None, "cart 1.2", Facts::Source(facts))
}

fn span_id(n: u64) -> Option<SpanId> {
    SpanId::new(n)
}

fn sides(dictionary: &mut LocalDictionary) -> Vec<SideOf> {
    let link = Link {
        trace: TraceId::new(9).unwrap(),
        span: span_id(9).unwrap(),
    };
    let extras = Extras {
        code: Some(text(dictionary, "cart.go:7 load")),
        stack: u64::MAX,
        rows: Some(7),
        ..Extras::default()
    };
    let summary = Summary {
        count: 3,
        total: Nanos(9),
        min: Nanos(1),
        max: Nanos(5),
        median: Some(Nanos(3)),
    };
    let sides = [Side::Link(link), Side::Extras(extras), Side::Summary(summary)];
    sides.map(|side| SideOf { span: 1, side }).into()
}

/// A trace with something in every field.
fn full(dictionary: &mut LocalDictionary) -> Assembled {
    let source = source(dictionary);
    let operation = dictionary.admit(Vocabulary::Operation, None, "GET /cart", Facts::None);
    let template = dictionary.admit(
        Vocabulary::Template,
        None,
        "SELECT * FROM item WHERE id = ?",
        Facts::Template(Default::default()),
    );
    let bits = Bits::new(Kind::Client, Class::Db)
        .with_status(Status::Error)
        .with_visibility(Visibility::Visible)
        .with_http_status(599)
        .with(Flag::Failed)
        .with(Flag::Unnamed);
    let span = |n: u64| Span {
        id: span_id(n).unwrap(),
        parent: span_id(n - 1),
        start: Timestamp(u64::MAX - n),
        duration: Nanos(n),
        params: ParamHash(n << 40),
        operation,
        source,
        template: Some(template),
        callee: None,
        bits,
        next: 0,
    };
    Assembled {
        trace: TraceId::new(u128::MAX - 1),
        threshold: Threshold(8 << 52),
        previous_threshold: Threshold(1),
        session: Offset(4),
        version: 2,
        reason: Decided::RootQuiet,
        trigger: LogPos {
            offset: Offset(9),
            time: LogTime(99),
        },
        first: LogTime(1),
        last: LogTime(2),
        spans: vec![span(1), span(2)],
        sides: sides(dictionary),
        groups: vec![Group {
            parent: span_id(1),
            source,
            operation,
            template: Some(template),
            callee: None,
            bits,
            count: 100,
            errors: 1,
            sum: Nanos(1_000),
            intervals: vec![(Timestamp(1), Timestamp(2))],
            union_approx: true,
        }],
        folded_parents: vec![(span_id(77).unwrap(), 0)],
        previous: 1,
        requests: Vec::new(),
        completeness: Completeness {
            root_seen: true,
            missing_parents: 1,
            unanswered: 2,
            late: 3,
            truncated: true,
            compacted: 100,
        },
        long_lived: true,
    }
}

fn details() -> Vec<SpanDetail> {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let around = |scope: &str| {
        Arc::new(Around {
            resource: vec![pair("service.name", "cart")],
            scope: scope.to_owned(),
            scope_version: "2".to_owned(),
        })
    };
    let (one, other) = (around("net/http"), around("database/sql"));
    let of = |n: u64, around: &Arc<Around>| SpanDetail {
        span: span_id(n),
        name: "GET /cart".to_owned(),
        attributes: vec![pair("user.id", "(redacted)"), pair("", "")],
        events: vec![EventView {
            time: Timestamp(3),
            name: "exception".to_owned(),
            attributes: vec![pair("exception.type", "Timeout")],
        }],
        links: Vec::new(),
        around: Arc::clone(around),
    };
    vec![of(1, &one), of(2, &one), of(3, &other)]
}

#[test]
fn a_trace_comes_back_with_its_attributes_in_another_process() {
    let mut dictionary = LocalDictionary::default();
    let (trace, details) = (full(&mut dictionary), details());
    let row = trace_row(&trace, &details, &dictionary);
    let mut other = LocalDictionary::new(TableSeed(9));
    text(&mut other, "something else");
    let mut names = crate::stored::test_names(&[]);
    let (back, attributes) = read_trace(&row, &mut other, &mut names).unwrap();
    assert_eq!(attributes, details);
    assert!(Arc::ptr_eq(&attributes[0].around, &attributes[1].around));
    assert_ne!(back.spans[0].operation, trace.spans[0].operation);
    assert_eq!(other.text(back.spans[0].operation), "GET /cart");
    assert_eq!(trace_row(&back, &attributes, &other), row, "nothing is lost");
    let same = read_trace(&row, &mut dictionary, &mut names).unwrap();
    assert_eq!(same.0, trace);
}

#[test]
fn what_is_not_as_it_was_written_is_refused() {
    let mut dictionary = LocalDictionary::default();
    let trace = full(&mut dictionary);
    let mut names = crate::stored::test_names(&[]);
    let row = trace_row(&trace, &details(), &dictionary);
    for at in 0..row.len() {
        let mut rotten = row.clone();
        rotten[at] ^= 1;
        let refused = read_trace(&rotten, &mut dictionary, &mut names);
        assert_eq!(refused, Err(Unreadable::Damaged), "byte {at}");
        let cut = read_trace(&row[..at], &mut dictionary, &mut names);
        assert_eq!(cut, Err(Unreadable::Damaged), "cut at {at}");
    }
    let lost = Assembled { previous: 3, ..trace };
    let row = trace_row(&lost, &[], &dictionary);
    assert_eq!(
        read_trace(&row, &mut dictionary, &mut names),
        Err(Unreadable::Damaged)
    );
}

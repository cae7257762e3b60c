//! A trace that a hotspot shows, as a row: its spans, what is beside them, and their attributes as they were redacted.

use std::sync::Arc;

use hotspan_model::{
    Around, Assembled, Completeness, Dictionary, EventView, Extras, Group, Link, Lookup, Side, SideOf, Span,
    SpanDetail, Summary,
};

use super::reader::{Reader, Unreadable};
use super::writer::Writer;
use super::{Names, Stored, stored};

/// The row of a trace and of the attributes of its spans. Where in a log its requests lay is left out: that log ends
/// with the process.
pub fn trace_row(trace: &Assembled, details: &[SpanDetail], dictionary: &dyn Lookup) -> Vec<u8> {
    let mut to = Writer::new(dictionary);
    trace.write(&mut to);
    write_details(details, &mut to);
    to.finish()
}

/// Reads a row; its texts go to `dictionary`.
pub fn read_trace(
    row: &[u8],
    dictionary: &mut dyn Dictionary,
    names: &mut dyn Names,
) -> Result<(Assembled, Vec<SpanDetail>), Unreadable> {
    let mut from = Reader::new(row, dictionary, names)?;
    let trace = Assembled::read(&mut from)?;
    let details = read_details(&mut from)?;
    from.end()?;
    match is_sound(&trace) {
        true => Ok((trace, details)),
        false => Err(Unreadable::Damaged),
    }
}

/// Whether places in it exist.
fn is_sound(trace: &Assembled) -> bool {
    let spans = trace.spans.len();
    trace.sides.iter().all(|of| (of.span as usize) < spans)
        && trace
            .folded_parents
            .iter()
            .all(|&(_, group)| (group as usize) < trace.groups.len())
        && trace.previous as usize <= spans
}

/// What spans of one block of a request share is written once for all of them.
fn write_details(details: &[SpanDetail], to: &mut Writer<'_>) {
    let blocks: Vec<&[SpanDetail]> = details
        .chunk_by(|a, b| Arc::ptr_eq(&a.around, &b.around))
        .collect();
    to.number(blocks.len() as u64);
    for block in blocks {
        if let Some(first) = block.first() {
            first.around.write(to);
        }
        to.list(block.iter());
    }
}

fn read_details(from: &mut Reader<'_>) -> Result<Vec<SpanDetail>, Unreadable> {
    let mut details = Vec::new();
    for _ in 0..from.length()? {
        let around: Arc<Around> = Stored::read(from)?;
        let block: Vec<SpanDetail> = from.list()?;
        details.extend(block.into_iter().map(|of| SpanDetail {
            around: Arc::clone(&around),
            ..of
        }));
    }
    Ok(details)
}

stored!(Assembled {
    trace,
    threshold,
    previous_threshold,
    session,
    version,
    reason,
    trigger,
    first,
    last,
    spans,
    sides,
    groups,
    folded_parents,
    previous,
    completeness,
    long_lived,
} but requests);
stored!(Span {
    id,
    parent,
    start,
    duration,
    source,
    operation,
    template,
    callee,
    params,
    bits,
} but next);
stored!(SideOf { span, side });
stored!(Link { trace, span });
stored!(Extras {
    code,
    stack,
    exception,
    status,
    group,
    ignore,
    rows,
    batch,
    resend,
});
stored!(Summary {
    count,
    total,
    min,
    max,
    median,
});
stored!(Group {
    parent,
    source,
    operation,
    template,
    callee,
    bits,
    count,
    errors,
    sum,
    intervals,
    union_approx,
});
stored!(Completeness {
    root_seen,
    missing_parents,
    unanswered,
    late,
    truncated,
    compacted,
});
stored!(SpanDetail {
    span,
    name,
    attributes,
    events,
    links,
} but around);
stored!(EventView {
    time,
    name,
    attributes,
});
stored!(Around {
    resource,
    scope,
    scope_version,
});

impl Stored for Side {
    fn write(&self, to: &mut Writer<'_>) {
        match self {
            Side::Link(link) => {
                to.byte(0);
                link.write(to);
            }
            Side::Extras(extras) => {
                to.byte(1);
                extras.write(to);
            }
            Side::Summary(summary) => {
                to.byte(2);
                summary.write(to);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        match from.byte()? {
            0 => Ok(Side::Link(Stored::read(from)?)),
            1 => Ok(Side::Extras(Stored::read(from)?)),
            2 => Ok(Side::Summary(Stored::read(from)?)),
            _ => Err(Unreadable::Damaged),
        }
    }
}

#[cfg(test)]
mod tests {
    use hotspan_model::{
        Bits, Class, Decided, Facts, Flag, Kind, LocalDictionary, LogPos, LogTime, Nanos, Offset, ParamHash,
        SourceFacts, SpanId, Status, Symbol, TableSeed, Threshold, Timestamp, TraceId, Visibility,
        Vocabulary,
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
            sides: sides.map(|side| SideOf { span: 1, side }).into(),
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
        let mut names = super::super::test_names(&[]);
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
        let mut names = super::super::test_names(&[]);
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
}

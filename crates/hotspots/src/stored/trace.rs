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
mod tests;

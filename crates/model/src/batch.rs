//! The arrow from receiver to shard: spans of one request for one shard.

use crate::{Side, Span, Threshold, TraceId};

/// One span on its way to its shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which trace it belongs to.
    pub trace: TraceId,
    /// Its sampling threshold.
    pub threshold: Threshold,
    /// The span.
    pub span: Span,
}

/// A side record and the place of its span in the list of spans beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SideOf {
    /// Index of the span.
    pub span: u32,
    /// What it has.
    pub side: Side,
}

/// The spans of one request for one shard. Buffers are reused: clear, do not drop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The spans, in order of the request.
    pub records: Vec<Record>,
    /// Their side records, ascending by span.
    pub sides: Vec<SideOf>,
}

impl Batch {
    /// Adds a span with its side records.
    #[inline]
    pub fn push(&mut self, record: Record, sides: &[Side]) {
        if !sides.is_empty() {
            self.push_sides(sides);
        }
        self.records.push(record);
    }

    /// Adds the side records of the next span; most have none.
    #[inline(never)]
    fn push_sides(&mut self, sides: &[Side]) {
        let span = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        self.sides.extend(sides.iter().map(|&side| SideOf { span, side }));
    }

    /// Forgets the spans and keeps the buffers.
    pub fn clear(&mut self) {
        self.records.clear();
        self.sides.clear();
    }

    /// Every span with its side records, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Record, &[SideOf])> {
        let mut rest = self.sides.as_slice();
        self.records.iter().enumerate().map(move |(at, record)| {
            let mine = rest.iter().take_while(|side| side.span as usize == at).count();
            let (sides, after) = rest.split_at(mine);
            rest = after;
            (record, sides)
        })
    }
}

//! Fixed slots of 64 bytes in blocks of 64 KiB; the spans of a trace are a chain through them.

use hotspan_model::{Extras, Link, Nanos, Side, SideOf, Span, SpanId, Summary, Symbol, TraceId};

use crate::blocks::Blocks;

/// Accounted bytes of a slot.
pub(crate) const SLOT_BYTES: u64 = size_of::<Slot>() as u64;

/// Slots of a block.
const BLOCK: usize = 1_024;

/// No slot: the end of a chain.
const NIL: u32 = u32::MAX;

/// All slots of a shard. Freed slots are one chain too, so a session gives all of its own back in O(1).
#[derive(Debug)]
pub(crate) struct Slab {
    slots: Blocks<Slot, BLOCK>,
    free: u32,
}

/// The spans of one trace in order of arrival, each followed by its side records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chain {
    head: u32,
    tail: u32,
    /// Slots in it.
    pub(crate) slots: u32,
    /// Spans in it.
    pub(crate) spans: u32,
}

impl Default for Chain {
    fn default() -> Self {
        Chain {
            head: NIL,
            tail: NIL,
            slots: 0,
            spans: 0,
        }
    }
}

impl Slab {
    pub(crate) fn new() -> Slab {
        Slab {
            slots: Blocks::default(),
            free: NIL,
        }
    }

    /// Adds a span with its side records at the end of a chain; answers its slot.
    #[inline(always)]
    pub(crate) fn append(&mut self, chain: &mut Chain, span: &Span, sides: &[SideOf]) -> u32 {
        let at = self.reserve();
        self.slots[at] = Slot::Span(Span { next: NIL, ..*span });
        match chain.tail {
            NIL => chain.head = at,
            tail => self.slots[tail].link(at),
        }
        chain.tail = at;
        chain.slots += 1;
        chain.spans += 1;
        if !sides.is_empty() {
            self.attach(chain, at, sides);
        }
        at
    }

    /// Puts another span with its side records in the place of the one at `at`.
    pub(crate) fn replace(&mut self, chain: &mut Chain, at: u32, span: &Span, sides: &[SideOf]) {
        while let Some(side) = self.side_after(at) {
            self.cut_after(chain, at, side);
        }
        self.set(at, span);
        self.attach(chain, at, sides);
    }

    /// Puts another span in the place of the one at `at`, which keeps its side records.
    pub(crate) fn set(&mut self, at: u32, span: &Span) {
        let next = self.slots[at].next();
        self.slots[at] = Slot::Span(Span { next, ..*span });
    }

    /// Takes the spans out of a chain that `keep` refuses.
    pub(crate) fn retain(&mut self, chain: &mut Chain, mut keep: impl FnMut(u32, &Span) -> bool) {
        let (mut kept, mut at) = (Chain::default(), chain.head);
        let mut keeping = true;
        while at != NIL {
            let next = self.slots[at].next();
            if let Slot::Span(span) = &self.slots[at] {
                keeping = keep(at, span);
                kept.spans += u32::from(keeping);
            }
            if keeping {
                match kept.tail {
                    NIL => kept.head = at,
                    tail => self.slots[tail].link(at),
                }
                self.slots[at].link(NIL);
                kept.tail = at;
                kept.slots += 1;
            } else {
                self.give_back(at, at);
            }
            at = next;
        }
        *chain = kept;
    }

    /// Gives all slots of a chain back.
    pub(crate) fn release(&mut self, chain: &mut Chain) {
        if chain.tail != NIL {
            self.give_back(chain.head, chain.tail);
        }
        *chain = Chain::default();
    }

    /// The spans of a chain with their slots.
    #[inline]
    pub(crate) fn spans(&self, chain: &Chain) -> impl Iterator<Item = (u32, &Span)> {
        let mut next = chain.head;
        std::iter::from_fn(move || {
            loop {
                let at = next;
                if at == NIL {
                    return None;
                }
                match &self.slots[at] {
                    Slot::Span(span) => {
                        next = span.next;
                        return Some((at, span));
                    }
                    Slot::Side(side) => next = side.next,
                }
            }
        })
    }

    /// The slot of the last span of a chain that has this id and that `is_it` accepts.
    pub(crate) fn last_of(&self, chain: &Chain, id: SpanId, is_it: impl Fn(&Span) -> bool) -> Option<u32> {
        let (mut found, mut at) = (None, chain.head);
        while at != NIL {
            match &self.slots[at] {
                Slot::Span(span) => {
                    if span.id == id && is_it(span) {
                        found = Some(at);
                    }
                    at = span.next;
                }
                Slot::Side(side) => at = side.next,
            }
        }
        found
    }

    /// The span in a slot.
    pub(crate) fn span(&self, at: u32) -> &Span {
        match &self.slots[at] {
            Slot::Span(span) => span,
            Slot::Side(_) => unreachable!("whoever keeps the number of a slot keeps that of a span"),
        }
    }

    /// The side records of the span in a slot.
    pub(crate) fn sides(&self, at: u32) -> impl Iterator<Item = Side> {
        let mut next = self.slots[at].next();
        std::iter::from_fn(move || {
            if next == NIL {
                return None;
            }
            match &self.slots[next] {
                Slot::Span(_) => None,
                Slot::Side(side) => {
                    next = side.next;
                    Some(side.body.unpack())
                }
            }
        })
    }

    /// Copies the first `count` spans of a chain with their side records.
    pub(crate) fn copy(&self, chain: &Chain, count: u32, spans: &mut Vec<Span>, sides: &mut Vec<SideOf>) {
        spans.reserve(count as usize);
        let (mut place, mut at) = (0, chain.head);
        while at != NIL {
            match &self.slots[at] {
                Slot::Span(_) if place == count => break,
                Slot::Span(span) => {
                    spans.push(Span { next: 0, ..*span });
                    place += 1;
                    at = span.next;
                }
                Slot::Side(side) => {
                    sides.push(SideOf {
                        span: place - 1,
                        side: side.body.unpack(),
                    });
                    at = side.next;
                }
            }
        }
    }

    /// Bytes that the blocks take from the allocator.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> u64 {
        self.slots.memory()
    }

    #[cold]
    fn attach(&mut self, chain: &mut Chain, at: u32, sides: &[SideOf]) {
        let mut last = at;
        for side in sides {
            let behind = self.slots[last].next();
            let new = self.put(Slot::Side(Packed {
                next: behind,
                body: Body::new(&side.side),
            }));
            self.slots[last].link(new);
            last = new;
            chain.slots += 1;
        }
        if chain.tail == at {
            chain.tail = last;
        }
    }

    fn side_after(&self, at: u32) -> Option<u32> {
        let next = self.slots[at].next();
        (next != NIL && matches!(self.slots[next], Slot::Side(_))).then_some(next)
    }

    fn cut_after(&mut self, chain: &mut Chain, at: u32, side: u32) {
        let behind = self.slots[side].next();
        self.slots[at].link(behind);
        self.give_back(side, side);
        chain.slots -= 1;
        if chain.tail == side {
            chain.tail = at;
        }
    }

    fn put(&mut self, slot: Slot) -> u32 {
        let at = self.reserve();
        self.slots[at] = slot;
        at
    }

    /// A slot that is still to be written.
    #[inline]
    fn reserve(&mut self) -> u32 {
        match self.free {
            NIL => self.slots.add(Slot::EMPTY),
            free => {
                self.free = self.slots[free].next();
                free
            }
        }
    }

    fn give_back(&mut self, head: u32, tail: u32) {
        self.slots[tail].link(self.free);
        self.free = head;
    }
}

#[derive(Clone, Copy, Debug)]
enum Slot {
    Span(Span),
    Side(Packed),
}

impl Slot {
    const EMPTY: Slot = Slot::Side(Packed {
        next: NIL,
        body: Body::Summary {
            count: 0,
            times: [Nanos::ZERO; 4],
            has_median: false,
        },
    });

    #[inline]
    fn next(&self) -> u32 {
        match self {
            Slot::Span(span) => span.next,
            Slot::Side(side) => side.next,
        }
    }

    fn link(&mut self, to: u32) {
        match self {
            Slot::Span(span) => span.next = to,
            Slot::Side(side) => side.next = to,
        }
    }
}

/// A side record without the padding of its type, so that it shares a slot with the spans.
#[derive(Clone, Copy, Debug)]
struct Packed {
    next: u32,
    body: Body,
}

#[derive(Clone, Copy, Debug)]
enum Body {
    Link {
        trace: [u64; 2],
        span: SpanId,
    },
    Extras {
        stack: u64,
        symbols: [Option<Symbol>; 5],
        numbers: [u32; 3],
        has: [bool; 3],
    },
    Summary {
        count: u64,
        times: [Nanos; 4],
        has_median: bool,
    },
}

impl Body {
    fn new(side: &Side) -> Body {
        match *side {
            Side::Link(Link { trace, span }) => Body::Link {
                trace: [(trace.get() >> 64) as u64, trace.get() as u64],
                span,
            },
            Side::Extras(extras) => Body::Extras {
                stack: extras.stack,
                symbols: [
                    extras.code,
                    extras.exception,
                    extras.status,
                    extras.group,
                    extras.ignore,
                ],
                numbers: [extras.rows, extras.batch, extras.resend].map(Option::unwrap_or_default),
                has: [extras.rows, extras.batch, extras.resend].map(|number| number.is_some()),
            },
            Side::Summary(summary) => Body::Summary {
                count: summary.count,
                times: [
                    summary.total,
                    summary.min,
                    summary.max,
                    summary.median.unwrap_or_default(),
                ],
                has_median: summary.median.is_some(),
            },
        }
    }

    fn unpack(&self) -> Side {
        match *self {
            Body::Link { trace, span } => {
                let trace = TraceId::new(u128::from(trace[0]) << 64 | u128::from(trace[1]));
                Side::Link(Link {
                    trace: trace.expect("packed from a trace id"),
                    span,
                })
            }
            Body::Extras {
                stack,
                symbols: [code, exception, status, group, ignore],
                numbers,
                has,
            } => Side::Extras(Extras {
                code,
                stack,
                exception,
                status,
                group,
                ignore,
                rows: has[0].then_some(numbers[0]),
                batch: has[1].then_some(numbers[1]),
                resend: has[2].then_some(numbers[2]),
            }),
            Body::Summary {
                count,
                times: [total, min, max, median],
                has_median,
            } => Side::Summary(Summary {
                count,
                total,
                min,
                max,
                median: has_median.then_some(median),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotspan_model::{Bits, ParamHash, Timestamp};

    fn span(id: u64) -> Span {
        Span {
            id: SpanId::new(id).unwrap(),
            parent: None,
            start: Timestamp(0),
            duration: Nanos(0),
            params: ParamHash(0),
            operation: Symbol::from_index(0).unwrap(),
            source: Symbol::from_index(0).unwrap(),
            template: None,
            callee: None,
            bits: Bits::default(),
            next: 0,
        }
    }

    fn sides(ids: &[u32]) -> Vec<SideOf> {
        let extras = |&rows| {
            Side::Extras(Extras {
                rows: Some(rows),
                stack: 7,
                code: Symbol::from_index(3),
                ..Extras::default()
            })
        };
        ids.iter()
            .map(|rows| SideOf {
                span: 0,
                side: extras(rows),
            })
            .collect()
    }

    fn content(slab: &Slab, chain: &Chain) -> Vec<(u64, usize)> {
        slab.spans(chain)
            .map(|(at, span)| (span.id.get(), slab.sides(at).count()))
            .collect()
    }

    #[test]
    fn spans_and_sides_share_slots_of_64_bytes() {
        assert_eq!(size_of::<Slot>(), 64);
    }

    #[test]
    fn every_side_record_comes_back_as_it_went_in() {
        let link = Link {
            trace: TraceId::new(u128::MAX - 5).unwrap(),
            span: SpanId::new(9).unwrap(),
        };
        let summary = Summary {
            count: 3,
            total: Nanos(9),
            min: Nanos(1),
            max: Nanos(5),
            median: None,
        };
        let median = Summary {
            median: Some(Nanos(0)),
            ..summary
        };
        let extras = Extras {
            batch: Some(0),
            ignore: Symbol::from_index(1),
            ..Extras::default()
        };
        for side in [
            Side::Link(link),
            Side::Summary(summary),
            Side::Summary(median),
            Side::Extras(extras),
        ] {
            assert_eq!(Body::new(&side).unpack(), side);
        }
    }

    #[test]
    fn a_replaced_span_takes_its_sides_along_wherever_it_stands() {
        for place in 0..3 {
            let (mut slab, mut chain) = (Slab::new(), Chain::default());
            let slots: Vec<u32> = (1..=3)
                .map(|id| slab.append(&mut chain, &span(id), &sides(&[1, 2])))
                .collect();
            slab.replace(&mut chain, slots[place], &span(9), &sides(&[5]));
            slab.append(&mut chain, &span(4), &[]);
            let mut expected = vec![(1, 2), (2, 2), (3, 2), (4, 0)];
            expected[place] = (9, 1);
            assert_eq!(content(&slab, &chain), expected);
            assert_eq!((chain.spans, chain.slots), (4, 9));
        }
    }

    #[test]
    fn what_is_taken_out_is_used_again() {
        let (mut slab, mut chain) = (Slab::new(), Chain::default());
        for id in 1..=6 {
            slab.append(&mut chain, &span(id), &sides(&[1]));
        }
        slab.retain(&mut chain, |_, span| span.id.get() % 3 == 1);
        assert_eq!(content(&slab, &chain), [(1, 1), (4, 1)]);
        let mut other = Chain::default();
        for id in 1..=4 {
            slab.append(&mut other, &span(id), &sides(&[1]));
        }
        assert_eq!(slab.slots.len(), 12);
        slab.release(&mut chain);
        slab.release(&mut other);
        let mut third = Chain::default();
        for id in 1..=12 {
            slab.append(&mut third, &span(id), &[]);
        }
        assert_eq!(slab.slots.len(), 12);
    }

    #[test]
    fn a_copy_of_the_first_spans_has_their_sides_only() {
        let (mut slab, mut chain) = (Slab::new(), Chain::default());
        slab.append(&mut chain, &span(1), &sides(&[1]));
        slab.append(&mut chain, &span(2), &sides(&[2, 3]));
        slab.append(&mut chain, &span(3), &sides(&[4]));
        let (mut spans, mut beside) = (Vec::new(), Vec::new());
        slab.copy(&chain, 2, &mut spans, &mut beside);
        assert_eq!(spans, [span(1), span(2)]);
        assert_eq!(beside.iter().map(|side| side.span).collect::<Vec<_>>(), [0, 1, 1]);
    }
}

//! Copies of one span: which are copies, and which of two stays.
//!
//! Copies have the same (id, kind, host, start). The one with the later end stays, then the smaller record: its
//! fields in order, symbols by their text, then its side records. When nothing but the arguments differs, they
//! become hidden. So the copy that stays is the same in any order of arrival.
//!
//! Before a trace is decided the copy that stays takes the place of the other. Afterwards the published spans must
//! not change, so a copy that beats the held one joins the chain behind it; whoever reads the new version removes
//! the older copy by the same rule. Either way one span is counted as `duplicate` when the second copy arrives.

use std::cmp::Ordering;
use std::hash::BuildHasher;

use foldhash::fast::SeedableRandomState;
use hotspan_model::{Lookup, Nanos, ParamHash, Side, Span, SpanId, Symbol, TraceId, Visibility};

/// Whether two spans are copies of one.
pub(crate) fn same(a: &Span, b: &Span, dictionary: &dyn Lookup) -> bool {
    a.id == b.id
        && a.start == b.start
        && a.kind() == b.kind()
        && (a.source == b.source || host(a, dictionary) == host(b, dictionary))
}

/// Equal for copies.
pub(crate) fn hash(span: &Span, hasher: &SeedableRandomState, dictionary: &dyn Lookup) -> u64 {
    hasher.hash_one((span.id, span.start, span.kind(), host(span, dictionary)))
}

fn host(span: &Span, dictionary: &dyn Lookup) -> Option<Symbol> {
    dictionary.source(span.source).and_then(|source| source.host)
}

/// What becomes of a held span when a copy of it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It stays.
    Held,
    /// The arriving one stays.
    Arriving,
    /// It stays, but its arguments are no longer known.
    Merged(Span),
}

/// Judges two copies with their side records.
pub(crate) fn judge(
    (held, held_sides): (&Span, impl Iterator<Item = Side>),
    (arriving, arriving_sides): (&Span, impl Iterator<Item = Side>),
    dictionary: &dyn Lookup,
) -> Verdict {
    let later = arriving.end().cmp(&held.end());
    let smaller = || fields(held, dictionary).cmp(&fields(arriving, dictionary));
    let beside = || {
        let key = |side| side_key(side, dictionary);
        held_sides.map(key).cmp(arriving_sides.map(key))
    };
    match later.then_with(smaller).then_with(beside) {
        Ordering::Less => Verdict::Held,
        Ordering::Greater => Verdict::Arriving,
        Ordering::Equal => merge(held, arriving),
    }
}

fn fields<'a>(span: &Span, dictionary: &'a dyn Lookup) -> impl Ord + use<'a> {
    let text = |symbol| dictionary.text(symbol);
    (
        span.parent,
        span.duration,
        text(span.operation),
        text(span.source),
        span.template.map(text),
        span.callee.map(text),
        span.bits.with_visibility(Visibility::None),
    )
}

/// Arguments that differ are hidden, and their hash is none: the top of a lattice, so order does not matter.
fn merge(held: &Span, arriving: &Span) -> Verdict {
    let (ours, theirs) = (held.bits.visibility(), arriving.bits.visibility());
    let mut merged = *held;
    if ours != theirs || ours == Visibility::Visible && held.params != arriving.params {
        merged.bits = held.bits.with_visibility(Visibility::Hidden);
    }
    if held.params != arriving.params {
        merged.params = ParamHash(0);
    }
    if merged == *held {
        Verdict::Held
    } else {
        Verdict::Merged(merged)
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum SideKey<'a> {
    Link(TraceId, SpanId),
    Extras([Option<&'a str>; 5], u64, [Option<u32>; 3]),
    Summary(u64, [Nanos; 3], Option<Nanos>),
}

fn side_key(side: Side, dictionary: &dyn Lookup) -> SideKey<'_> {
    match side {
        Side::Link(link) => SideKey::Link(link.trace, link.span),
        Side::Extras(extras) => {
            let texts = [
                extras.code,
                extras.exception,
                extras.status,
                extras.group,
                extras.ignore,
            ];
            let texts = texts.map(|symbol| symbol.map(|symbol| dictionary.text(symbol)));
            SideKey::Extras(texts, extras.stack, [extras.rows, extras.batch, extras.resend])
        }
        Side::Summary(summary) => SideKey::Summary(
            summary.count,
            [summary.total, summary.min, summary.max],
            summary.median,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotspan_testkit::Drawing;

    /// Whichever order copies arrive in, the same one stays.
    fn stays(copies: &[Span], dictionary: &dyn Lookup) -> Span {
        let fold = |order: &[usize]| {
            let mut held = copies[order[0]];
            for &next in &order[1..] {
                let none = || std::iter::empty();
                match judge((&held, none()), (&copies[next], none()), dictionary) {
                    Verdict::Held => {}
                    Verdict::Arriving => held = copies[next],
                    Verdict::Merged(merged) => held = merged,
                }
            }
            held
        };
        let first = fold(&[0, 1, 2]);
        for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            assert_eq!(fold(&order), first, "{order:?}");
        }
        first
    }

    #[test]
    fn the_later_end_stays_then_the_smaller_text() {
        let drawing = Drawing::new(
            "
            cart GET /b 0..10 id=7
            cart GET /a 0..10 id=7
            cart GET /c 0..12 id=7
            ",
        );
        let [b, a, c] = drawing.trace.spans[..] else {
            panic!()
        };
        assert_eq!(stays(&[a, b, c], &drawing.dictionary), c);
        assert_eq!(stays(&[a, b, b], &drawing.dictionary), a);
    }

    #[test]
    fn differing_arguments_are_hidden() {
        let drawing = Drawing::new("cart db SELECT 0..10 params=1");
        let one = drawing.trace.spans[0];
        let two = Span {
            params: ParamHash(2),
            ..one
        };
        let three = Span {
            params: ParamHash(3),
            ..one
        };
        assert_eq!(stays(&[one, one, one], &drawing.dictionary), one);
        for copies in [[one, two, three], [one, one, two]] {
            let held = stays(&copies, &drawing.dictionary);
            assert_eq!(
                (held.bits.visibility(), held.params),
                (Visibility::Hidden, ParamHash(0))
            );
        }
    }

    #[test]
    fn another_host_start_or_kind_is_another_span() {
        let drawing = Drawing::new(
            "
            cart GET /a 0..10 id=7
            cart GET /b 0..12 id=7
            cart GET /a 0..10 id=7 host=b
            cart GET /a 1..10 id=7
            cart GET /a 0..10 id=7 kind=client
            ",
        );
        let spans = &drawing.trace.spans;
        let copies = spans
            .iter()
            .filter(|span| same(span, &spans[0], &drawing.dictionary));
        assert_eq!(copies.count(), 2);
    }
}

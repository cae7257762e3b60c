//! AS1: order, batching, repetition and delay do not show in the last version of a trace.

use std::collections::BTreeMap;

use hotspan_assembly::Settings;
use hotspan_model::{Completeness, Decided, Reason, Span};

use crate::model::{are_copies, better};
use crate::world::{Dice, SECOND, World, copy_of, for_seeds, random_trace};

/// The last version of every trace: its spans without older copies, by id, and how whole it is.
fn last_versions(world: &mut World) -> BTreeMap<u128, (Vec<Span>, Completeness)> {
    let mut last = BTreeMap::new();
    for out in world.take() {
        let mut spans: Vec<Span> = Vec::new();
        for span in &out.spans {
            match spans
                .iter_mut()
                .find(|held| are_copies(held, span, &world.words.dictionary))
            {
                Some(held) => *held = better(held, span, &world.words.dictionary),
                None => spans.push(*span),
            }
        }
        spans.sort_by_key(|span| (span.id, span.start, span.kind(), span.source.raw()));
        let whole = Completeness {
            late: 0,
            ..out.completeness
        };
        last.insert(out.trace.unwrap().get(), (spans, whole));
    }
    last
}

fn simulate(seed: u64) {
    let mut dice = Dice::new(seed);
    let mut at_once = World::seeded(Settings::default(), seed);
    let mut arrivals: Vec<(u64, Span)> = Vec::new();
    for trace in 0..1 + dice.below(5) {
        let spans = random_trace(&at_once.words, &mut dice, 60);
        arrivals.extend(spans.iter().map(|span| (trace, *span)));
        for span in &spans {
            if dice.one_in(4) {
                arrivals.push((trace, copy_of(span, &mut dice)));
            }
        }
    }
    at_once.request(0, &arrivals);
    at_once.finish(Decided::EndOfInput);

    let mut piecemeal = World::seeded(Settings::default(), seed + 1);
    dice.shuffle(&mut arrivals);
    let mut rest = arrivals.as_slice();
    let mut time = 0;
    while !rest.is_empty() {
        let (batch, after) = rest.split_at(1 + dice.below(rest.len().min(20) as u64) as usize);
        piecemeal.request(time, batch);
        rest = after;
        // All in all below G, so that no trace's session ends, and below X.
        time = (time + dice.below(12 * SECOND)).min(59 * SECOND);
    }
    piecemeal.tick(3_600 * SECOND);
    let (these, those) = (last_versions(&mut piecemeal), last_versions(&mut at_once));
    for (trace, expected) in &those {
        let found = &these[trace];
        for (at, span) in expected.0.iter().enumerate() {
            assert_eq!(found.0.get(at), Some(span), "trace {trace}, span {at}");
        }
        assert_eq!(
            (found.0.len(), found.1),
            (expected.0.len(), expected.1),
            "trace {trace}"
        );
    }
    assert_eq!(these.len(), those.len());
    let (one, other) = (piecemeal.assembler.counts(), at_once.assembler.counts());
    assert_eq!(
        one, other,
        "the same spans are analysed, the same number are duplicates"
    );
    assert_eq!(one.received, one.analysed + one.dropped(Reason::Duplicate));
}

#[test]
fn order_batching_repetition_and_delay_do_not_show_in_the_last_version() {
    for_seeds(400, simulate);
}

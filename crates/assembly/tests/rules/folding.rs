//! AS5, AS6: traces that are too big, and a trace id that is used for ever.

use hotspan_assembly::{Outcome, Settings};
use hotspan_model::{Assembled, Class, Decided, Flag, Kind, Nanos, Reason, Span, SpanId, Timestamp};

use crate::world::{Dice, SECOND, World, for_seeds, in_small_stack, size, span, with};

/// The same query `count` times under one root, in a random order.
fn siblings(world: &World, count: u64, dice: &mut Dice) -> Vec<Span> {
    let mut spans: Vec<Span> = (0..count)
        .map(|n| {
            let query = with(span(&world.words, n + 2, 1), Kind::Client, Class::Db);
            let (start, duration) = (Timestamp(n * 1_000), Nanos(1 + dice.below(900)));
            Span {
                start,
                duration,
                bits: query.bits.with_if(Flag::Failed, n.is_multiple_of(7)),
                ..query
            }
        })
        .collect();
    dice.shuffle(&mut spans);
    spans
}

fn push(world: &mut World, spans: &[Span]) {
    for batch in spans.chunks(1_000) {
        world.record(0, 1, batch);
    }
}

fn folded(settings: Settings, count: u64, seed: u64) -> Assembled {
    let mut world = World::seeded(settings, seed);
    let root = span(&world.words, 1, 0);
    // Durations are drawn before the order, so that every seed has the same spans.
    let mut spans = siblings(&world, count, &mut Dice::new(1));
    Dice::new(seed).shuffle(&mut spans);
    world.record(0, 1, &[root]);
    push(&mut world, &spans);
    world.tick(2 * SECOND);
    assert_eq!(world.assembler.counts().analysed, count + 1);
    assert_eq!(world.out.len(), 1);
    world.take().remove(0)
}

fn by_slowness(spans: &[Span]) -> Vec<SpanId> {
    let mut members: Vec<&Span> = spans.iter().filter(|span| span.class() == Class::Db).collect();
    members.sort_by_key(|span| (std::cmp::Reverse(span.duration), span.start, span.id));
    members.iter().map(|span| span.id).collect()
}

#[test]
fn a_million_siblings_are_folded_and_counted_exactly() {
    in_small_stack(|| {
        let count = size(100_000, 1_000_000);
        let out = folded(Settings::default(), count, 1);
        assert_eq!(
            (out.reason, out.groups.len(), out.spans.len()),
            (Decided::Complete, 1, 17)
        );
        let group = &out.groups[0];
        assert_eq!(group.count, count - 16);
        assert_eq!(out.completeness.compacted, count - 16);
        assert!(group.intervals.len() <= 256 && group.union_approx);
        let ascending = group.intervals.windows(2).all(|pair| pair[0].1 < pair[1].0);
        assert!(ascending, "the union is disjoint");
    });
}

#[test]
fn folding_is_the_same_in_any_order() {
    let settings = Settings {
        spans_max: 400,
        group_intervals_max: 10_000,
        ..Settings::default()
    };
    let count = 3_000;
    let world = World::new(settings);
    let all = siblings(&world, count, &mut Dice::new(1));
    let slowest = by_slowness(&all)[..16].to_vec();
    let total: Nanos = all.iter().map(|span| span.duration).sum();
    let failed = all.iter().filter(|span| span.has(Flag::Failed)).count() as u64;
    for_seeds(20, |seed| {
        let out = folded(settings, count, seed);
        assert_eq!(by_slowness(&out.spans), slowest);
        let group = &out.groups[0];
        let kept = out.spans.iter().filter(|span| span.class() == Class::Db);
        assert_eq!(
            group.sum.plus(kept.clone().map(|span| span.duration).sum()),
            total
        );
        assert_eq!(
            group.errors + kept.filter(|span| span.has(Flag::Failed)).count() as u64,
            failed
        );
        assert_eq!(
            group.intervals.len() as u64,
            count - 16,
            "each folded span is an interval of its own"
        );
        assert!(!group.union_approx);
    });
}

#[test]
fn copies_of_folded_spans_stay_copies_and_their_children_know_the_group() {
    in_small_stack(|| {
        let settings = Settings {
            spans_max: 100,
            ..Settings::default()
        };
        let mut world = World::new(settings);
        let root = span(&world.words, 1, 0);
        let spans = siblings(&world, 200, &mut Dice::new(3));
        world.record(0, 1, &[root]);
        push(&mut world, &spans);
        for outcome in world.record(0, 1, &spans) {
            assert_eq!(outcome, Outcome::Dropped(Reason::Duplicate));
        }
        let parent = by_slowness(&spans)[199];
        let child = span(&world.words, 999, parent.get());
        assert_eq!(world.record(0, 1, &[child]), [Outcome::Held]);
        let mut held = Assembled::default();
        assert!(world.assembler.held(crate::world::trace_id(1), &mut held));
        assert_eq!(held.version, 0);
        world.tick(SECOND * 2);
        let out = world.take().remove(0);
        assert_eq!(
            (out.reason, out.completeness.missing_parents),
            (Decided::Complete, 0)
        );
        assert_eq!(out.folded_parents, [(parent, 0)]);
        assert_eq!((&held.spans, &held.groups), (&out.spans, &out.groups));
        let late = spans[0];
        assert_eq!(
            world.record(3 * SECOND, 1, &[late]),
            [Outcome::Dropped(Reason::Duplicate)]
        );
    });
}

#[test]
fn spans_of_one_id_cost_no_more_than_others() {
    in_small_stack(|| {
        let mut world = World::new(Settings {
            spans_max: 1_000,
            ..Settings::default()
        });
        let root = span(&world.words, 1, 0);
        world.record(0, 1, &[root]);
        let query = with(span(&world.words, 2, 1), Kind::Client, Class::Db);
        let spans: Vec<Span> = (0..50_000)
            .map(|n| Span {
                start: Timestamp(n),
                ..query
            })
            .collect();
        push(&mut world, &spans);
        push(&mut world, &spans[..1_000]);
        world.tick(2 * SECOND);
        let out = world.take().remove(0);
        assert_eq!(out.groups[0].count, 50_000 - 16);
        assert_eq!(world.assembler.counts().dropped(Reason::Duplicate), 1_000);
    });
}

#[test]
fn parents_are_not_folded_and_the_largest_group_goes_first() {
    in_small_stack(|| {
        let settings = Settings {
            spans_max: 200,
            ..Settings::default()
        };
        let mut world = World::new(settings);
        let w = &world.words;
        let mut spans = vec![span(w, 1, 0)];
        spans.extend((0..20).map(|n| with(span(w, 100 + n, 1), Kind::Server, Class::Server)));
        spans.extend((0..20).map(|n| span(w, 200 + n, 100 + n)));
        spans.extend((0..60).map(|n| with(span(w, 300 + n, 1), Kind::Client, Class::Db)));
        spans.extend((0..99).map(|n| with(span(w, 400 + n, 1), Kind::Client, Class::Cache)));
        push(&mut world, &spans);
        world.tick(2 * SECOND);
        let out = world.take().remove(0);
        assert_eq!(out.groups.len(), 1, "one group was enough");
        assert_eq!(
            (out.groups[0].bits.class(), out.groups[0].count),
            (Class::Cache, 83)
        );
        assert_eq!(out.spans.len() as u64, 200 - 83);
    });
}

#[test]
fn a_trace_that_cannot_be_folded_is_truncated_and_its_neighbours_do_not_notice() {
    in_small_stack(|| {
        let count = size(120_000, 1_000_000);
        let mut world = World::new(Settings::default());
        let root = span(&world.words, 1, 0);
        world.record(0, 2, &[root]);
        let chain: Vec<Span> = (1..=count).map(|n| span(&world.words, n, n - 1)).collect();
        push(&mut world, &chain);
        assert_eq!(world.said(), ["1 v1 truncated 50000"]);
        world.tick(2 * SECOND);
        assert_eq!(world.said(), ["2 v1 complete 1"]);
        let counts = world.assembler.counts();
        assert_eq!(counts.dropped(Reason::Truncated), count - 50_000);
        let stubs = world.assembler.stubs();
        assert!(stubs.len() == 1 && stubs[0].truncated);
    });
}

#[test]
fn a_decided_trace_at_its_limit_publishes_and_becomes_a_stub() {
    in_small_stack(|| {
        let mut world = World::new(Settings {
            spans_max: 100,
            ..Settings::default()
        });
        let root = span(&world.words, 1, 0);
        world.record(0, 1, &[root]);
        world.tick(2 * SECOND);
        let late = siblings(&world, 200, &mut Dice::new(1));
        world.record(3 * SECOND, 1, &late);
        let out = world.take();
        assert_eq!((out.len(), out[1].spans.len(), out[1].previous), (2, 100, 1));
        assert!(out[1].completeness.truncated && out[1].groups.is_empty());
        assert_eq!(world.assembler.counts().dropped(Reason::Truncated), 101);
    });
}

#[test]
fn a_trace_id_used_for_ever_ends_as_one_stub() {
    in_small_stack(|| {
        let mut world = World::new(Settings::default());
        for tenth in 0..36_000 {
            let new = span(&world.words, 1 + tenth, tenth / 2);
            world.record(tenth * SECOND / 10, 1, &[new]);
            assert!(world.assembler.stats().bytes < 1_000_000);
        }
        let stats = world.assembler.stats();
        assert_eq!((stats.opened, stats.stubs, stats.long_lived), (1, 1, 1));
        let counts = world.assembler.counts();
        assert_eq!(
            (counts.analysed, counts.dropped(Reason::LateDropped)),
            (1_200, 34_800)
        );
        assert!(world.take().last().unwrap().long_lived);
    });
}

//! AS7, AS8: what gives way, in which order, at which record.

use hotspan_assembly::{Outcome, Settings};
use hotspan_model::{Assembled, Decided, Nanos, Reason, Span};

use crate::world::{Dice, SECOND, World, for_seeds, in_small_stack, random_trace, size, span};

/// Accounted bytes of a session with so many spans.
fn bytes_of(spans: u64) -> u64 {
    let mut world = World::new(Settings::default());
    let spans = chain(&world, spans);
    world.record(0, 1, &spans);
    world.assembler.stats().bytes
}

fn chain(world: &World, spans: u64) -> Vec<Span> {
    (1..=spans).map(|id| span(&world.words, id, id - 1)).collect()
}

#[test]
fn decided_traces_give_way_first_oldest_decision_first() {
    in_small_stack(|| {
        let one = bytes_of(10);
        let mut world = World::new(Settings {
            bytes_max: 10 * one,
            ..Settings::default()
        });
        let spans = chain(&world, 10);
        for (second, trace) in [(0, 7), (1, 3), (2, 9)] {
            world.record(second * SECOND, trace, &spans);
        }
        world.tick(4 * SECOND);
        assert_eq!(world.said().len(), 3);
        // A late span is published before its trace gives way.
        world.record(4 * SECOND, 7, &[span(&world.words, 99, 1)]);
        for trace in 20..28 {
            world.record(4 * SECOND, trace, &spans);
            world.tick(4 * SECOND);
        }
        assert_eq!(world.said(), ["7 v2 complete 11"]);
        let gone: Vec<u128> = world
            .assembler
            .stubs()
            .iter()
            .map(|stub| stub.trace.get() - 1)
            .collect();
        assert_eq!(gone, [3, 7], "the two oldest decisions");
        assert_eq!(world.assembler.stats().open, 8);
    });
}

#[test]
fn then_open_traces_longest_quiet_first_and_at_last_the_largest() {
    in_small_stack(|| {
        let one = bytes_of(10);
        let mut world = World::new(Settings {
            bytes_max: 10 * one,
            ..Settings::default()
        });
        let rootless = |world: &World, spans: u64| chain(world, spans + 1).split_off(1);
        for (second, trace, spans) in [(0, 6, 10), (1, 5, 10), (3, 1, 10), (3, 2, 59)] {
            let spans = rootless(&world, spans);
            world.record(second * SECOND, trace, &spans);
        }
        world.tick(3 * SECOND);
        assert!(world.out.is_empty());
        let spans = rootless(&world, 30);
        world.record(3 * SECOND, 3, &spans);
        assert!(world.out.is_empty(), "budgets are checked by the next record");
        world.tick(3 * SECOND);
        assert_eq!(
            world.said(),
            ["6 v1 cap 10", "5 v1 cap 10"],
            "quiet for 1.5 s, longest first"
        );
        let spans = rootless(&world, 30);
        world.record(3 * SECOND, 4, &spans);
        world.tick(3 * SECOND);
        assert_eq!(world.said(), ["2 v1 cap 59"], "none is quiet: the largest");
        let late = span(&world.words, 1, 0);
        assert_eq!(
            world.record(4 * SECOND, 2, &[late]),
            [Outcome::Dropped(Reason::LateDropped)]
        );
    });
}

#[test]
fn more_open_traces_than_allowed_are_decided_early() {
    in_small_stack(|| {
        let mut world = World::new(Settings {
            open_max: 10,
            ..Settings::default()
        });
        let root = span(&world.words, 1, 0);
        for trace in 0..10 {
            world.record(trace, 50 - trace, &[root]);
        }
        world.tick(10);
        assert!(world.out.is_empty());
        world.record(10, 0, &[root, span(&world.words, 2, 1)]);
        world.tick(10);
        assert_eq!(
            world.said(),
            ["0 v1 cap 2", "41 v1 cap 1"],
            "the largest, then by trace id, to nine tenths"
        );
    });
}

#[test]
fn more_sessions_than_allowed_are_all_forgotten_at_once() {
    in_small_stack(|| {
        let mut world = World::new(Settings {
            sessions_max: 4,
            ..Settings::default()
        });
        let (root, child) = (span(&world.words, 1, 0), span(&world.words, 2, 1));
        world.request(0, &[(4, root), (3, root)]);
        world.request(2 * SECOND, &[(9, root), (8, root), (3, child)]);
        assert_eq!(world.said().len(), 2);
        world.record(2 * SECOND, 1, &[root]);
        assert!(world.out.is_empty());
        world.tick(2 * SECOND);
        assert_eq!(
            world.said(),
            [
                "1 v1 barrier 1",
                "3 v2 complete 2",
                "8 v1 barrier 1",
                "9 v1 barrier 1"
            ]
        );
        let stats = world.assembler.stats();
        assert_eq!((stats.barriers, stats.bytes, stats.ended), (1, 0, 5));
        assert_eq!(world.assembler.poll_timeout(), None);
        assert_eq!(world.record(3 * SECOND, 3, &[child]), [Outcome::Held]);
    });
}

#[test]
fn stubs_that_fill_the_budget_alone_are_forgotten_by_a_barrier() {
    in_small_stack(|| {
        let mut world = World::new(Settings {
            bytes_max: 100_000,
            ..Settings::default()
        });
        for trace in 0..10_000 {
            let root = span(&world.words, 1, 0);
            world.record(trace, trace, &[root]);
        }
        let stats = world.assembler.stats();
        assert!(0 < stats.barriers && stats.bytes < 101_000, "{stats:?}");
    });
}

#[test]
fn millions_of_traces_of_one_span_stay_within_the_budget() {
    in_small_stack(|| {
        let count = size(150_000, 5_000_000);
        let settings = Settings {
            bytes_max: 4 << 20,
            sessions_max: 40_000,
            ..Settings::default()
        };
        let mut world = World::new(settings);
        world.lean = true;
        let root = span(&world.words, 1, 0);
        let batch = 100;
        let record_bytes = batch * bytes_of(1);
        for first in (0..count).step_by(batch as usize) {
            let spans: Vec<(u64, Span)> = (first..first + batch).map(|trace| (trace, root)).collect();
            world.request(first * 10_000, &spans);
            assert!(world.assembler.stats().bytes <= settings.bytes_max + record_bytes);
        }
        world.finish(Decided::Shutdown);
        let (counts, stats) = (world.assembler.counts(), world.assembler.stats());
        assert_eq!(
            (counts.analysed, stats.opened, stats.ended),
            (count, count, count)
        );
        assert!(count / 60_000 <= stats.barriers, "{stats:?}");
    });
}

#[test]
fn nothing_that_was_held_leaves_unanalysed_whatever_gives_way() {
    for_seeds(200, |seed| {
        let mut dice = Dice::new(seed);
        let settings = Settings {
            bytes_max: 4_000 + dice.below(20_000),
            open_max: 1 + dice.below(20),
            sessions_max: 5 + dice.below(40),
            spans_max: 20 + dice.below(40) as u32,
            trace_bytes_max: 3_000 + dice.below(3_000),
            late_debounce: Nanos(dice.below(SECOND)),
            ..Settings::default()
        };
        let dice = dice.clone();
        let said = [seed, seed + 1].map(|table_seed| squeeze(settings, table_seed, dice.clone()));
        assert_eq!(said[0], said[1], "the places in tables do not show");
    });
}

fn squeeze(settings: Settings, table_seed: u64, mut dice: Dice) -> Vec<Assembled> {
    let mut world = World::seeded(settings, table_seed);
    let (mut time, mut held) = (0, 0);
    for _ in 0..300 {
        time += dice.below(2 * SECOND);
        let trace = dice.below(60);
        let spans = random_trace(&world.words, &mut dice, 30);
        let outcomes = world.record(time, trace, &spans);
        let duplicate = Outcome::Dropped(Reason::Duplicate);
        held += outcomes.iter().filter(|outcome| **outcome != duplicate).count() as u64;
    }
    world.finish(Decided::Shutdown);
    let (counts, stats) = (world.assembler.counts(), world.assembler.stats());
    let dropped = counts.dropped(Reason::LateDropped) + counts.dropped(Reason::Truncated);
    assert_eq!((counts.open, counts.analysed), (0, held - dropped));
    assert_eq!((stats.bytes, stats.opened), (0, stats.ended));
    world.take()
}

#[test]
fn offline_no_timer_runs_and_all_is_decided_at_the_end_in_order_of_trace_id() {
    in_small_stack(|| {
        let mut world = World::new(Settings::offline(1 << 30));
        let (root, orphan) = (span(&world.words, 1, 0), span(&world.words, 2, 7));
        world.request(0, &[(3, root), (1, orphan), (2, root)]);
        assert_eq!(world.assembler.poll_timeout(), None);
        world.request(0, &[(3, orphan)]);
        world.finish(Decided::EndOfInput);
        let incomplete: Vec<bool> = world.out.iter().map(Assembled::is_incomplete).collect();
        assert_eq!(incomplete, [true, false, true]);
        assert_eq!(
            world.assembler.stats().incomplete[Decided::EndOfInput as usize],
            2
        );
        assert_eq!(
            world.said(),
            [
                "1 v1 end_of_input 1",
                "2 v1 end_of_input 1",
                "3 v1 end_of_input 2"
            ]
        );
    });
}

#[test]
fn offline_the_largest_trace_gives_way_to_the_budget() {
    in_small_stack(|| {
        let mut world = World::new(Settings::offline(20_000));
        let (small, large) = (chain(&world, 10), chain(&world, 300));
        world.record(0, 1, &small);
        world.record(0, 2, &large);
        world.tick(0);
        assert_eq!(world.said(), ["2 v1 cap 300"]);
    });
}

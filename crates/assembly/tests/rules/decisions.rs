//! AS2, AS3: when a trace is decided, to the nanosecond, and what a jumping clock does.

use hotspan_assembly::{Outcome, Settings};
use hotspan_model::{Class, Flag, Kind, Reason, Span};

use crate::world::{SECOND, START, World, in_small_stack, span, with};

/// The spans come in one record at 0; at `limit` and not before they are decided, for this reason.
fn check(limit: u64, reason: &str, spans: impl Fn(&World) -> Vec<Span>) {
    let probe = |ticks: &[u64]| {
        let mut world = World::new(Settings::default());
        let spans = spans(&world);
        world.record(0, 1, &spans);
        for &tick in ticks {
            world.tick(tick);
        }
        world.said()
    };
    let expected = vec![format!("1 v1 {reason} {}", probe_len(&spans))];
    assert_eq!(
        probe(&[limit - 1]),
        Vec::<String>::new(),
        "{reason} one nanosecond early"
    );
    assert_eq!(probe(&[limit]), expected, "{reason} at its limit");
    assert_eq!(probe(&[limit + 1]), expected, "{reason} one nanosecond late");
    assert_eq!(
        probe(&[limit / 3, limit - 1, limit]),
        expected,
        "ticks change nothing"
    );
    assert_eq!(probe(&[3_600 * SECOND]), expected, "a jump changes nothing");
}

fn probe_len(spans: &impl Fn(&World) -> Vec<Span>) -> usize {
    spans(&World::new(Settings::default())).len()
}

#[test]
fn a_whole_trace_waits_1_5_s() {
    check(1_500_000_000, "complete", |world| {
        let w = &world.words;
        let call = with(span(w, 2, 1), Kind::Client, Class::Call);
        let answer = with(span(w, 3, 2), Kind::Server, Class::Server);
        vec![
            span(w, 1, 0),
            call,
            answer,
            with(span(w, 4, 1), Kind::Client, Class::Db),
        ]
    });
}

#[test]
fn a_trace_with_a_root_and_an_unanswered_call_waits_8_s() {
    check(8 * SECOND, "root_quiet", |world| {
        let w = &world.words;
        vec![span(w, 1, 0), with(span(w, 2, 1), Kind::Client, Class::Call)]
    });
}

#[test]
fn a_trace_with_a_root_and_a_missing_parent_waits_8_s() {
    check(8 * SECOND, "root_quiet", |world| {
        vec![span(&world.words, 1, 0), span(&world.words, 2, 7)]
    });
    check(8 * SECOND, "root_quiet", |world| {
        let bad = span(&world.words, 2, 0);
        let bad = Span {
            bits: bad.bits.with(Flag::BadParent),
            ..bad
        };
        vec![span(&world.words, 1, 0), bad]
    });
}

#[test]
fn a_trace_without_a_root_waits_15_s() {
    check(15 * SECOND, "rootless_quiet", |world| {
        vec![span(&world.words, 2, 1)]
    });
}

#[test]
fn a_trace_that_is_never_quiet_is_decided_at_90_s() {
    in_small_stack(|| {
        for last in [90 * SECOND - 1, 90 * SECOND, 90 * SECOND + 1] {
            let mut world = World::new(Settings::default());
            for second in 0..90 {
                let new = span(&world.words, second + 1, 0);
                world.record(second * SECOND, 1, &[new]);
            }
            world.tick(last);
            let expected = if last < 90 * SECOND {
                vec![]
            } else {
                vec!["1 v1 age 90".to_owned()]
            };
            assert_eq!(world.said(), expected);
        }
    });
}

#[test]
fn root_parents_and_children_may_come_in_any_order() {
    in_small_stack(|| {
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut world = World::new(Settings::default());
            let w = &world.words;
            let spans = [
                span(w, 1, 0),
                with(span(w, 2, 1), Kind::Client, Class::Call),
                with(span(w, 3, 2), Kind::Server, Class::Server),
            ];
            for (second, place) in order.into_iter().enumerate() {
                world.record(second as u64 * SECOND, 1, &[spans[place]]);
            }
            world.tick(3_500_000_000 - 1);
            assert!(world.said().is_empty());
            world.tick(3_500_000_000);
            assert_eq!(world.said(), ["1 v1 complete 3"], "{order:?}");
        }
    });
}

#[test]
fn a_duplicate_does_not_make_a_trace_wait_longer() {
    in_small_stack(|| {
        let mut world = World::new(Settings::default());
        let root = span(&world.words, 1, 0);
        assert_eq!(world.record(0, 1, &[root]), [Outcome::Held]);
        assert_eq!(
            world.record(SECOND, 1, &[root]),
            [Outcome::Dropped(Reason::Duplicate)]
        );
        world.tick(1_500_000_000);
        assert_eq!(world.said(), ["1 v1 complete 1"]);
    });
}

#[test]
fn events_happen_by_deadline_then_trace_id() {
    in_small_stack(|| {
        let mut world = World::new(Settings::default());
        let (root, child) = (span(&world.words, 1, 0), span(&world.words, 2, 7));
        world.request(0, &[(9, root), (5, child), (3, root), (4, root)]);
        world.request(1, &[(1, root), (4, child)]);
        world.tick(60 * SECOND);
        let order = [
            "3 v1 complete 1",
            "9 v1 complete 1",
            "1 v1 complete 1",
            "4 v1 root_quiet 2",
        ];
        assert_eq!(world.said(), [&order[..], &["5 v1 rootless_quiet 1"]].concat());
    });
}

#[test]
fn a_clock_that_jumps_decides_publishes_and_ends_in_this_order_at_one_offset() {
    in_small_stack(|| {
        let mut world = World::new(Settings::default());
        let (root, child) = (span(&world.words, 1, 0), span(&world.words, 2, 1));
        world.record(0, 1, &[root]);
        world.tick(2 * SECOND);
        world.record(3 * SECOND, 1, &[child]);
        world.record(3 * SECOND, 2, &[root]);
        world.take();
        world.record(3_600 * SECOND, 1, &[root]);
        let out = world.take();
        assert_eq!(
            out.iter()
                .map(|out| (out.version, out.previous))
                .collect::<Vec<_>>(),
            [(2, 1), (1, 0)]
        );
        assert!(out.iter().all(|out| out.trigger == world.now));
        let stats = world.assembler.stats();
        assert_eq!((stats.opened, stats.ended, stats.open), (3, 2, 1));
        assert_eq!(stats.versions, [1, 0, 0, 0], "the version was due before the end");
    });
}

#[test]
fn a_record_time_that_steps_back_changes_nothing() {
    in_small_stack(|| {
        let mut world = World::new(Settings::default());
        let root = span(&world.words, 1, 0);
        world.record(10 * SECOND, 1, &[root]);
        world.record(5 * SECOND, 2, &[root]);
        world.tick(6_500_000_000);
        assert!(world.out.is_empty());
        world.tick(11_500_000_000);
        assert!(world.out.iter().all(|out| out.first.0 == START + 10 * SECOND));
        assert_eq!(world.said(), ["1 v1 complete 1", "2 v1 complete 1"]);
    });
}

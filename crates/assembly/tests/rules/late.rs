//! AS4: spans that come after the decision.

use hotspan_assembly::{Cause, Outcome, Settings};
use hotspan_model::{Nanos, ParamHash, Reason, Span, Visibility};

use crate::world::{SECOND, World, in_small_stack, size, span};

/// A trace of one root, decided at 1.5 s.
fn decided() -> World {
    let mut world = World::new(Settings::default());
    let root = span(&world.words, 1, 0);
    world.record(0, 1, &[root]);
    world.tick(1_500_000_000);
    assert_eq!(world.said(), ["1 v1 complete 1"]);
    world
}

#[test]
fn a_late_span_makes_a_new_version_a_second_later_with_the_old_one_as_its_head() {
    in_small_stack(|| {
        let mut world = decided();
        let late = span(&world.words, 2, 1);
        assert_eq!(world.record(5 * SECOND, 1, &[late]), [Outcome::Late]);
        assert_eq!(world.assembler.counts().open, 1);
        world.tick(6 * SECOND - 1);
        assert!(world.out.is_empty());
        world.tick(6 * SECOND);
        let out = world.take().remove(0);
        assert_eq!(
            (out.version, out.previous, out.spans.len(), out.completeness.late),
            (2, 1, 2, 1)
        );
        assert_eq!(world.assembler.counts().open, 0);
        assert_eq!(world.assembler.counts().analysed, 2);
    });
}

#[test]
fn a_steady_trickle_is_published_5_s_after_its_first_span_and_the_waits_double() {
    in_small_stack(|| {
        let mut world = decided();
        let mut versions = Vec::new();
        for half in 4..100 {
            let late = span(&world.words, half, 1);
            world.record(half * SECOND / 2, 1, &[late]);
            versions.extend(world.take().iter().map(|out| (half, out.version)));
        }
        // First pending at 2 s: published at 7 s; pending again from 7 s: published at 17 s; from 17 s: at 37 s.
        assert_eq!(versions, [(14, 2), (34, 3), (74, 4)]);
    });
}

#[test]
fn ever_so_many_late_spans_make_at_most_nine_versions() {
    in_small_stack(|| {
        let count = size(20_000, 100_000);
        let settings = Settings {
            late_debounce: Nanos(1),
            spans_max: 200_000,
            trace_bytes_max: 1 << 30,
            ..Settings::default()
        };
        let mut world = World::new(settings);
        let root = span(&world.words, 1, 0);
        world.record(0, 1, &[root]);
        world.tick(2 * SECOND);
        for n in 0..count {
            let late = span(&world.words, n + 2, 1);
            world.record(2 * SECOND + n * (110 * SECOND / count), 1, &[late]);
        }
        world.tick(3_600 * SECOND);
        let out = world.take();
        assert_eq!(out.last().map(|out| out.spans.len() as u64), Some(count + 1));
        assert_eq!(out.len(), 9);
        let heads = out
            .windows(2)
            .all(|pair| pair[0].spans.len() as u32 == pair[1].previous);
        assert!(heads, "each version is the head of the next");
        assert!(out[8].long_lived, "it was in use when its spans were given up");
    });
}

#[test]
fn what_is_pending_when_the_session_ends_is_published_once_more() {
    in_small_stack(|| {
        let settings = Settings {
            late_debounce: Nanos(u64::MAX),
            late_debounce_max: Nanos(u64::MAX),
            ..Settings::default()
        };
        let mut world = World::new(settings);
        let (root, child) = (span(&world.words, 1, 0), span(&world.words, 2, 1));
        world.record(0, 1, &[root]);
        world.record(3 * SECOND, 1, &[child]);
        world.tick(63 * SECOND - 1);
        assert_eq!(world.said(), ["1 v1 complete 1"]);
        world.tick(63 * SECOND);
        assert_eq!(world.said(), ["1 v2 complete 2"]);
        let stats = world.assembler.stats();
        assert_eq!((stats.versions[Cause::End as usize], stats.ended), (1, 1));
    });
}

#[test]
fn a_span_for_a_stub_never_opens_a_trace_and_after_the_gap_it_does() {
    in_small_stack(|| {
        let mut world = World::new(Settings::default());
        for n in 0..4 {
            let new = span(&world.words, n + 1, 0);
            world.record(n * 40 * SECOND, 1, &[new]);
        }
        // First at 0 s, last at 120 s, where age X had come: a stub.
        let stats = world.assembler.stats();
        assert_eq!((stats.stubs, stats.decided, stats.open), (1, 0, 0));
        assert_eq!(world.assembler.stubs()[0].first.0, crate::world::START);
        let new = span(&world.words, 99, 0);
        assert_eq!(
            world.record(180 * SECOND - 1, 1, &[new]),
            [Outcome::Dropped(Reason::LateDropped)]
        );
        assert_eq!(
            world.record(240 * SECOND - 2, 1, &[new]),
            [Outcome::Dropped(Reason::LateDropped)]
        );
        assert_eq!(world.record(300 * SECOND - 2, 1, &[new]), [Outcome::Held]);
        assert_eq!(world.assembler.stats().opened, 2);
    });
}

#[test]
fn a_late_copy_that_loses_is_dropped_and_one_that_wins_is_published_beside_the_old_one() {
    in_small_stack(|| {
        let mut world = decided();
        let root = span(&world.words, 1, 0);
        let longer = Span {
            duration: Nanos(99),
            ..root
        };
        let duplicate = Outcome::Dropped(Reason::Duplicate);
        assert_eq!(world.record(2 * SECOND, 1, &[root]), [duplicate]);
        world.tick(10 * SECOND);
        assert!(world.out.is_empty(), "nothing changed");
        assert_eq!(
            world.record(10 * SECOND, 1, &[longer, root, longer]),
            [duplicate; 3]
        );
        world.tick(11 * SECOND);
        let out = world.take().remove(0);
        assert_eq!((out.spans.as_slice(), out.previous), (&[root, longer][..], 1));
        let counts = world.assembler.counts();
        assert_eq!(
            (counts.analysed, counts.dropped(Reason::Duplicate), counts.open),
            (1, 4, 0)
        );
    });
}

#[test]
fn copies_that_differ_in_arguments_hide_them() {
    in_small_stack(|| {
        let mut world = World::new(Settings::default());
        let root = span(&world.words, 1, 0);
        let root = Span {
            bits: root.bits.with_visibility(Visibility::Visible),
            ..root
        };
        world.record(
            0,
            1,
            &[
                root,
                Span {
                    params: ParamHash(77),
                    ..root
                },
            ],
        );
        world.tick(2 * SECOND);
        let out = world.take().remove(0);
        assert_eq!(out.spans.len(), 1);
        assert_eq!(out.spans[0].bits.visibility(), Visibility::Hidden);
    });
}

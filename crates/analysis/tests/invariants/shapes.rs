//! P6 to P8, P13, P14, P16, P19 to P21: what a change of the input changes.

use hotspan_analysis::{Edge, Edit, Forest, Overflow, Replay, Settings, Slack, Tolerance};
use hotspan_model::{DefectKind, Kind, Nanos, Timestamp};

use crate::random::{
    Dice, Raw, TREE, ZOO, all_settings, completion, forest, named, response, tolerances, trace, tree,
};

/// Everything that may show, without the order of arrival.
fn outcome(forest: &Forest) -> impl PartialEq + std::fmt::Debug + use<> {
    let mut nodes: Vec<_> = forest
        .nodes()
        .iter()
        .map(|node| {
            let parent = node.parent().map(|parent| forest.node(parent).key());
            let head = forest.node(node.head).key();
            let times = (forest.moment(node.start), forest.moment(node.end), node.tolerance);
            (node.key(), parent, head, times, node.edge, node.depth, node.marks)
        })
        .collect();
    nodes.sort_by_key(|node| node.0);
    let mut drags: Vec<_> = Vec::new();
    for at in 0..forest.nodes().len() as u32 {
        drags.push((forest.node(at).key(), Replay::default().drag(forest, at)));
    }
    drags.sort();
    let heads: Vec<_> = forest
        .heads()
        .iter()
        .map(|&head| forest.node(head).key())
        .collect();
    let paths = (
        named(forest, &response(forest)),
        named(forest, &completion(forest)),
    );
    (nodes, drags, heads, paths, forest.defects().to_vec())
}

/// Breaks a tree in the ways that production does: lost, doubled and renamed spans, circles, times out of range.
fn broken(dice: &mut Dice) -> Vec<Raw> {
    let mut spans = tree(dice, ZOO);
    for _ in 0..dice.below(6) {
        let at = dice.below(spans.len() as u64) as usize;
        let other = spans[dice.below(spans.len() as u64) as usize].clone();
        match dice.below(9) {
            0 => spans[at].parent = other.id,
            1 => spans[at].parent = 900 + dice.below(3),
            2 => spans[at].id = other.id,
            3 => spans[at].b = 0_u64.wrapping_sub(crate::random::BASE),
            4 => spans.push(other),
            5 => spans[at].parent = 0,
            6 => spans[at].e = u64::MAX / 2,
            7 if spans.len() > 1 => drop(spans.remove(at)),
            _ => spans[at].parent = spans[at].id,
        }
    }
    spans
}

#[test]
fn p6_the_order_of_arrival_changes_nothing() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let mut spans = broken(&mut dice);
        let before = outcome(&forest(&spans, &Settings::default()));
        dice.shuffle(&mut spans);
        let after = outcome(&forest(&spans, &Settings::default()));
        assert_eq!(before, after, "seed {seed} {spans:#?}");
    }
}

#[test]
fn p7_adding_a_constant_to_all_times_shifts_the_path_by_it() {
    for seed in 0..200 {
        let mut dice = Dice(seed);
        let spans = tree(&mut dice, ZOO);
        let fixed = (tolerances()[seed as usize % 3], dice.below(1_000_000));
        for (settings, by) in [fixed, (Settings::default(), 1_000_000 * dice.below(1_000))] {
            let moved: Vec<Raw> = spans
                .iter()
                .map(|raw| Raw {
                    b: raw.b + by,
                    e: raw.e + by,
                    ..raw.clone()
                })
                .collect();
            let (before, after) = (forest(&spans, &settings), forest(&moved, &settings));
            let mut expected = named(&before, &response(&before));
            expected
                .iter_mut()
                .for_each(|segment| (segment.1, segment.2) = (segment.1 + by, segment.2 + by));
            assert_eq!(named(&after, &response(&after)), expected, "seed {seed}");
        }
    }
}

#[test]
fn p8_clipping_a_clipped_trace_changes_nothing() {
    for seed in 0..200 {
        let spans = tree(&mut Dice(seed), TREE);
        for settings in &tolerances()[..3] {
            let settings = Settings {
                overflow: Overflow::Clip,
                ..*settings
            };
            let before = forest(&spans, &settings);
            let clipped = |raw: &Raw, node: &hotspan_analysis::Node| {
                let moment = |offset| before.moment(offset).0 - crate::random::BASE;
                Raw {
                    b: moment(node.start),
                    e: moment(node.end),
                    ..raw.clone()
                }
            };
            let live = before.nodes().iter().filter(|node| node.is_live());
            let again: Vec<Raw> = live
                .map(|node| clipped(&spans[node.span as usize], node))
                .collect();
            let after = forest(&again, &settings);
            assert_eq!(
                named(&before, &response(&before)),
                named(&after, &response(&after)),
                "seed {seed}"
            );
        }
    }
}

#[test]
fn p13_leaves_that_nobody_waits_for_change_nothing() {
    for seed in 0..1_000 {
        let mut dice = Dice(seed);
        let spans = tree(&mut dice, TREE);
        let at = spans[dice.below(spans.len() as u64) as usize].clone();
        let point = at.b + dice.below(at.e - at.b + 1);
        let empty = Raw::new(99, at.id, point, point);
        let detached = Raw::new(99, at.id, point, at.e + 1_000_000);
        let follow_up = Raw {
            follows: true,
            ..Raw::new(99, at.id, point, at.e)
        };
        for settings in tolerances().into_iter().chain([Settings::default()]) {
            let before = forest(&spans, &settings);
            for leaf in [&empty, &detached, &follow_up] {
                let with: Vec<Raw> = spans.iter().chain([leaf]).cloned().collect();
                let after = forest(&with, &settings);
                let paths = (
                    named(&before, &response(&before)),
                    named(&after, &response(&after)),
                );
                assert_eq!(paths.0, paths.1, "seed {seed} {leaf:?}");
            }
        }
    }
}

#[test]
fn p14_splitting_a_leaf_keeps_the_union_of_its_segments() {
    let mut split = 0;
    for seed in 0..1_000 {
        let mut dice = Dice(seed);
        let spans = tree(&mut dice, TREE);
        let settings = tolerances()[seed as usize % 3];
        let epsilon = [0, 1, 7][seed as usize % 3];
        let before = forest(&spans, &settings);
        let path = response(&before);
        let leaf = |raw: &&Raw| spans.iter().all(|other| other.parent != raw.id) && raw.e > raw.b + 1;
        let Some(raw) = spans.iter().filter(leaf).find(|raw| {
            let node = before.of_span(spans.iter().position(|span| span.id == raw.id).unwrap() as u32);
            path.own(node).0 > 0 && !before.node(node).has(hotspan_analysis::Mark::Clipped)
        }) else {
            continue;
        };
        let at = raw.b + 1 + dice.below(raw.e - raw.b - 1);
        let siblings = spans
            .iter()
            .filter(|other| other.parent == raw.parent && other.id != raw.id);
        let mut clear = siblings
            .clone()
            .all(|other| !(at <= other.e && other.e <= at + epsilon));
        clear &= siblings.clone().all(|other| other.e != raw.e) && raw.parent != 0;
        if !clear {
            continue;
        }
        let halves = [
            Raw { e: at, ..raw.clone() },
            Raw {
                id: 99,
                b: at,
                ..raw.clone()
            },
        ];
        let rest = spans.iter().filter(|other| other.id != raw.id).cloned();
        let after = forest(&rest.chain(halves).collect::<Vec<_>>(), &settings);
        let times = |forest: &Forest| {
            let mut union = Vec::new();
            for (key, start, end, _) in named(forest, &response(forest)) {
                let own = key.0 == raw.id || key.0 == 99;
                match union.last_mut() {
                    Some((was, from, _)) if *was == own && own && *from == end => *from = start,
                    _ => union.push((own, start, end)),
                }
            }
            union.retain(|part| part.0);
            union
        };
        assert_eq!(
            times(&before),
            times(&after),
            "seed {seed} at {at} {raw:?} {spans:#?}"
        );
        split += 1;
    }
    assert!(split > 150, "{split}");
}

#[test]
fn p16_a_prefix_is_read_as_a_trace_of_its_own() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let spans = broken(&mut dice);
        let count = dice.below(spans.len() as u64 + 1) as usize;
        let (whole, dictionary) = trace(&spans);
        let mut prefix = Forest::default();
        prefix.normalise(&whole, Some(count), &dictionary, &Settings::default());
        let alone = forest(&spans[..count], &Settings::default());
        assert_eq!(outcome(&prefix), outcome(&alone), "seed {seed}");
    }
}

#[test]
fn p19_delivering_spans_twice_only_says_so() {
    for seed in 0..200 {
        let spans = broken(&mut Dice(seed));
        let twice: Vec<Raw> = spans.iter().chain(&spans).cloned().collect();
        let (once, twice) = (
            forest(&spans, &Settings::default()),
            forest(&twice, &Settings::default()),
        );
        let paths = |forest: &Forest| {
            (
                named(forest, &response(forest)),
                named(forest, &completion(forest)),
            )
        };
        assert_eq!(paths(&once), paths(&twice), "seed {seed}");
        let rest = |forest: &Forest| {
            let defects = forest.defects().iter();
            defects
                .filter(|defect| defect.kind != DefectKind::Duplicate)
                .copied()
                .collect::<Vec<_>>()
        };
        assert_eq!(rest(&once), rest(&twice), "seed {seed}");
        assert!(
            twice
                .defects()
                .iter()
                .any(|defect| defect.kind == DefectKind::Duplicate)
        );
    }
}

#[test]
fn p20_scaling_all_times_scales_the_path() {
    for seed in 0..200 {
        let spans = tree(&mut Dice(seed), ZOO);
        let (by, epsilon) = (2 + seed % 5, [0, 1, 7][seed as usize % 3]);
        let fixed = |nanos| Settings {
            tolerance: Tolerance::Fixed(Nanos(nanos)),
            ..Settings::default()
        };
        let scaled: Vec<Raw> = spans
            .iter()
            .map(|raw| Raw {
                b: raw.b * by,
                e: raw.e * by,
                ..raw.clone()
            })
            .collect();
        // Halves of nanoseconds would round differently.
        let plain = Settings {
            skew_correction: false,
            ..fixed(epsilon)
        };
        let (before, after) = (
            forest(&spans, &plain),
            forest(
                &scaled,
                &Settings {
                    tolerance: fixed(epsilon * by).tolerance,
                    ..plain
                },
            ),
        );
        let zero = crate::random::BASE;
        let mut expected = named(&before, &response(&before));
        let scale = |time: u64| zero + (time - zero) * by;
        expected
            .iter_mut()
            .for_each(|segment| (segment.1, segment.2) = (scale(segment.1), scale(segment.2)));
        assert_eq!(named(&after, &response(&after)), expected, "seed {seed}");
    }
}

#[test]
fn p21_any_parents_and_any_times_are_data() {
    let settings = all_settings();
    let kinds = [
        Kind::Unspecified,
        Kind::Internal,
        Kind::Client,
        Kind::Server,
        Kind::Producer,
        Kind::Consumer,
    ];
    for seed in 0..1_000 {
        let mut dice = Dice(seed);
        let count = dice.below(30);
        let time = |dice: &mut Dice| match dice.below(4) {
            0 => dice.next(),
            1 => 0_u64.wrapping_sub(crate::random::BASE),
            2 => u64::MAX,
            _ => dice.below(10_000),
        };
        let mut spans = Vec::new();
        for _ in 0..count {
            let (b, e) = (time(&mut dice), time(&mut dice));
            let mut raw = Raw::new(1 + dice.below(count), dice.below(count + 2), b, e);
            raw.kind = kinds[dice.below(6) as usize];
            raw.host = dice.chance(70).then(|| dice.below(4) as u8);
            raw.failed = dice.chance(50);
            raw.links = (0..dice.below(3)).map(|_| 1 + dice.below(count)).collect();
            spans.push(raw);
        }
        let forest = forest(&spans, &settings[seed as usize % settings.len()]);
        let (path, whole) = (response(&forest), completion(&forest));
        assert!(path.segments().len() + whole.segments().len() <= 8 * count as usize + 2);
        let mut slack = Slack::default();
        for &head in forest.heads() {
            slack.measure(&forest, head);
        }
        let all: Vec<u32> = (0..forest.nodes().len() as u32).collect();
        for &head in forest.heads() {
            let mut replay = Replay::default();
            replay.begin(&forest, head);
            for edit in [
                Edit::Batch(&all),
                Edit::DropRetries(&all),
                Edit::Dedupe(&all),
                Edit::Grow(&all, Nanos(u64::MAX)),
            ] {
                replay.edit(&forest, edit);
            }
            replay.edit(
                &forest,
                Edit::Parallelise {
                    members: &all,
                    width: 0,
                    gap: None,
                },
            );
            assert!(replay.run(&forest).before == forest.node(head).length());
        }
        let edges = forest
            .nodes()
            .iter()
            .filter(|node| node.edge == Edge::Root)
            .count();
        assert_eq!(edges, forest.roots().len(), "seed {seed}");
        assert!(forest.moment(i64::MIN) <= Timestamp(u64::MAX));
    }
}

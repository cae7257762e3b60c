//! P9 to P12, P18, slack: what the replay says about what-ifs.

use hotspan_analysis::{Edit, Forest, Outcome, Replay, Settings, Slack};
use hotspan_model::Nanos;

use crate::random::{Dice, TREE, ZOO, all_settings, forest, response, tolerances, tree};

fn outcome(forest: &Forest, edit: Edit<'_>) -> Outcome {
    let mut replay = Replay::default();
    replay.begin(forest, forest.primary().unwrap());
    replay.edit(forest, edit);
    replay.run(forest)
}

/// Live nodes of the primary unit.
fn unit(forest: &Forest) -> Vec<u32> {
    let primary = forest.primary().unwrap();
    let all = 0..forest.nodes().len() as u32;
    all.filter(|&at| forest.node(at).is_live() && forest.node(at).head == primary)
        .collect()
}

#[test]
fn p9_without_a_change_every_unit_takes_as_long_as_it_did() {
    for seed in 0..300 {
        let spans = tree(&mut Dice(seed), ZOO);
        for settings in all_settings() {
            let forest = forest(&spans, &settings);
            let all: Vec<u32> = (0..forest.nodes().len() as u32).collect();
            for &head in forest.heads().iter().filter(|&&head| forest.node(head).is_live()) {
                let mut replay = Replay::default();
                replay.begin(&forest, head);
                replay.edit(&forest, Edit::Grow(&all, Nanos::ZERO));
                let outcome = replay.run(&forest);
                assert_eq!(outcome.optimistic, outcome.before, "seed {seed} {settings:?}");
            }
        }
    }
}

#[test]
fn p10_a_shorter_span_never_costs_and_a_doubled_one_at_most_its_duration() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let spans = tree(&mut dice, TREE);
        for settings in tolerances() {
            let forest = forest(&spans, &settings);
            for at in unit(&forest) {
                let length = forest.node(at).length();
                let shorter = outcome(&forest, Edit::Cap(&[at], Nanos(dice.below(length.0 + 1))));
                assert!(shorter.optimistic <= shorter.before, "seed {seed}");
                let doubled = outcome(&forest, Edit::Grow(&[at], length));
                assert!(doubled.optimistic <= doubled.before.plus(length), "seed {seed}");
                assert!(doubled.optimistic >= doubled.before, "seed {seed}");
            }
        }
    }
}

#[test]
fn p11_p12_a_span_saves_at_most_its_duration_and_its_share_of_the_path() {
    for seed in 0..300 {
        let spans = tree(&mut Dice(seed), TREE);
        for (number, settings) in tolerances().iter().enumerate() {
            let forest = forest(&spans, settings);
            let path = response(&forest);
            for at in unit(&forest) {
                let saved = Replay::default().drag(&forest, at);
                assert!(saved <= forest.node(at).length(), "seed {seed}");
                if number == 0 {
                    assert!(saved <= path.subtree(at), "seed {seed}");
                }
            }
        }
    }
}

/// A serial run among the children of some parent of the primary unit.
fn serial_run(dice: &mut Dice, forest: &Forest) -> Option<Vec<u32>> {
    let parents: Vec<u32> = unit(forest)
        .into_iter()
        .filter(|&at| forest.by_start(at).len() > 1)
        .collect();
    let &parent = parents.get(dice.below(parents.len() as u64) as usize)?;
    let mut run: Vec<u32> = Vec::new();
    for &child in forest.by_start(parent) {
        let node = forest.node(child);
        let after = |&last: &u32| forest.node(last).end <= node.start + forest.node(parent).tolerance;
        if run.last().is_none_or(after) && dice.chance(80) {
            run.push(child);
        }
    }
    (run.len() > 1).then_some(run)
}

#[test]
fn p18_no_edit_costs_and_optimism_is_never_worse() {
    let mut runs = 0;
    for seed in 0..2_000 {
        let mut dice = Dice(seed);
        let spans = tree(&mut dice, TREE);
        let forest = forest(&spans, &tolerances()[seed as usize % 4]);
        let Some(run) = serial_run(&mut dice, &forest) else {
            continue;
        };
        runs += 1;
        let width = 1 + dice.below(4) as u32;
        let gap = dice.chance(50).then(|| Nanos(dice.below(20)));
        let edits = [
            Edit::Zero(&run),
            Edit::Cap(&run, Nanos(5)),
            Edit::Async(&run, Nanos(1)),
            Edit::Dedupe(&run),
            Edit::DropRetries(&run),
            Edit::Parallelise {
                members: &run,
                width,
                gap,
            },
        ];
        for edit in edits {
            let outcome = outcome(&forest, edit);
            assert!(
                outcome.optimistic <= outcome.pessimistic,
                "seed {seed} {edit:?} {outcome:?}"
            );
            assert!(
                outcome.pessimistic <= outcome.before,
                "seed {seed} {edit:?} {outcome:?}"
            );
        }
        let batch = outcome(&forest, Edit::Batch(&run));
        assert!(
            batch.optimistic <= batch.likely && batch.likely <= batch.pessimistic,
            "seed {seed} {batch:?}"
        );
        if seed % 4 == 0 && !overlapped(&forest, &run) {
            assert!(
                batch.pessimistic <= batch.before,
                "seed {seed} {batch:?} {spans:#?}"
            );
        }
    }
    assert!(runs > 500, "{runs}");
}

/// Whether an outside sibling that waits for the run's first member overlaps the others.
fn overlapped(forest: &Forest, run: &[u32]) -> bool {
    let first = forest.node(run[0]);
    let siblings = forest
        .by_start(first.parent)
        .iter()
        .filter(|at| !run.contains(at));
    let after: Vec<_> = siblings
        .map(|&at| forest.node(at))
        .filter(|node| node.start >= first.end)
        .collect();
    let overlaps = |at: &u32| {
        let member = forest.node(*at);
        after
            .iter()
            .any(|node| node.start < member.end && member.start < node.end)
    };
    run[1..].iter().any(overlaps)
}

#[test]
fn growing_by_its_slack_is_free_and_more_costs_exactly_the_rest() {
    for seed in 0..300 {
        let spans = tree(&mut Dice(seed), TREE);
        for settings in tolerances().into_iter().chain([Settings::default()]) {
            let forest = forest(&spans, &settings);
            let mut slack = Slack::default();
            slack.measure(&forest, forest.primary().unwrap());
            for at in unit(&forest) {
                let own = slack.of(at).unwrap();
                for extra in [0, 1, 13] {
                    let outcome = outcome(&forest, Edit::Grow(&[at], own.plus(Nanos(extra))));
                    let expected = outcome.before.plus(Nanos(extra));
                    assert_eq!(
                        outcome.optimistic, expected,
                        "seed {seed} {settings:?} {spans:#?}"
                    );
                }
            }
        }
    }
}

//! P1 to P5 and P22: a path partitions its unit.

use hotspan_analysis::{Forest, Path};

use crate::random::{Dice, TREE, ZOO, all_settings, completion, forest, named, response, tree};

fn check_contiguous(path: &Path, start: i64, end: i64) -> Result<(), String> {
    let mut edge = end;
    for segment in path.segments() {
        if segment.end != edge || segment.start >= segment.end {
            return Err(format!("{segment:?} does not end at {edge}"));
        }
        edge = segment.start;
    }
    (edge == start)
        .then_some(())
        .ok_or(format!("ends at {edge}, not {start}"))
}

/// P1 to P5 of one path over `[start, end)`.
fn check(forest: &Forest, path: &Path, start: i64, end: i64) -> Result<(), String> {
    check_contiguous(path, start, end)?;
    let total: i64 = path
        .segments()
        .iter()
        .map(|segment| segment.end - segment.start)
        .sum();
    let live = forest.nodes().iter().filter(|node| node.is_live()).count();
    let fair = path.segments().iter().all(|segment| {
        let node = forest.node(segment.node);
        let queue = segment.cause == hotspan_model::Cause::Queue;
        node.is_live() && (queue || node.start <= segment.start && segment.end <= node.end)
    });
    let few = path.segments().len() <= 2 * live + 1;
    (total == end - start && fair && few)
        .then_some(())
        .ok_or(format!("{total} {fair} {few}"))
}

#[test]
fn p1_to_p5_the_response_path_partitions_the_root() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let spans = tree(&mut dice, if seed % 2 == 0 { TREE } else { ZOO });
        for settings in all_settings() {
            let forest = forest(&spans, &settings);
            let path = response(&forest);
            let root = forest.node(forest.primary().unwrap());
            let result = check(&forest, &path, root.start, root.end);
            assert_eq!(result, Ok(()), "seed {seed} {settings:?} {spans:#?}");
            let own: u64 = (0..forest.nodes().len() as u32).map(|at| path.own(at).0).sum();
            assert_eq!(own, root.length().0, "seed {seed}");
            assert_eq!(
                path.subtree(forest.primary().unwrap()),
                root.length(),
                "seed {seed}"
            );
        }
    }
}

#[test]
fn p1_to_p5_hold_for_every_unit() {
    for seed in 0..500 {
        let forest = forest(
            &tree(&mut Dice(seed), ZOO),
            &hotspan_analysis::Settings::default(),
        );
        for &head in forest.heads() {
            let mut path = Path::default();
            path.begin(&forest);
            path.sweep(&forest, head);
            let node = forest.node(head);
            assert_eq!(check(&forest, &path, node.start, node.end), Ok(()), "seed {seed}");
        }
    }
}

#[test]
fn p22_the_completion_path_partitions_until_the_last_caused_unit_ends() {
    for seed in 0..300 {
        let spans = tree(&mut Dice(seed), ZOO);
        for settings in all_settings() {
            let forest = forest(&spans, &settings);
            let (response, path) = (response(&forest), completion(&forest));
            let root = forest.node(forest.primary().unwrap());
            // All hangs from one root here, so all heads are reachable.
            let heads = forest.heads().iter().map(|&head| forest.node(head));
            let end = heads
                .filter(|head| head.is_live())
                .map(|head| head.end)
                .max()
                .unwrap();
            assert_eq!(
                check(&forest, &path, root.start, end),
                Ok(()),
                "seed {seed} {settings:?} {spans:#?}"
            );
            assert!(end >= root.end);
            if forest.heads().len() == 1 {
                assert_eq!(named(&forest, &response), named(&forest, &path), "seed {seed}");
            }
        }
    }
}

//! P15: clocks of hosts do not show, where calls allow to correct them.

use hotspan_analysis::Settings;
use hotspan_model::Kind;

use crate::random::{Dice, Raw, forest, named, response, tolerances};

/// Host 0 calls host 1, which calls host 2: three to six calls between each pair, all answers inside.
fn chain(dice: &mut Dice) -> Vec<Raw> {
    let mut spans = vec![Raw {
        host: Some(0),
        kind: Kind::Server,
        ..Raw::new(1, 0, 1_000_000, 1_900_000)
    }];
    let mut above = vec![1_usize];
    for host in 1..3_u8 {
        let mut servers = Vec::new();
        for call in 0..3 + dice.below(4) {
            let parent = spans[above[call as usize % above.len()] - 1].clone();
            let inside = |dice: &mut Dice, raw: &Raw| {
                let (a, b) = (dice.below(raw.e - raw.b + 1), dice.below(raw.e - raw.b + 1));
                (raw.b + a.min(b), raw.b + a.max(b))
            };
            let (b, e) = inside(dice, &parent);
            let id = spans.len() as u64 + 1;
            let client = Raw {
                host: parent.host,
                kind: Kind::Client,
                ..Raw::new(id, parent.id, b, e)
            };
            let (b, e) = inside(dice, &client);
            let server = Raw {
                host: Some(host),
                kind: Kind::Server,
                ..Raw::new(id + 1, id, b, e)
            };
            spans.extend([client, server]);
            servers.push(spans.len());
        }
        above = servers;
    }
    spans
}

#[test]
fn p15_the_clock_of_a_host_does_not_show() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let spans = chain(&mut dice);
        let settings = tolerances()[seed as usize % 3];
        let host = 1 + dice.below(2) as u8;
        let by = dice.below(1_000_000_000);
        let ahead = spans.iter().cloned().map(|raw| match raw.host == Some(host) {
            true => Raw {
                b: raw.b + by,
                e: raw.e + by,
                ..raw
            },
            false => raw,
        });
        let (before, after) = (
            forest(&spans, &settings),
            forest(&ahead.collect::<Vec<_>>(), &settings),
        );
        let times = |forest: &hotspan_analysis::Forest| {
            let nodes = forest.nodes().iter();
            nodes
                .map(|node| (forest.moment(node.start), forest.moment(node.end), node.edge))
                .collect::<Vec<_>>()
        };
        assert_eq!(times(&before), times(&after), "seed {seed} by {by} {spans:#?}");
        assert_eq!(
            named(&before, &response(&before)),
            named(&after, &response(&after)),
            "seed {seed}"
        );
    }
}

#[test]
fn p15_the_clock_of_the_roots_host_shifts_all() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let spans = chain(&mut dice);
        let settings = Settings {
            ..tolerances()[seed as usize % 3]
        };
        let by = dice.below(1_000_000_000);
        let ahead = spans.iter().cloned().map(|raw| match raw.host == Some(0) {
            true => Raw {
                b: raw.b + by,
                e: raw.e + by,
                ..raw
            },
            false => raw,
        });
        let (before, after) = (
            forest(&spans, &settings),
            forest(&ahead.collect::<Vec<_>>(), &settings),
        );
        let mut expected = named(&before, &response(&before));
        expected
            .iter_mut()
            .for_each(|segment| (segment.1, segment.2) = (segment.1 + by, segment.2 + by));
        assert_eq!(named(&after, &response(&after)), expected, "seed {seed}");
    }
}

//! Nodes that repeat the sibling right before them are taken as it was: what is known of them is the same as if each
//! had been looked at.

use hotspan_testkit::Drawing;
use hotspan_testkit::generator::Place;

use super::{Prepared, Thresholds};
use crate::{Forest, Settings};

/// Some spans in a row, many of which repeat the one before.
fn drawn(seed: u64) -> Drawing {
    let place = Place::new(seed);
    let mut text = String::from("shop GET / 0..1000\n");
    let (mut depth, mut at) = (1, 0);
    for line in 0..place.within(1, 12) {
        let place = place.at(line);
        depth = place.at(1).within(1, depth + 1).min(4);
        at += place.at(2).within(0, 40);
        let (class, names) = place.at(3).pick(&[
            ("db", ["SELECT a", "SELECT b"]),
            ("cache", ["GET a", "GET b"]),
            ("call", ["GET /a", "POST /b"]),
            ("publish", ["send a", "send b"]),
            ("internal", ["step", "view"]),
            ("price server", ["GET /a", "GET /c"]),
            ("connect", ["tcp", "tls"]),
            ("out", ["a", "b"]),
        ]);
        let name = place.at(4).pick(&names);
        let mark = place.at(5).pick(&[
            "",
            "",
            "",
            " err",
            " hidden",
            " parent=77",
            " batched",
            " to=x",
            " scope=y",
            " follows",
        ]);
        let end = at + place.at(6).within(0, 30);
        let count = place.at(7).pick(&["", "", " x2", " x5", " x9+1"]);
        let indent = " ".repeat(depth as usize * 2);
        text.push_str(&format!("{indent}{class} {name} {at}..{end}{mark}{count}\n"));
    }
    Drawing::new(&text)
}

fn known(prepared: &Prepared) -> String {
    let sources: Vec<_> = (0..prepared.sources.len() as u32)
        .map(|slot| prepared.sources.row(slot))
        .collect();
    format!(
        "{:?}\n{sources:?}\n{:?}\n{:?}",
        prepared.census, prepared.segments, prepared.operations
    )
}

#[test]
fn what_is_known_of_siblings_that_repeat_is_what_a_look_at_each_would_tell() {
    let mut prepared = Prepared::new(Thresholds::default());
    let (mut forest, mut repeats) = (Forest::default(), 0);
    for seed in 0..3_000 {
        let drawing = drawn(seed);
        let (trace, dictionary) = (&drawing.trace, &drawing.dictionary);
        forest.normalise(trace, None, dictionary, &Settings::default());
        prepared.layout.build(&forest);
        prepared.visit(trace, &forest, dictionary, true);
        let together = known(&prepared);
        prepared.visit(trace, &forest, dictionary, false);
        assert_eq!(together, known(&prepared), "{seed}");
        let visits: Vec<_> = prepared.layout.visits(&forest).collect();
        repeats += visits
            .windows(2)
            .filter(|pair| pair[1].repeats(&pair[0], trace))
            .count();
    }
    assert!(repeats > 3_000, "{repeats} tell something");
}

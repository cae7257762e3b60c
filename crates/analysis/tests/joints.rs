//! What several faults of one trace save together.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use hotspan_analysis::{Analyser, AnalyserSettings, When};
use hotspan_model::{Fingerprint, JOINT_MAX, JointRow, Nanos, Report};
use hotspan_testkit::Drawing;

fn report(text: &str) -> Report {
    let drawing = Drawing::new(text);
    let mut report = Report::default();
    let mut analyser = Analyser::new(AnalyserSettings::default());
    let dictionary = &drawing.dictionary;
    analyser.analyse(&drawing.trace, None, When::Claimed, dictionary, &mut report);
    report
}

/// Each row as its detectors, what each saves alone and what all save together, in ms.
fn check(text: &str, expected: &[&str]) {
    let report = report(text);
    let detector = |of: Fingerprint| {
        let own = report.findings.iter().find(|finding| finding.fingerprint == of);
        own.unwrap().detector
    };
    let millis = |time: Nanos| time.0 / 1_000_000;
    let rows = report.joints.iter().map(|row| {
        let count = count(row);
        let mut alone: Vec<String> = (0..count)
            .map(|at| format!("{} {}", detector(row.faults[at]), millis(row.savings[1 << at])))
            .collect();
        alone.sort();
        format!("{}: {}", alone.join(", "), millis(row.savings[(1 << count) - 1]))
    });
    assert_eq!(rows.collect::<Vec<_>>(), expected, "{text}");
}

fn count(row: &JointRow) -> usize {
    row.faults
        .iter()
        .filter(|&&fault| fault != Fingerprint(0))
        .count()
}

#[test]
fn faults_one_after_the_other_add_up() {
    let text = "
        cart GET /cart        0..200
          db SELECT item     10..20 x6
          db SELECT price    80..90 x6
          cache GET stock   150..152 x12
        ";
    assert_eq!(report(text).findings.len(), 3);
    check(text, &[]);
}

#[test]
fn a_loop_inside_each_call_of_a_loop_is_saved_once() {
    let call = |from: u64| {
        format!(
            "\n  call GET /price {from}..{}\n    price server GET /price {}..{} host=b\n      db SELECT tax {}..{} x5",
            from + 30,
            from + 1,
            from + 29,
            from + 2,
            from + 7
        )
    };
    let calls: String = (0..6).map(|n| call(10 + 30 * n)).collect();
    // Six calls of 30 ms become one of 45 at most; what the queries cost is gone with them.
    check(
        &format!("cart GET /cart 0..200 host=a{calls}"),
        &["n-plus-one-call 135, n-plus-one-query 120: 135"],
    );
}

#[test]
fn a_shorter_branch_saves_less_once_all_run_side_by_side() {
    check(
        "
        shop GET /            0..400 host=a
          call GET /a        10..110
          call GET /b       110..210
            b server GET /b 111..209 host=b
              db SELECT x   115..130 x6
          call GET /c       210..310
        ",
        &["n-plus-one-query 75, serial-fan-out 200: 200"],
    );
}

#[test]
fn of_many_faults_in_one_another_none_is_counted_twice() {
    let mut text = "cart GET /c 0..4000 host=h\n".to_owned();
    for call in 0..6 {
        let from = 10 + call * 600;
        text += &format!("  call GET /p {from}..{}\n", from + 600);
        text += &format!("    p server GET /p {}..{} host=p\n", from + 1, from + 599);
        for query in 0..6 {
            let at = from + 5 + query * 90;
            text += &format!("      db SELECT t{query} {at}..{} x6\n", at + 14);
        }
    }
    let report = report(&text);
    assert!(report.findings.len() > JOINT_MAX, "{}", report.findings.len());
    assert!(report.joints.len() > 1);
    for row in &report.joints {
        holds(row, report.duration, &text);
    }
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// A request whose calls carry loops, one after the other, side by side, and in one another.
fn drawn(dice: &mut Dice) -> String {
    let mut text = "shop GET / 0..3000 host=a\n".to_owned();
    let mut from = 10;
    let calls = 2 + dice.below(6);
    let same = dice.below(2) == 0;
    for call in 0..calls {
        let length = 60 + dice.below(300);
        let name = if same { 0 } else { call };
        text += &format!("  call GET /p{name} {from}..{}\n", from + length);
        text += &format!(
            "    p{name} server GET /p{name} {}..{} host=p\n",
            from + 1,
            from + length - 1
        );
        let repeats = 2 + dice.below(8);
        let each = (length - 10) / repeats;
        text += &format!(
            "      db SELECT t{} {}..{} x{repeats}\n",
            dice.below(3),
            from + 3,
            from + 3 + each
        );
        from += if dice.below(4) == 0 {
            length / 2
        } else {
            length + dice.below(10)
        };
    }
    text += &format!("  db SELECT own {from}..{} x{}\n", from + 10, 3 + dice.below(6));
    text
}

/// More faults never save less, none more than alone, and all no more than there is.
fn holds(row: &JointRow, unit: Nanos, text: &str) {
    let count = count(row);
    for set in 1..1_usize << count {
        for at in (0..count).filter(|at| set >> at & 1 == 1) {
            let (with, without) = (row.savings[set], row.savings[set & !(1 << at)]);
            assert!(without <= with, "{row:?}\n{text}");
            assert!(with <= without.plus(row.savings[1 << at]), "{row:?}\n{text}");
        }
        assert!(row.savings[set] <= unit, "{row:?}\n{text}");
    }
    assert!(
        row.savings[1 << count..]
            .iter()
            .all(|saving| *saving == Nanos::ZERO)
    );
}

#[test]
fn m17_together_faults_save_at_most_the_sum_and_at_most_what_is_there() {
    let mut rows = 0;
    for seed in 0..300 {
        let text = drawn(&mut Dice(seed));
        let report = report(&text);
        rows += report.joints.len();
        for row in &report.joints {
            holds(row, report.duration, &text);
            let own = |of: Fingerprint| -> Nanos {
                let own = report.findings.iter().filter(|finding| finding.fingerprint == of);
                own.map(|finding| finding.saving.likely).sum()
            };
            for at in 0..count(row) {
                assert_eq!(row.savings[1 << at], own(row.faults[at]), "seed {seed}");
            }
        }
        if report.joints.is_empty() {
            let sum: Nanos = report.findings.iter().map(|finding| finding.saving.likely).sum();
            assert!(sum <= report.duration, "seed {seed}\n{text}");
        }
    }
    assert!(rows > 100, "{rows}");
}

//! A skeleton stands for its statement: what has the same skeleton has the same template.

use std::collections::HashMap;

use hotspan_model::{ParamHash, ParamKey, TableSeed, Visibility};
use hotspan_otlp::text::sql::{self, Skeleton};
use hotspan_otlp::text::{Statement, analyse};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const SYSTEMS: [&str; 7] = [
    "",
    "postgresql",
    "mysql",
    "microsoft.sql_server",
    "oracle.db",
    "gcp.bigquery",
    "cassandra",
];

/// Where a literal goes.
const HOLE: &str = "\u{1}";

const PIECES: &[&str] = &[
    "select ",
    "from ",
    " where ",
    " or ",
    " and ",
    " union all ",
    "values",
    "insert into t ",
    "savepoint ",
    "fetch from ",
    "deallocate ",
    "null",
    "true",
    "a",
    "t_20240101",
    "\"q\"",
    "`b`",
    "[c]",
    "?",
    "$1",
    ":n",
    "@@v",
    "%s",
    "::int",
    "=",
    "<",
    "(",
    ")",
    "]",
    ",",
    ";",
    ".",
    " ",
    "-",
    "+",
    "#",
    "$",
    "e",
    "é",
    "/* c */",
    "-- c\n",
    "...",
    HOLE,
    HOLE,
    HOLE,
    HOLE,
];

const LITERALS: &[&str] = &[
    "1",
    "23",
    "456",
    "-4",
    "+5.5",
    ".5",
    "1e-9",
    "0xff",
    "''",
    "'x'",
    "'it''s'",
    "'a long one'",
    "E'a\\'b'",
    "N'n'",
    "_utf8'x'",
    "$$d$$",
    "q'[x]'",
    "550e8400-e29b-41d4-a716-446655440000",
    "deadbeef-e29b-41d4-a716-446655440000",
];

fn skeleton(system: &str, text: &str) -> Skeleton {
    sql::skeleton(
        system,
        text.as_bytes(),
        ParamKey::BUILT_IN,
        &TableSeed(7).build(1),
    )
}

fn read(system: &str, text: &str) -> Statement {
    let mut out = Statement::default();
    analyse(system, text, ParamKey::BUILT_IN, &mut out);
    out
}

/// What equal skeletons share.
fn shared(system: &str, text: &str) -> (String, bool, u32, ParamHash) {
    let out = read(system, text);
    (out.template, out.session, out.batch, out.masked)
}

fn filled(shape: &str, literals: &[&str]) -> String {
    let mut literals = literals.iter().cycle();
    let pieces = shape.split(HOLE).enumerate();
    pieces
        .map(|(at, piece)| match at {
            0 => piece.to_owned(),
            _ => format!(
                "{}{piece}",
                literals.next().expect("a cycle of at least one has no end")
            ),
        })
        .collect()
}

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..25).prop_map(|pieces| pieces.concat())
}

fn literals() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(LITERALS), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_skeleton_says_of_arguments_what_the_statement_says(
        system in prop::sample::select(&SYSTEMS[..]), shape in soup(), literals in literals(),
    ) {
        let text = filled(&shape, &literals);
        let (skeleton, statement) = (skeleton(system, &text), read(system, &text));
        prop_assert_eq!(skeleton.params(statement.masked), statement.params, "{}", text);
        prop_assert_eq!(skeleton.visibility, statement.visibility, "{}", text);
    }

    #[test]
    fn equal_skeletons_have_equal_templates_whatever_touches(
        system in prop::sample::select(&SYSTEMS[..]), shape in soup(), one in literals(), other in literals(),
    ) {
        let (one, other) = (filled(&shape, &one), filled(&shape, &other));
        if skeleton(system, &one).hash == skeleton(system, &other).hash {
            prop_assert_eq!(shared(system, &one), shared(system, &other), "{} / {}", one, other);
        }
    }

    #[test]
    fn statements_that_differ_in_literals_alone_have_one_skeleton(
        one in literals(), other in literals(), name in "[a-z]{1,6}",
    ) {
        // Forms that every system reads as one literal.
        let plain = |literals: &[&'static str]| -> Vec<&'static str> {
            let plain = |text: &&&str| !text.contains(['E', 'q', '$', '.']);
            literals.iter().filter(plain).copied().chain(["7"]).collect()
        };
        let shape = format!(
            "SELECT {name}, \u{1} FROM t WHERE a = \u{1} AND b IN (\u{1}, \u{1}) OR {name} < \u{1} LIMIT \u{1}"
        );
        let (one, other) = (filled(&shape, &plain(&one)), filled(&shape, &plain(&other)));
        for system in ["postgresql", "mysql", "cassandra"] {
            prop_assert_eq!(skeleton(system, &one).hash, skeleton(system, &other).hash, "{} / {}", one, other);
        }
    }
}

#[test]
fn different_templates_have_different_skeletons() {
    let mut seen: HashMap<u64, (String, String)> = HashMap::new();
    let parts = [
        "a", "b", "1", "'x'", "=", " ", "(", ")", ",", "or", "null", "-", ".",
    ];
    for n in 0..parts.len().pow(4) {
        let place = |power: u32| parts[n / parts.len().pow(power) % parts.len()];
        let text: String = (0..4).map(place).collect();
        let template = read("postgresql", &text).template;
        let (of, with) = seen
            .entry(skeleton("postgresql", &text).hash)
            .or_insert_with(|| (template.clone(), text.clone()));
        assert_eq!(*of, template, "{with} / {text}");
    }
}

#[test]
fn what_a_template_masks_is_an_argument() {
    let params = |text: &str| {
        let masked = read("postgresql", text).masked;
        skeleton("postgresql", text).params(masked)
    };
    for (one, other) in [
        ("SELECT * FROM events_20240101", "SELECT * FROM events_20250101"),
        (
            "SELECT a FROM t WHERE b IN (NULL, 1)",
            "SELECT a FROM t WHERE b IN (1, NULL)",
        ),
        ("FETCH 10 FROM c1", "FETCH 10 FROM c2"),
    ] {
        assert_eq!(
            read("postgresql", one).template,
            read("postgresql", other).template
        );
        assert_ne!(params(one), params(other), "{one} / {other}");
    }
}

#[test]
fn comments_do_not_count_and_an_open_literal_is_told() {
    let hash = |text| skeleton("postgresql", text).hash;
    assert_eq!(
        hash("SELECT 1 /* trace='a' */"),
        hash("SELECT 2 /* trace='bc' */")
    );
    assert_ne!(skeleton("mysql", "SELECT 1").hash, hash("SELECT 1"));
    for (text, visibility) in [
        ("SELECT a FROM t WHERE b = 'abc", Visibility::Cut),
        ("SELECT $1", Visibility::Hidden),
        ("SELECT a FROM…", Visibility::Cut),
    ] {
        assert_eq!(skeleton("postgresql", text).visibility, visibility, "{text}");
    }
    let long = "é".repeat(10_000);
    assert_eq!(skeleton("postgresql", &long).visibility, Visibility::Cut);
}

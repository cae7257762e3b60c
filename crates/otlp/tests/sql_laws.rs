//! What holds of every statement: the laws of the normaliser, over made-up and hostile texts.

use hotspan_model::{ParamKey, Visibility};
use hotspan_otlp::text::{Statement, analyse, facts};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const SYSTEMS: [&str; 8] = [
    "",
    "postgresql",
    "mysql",
    "microsoft.sql_server",
    "oracle.db",
    "gcp.bigquery",
    "clickhouse",
    "cassandra",
];

fn read(system: &str, text: &str) -> Statement {
    let mut statement = Statement::default();
    analyse(system, text, ParamKey::BUILT_IN, &mut statement);
    statement
}

fn system() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&SYSTEMS[..])
}

/// Pieces of SQL, well-formed and not.
const PIECES: &[&str] = &[
    "SELECT",
    "select",
    "from",
    "WHERE",
    "and",
    "OR",
    "union",
    "all",
    "values",
    "insert",
    "into",
    "update",
    "set",
    "null",
    "TRUE",
    "default",
    "array",
    "in",
    "with",
    "as",
    "call",
    "fetch",
    "savepoint",
    "rollback",
    "to",
    "deallocate",
    "prepare",
    "execute",
    "begin",
    "order",
    "by",
    "limit",
    "a",
    "t1",
    "t_20240101",
    "deadbeef01",
    "\"q\"",
    "\"or\"",
    "\"a b\"",
    "\"t1234\"",
    "`b`",
    "`b``c`",
    "[c]",
    "'x'",
    "'it''s'",
    "E'a\\'b'",
    "N'n'",
    "$$d$$",
    "$t$d$t$",
    "1",
    "23",
    "-4",
    "+5.5",
    ".5",
    "1e-9",
    "0xff",
    "1_000",
    "?",
    "$1",
    ":n",
    "@p",
    "@@v",
    "%s",
    "%(x)s",
    "{a:B}",
    "::int",
    ":",
    "@",
    "$",
    "%",
    "{",
    "}",
    "#",
    "-",
    "/",
    "*",
    "+",
    "=",
    "<",
    ">",
    "(",
    ")",
    "[",
    "]",
    ",",
    ";",
    ".",
    " ",
    " ",
    " ",
    "\n",
    "-- c\n",
    "/* c */",
    "/* a /* b */ */",
    "s",
    "é",
    "'",
    "\"",
    "\\",
    "q'[x]'",
    "u&",
    "x",
    "e",
    "...",
];

/// The pieces, joined in any order.
fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn outputs_are_fixed_points_and_never_longer(system in system(), text in soup()) {
        let once = read(system, &text);
        prop_assert!(once.sanitised.len() <= text.len(), "{:?}", once);
        prop_assert!(once.template.len() <= text.len(), "{:?}", once);
        let again = read(system, &once.sanitised);
        prop_assert_eq!(&again.sanitised, &once.sanitised, "sanitised, of {}", text);
        prop_assert_eq!(&again.template, &once.template, "template of sanitised {}", once.sanitised);
        prop_assert_eq!(&read(system, &once.template).template, &once.template, "template");
    }

    #[test]
    fn any_text_is_read(system in system(), text in "\\PC{0,200}") {
        let once = read(system, &text);
        prop_assert!(once.template.len() <= text.len() && once.sanitised.len() <= text.len());
        prop_assert!(once.summary.len() <= 255);
        facts(&once.template);
    }

    #[test]
    fn no_literal_survives(system in system(), name in "[a-z]{1,5}", secret in "zq[a-z]{6}", number in 7_000_000u32..8_000_000) {
        let text = format!(
            "SELECT {name}, '{secret}', {number} FROM {name}_t WHERE a = '{secret} it''s {secret}' AND b IN ({number}, \
             -{number}.5) AND c LIKE '%{secret}%' /* {secret} */ LIMIT {number} -- {secret}"
        );
        for end in 0..=text.len() {
            let cut = &text[..end];
            let out = read(system, cut);
            for shown in [&out.sanitised, &out.template, &out.summary] {
                prop_assert!(!shown.contains(&secret) && !shown.contains(&number.to_string()), "{shown}");
            }
        }
    }

    #[test]
    fn literals_case_comments_and_lists_do_not_show(
        left in prop::collection::vec(0u32..99, 1..6),
        right in prop::collection::vec("'[a-z ]{0,9}'", 1..6),
        blanks in "[ \n\t]{1,4}",
        comment in "[a-z]{0,5}",
    ) {
        let join = |values: &[String], glue: &str| values.join(glue);
        let left: Vec<_> = left.iter().map(u32::to_string).collect();
        let one = format!("SELECT a FROM t WHERE b IN ({}) AND c = {}", join(&left, ","), left[0]);
        let other = format!(
            "select{blanks}A from/*{comment}*/T where{blanks}b in({}){blanks}AND c={} -- {comment}",
            join(&right, " , "), right[0]
        );
        prop_assert_eq!(read("", &one).template, read("", &other).template);
    }
}

#[test]
fn a_cut_inside_a_string_comment_or_identifier_is_flagged() {
    let text = "SELECT \"a b\" FROM t WHERE x = 'some text' /* why */ AND y = 1";
    let inside = ["\"a b\"", "'some text'", "/* why */"];
    for piece in inside {
        let start = text.find(piece).unwrap();
        for end in start + 2..start + piece.len() {
            assert_eq!(
                read("postgresql", &text[..end]).visibility,
                Visibility::Cut,
                "{}",
                &text[..end]
            );
        }
    }
}

#[test]
fn long_and_deep_texts_cost_linear_time() {
    for text in [
        "(".repeat(16_384),
        "a,".repeat(8_192),
        "(1,".repeat(5_000),
        "a1".repeat(8_000),
        "f".repeat(16_384),
        "'a' or ".repeat(2_000),
        "/*".repeat(8_000),
        "$a".repeat(8_000),
        "union all select ".repeat(900),
    ] {
        for system in SYSTEMS {
            let out = read(system, &text);
            assert!(out.template.len() <= text.len());
            facts(&out.template);
        }
    }
}

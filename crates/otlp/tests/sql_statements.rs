//! Statements as real drivers send them: template, summary, facts.

use hotspan_model::{ParamKey, TemplateFacts, Verb, Visibility};
use hotspan_otlp::text::{Statement, analyse, facts};

fn read(system: &str, text: &str) -> Statement {
    let mut statement = Statement::default();
    analyse(system, text, ParamKey::BUILT_IN, &mut statement);
    statement
}

fn template(system: &str, text: &str) -> String {
    read(system, text).template
}

fn facts_of(text: &str) -> TemplateFacts {
    facts(&template("postgresql", text))
}

fn names(names: &[Box<str>]) -> Vec<&str> {
    names.iter().map(|name| &**name).collect()
}

#[test]
fn the_texts_of_an_orm_lose_quotes_case_and_stray_literals() {
    let text = r#"SELECT "store_customer"."id", "store_customer"."name" FROM "store_customer" WHERE "store_customer"."id" = %s LIMIT 21"#;
    let statement = read("postgresql", text);
    assert_eq!(
        statement.template,
        "select store_customer.id,store_customer.name from store_customer where store_customer.id=? limit ?"
    );
    assert_eq!(statement.summary, r#"SELECT "store_customer""#);
    assert_eq!(statement.visibility, Visibility::Hidden);
    let facts = facts(&statement.template);
    assert_eq!(
        (facts.verb, &*facts.summary),
        (Verb::Read, "SELECT store_customer")
    );
    assert_eq!(names(&facts.reads), ["store_customer"]);
}

#[test]
fn templates_do_not_know_literals_layout_or_list_length() {
    let same = [
        (
            "SELECT a FROM t WHERE id IN (1, 2, 3)",
            "select a\nfrom t where id in(7) -- x",
        ),
        (
            "SELECT a FROM t WHERE id IN ($1::INT, $2::INT)",
            "SELECT a FROM t WHERE id IN ($1::int)",
        ),
        (
            "INSERT INTO t (a,b) VALUES (1, NULL), (DEFAULT, 'x')",
            "INSERT INTO t (a, b) VALUES (?, ?);",
        ),
        (
            "INSERT INTO t VALUES (now(), 1), (now(), NULL)",
            "INSERT INTO t VALUES (now(), 1)",
        ),
        (
            "SELECT a FROM t WHERE a = 1 OR a = 2 OR a = 3",
            "SELECT a FROM t WHERE a = 9",
        ),
        ("SELECT ARRAY[1,2,3]", "SELECT ARRAY[4]"),
        (
            "SELECT a FROM t WHERE i=1 UNION ALL SELECT a FROM t WHERE i=2",
            "SELECT a FROM t WHERE i=3",
        ),
        ("SELECT * FROM events_20240101", "SELECT * FROM events_20250101"),
        ("SAVEPOINT s1_x4", "savepoint other"),
        ("FETCH FORWARD 100 FROM \"c1\"", "FETCH FORWARD 50 FROM c2"),
        ("SELECT'a'", "SELECT 'a'"),
        ("SELECT a/* x */FROM t", "SELECT a FROM t"),
        (
            "SELECT * FROM t WHERE (a, b) IN ((1, 2), (3, 4))",
            "SELECT * FROM t WHERE (a, b) IN ((1, 2))",
        ),
    ];
    for (one, other) in same {
        assert_eq!(template("postgresql", one), template("postgresql", other));
    }
    assert_ne!(
        template("", "SELECT a FROM t WHERE a=1 OR b=2"),
        template("", "SELECT a FROM t WHERE a=1")
    );
}

#[test]
fn every_dialect_delimits_its_own_strings() {
    let cases = [
        ("mysql", r#"SELECT "se\"cret", 'it\'s' # secret"#, "select ?,?"),
        (
            "postgresql",
            r"SELECT $q$ it's secret $q$, E'it\'s', U&'x', N'y'",
            "select ?,?,?,?",
        ),
        (
            "microsoft.sql_server",
            "SELECT [a b], [c] FROM [dbo].[T]",
            "select `a b`,c from dbo.t",
        ),
        (
            "oracle.db",
            "SELECT q'[it's secret]' FROM dual",
            "select ? from dual",
        ),
        ("gcp.bigquery", "SELECT '''it's secret''', \"x\"", "select ?,?"),
        (
            "cassandra",
            "SELECT a FROM t WHERE id = 550e8400-e29b-41d4-a716-446655440000",
            "select a from t where id=?",
        ),
        (
            "clickhouse",
            "SELECT a FROM t WHERE id = {id:UInt32}",
            "select a from t where id=?",
        ),
        (
            "",
            "SELECT 0x1F, 1_000, .5, 1e-9, @@version, a::int, %(x)s, :y",
            "select ?,?,?,?,@@version,a::int,?,?",
        ),
    ];
    for (system, text, expected) in cases {
        assert_eq!(template(system, text), expected, "{system}: {text}");
    }
}

#[test]
fn a_summary_has_verbs_and_targets_in_order() {
    let cases = [
        (
            "SELECT * FROM a x, b AS y JOIN s.c ON 1=1 WHERE z IN (SELECT q FROM d)",
            "SELECT a b s.c SELECT d",
        ),
        ("INSERT INTO t (a) SELECT a FROM u", "INSERT t SELECT u"),
        (
            "WITH x AS (SELECT 1 FROM a), y AS (SELECT 2 FROM x) SELECT * FROM y, b",
            "SELECT a SELECT SELECT b",
        ),
        ("UPDATE t SET a = 1 FROM u WHERE t.i = u.i", "UPDATE t u"),
        ("DELETE FROM t USING u WHERE a = 1", "DELETE t u"),
        (
            "MERGE INTO t USING s ON a = b WHEN MATCHED THEN UPDATE SET x = 1",
            "MERGE t s",
        ),
        ("CREATE UNIQUE INDEX IF NOT EXISTS i ON t (a)", "CREATE INDEX i"),
        (
            "CREATE OR REPLACE VIEW v AS SELECT * FROM t",
            "CREATE VIEW v SELECT t",
        ),
        ("CREATE TABLE t (a int DEFAULT NULL)", "CREATE TABLE t"),
        ("DROP TABLE IF EXISTS t", "DROP TABLE t"),
        ("CALL p.refresh(1)", "CALL p.refresh"),
        ("SELECT EXTRACT(YEAR FROM made) FROM t", "SELECT t"),
        (
            "SELECT a FROM t WHERE b IS DISTINCT FROM c FOR UPDATE SKIP LOCKED",
            "SELECT t",
        ),
        (
            "INSERT INTO t (a) VALUES (1) ON CONFLICT DO UPDATE SET a = 2",
            "INSERT t",
        ),
        ("SELECT * FROM (SELECT a FROM t) x, u", "SELECT SELECT t u"),
        ("SELECT a FROM unnest($1::int[]) x", "SELECT"),
        (
            "select a from t union all select b from u order by 1",
            "select t select u",
        ),
    ];
    for (text, summary) in cases {
        assert_eq!(read("postgresql", text).summary, summary, "{text}");
    }
    let long = format!(
        "SELECT a FROM {}",
        (0..100)
            .map(|n| format!("table_{n}"))
            .collect::<Vec<_>>()
            .join(", ")
    );
    let summary = read("", &long).summary;
    assert!(
        summary.len() <= 255
            && summary
                .split(' ')
                .skip(1)
                .all(|name| long.contains(&format!("{name},")))
    );
}

#[test]
fn facts_name_tables_routines_and_shapes() {
    let insert = facts_of("INSERT INTO t SELECT a FROM u JOIN v ON u.i = v.i");
    assert_eq!(
        (insert.verb, names(&insert.reads), names(&insert.writes)),
        (Verb::Write, vec!["u", "v"], vec!["t"])
    );
    assert!(facts_of("SELECT a FROM t WHERE t.id > 10 ORDER BY t.id LIMIT 20").keyset);
    assert!(!facts_of("SELECT a FROM t WHERE x > 10 ORDER BY y LIMIT 20").keyset);
    assert!(facts_of("SELECT a FROM jobs LIMIT 1 FOR UPDATE SKIP LOCKED").skip_locked);
    assert!(facts_of("FETCH FORWARD 10 FROM c").cursor);
    assert_eq!(facts_of("ALTER TABLE t ADD COLUMN a int").verb, Verb::Ddl);
    for (text, routine) in [
        ("CALL refresh_totals(1)", Some("refresh_totals")),
        ("EXEC dbo.refresh @p1", Some("dbo.refresh")),
        ("SELECT settle_order(%s)", Some("settle_order")),
        ("SELECT * FROM settle_order($1, $2)", Some("settle_order")),
        ("SELECT shop.settle_order($1) AS x", Some("shop.settle_order")),
        ("BEGIN pkg.settle(:1); END;", Some("pkg.settle")),
        ("SELECT count(*) FROM t", None),
        ("SELECT now()", None),
        ("SELECT crypt($1, $2)", None),
        ("SELECT ts_rank($1, $2)", None),
        ("SELECT * FROM unnest($1)", None),
    ] {
        let facts = facts(&template(
            if text.starts_with("EXEC") {
                "microsoft.sql_server"
            } else {
                ""
            },
            text,
        ));
        assert_eq!(facts.routine.as_deref(), routine, "{text}");
        assert_eq!(facts.verb == Verb::Routine, routine.is_some(), "{text}");
    }
}

#[test]
fn session_handling_is_told_from_work() {
    for text in [
        "BEGIN",
        "begin;",
        "BEGIN READ ONLY",
        "COMMIT",
        "ROLLBACK TO SAVEPOINT x",
        "SET search_path TO a",
        "SHOW transaction isolation level",
        "SELECT 1",
        "SELECT version()",
        "select pg_catalog.version()",
        "SELECT set_config('TimeZone', %s, false)",
        "START TRANSACTION",
        "SELECT pg_advisory_unlock_all();\nCLOSE ALL;\nUNLISTEN *;\nRESET ALL;",
    ] {
        assert!(read("postgresql", text).session, "{text}");
    }
    for text in [
        "SELECT a FROM t",
        "BEGIN pkg.settle(1); END;",
        "SELECT f(1)",
        "CREATE TABLE t (a int)",
    ] {
        assert!(!read("postgresql", text).session, "{text}");
    }
}

#[test]
fn rows_of_values_are_counted() {
    assert_eq!(
        read("", "INSERT INTO t VALUES (1, 2), (3, 4), (5, f(6))").batch,
        3
    );
    assert_eq!(read("", "INSERT INTO t VALUES (1, 2)").batch, 1);
    assert_eq!(read("", "SELECT a FROM (VALUES (1), (2)) x").batch, 2);
    let upsert = template(
        "mysql",
        "INSERT INTO t VALUES (1),(2) ON DUPLICATE KEY UPDATE a=VALUES(a), b=VALUES(b)",
    );
    assert_eq!(
        upsert,
        "insert into t values(?)on duplicate key update a=values(a),b=values(b)"
    );
}

#[test]
fn equal_arguments_hash_equal_and_others_do_not() {
    let hash = |text| read("", text).params;
    assert_eq!(
        hash("SELECT a FROM t WHERE b = 1"),
        hash("select A from T where B=1")
    );
    assert_ne!(
        hash("SELECT a FROM t WHERE b = 1"),
        hash("SELECT a FROM t WHERE b = 2")
    );
    assert_ne!(
        hash("SELECT a FROM t WHERE b IN (NULL)"),
        hash("SELECT a FROM t WHERE b IN (TRUE)")
    );
    assert_ne!(hash("SELECT a FROM t_2024"), hash("SELECT a FROM t_2025"));
    let other = ParamKey([1; 16]);
    let mut statement = Statement::default();
    analyse("", "SELECT 1", other, &mut statement);
    assert_ne!(statement.params, hash("SELECT 1"));
}

#[test]
fn visibility_says_what_can_be_compared() {
    for (text, visibility) in [
        ("SELECT 1", Visibility::Visible),
        ("SELECT a FROM t", Visibility::Visible),
        ("SELECT a FROM t WHERE b = ? AND c = 1", Visibility::Hidden),
        ("SELECT a FROM t WHERE b = 'abc", Visibility::Cut),
        ("SELECT a FROM t WHERE b = 1 AND...", Visibility::Cut),
        ("SELECT a FROM t /* abc", Visibility::Cut),
        ("SELECT a FROM \"t", Visibility::Cut),
        ("SELECT a FROM…", Visibility::Cut),
    ] {
        assert_eq!(read("", text).visibility, visibility, "{text}");
    }
    assert_eq!(read("", &"SELECT a, ".repeat(2_000)).visibility, Visibility::Cut);
}

#[test]
fn the_texts_of_drivers_make_readable_templates() {
    for (text, expected) in [
        (
            "INSERT INTO \"store_auditlog\" (\"actor\", \"at\") SELECT * FROM UNNEST((%s)::text[], (%s)::timestamp with \
             time zone[]) RETURNING \"store_auditlog\".\"id\"",
            "insert into store_auditlog(actor,at)select*from unnest((?)::text[],(?)::timestamp with time zone[])\
             returning store_auditlog.id",
        ),
        (
            "SELECT store_review.id AS store_review_id, store_review.stars AS store_review_stars \nFROM store_review \n\
             WHERE %(param_1)s = store_review.product_id",
            "select store_review.id as store_review_id,store_review.stars as store_review_stars from store_review \
             where ?=store_review.product_id",
        ),
        (
            "SELECT value FROM store_sitesetting WHERE key = 'setting_7' /*traceparent='00-1-2-01'*/",
            "select value from store_sitesetting where key=?",
        ),
        (
            "SELECT id FROM store_product ORDER BY id OFFSET $1 LIMIT 18",
            "select id from store_product order by id offset ? limit ?",
        ),
    ] {
        assert_eq!(template("postgresql", text), expected);
    }
}

//! How the dialects differ, by `db.system`.

/// What the lexer must know of a dialect. When in doubt a text is a string: doubt redacts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dialect {
    /// `\` escapes in every string.
    pub(super) backslash: bool,
    /// `"…"` is a string.
    pub(super) double_quoted_strings: bool,
    /// `'''…'''` is one string.
    pub(super) triple_quotes: bool,
    /// `#` starts a comment.
    pub(super) hash_comments: bool,
    /// `$tag$…$tag$` is a string.
    pub(super) dollar_quotes: bool,
    /// `[…]` is an identifier.
    pub(super) brackets: bool,
    /// `q'[…]'` is a string.
    pub(super) q_quotes: bool,
    /// `EXECUTE name` calls a routine; elsewhere it runs a prepared statement.
    pub(super) execute_is_call: bool,
}

impl Dialect {
    /// How templates are read again: they hold no string and no comment.
    pub(super) const TEMPLATE: Dialect = Dialect {
        backslash: false,
        double_quoted_strings: false,
        triple_quotes: false,
        hash_comments: false,
        dollar_quotes: false,
        brackets: false,
        q_quotes: false,
        execute_is_call: true,
    };

    /// The dialect of a system by its canonical name; standard SQL when it is unknown, but that `"…"` may be a string.
    pub(super) fn of(system: &str) -> Dialect {
        let plain = Dialect::default();
        match system {
            "mysql" | "mariadb" | "tidb" | "singlestore" => Dialect {
                backslash: true,
                double_quoted_strings: true,
                hash_comments: true,
                ..plain
            },
            "clickhouse" => Dialect {
                backslash: true,
                ..plain
            },
            "bigquery" | "gcp.bigquery" | "gcp.spanner" | "spark" | "hive" | "databricks" => Dialect {
                backslash: true,
                double_quoted_strings: true,
                triple_quotes: true,
                ..plain
            },
            "couchbase" => Dialect {
                backslash: true,
                double_quoted_strings: true,
                ..plain
            },
            "microsoft.sql_server" | "sqlite" | "sybase" => Dialect {
                brackets: true,
                execute_is_call: system != "sqlite",
                ..plain
            },
            "oracle.db" | "ibm.db2" => Dialect {
                q_quotes: true,
                execute_is_call: true,
                ..plain
            },
            _ => Dialect {
                dollar_quotes: true,
                double_quoted_strings: !quotes_names(system),
                ..plain
            },
        }
    }
}

/// Whether `"…"` is known to be an identifier.
fn quotes_names(system: &str) -> bool {
    matches!(
        system,
        "postgresql"
            | "other_sql"
            | "cassandra"
            | "cockroachdb"
            | "h2database"
            | "aws.redshift"
            | "sap.hana"
            | "sap.maxdb"
            | "snowflake"
            | "trino"
            | "hsqldb"
            | "derby"
            | "duckdb"
            | "edb"
            | "firebirdsql"
            | "greenplum"
            | "ibm.informix"
            | "ibm.netezza"
            | "presto"
            | "teradata"
            | "timescaledb"
            | "vertica"
            | "yugabytedb"
    )
}

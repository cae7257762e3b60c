//! The tables, as numbered steps forward. A step runs in a transaction and is never changed once it was released.

use rusqlite::{Connection, Transaction};

/// What each step does; the first makes schema 1.
const STEPS: [&str; 2] = [SCHEMA_1, SCHEMA_2];

/// Rows of shards are told apart by table, shard and key, and hold what only this program can read. `touched` is the
/// second in which one was written last: retention goes by it.
const SCHEMA_1: &str = "
CREATE TABLE wrote (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    shards INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE TABLE row (
    kind INTEGER NOT NULL,
    shard INTEGER NOT NULL,
    key BLOB NOT NULL,
    touched INTEGER NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (kind, shard, key)
) STRICT;
CREATE INDEX row_touched ON row (touched);
CREATE TABLE note (
    hotspot BLOB PRIMARY KEY,
    decision TEXT NOT NULL,
    until INTEGER,
    reason TEXT NOT NULL,
    by TEXT NOT NULL,
    at INTEGER NOT NULL,
    impact INTEGER NOT NULL,
    over TEXT
) STRICT;
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    hotspot BLOB NOT NULL,
    decision TEXT NOT NULL,
    until INTEGER,
    reason TEXT NOT NULL,
    by TEXT NOT NULL
) STRICT;
CREATE TABLE progress (
    log INTEGER PRIMARY KEY,
    hi INTEGER NOT NULL,
    floor INTEGER NOT NULL,
    floor_clock INTEGER NOT NULL,
    stubs BLOB NOT NULL,
    rules BLOB NOT NULL
) STRICT;
";

/// Traces that hotspots show. `value` is compressed, and `size` long when it is not.
const SCHEMA_2: &str = "
CREATE TABLE trace (
    id BLOB PRIMARY KEY,
    size INTEGER NOT NULL,
    outline BLOB NOT NULL,
    value BLOB NOT NULL
) STRICT;
";

/// The schema that this program works with.
pub(crate) const LATEST: u32 = STEPS.len() as u32;

/// The schema of a file; 0 for a new one.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Takes the steps that are missing, each in its own transaction.
pub(crate) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let from = version(connection)?;
    for (at, step) in (1..).zip(STEPS).filter(|(at, _)| from < *at) {
        let transaction = connection.transaction()?;
        take(&transaction, at, step)?;
        transaction.commit()?;
    }
    Ok(())
}

fn take(transaction: &Transaction<'_>, at: u32, step: &str) -> rusqlite::Result<()> {
    transaction.execute_batch(step)?;
    transaction.pragma_update(None, "user_version", at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables and columns of each schema, as they were when it was released.
    const TABLES: [&str; 2] = [
        "audit(id,at,hotspot,decision,until,reason,by) \
         note(hotspot,decision,until,reason,by,at,impact,over) \
         progress(log,hi,floor,floor_clock,stubs,rules) \
         row(kind,shard,key,touched,value) \
         wrote(id,shards,at)",
        "audit(id,at,hotspot,decision,until,reason,by) \
         note(hotspot,decision,until,reason,by,at,impact,over) \
         progress(log,hi,floor,floor_clock,stubs,rules) \
         row(kind,shard,key,touched,value) \
         trace(id,size,outline,value) \
         wrote(id,shards,at)",
    ];

    fn tables(connection: &Connection) -> String {
        let sql =
            "SELECT m.name || '(' || (SELECT group_concat(name, ',') FROM pragma_table_info(m.name)) || ')'
                   FROM sqlite_schema m WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' ORDER BY m.name";
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<Vec<String>, _>>().unwrap().join(" ")
    }

    #[test]
    fn every_step_leads_from_the_schema_before_it_to_its_own() {
        for (at, step) in (1..).zip(STEPS) {
            let mut connection = Connection::open_in_memory().unwrap();
            for (at, step) in (1..at).zip(STEPS) {
                let transaction = connection.transaction().unwrap();
                take(&transaction, at, step).unwrap();
                transaction.commit().unwrap();
            }
            let transaction = connection.transaction().unwrap();
            take(&transaction, at, step).unwrap();
            transaction.commit().unwrap();
            assert_eq!(version(&connection).unwrap(), at);
            assert_eq!(tables(&connection), TABLES[at as usize - 1]);
        }
    }

    #[test]
    fn what_a_file_of_the_first_schema_holds_is_there_after_the_steps() {
        let mut connection = Connection::open_in_memory().unwrap();
        let transaction = connection.transaction().unwrap();
        take(&transaction, 1, SCHEMA_1).unwrap();
        transaction
            .execute_batch(
                "INSERT INTO row VALUES (1, 0, x'07', 5, x'0102'); INSERT INTO wrote VALUES (1, 2, 3)",
            )
            .unwrap();
        transaction.commit().unwrap();
        migrate(&mut connection).unwrap();
        let of = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, u64>(0)).unwrap();
        assert_eq!(of("SELECT count(*) FROM row WHERE value = x'0102'"), 1);
        assert_eq!(of("SELECT shards FROM wrote"), 2);
        assert_eq!(of("SELECT count(*) FROM trace"), 0);
    }

    #[test]
    fn a_step_that_fails_leaves_the_schema_before_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        let transaction = connection.transaction().unwrap();
        take(
            &transaction,
            LATEST + 1,
            "CREATE TABLE more (id); CREATE TABLE row (id);",
        )
        .unwrap_err();
        drop(transaction);
        assert_eq!(version(&connection).unwrap(), LATEST);
        assert_eq!(tables(&connection), TABLES[LATEST as usize - 1]);
    }

    #[test]
    fn a_file_of_the_latest_schema_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        connection
            .execute("INSERT INTO wrote VALUES (1, 2, 3)", [])
            .unwrap();
        migrate(&mut connection).unwrap();
        let shards: u32 = connection
            .query_row("SELECT shards FROM wrote", [], |row| row.get(0))
            .unwrap();
        assert_eq!(shards, 2);
    }
}

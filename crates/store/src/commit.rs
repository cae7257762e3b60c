//! One transaction: what changed in the shards, what people said, and how far the log is read.

use hotspan_hotspots::Row;
use hotspan_model::LogTime;
use rusqlite::{Transaction, params};

use crate::{Store, StoreError};

/// A transaction under way; dropped, nothing of it happened.
#[derive(Debug)]
pub struct Commit<'a> {
    pub(crate) transaction: Transaction<'a>,
    /// Unix second that rows are touched in.
    touched: u64,
    rows: u64,
}

/// How far a log is read, in the words of the exactly-once protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// First offset whose outputs are not stored.
    pub hi: u64,
    /// Where a new owner starts reading.
    pub floor: u64,
    /// The log's clock just before `floor`.
    pub floor_clock: LogTime,
    /// What is remembered of sessions that replay cannot rebuild.
    pub stubs: Vec<u8>,
    /// Digest of what decides.
    pub rules: Vec<u8>,
}

impl Store {
    /// Begins a transaction at `now`, which `shards` shards write to.
    pub fn begin(&mut self, shards: usize, now: LogTime) -> Result<Commit<'_>, StoreError> {
        let commit = Commit {
            transaction: self.connection.transaction()?,
            touched: now.0 / 1_000_000_000,
            rows: 0,
        };
        let sql = "INSERT INTO wrote VALUES (1, ?1, ?2)
                   ON CONFLICT (id) DO UPDATE SET shards = excluded.shards, at = excluded.at";
        let mut statement = commit.transaction.prepare_cached(sql)?;
        statement.execute(params![shards as u64, now.0.cast_signed()])?;
        drop(statement);
        Ok(commit)
    }

    /// How far the log was read; `None` when there was none.
    pub fn progress(&self) -> Result<Option<Progress>, StoreError> {
        let sql = "SELECT hi, floor, floor_clock, stubs, rules FROM progress WHERE log = 0";
        let found = self.connection.query_row(sql, [], |row| {
            Ok(Progress {
                hi: row.get::<_, i64>(0)?.cast_unsigned(),
                floor: row.get::<_, i64>(1)?.cast_unsigned(),
                floor_clock: LogTime(row.get::<_, i64>(2)?.cast_unsigned()),
                stubs: row.get(3)?,
                rules: row.get(4)?,
            })
        });
        match found {
            Ok(progress) => Ok(Some(progress)),
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl Commit<'_> {
    /// Forgets the rows of all shards, before others are written in their places.
    pub fn clear(&mut self) -> Result<(), StoreError> {
        self.transaction.execute("DELETE FROM row", [])?;
        Ok(())
    }

    /// Writes a row of a shard, or removes it.
    pub fn row(&mut self, shard: usize, row: &Row) -> Result<(), StoreError> {
        self.rows += 1;
        let (kind, shard, key) = (row.kind.code(), shard as u64, row.key.to_be_bytes());
        let Some(value) = &row.value else {
            let sql = "DELETE FROM row WHERE kind = ?1 AND shard = ?2 AND key = ?3";
            let mut statement = self.transaction.prepare_cached(sql)?;
            statement.execute(params![kind, shard, key])?;
            return Ok(());
        };
        let sql = "INSERT INTO row VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (kind, shard, key)
                   DO UPDATE SET touched = excluded.touched, value = excluded.value";
        let mut statement = self.transaction.prepare_cached(sql)?;
        statement.execute(params![kind, shard, key, self.touched, value])?;
        Ok(())
    }

    /// Notes how far the log is read.
    pub fn progress(&mut self, progress: &Progress) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO progress VALUES (0, ?1, ?2, ?3, ?4, ?5)";
        let mut statement = self.transaction.prepare_cached(sql)?;
        statement.execute(params![
            progress.hi.cast_signed(),
            progress.floor.cast_signed(),
            progress.floor_clock.0.cast_signed(),
            progress.stubs,
            progress.rules
        ])?;
        Ok(())
    }

    /// Makes all of it happen; gives how many rows were written or removed.
    pub fn finish(self) -> Result<u64, StoreError> {
        self.transaction.commit()?;
        Ok(self.rows)
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::DataDir;

    fn store(dir: &std::path::Path) -> Store {
        Store::open(DataDir::lock(dir).unwrap(), UNIX_EPOCH).unwrap().0
    }

    fn row(key: u128, bytes: usize) -> Row {
        Row {
            kind: hotspan_hotspots::RowKind::Fact,
            key,
            value: Some(vec![7; bytes]),
        }
    }

    fn count(store: &Store) -> u64 {
        let sql = "SELECT count(*) FROM row";
        store.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_full_disk_leaves_what_was_there_and_room_made_later_is_used() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = store(dir.path());
        let mut commit = store.begin(1, LogTime(0)).unwrap();
        commit.row(0, &row(1, 100)).unwrap();
        commit.finish().unwrap();
        let limit = |store: &Store, pages: u32| {
            let set = |_: &rusqlite::Row<'_>| Ok(());
            store
                .connection
                .pragma_update_and_check(None, "max_page_count", pages, set)
                .unwrap();
        };
        limit(&store, 40);
        let write = |store: &mut Store| -> Result<u64, StoreError> {
            let mut commit = store.begin(1, LogTime(0))?;
            (0..200).try_for_each(|key| commit.row(0, &row(key, 4_000)))?;
            commit.finish()
        };
        let full = write(&mut store).unwrap_err();
        assert!(full.is_full() && !full.is_corrupt(), "{full}");
        assert_eq!(count(&store), 1);
        limit(&store, 10_000);
        assert_eq!(write(&mut store).unwrap(), 200);
        assert_eq!(count(&store), 200);
    }

    #[test]
    fn progress_is_stored_with_what_it_stands_for_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = store(dir.path());
        assert_eq!(store.progress().unwrap(), None);
        let mut progress = Progress {
            hi: 7,
            floor: 3,
            floor_clock: LogTime(u64::MAX),
            stubs: vec![1],
            rules: vec![2, 3],
        };
        let mut commit = store.begin(1, LogTime(0)).unwrap();
        commit.progress(&progress).unwrap();
        commit.finish().unwrap();
        assert_eq!(store.progress().unwrap().as_ref(), Some(&progress));
        progress.hi = 9;
        let mut commit = store.begin(1, LogTime(0)).unwrap();
        commit.progress(&progress).unwrap();
        drop(commit);
        assert_eq!(store.progress().unwrap().unwrap().hi, 7);
    }
}

//! What is kept: so long, and so many bytes. What goes is deleted in small steps, evidence first, hotspots last. Traces
//! go before all of it: whoever writes them takes them away.

use hotspan_hotspots::RowKind;
use hotspan_model::{LogTime, Nanos};
use rusqlite::params;

use crate::{Store, StoreError};

/// Rows that one step deletes, so that no commit waits long for it.
const STEP: u32 = 500;
/// Free pages that one step gives back to the file system.
const PAGES: u32 = 1_000;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Rows that nothing touched for so long go.
    pub age: Nanos,
    /// Above so many bytes, those go that were touched longest ago.
    pub bytes: u64,
}

/// What a step deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Rows.
    pub rows: u64,
    /// There is more to delete.
    pub again: bool,
}

/// What goes before what when there is no room: what hotspots can be told without, then hotspots. Notes stay.
const ORDER: [RowKind; 8] = [
    RowKind::Near,
    RowKind::Order,
    RowKind::Joint,
    RowKind::Fact,
    RowKind::Edge,
    RowKind::Operation,
    RowKind::Service,
    RowKind::Hotspot,
];

impl Store {
    /// Deletes one step of what is beyond the limits at `now`.
    pub fn sweep(&mut self, limits: Limits, now: LogTime) -> Result<Swept, StoreError> {
        let mut rows = self.drop_old(limits, now)?;
        if rows == 0 && limits.bytes < self.bytes()? && !self.has_traces()? {
            rows = self.drop_oldest()?;
        }
        self.connection
            .execute_batch(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
        Ok(Swept {
            rows,
            again: rows == u64::from(STEP),
        })
    }

    fn drop_old(&mut self, limits: Limits, now: LogTime) -> Result<u64, StoreError> {
        let oldest = now.0.saturating_sub(limits.age.0) / 1_000_000_000;
        let sql = "DELETE FROM row WHERE rowid IN
                   (SELECT rowid FROM row WHERE touched < ?1 AND kind <> ?2 LIMIT ?3)";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.execute(params![oldest, RowKind::Shard.code(), STEP])? as u64)
    }

    fn drop_oldest(&mut self) -> Result<u64, StoreError> {
        let sql = "DELETE FROM row WHERE rowid IN
                   (SELECT rowid FROM row WHERE kind = ?1 ORDER BY touched LIMIT ?2)";
        let mut statement = self.connection.prepare_cached(sql)?;
        for kind in ORDER {
            let rows = statement.execute(params![kind.code(), STEP])?;
            if rows > 0 {
                return Ok(rows as u64);
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use hotspan_hotspots::Row;
    use hotspan_model::{Decision, Fingerprint, Millionths, Note};

    use super::*;
    use crate::DataDir;

    const DAY: u64 = 86_400_000_000_000;

    fn store(dir: &std::path::Path) -> Store {
        Store::open(DataDir::lock(dir).unwrap(), UNIX_EPOCH).unwrap().0
    }

    /// `count` rows of 4 KiB that were written on this day.
    fn fill(store: &mut Store, kind: RowKind, day: u64, count: u128) {
        let mut commit = store.begin(1, LogTime(day * DAY)).unwrap();
        for key in 0..count {
            let row = Row {
                kind,
                key: u128::from(day) << 64 | key,
                value: Some(vec![7; 4_096]),
            };
            commit.row(0, &row).unwrap();
        }
        commit.finish().unwrap();
    }

    fn count(store: &Store, kind: RowKind) -> u64 {
        let sql = "SELECT count(*) FROM row WHERE kind = ?1";
        store
            .connection
            .query_row(sql, [kind.code()], |row| row.get(0))
            .unwrap()
    }

    fn sweep_all(store: &mut Store, limits: Limits, day: u64) -> u64 {
        let mut swept = 0;
        while let Swept { rows, again: true } = store.sweep(limits, LogTime(day * DAY)).unwrap() {
            swept += rows;
        }
        swept
    }

    #[test]
    fn what_nothing_touched_for_a_week_goes_and_the_shard_itself_stays() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = store(dir.path());
        let limits = Limits {
            age: Nanos(7 * DAY),
            bytes: u64::MAX,
        };
        fill(&mut store, RowKind::Shard, 1, 1);
        fill(&mut store, RowKind::Hotspot, 1, 700);
        fill(&mut store, RowKind::Hotspot, 8, 10);
        assert_eq!(store.sweep(limits, LogTime(8 * DAY)).unwrap(), Swept::default());
        let before = store.bytes().unwrap();
        let first = store.sweep(limits, LogTime(9 * DAY)).unwrap();
        assert_eq!(
            first,
            Swept {
                rows: 500,
                again: true
            }
        );
        let second = store.sweep(limits, LogTime(9 * DAY)).unwrap();
        assert_eq!(
            second,
            Swept {
                rows: 200,
                again: false
            }
        );
        assert_eq!(
            (count(&store, RowKind::Hotspot), count(&store, RowKind::Shard)),
            (10, 1)
        );
        assert!(store.bytes().unwrap() < before / 4);
    }

    #[test]
    fn nothing_else_goes_for_want_of_room_while_there_are_traces() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = store(dir.path());
        fill(&mut store, RowKind::Near, 3, 600);
        let id = hotspan_model::TraceId::new(7).unwrap();
        let mut commit = store.begin(1, LogTime(0)).unwrap();
        let trace = crate::PackedTrace::new(b"a trace", Vec::new()).unwrap();
        commit.trace(id, &trace).unwrap();
        commit.finish().unwrap();
        let limits = Limits {
            age: Nanos(u64::MAX),
            bytes: 0,
        };
        assert_eq!(store.sweep(limits, LogTime(3 * DAY)).unwrap().rows, 0);
        let mut commit = store.begin(1, LogTime(0)).unwrap();
        commit.forget_trace(id).unwrap();
        commit.finish().unwrap();
        assert_eq!(store.sweep(limits, LogTime(3 * DAY)).unwrap().rows, 500);
    }

    #[test]
    fn above_so_many_bytes_hotspots_go_last_and_notes_never() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = store(dir.path());
        fill(&mut store, RowKind::Near, 3, 600);
        fill(&mut store, RowKind::Fact, 1, 600);
        fill(&mut store, RowKind::Hotspot, 1, 400);
        let note = Note {
            decision: Decision::Acknowledged { until: None },
            reason: "known".to_owned(),
            by: "ann".to_owned(),
            at: LogTime(0),
            impact: Millionths(0),
            over: None,
        };
        let mut commit = store.begin(1, LogTime(0)).unwrap();
        commit.note(Fingerprint(1), Some(&note)).unwrap();
        commit.finish().unwrap();
        let limits = |bytes| Limits {
            age: Nanos(u64::MAX),
            bytes,
        };
        let enough = store.bytes().unwrap();
        assert_eq!(sweep_all(&mut store, limits(enough), 3), 0);
        while limits(enough / 2).bytes < store.bytes().unwrap() {
            store.sweep(limits(enough / 2), LogTime(3 * DAY)).unwrap();
        }
        assert_eq!(count(&store, RowKind::Near), 0);
        assert_eq!(count(&store, RowKind::Hotspot), 400);
        while store.sweep(limits(0), LogTime(3 * DAY)).unwrap().rows > 0 {}
        assert_eq!(count(&store, RowKind::Hotspot), 0);
        assert_eq!(store.notes().unwrap().len(), 1);
    }
}

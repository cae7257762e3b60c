//! What people said, as it holds now and as it was said.

use hotspan_model::{Decision, Fingerprint, LogTime, Millionths, Note, Over};
use rusqlite::{Row, params};

use crate::{Commit, Store, StoreError};

/// Entries that the audit keeps; the oldest go first.
const AUDIT_MAX: u64 = 100_000;

/// One thing that was said, for the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// When.
    pub at: LogTime,
    /// Of which hotspot.
    pub hotspot: Fingerprint,
    /// What was decided; `None` took an earlier decision back.
    pub decision: Option<Decision>,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
}

/// The same as it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// Its number; later ones are greater.
    pub id: u64,
    /// What was said.
    pub said: Said,
}

impl Store {
    /// The last decision about each hotspot, by fingerprint.
    pub fn notes(&self) -> Result<Vec<(Fingerprint, Note)>, StoreError> {
        let sql = "SELECT decision, until, reason, by, at, hotspot, impact, over FROM note ORDER BY hotspot";
        let mut statement = self.connection.prepare(sql)?;
        let notes = statement.query_map([], note)?;
        // A decision of a later program is none to this one.
        let notes = notes.filter_map(Result::transpose);
        Ok(notes.collect::<Result<_, _>>()?)
    }

    /// The last things that were said, latest first, at most `most`.
    pub fn audit(&self, most: usize) -> Result<Vec<Audited>, StoreError> {
        let sql = "SELECT decision, until, reason, by, at, hotspot, id FROM audit ORDER BY id DESC LIMIT ?1";
        let mut statement = self.connection.prepare(sql)?;
        let entries = statement.query_map([most as u64], |row| {
            Ok(Audited {
                id: row.get(6)?,
                said: Said {
                    at: time(row, 4)?,
                    hotspot: fingerprint(row, 5)?,
                    decision: decision(row)?,
                    reason: row.get(2)?,
                    by: row.get(3)?,
                },
            })
        })?;
        Ok(entries.collect::<Result<_, _>>()?)
    }
}

impl Commit<'_> {
    /// Puts a note in the place of the one before, or takes that away.
    pub fn note(&mut self, hotspot: Fingerprint, note: Option<&Note>) -> Result<(), StoreError> {
        let hotspot = hotspot.0.to_be_bytes();
        let Some(note) = note else {
            let mut statement = self
                .transaction
                .prepare_cached("DELETE FROM note WHERE hotspot = ?1")?;
            statement.execute([hotspot])?;
            return Ok(());
        };
        let (name, until) = words(Some(note.decision));
        let sql = "INSERT OR REPLACE INTO note VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let mut statement = self.transaction.prepare_cached(sql)?;
        statement.execute(params![
            hotspot,
            name,
            until,
            note.reason,
            note.by,
            note.at.0.cast_signed(),
            note.impact.0.cast_signed(),
            note.over.map(Over::name)
        ])?;
        Ok(())
    }

    /// Keeps what was said, for the record.
    pub fn said(&mut self, said: &Said) -> Result<(), StoreError> {
        let (name, until) = words(said.decision);
        let sql =
            "INSERT INTO audit (at, hotspot, decision, until, reason, by) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        self.transaction.prepare_cached(sql)?.execute(params![
            said.at.0.cast_signed(),
            said.hotspot.0.to_be_bytes(),
            name,
            until,
            said.reason,
            said.by
        ])?;
        let sql = "DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?1";
        self.transaction.prepare_cached(sql)?.execute([AUDIT_MAX])?;
        Ok(())
    }
}

fn words(decision: Option<Decision>) -> (&'static str, Option<i64>) {
    let (name, until) = match decision {
        None => ("reopened", None),
        Some(Decision::Acknowledged { until }) => ("acknowledged", until),
        Some(Decision::Muted { until }) => ("muted", Some(until)),
    };
    (name, until.map(|until| until.0.cast_signed()))
}

/// Of a row that begins with both its words.
fn decision(row: &Row<'_>) -> rusqlite::Result<Option<Decision>> {
    let until: Option<i64> = row.get(1)?;
    let until = until.map(|until| LogTime(until.cast_unsigned()));
    Ok(match (row.get_ref(0)?.as_str()?, until) {
        ("acknowledged", until) => Some(Decision::Acknowledged { until }),
        ("muted", Some(until)) => Some(Decision::Muted { until }),
        (_, _) => None,
    })
}

fn note(row: &Row<'_>) -> rusqlite::Result<Option<(Fingerprint, Note)>> {
    let Some(decision) = decision(row)? else {
        return Ok(None);
    };
    let over: Option<String> = row.get(7)?;
    let over = over.map(|name| match name.as_str() {
        "doubled" => Over::Doubled,
        "returned" => Over::Returned,
        _ => Over::Expired,
    });
    let note = Note {
        decision,
        reason: row.get(2)?,
        by: row.get(3)?,
        at: time(row, 4)?,
        impact: Millionths(row.get::<_, i64>(6)?.cast_unsigned()),
        over,
    };
    Ok(Some((fingerprint(row, 5)?, note)))
}

fn time(row: &Row<'_>, at: usize) -> rusqlite::Result<LogTime> {
    Ok(LogTime(row.get::<_, i64>(at)?.cast_unsigned()))
}

fn fingerprint(row: &Row<'_>, at: usize) -> rusqlite::Result<Fingerprint> {
    row.get(at).map(|bytes| Fingerprint(u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::DataDir;

    fn store(dir: &std::path::Path) -> Store {
        Store::open(DataDir::lock(dir).unwrap(), UNIX_EPOCH).unwrap().0
    }

    fn held(decision: Decision, over: Option<Over>) -> Note {
        Note {
            decision,
            reason: "known; ticket 7 \u{1f680}".to_owned(),
            by: String::new(),
            at: LogTime(1_700_000_000_000_000_000),
            impact: Millionths(u64::MAX),
            over,
        }
    }

    #[test]
    fn every_kind_of_note_comes_back_as_it_was() {
        let until = LogTime(u64::MAX);
        let notes = [
            held(Decision::Acknowledged { until: None }, None),
            held(Decision::Acknowledged { until: Some(until) }, Some(Over::Expired)),
            held(Decision::Acknowledged { until: None }, Some(Over::Doubled)),
            held(Decision::Acknowledged { until: None }, Some(Over::Returned)),
            held(Decision::Muted { until }, None),
        ];
        let notes: Vec<_> = (1..).map(|n: u128| Fingerprint(n << 120)).zip(notes).collect();
        let dir = tempfile::tempdir().unwrap();
        let mut store = store(dir.path());
        let mut commit = store.begin(1, LogTime(0)).unwrap();
        for (hotspot, note) in &notes {
            commit.note(*hotspot, Some(note)).unwrap();
        }
        commit.finish().unwrap();
        assert_eq!(store.notes().unwrap(), notes);
        let mut commit = store.begin(1, LogTime(0)).unwrap();
        commit.note(notes[0].0, None).unwrap();
        commit.finish().unwrap();
        assert_eq!(store.notes().unwrap(), notes[1..]);
    }

    #[test]
    fn the_record_keeps_what_was_taken_back_and_who_said_so() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = store(dir.path());
        let said = |at: u64, decision| Said {
            at: LogTime(at),
            hotspot: Fingerprint(7),
            decision,
            reason: format!("reason {at}"),
            by: "ann".to_owned(),
        };
        let both = [
            said(1, Some(Decision::Acknowledged { until: None })),
            said(2, None),
        ];
        let mut commit = store.begin(1, LogTime(0)).unwrap();
        both.iter().for_each(|said| commit.said(said).unwrap());
        commit.finish().unwrap();
        let read: Vec<_> = store
            .audit(10)
            .unwrap()
            .into_iter()
            .map(|entry| entry.said)
            .collect();
        assert_eq!(read, [both[1].clone(), both[0].clone()]);
        assert_eq!(store.audit(1).unwrap().len(), 1);
    }
}

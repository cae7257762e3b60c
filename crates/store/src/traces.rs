//! Traces that hotspots show: written with the other rows, read one at a time beside the writer when somebody asks.

use std::path::PathBuf;
use std::time::Duration;

use hotspan_hotspots::{Outline, Unreadable, read_trace};
use hotspan_model::{Assembled, LocalDictionary, SpanDetail, TableSeed, TraceId};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::{Commit, DataDir, Known, LoadError, Store, StoreError};

/// How hard rows are pressed: the level at which zstd is still as fast as they are made.
const LEVEL: i32 = 3;
/// Longest row of a trace, before it is compressed.
const ROW_BYTES_MAX: usize = 16 << 20;
/// What a row takes beside its bytes, nearly.
const ROW_BYTES: u64 = 64;
/// How long a reader waits for the file to be cut at its end.
const BUSY: Duration = Duration::from_secs(1);

/// A trace ready to be stored.
#[derive(Clone, Debug)]
pub struct PackedTrace {
    size: u64,
    outline: Vec<u8>,
    value: Vec<u8>,
}

/// A trace as it was stored, with symbols of its own.
#[derive(Debug)]
pub struct StoredTrace {
    /// Its spans.
    pub trace: Assembled,
    /// Their redacted attributes.
    pub details: Vec<SpanDetail>,
    /// What its symbols stand for. What somebody reads takes no room in the dictionary that spans are read with.
    pub dictionary: LocalDictionary,
}

/// Reads traces beside whoever writes them. It opens the file anew for each question, so it holds nothing open when the
/// writer closes it.
#[derive(Clone, Debug)]
pub struct TraceReader {
    file: PathBuf,
    seed: TableSeed,
}

impl PackedTrace {
    /// Compresses the row of a trace; `None` when it is too long.
    pub fn new(row: &[u8], outline: Vec<u8>) -> Option<PackedTrace> {
        let fits = row.len() <= ROW_BYTES_MAX;
        let value = fits.then(|| zstd::bulk::compress(row, LEVEL).ok()).flatten()?;
        Some(PackedTrace {
            size: row.len() as u64,
            outline,
            value,
        })
    }

    /// What it takes in the file, nearly.
    pub fn bytes(&self) -> u64 {
        ROW_BYTES + (self.outline.len() + self.value.len()) as u64
    }
}

impl Commit<'_> {
    /// Keeps a trace in the place of its version before.
    pub fn trace(&mut self, id: TraceId, trace: &PackedTrace) -> Result<(), StoreError> {
        let PackedTrace { size, outline, value } = trace;
        let sql = "INSERT OR REPLACE INTO trace VALUES (?1, ?2, ?3, ?4)";
        let mut statement = self.transaction.prepare_cached(sql)?;
        statement.execute(params![key(id), size, outline, value])?;
        Ok(())
    }

    /// Lets a trace go.
    pub fn forget_trace(&mut self, id: TraceId) -> Result<(), StoreError> {
        let sql = "DELETE FROM trace WHERE id = ?1";
        self.transaction.prepare_cached(sql)?.execute([key(id)])?;
        Ok(())
    }
}

impl Store {
    /// The traces that are stored, and what each takes.
    pub fn traces(&self) -> Result<Vec<(TraceId, u64)>, StoreError> {
        let sql = "SELECT id, length(outline) + length(value) FROM trace";
        let mut statement = self.connection.prepare(sql)?;
        let found = statement.query_map([], |row| {
            let id = TraceId::new(row.get(0).map(u128::from_be_bytes)?);
            Ok((id, ROW_BYTES + row.get::<_, u64>(1)?))
        })?;
        let found: Vec<_> = found.collect::<Result<_, _>>()?;
        Ok(found
            .into_iter()
            .filter_map(|(id, bytes)| Some((id?, bytes)))
            .collect())
    }

    pub(crate) fn has_traces(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM trace)";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }
}

impl TraceReader {
    /// For the file of a directory.
    pub fn new(dir: &DataDir, seed: TableSeed) -> TraceReader {
        TraceReader {
            file: dir.file(),
            seed,
        }
    }

    /// Reads one trace; `None` when it is not stored.
    pub fn trace(&self, id: TraceId, known: &mut Known) -> Result<Option<StoredTrace>, LoadError> {
        let connection = self.open()?;
        let sql = "SELECT size, value FROM trace WHERE id = ?1";
        let found = connection
            .query_row(sql, [key(id)], |row| {
                Ok((row.get::<_, u64>(0)?, row.get::<_, Vec<u8>>(1)?))
            })
            .optional()
            .map_err(StoreError::from)?;
        let Some((size, value)) = found else {
            return Ok(None);
        };
        let row = unpack(size, &value)?;
        let mut dictionary = LocalDictionary::new(self.seed);
        let (trace, details) = read_trace(&row, &mut dictionary, known)?;
        if trace.trace != Some(id) {
            return Err(Unreadable::Damaged.into());
        }
        Ok(Some(StoredTrace {
            trace,
            details,
            dictionary,
        }))
    }

    /// Outlines of those of `ids` that are stored; one that cannot be read stands for itself.
    pub fn outlines(
        &self,
        ids: impl IntoIterator<Item = TraceId>,
    ) -> Result<Vec<Result<Outline, Unreadable>>, StoreError> {
        let connection = self.open()?;
        let mut statement = connection.prepare("SELECT outline FROM trace WHERE id = ?1")?;
        let mut found = Vec::new();
        for id in ids {
            let row = statement
                .query_row([key(id)], |row| row.get::<_, Vec<u8>>(0))
                .optional()?;
            found.extend(row.map(|row| Outline::read(&row)));
        }
        Ok(found)
    }

    fn open(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        Ok(connection)
    }
}

fn key(id: TraceId) -> [u8; 16] {
    id.get().to_be_bytes()
}

fn unpack(size: u64, value: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let size = usize::try_from(size).map_err(|_| Unreadable::Damaged)?;
    if ROW_BYTES_MAX < size {
        return Err(Unreadable::Damaged);
    }
    zstd::bulk::decompress(value, size).map_err(|_| Unreadable::Damaged)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use hotspan_hotspots::trace_row;
    use hotspan_model::{LogTime, Timestamp};

    use super::*;

    fn id(n: u128) -> TraceId {
        TraceId::new(n).unwrap()
    }

    fn packed(n: u128) -> PackedTrace {
        let trace = Assembled {
            trace: Some(id(n)),
            version: 3,
            ..Assembled::default()
        };
        let detail = SpanDetail {
            name: "GET /cart".to_owned(),
            ..SpanDetail::default()
        };
        let outline = Outline {
            trace: id(n),
            start: Timestamp(1),
            end: Timestamp(2),
            spans: 0,
            operations: Vec::new(),
        };
        let row = trace_row(&trace, &[detail], &LocalDictionary::default());
        PackedTrace::new(&row, outline.row()).unwrap()
    }

    fn store(dir: &std::path::Path) -> (Store, TraceReader) {
        let store = Store::open(DataDir::lock(dir).unwrap(), UNIX_EPOCH).unwrap().0;
        let reader = TraceReader::new(store.dir(), TableSeed(1));
        (store, reader)
    }

    fn write(store: &mut Store, traces: &[(TraceId, PackedTrace)]) {
        let mut commit = store.begin(1, LogTime(0)).unwrap();
        for (id, trace) in traces {
            commit.trace(*id, trace).unwrap();
        }
        commit.finish().unwrap();
    }

    #[test]
    fn a_trace_is_read_beside_the_writer_and_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, reader) = store(dir.path());
        let mut known = Known::new([]);
        write(&mut store, &[(id(1), packed(1)), (id(2), packed(2))]);
        let found = reader.trace(id(2), &mut known).unwrap().unwrap();
        assert_eq!((found.trace.trace, found.trace.version), (Some(id(2)), 3));
        assert_eq!(found.details[0].name, "GET /cart");
        assert!(reader.trace(id(3), &mut known).unwrap().is_none());
        assert_eq!(reader.outlines([id(1), id(3)]).unwrap().len(), 1);
        let sizes = [1, 2].map(|n| (id(n), packed(n).bytes()));
        assert_eq!(store.traces().unwrap(), sizes);
        let mut commit = store.begin(1, LogTime(0)).unwrap();
        commit.forget_trace(id(2)).unwrap();
        commit.finish().unwrap();
        store.close().unwrap();
        assert!(reader.trace(id(2), &mut known).unwrap().is_none());
        assert!(reader.trace(id(1), &mut known).unwrap().is_some());
    }

    #[test]
    fn a_damaged_trace_or_one_under_another_id_is_told_and_the_others_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, reader) = store(dir.path());
        let mut known = Known::new([]);
        let mut rotten = packed(1);
        let middle = rotten.value.len() / 2;
        rotten.value[middle] ^= 0xff;
        rotten.outline[1] ^= 0xff;
        let mut endless = packed(4);
        endless.size = u64::MAX >> 1;
        let traces = [
            (id(1), rotten),
            (id(2), packed(2)),
            (id(3), packed(2)),
            (id(4), endless),
        ];
        write(&mut store, &traces);
        for n in [1, 3, 4] {
            let error = reader.trace(id(n), &mut known).unwrap_err();
            assert!(
                matches!(error, LoadError::Row(Unreadable::Damaged)),
                "{n}: {error}"
            );
        }
        assert!(reader.trace(id(2), &mut known).unwrap().is_some());
        let outlines = reader.outlines([id(1), id(2)]).unwrap();
        assert!(outlines[0].is_err() && outlines[1].is_ok());
    }

    #[test]
    fn a_row_that_is_too_long_is_not_packed() {
        assert!(PackedTrace::new(&vec![0; ROW_BYTES_MAX], Vec::new()).is_some());
        assert!(PackedTrace::new(&vec![0; ROW_BYTES_MAX + 1], Vec::new()).is_none());
    }
}

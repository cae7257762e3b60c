//! Shards built again from what was stored.

use std::panic::resume_unwind;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use hotspan_hotspots::{Hotspots, Loader, RowKind, Settings, Unreadable};
use hotspan_model::{Dictionary, TableSeed};
use rusqlite::Row;

use crate::{Known, Store, StoreError};

/// Shards, and what became of the rows.
#[derive(Debug)]
pub struct Loaded {
    /// As many as were asked for.
    pub shards: Vec<Hotspots>,
    /// Whether each holds what is stored as its own; else all rows must be written anew.
    pub as_stored: bool,
    /// Rows that were read.
    pub rows: u64,
    /// Rows that speak of what this program does not know.
    pub strangers: u64,
    /// Rows that found no room.
    pub beyond: u64,
}

/// Why nothing could be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row is not what this program can read.
    #[error("the store has {0}")]
    Row(#[from] Unreadable),
}

impl LoadError {
    /// Whether the file is damaged, and a fresh one is the way on.
    pub fn is_corrupt(&self) -> bool {
        match self {
            LoadError::Store(error) => error.is_corrupt(),
            LoadError::Row(Unreadable::Damaged) => true,
            LoadError::Row(Unreadable::Newer(_) | Unreadable::Stranger(_)) => false,
        }
    }
}

/// Bytes of rows that are handed over at once, and how many such batches wait.
const BATCH_BYTES: usize = 1 << 20;
const BATCHES: usize = 4;

/// One row as it is in the file.
struct Raw {
    shard: usize,
    kind: RowKind,
    key: u128,
    value: Vec<u8>,
}

/// Builds shards from rows as they are read.
struct Builder<'a> {
    loader: Loader,
    dictionary: &'a mut (dyn Dictionary + Send),
    known: &'a mut Known,
    rows: u64,
    strangers: u64,
}

impl Builder<'_> {
    fn run(&mut self, batches: &Receiver<Vec<Raw>>) -> Result<(), Unreadable> {
        batches.iter().flatten().try_for_each(|row| self.add(&row))
    }

    fn add(&mut self, row: &Raw) -> Result<(), Unreadable> {
        let key = (row.kind, row.key);
        match self
            .loader
            .add(row.shard, key, &row.value, self.dictionary, self.known)
        {
            Ok(()) => self.rows += 1,
            Err(Unreadable::Stranger(_)) => self.strangers += 1,
            Err(error @ (Unreadable::Newer(_) | Unreadable::Damaged)) => return Err(error),
        }
        Ok(())
    }
}

impl Store {
    /// Builds `shards` shards with tables as large as `settings` say; their texts go to `dictionary`. One thread reads
    /// while another builds.
    pub fn load(
        &self,
        settings: &Settings,
        seed: TableSeed,
        shards: usize,
        dictionary: &mut (dyn Dictionary + Send),
        known: &mut Known,
    ) -> Result<Loaded, LoadError> {
        let wrote = self.wrote()?;
        let mut builder = Builder {
            loader: Loader::new(settings, seed, shards, wrote),
            dictionary,
            known,
            rows: 0,
            strangers: 0,
        };
        thread::scope(|scope| {
            let (send, batches) = mpsc::sync_channel(BATCHES);
            // It owns the receiving end: where it fails, reading ends too.
            let built = scope.spawn(|| {
                let batches = batches;
                builder.run(&batches)
            });
            let read = self.read(&send);
            drop(send);
            match built.join() {
                Ok(built) => read.and(built.map_err(LoadError::from)),
                Err(panic) => resume_unwind(panic),
            }
        })?;
        Ok(Loaded {
            as_stored: wrote == shards,
            rows: builder.rows,
            strangers: builder.strangers,
            beyond: builder.loader.beyond(),
            shards: builder.loader.finish(),
        })
    }

    /// Hands every row over, until nobody takes them.
    fn read(&self, send: &SyncSender<Vec<Raw>>) -> Result<(), LoadError> {
        let sql = "SELECT kind, shard, key, value FROM row ORDER BY kind, shard, key";
        let mut statement = self.connection.prepare(sql).map_err(StoreError::from)?;
        let mut found = statement.query([]).map_err(StoreError::from)?;
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while let Some(row) = found.next().map_err(StoreError::from)? {
            let row = raw(row)?;
            bytes += row.value.len();
            batch.push(row);
            if BATCH_BYTES <= bytes {
                bytes = 0;
                if send.send(std::mem::take(&mut batch)).is_err() {
                    return Ok(());
                }
            }
        }
        // Without a taker it failed, and says why.
        send.send(batch).or(Ok(()))
    }

    /// How many rows of shards there are.
    pub fn rows(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM row";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }

    /// How many shards wrote; none to a new file.
    fn wrote(&self) -> Result<usize, StoreError> {
        let sql = "SELECT shards FROM wrote";
        match self.connection.query_row(sql, [], |row| row.get::<_, u64>(0)) {
            Ok(shards) => Ok(usize::try_from(shards).unwrap_or(usize::MAX)),
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}

fn raw(row: &Row<'_>) -> Result<Raw, LoadError> {
    let damaged = |_| LoadError::Row(Unreadable::Damaged);
    let (kind, shard): (u8, u64) = (row.get(0).map_err(damaged)?, row.get(1).map_err(damaged)?);
    let value = row.get_ref(3).and_then(|value| Ok(value.as_blob()?));
    Ok(Raw {
        shard: shard as usize,
        kind: RowKind::of(kind).ok_or(Unreadable::Damaged)?,
        key: row.get(2).map(u128::from_be_bytes).map_err(damaged)?,
        value: value.map_err(damaged)?.to_vec(),
    })
}

//! Shards built again from what was stored.

use hotspan_hotspots::{Hotspots, Loader, RowKind, Settings, Unreadable};
use hotspan_model::{Dictionary, TableSeed};

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

impl Store {
    /// Builds `shards` shards with tables as large as `settings` say; their texts go to `dictionary`.
    pub fn load(
        &self,
        settings: &Settings,
        seed: TableSeed,
        shards: usize,
        dictionary: &mut dyn Dictionary,
        known: &mut Known,
    ) -> Result<Loaded, LoadError> {
        let wrote = self.wrote()?;
        let mut loader = Loader::new(settings, seed, shards, wrote);
        let (mut rows, mut strangers) = (0, 0);
        let sql = "SELECT kind, shard, key, value FROM row ORDER BY kind, shard, key";
        let mut statement = self.connection.prepare(sql).map_err(StoreError::from)?;
        let mut found = statement.query([]).map_err(StoreError::from)?;
        while let Some(row) = found.next().map_err(StoreError::from)? {
            let damaged = |_| LoadError::Row(Unreadable::Damaged);
            let (kind, shard): (u8, u64) = (row.get(0).map_err(damaged)?, row.get(1).map_err(damaged)?);
            let kind = RowKind::of(kind).ok_or(Unreadable::Damaged)?;
            let key = row.get(2).map(u128::from_be_bytes).map_err(damaged)?;
            let value = row
                .get_ref(3)
                .and_then(|value| Ok(value.as_blob()?))
                .map_err(damaged)?;
            match loader.add(shard as usize, (kind, key), value, dictionary, known) {
                Ok(()) => rows += 1,
                Err(Unreadable::Stranger(_)) => strangers += 1,
                Err(error @ (Unreadable::Newer(_) | Unreadable::Damaged)) => return Err(error.into()),
            }
        }
        Ok(Loaded {
            as_stored: wrote == shards,
            rows,
            strangers,
            beyond: loader.beyond(),
            shards: loader.finish(),
        })
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

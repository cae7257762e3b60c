//! What goes wrong with a store, and what to do about it.

use std::path::PathBuf;

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory cannot be made, read or written.
    #[error("data_dir = {dir:?} cannot be used: {source}; choose another with --data-dir, or --in-memory")]
    Directory {
        /// Which.
        dir: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process has it.
    #[error(
        "data_dir = {0:?} is used by another hotspan; stop that one, or choose another directory with --data-dir"
    )]
    InUse(PathBuf),
    /// A later program changed the tables.
    #[error(
        "{file:?} has schema {found}, and this program knows up to {known}: use the newer program again, or another \
         directory with --data-dir"
    )]
    NewerSchema {
        /// The file.
        file: PathBuf,
        /// Its schema.
        found: u32,
        /// The last one known.
        known: u32,
    },
    /// SQLite failed.
    #[error("the store: {0}")]
    Sql(#[from] rusqlite::Error),
}

impl StoreError {
    /// Whether the file is not what SQLite wrote: nothing will heal it.
    pub fn is_corrupt(&self) -> bool {
        let StoreError::Sql(error) = self else {
            return false;
        };
        matches!(
            error.sqlite_error_code(),
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase)
        )
    }

    /// Whether there is no room for more.
    pub fn is_full(&self) -> bool {
        let StoreError::Sql(error) = self else {
            return false;
        };
        error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
    }
}

//! A copy of the file while a daemon writes to it: one picture of everything, checked before it gets its name.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use crate::{FILE, open};

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to copy.
    #[error(
        "{0:?} is not there: no daemon has stored anything in this directory; name another with --data-dir"
    )]
    Nothing(PathBuf),
    /// Nothing is overwritten.
    #[error("{0:?} is there already; name a file that is not")]
    Exists(PathBuf),
    /// The copy cannot be written.
    #[error("{file:?}: {source}")]
    File {
        /// The copy.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite failed.
    #[error("the copy: {0}")]
    Sql(#[from] rusqlite::Error),
    /// The copy is not whole.
    #[error("the copy is damaged, and so may be the store: {0}")]
    Damaged(String),
}

/// Copies the file of `dir` to `to`, which must not be there; gives the bytes of the copy.
pub fn backup(dir: &Path, to: &Path) -> Result<u64, BackupError> {
    let file = dir.join(FILE);
    if !file.exists() {
        return Err(BackupError::Nothing(file));
    }
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let mut unfinished = to.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    let copied = copy(&file, &unfinished).and_then(|()| settle(&unfinished, to));
    if copied.is_err() && unfinished.exists() {
        // What went wrong is said; that the rest of it stays is no more.
        drop(fs::remove_file(&unfinished));
    }
    copied
}

fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    // Readers of a write-ahead file write to its index, so it is not opened read-only.
    let from = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    from.busy_timeout(Duration::from_secs(5))?;
    let mut copy = Connection::open(to)?;
    // All pages in one step: a daemon's commit in between would start it over.
    Backup::new(&from, &mut copy)?.run_to_completion(i32::MAX, Duration::ZERO, None)?;
    // One file without a journal beside it.
    copy.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    match open::quick_check(&copy)? {
        ok if ok == "ok" => Ok(()),
        why => Err(BackupError::Damaged(why)),
    }
}

fn settle(unfinished: &Path, to: &Path) -> Result<u64, BackupError> {
    let failed = |source| BackupError::File {
        file: to.to_owned(),
        source,
    };
    let file = File::open(unfinished).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    fs::rename(unfinished, to).map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use hotspan_hotspots::{Row, RowKind};
    use hotspan_model::LogTime;

    use super::*;
    use crate::{DataDir, Store};

    fn store(dir: &Path) -> Store {
        Store::open(DataDir::lock(dir).unwrap(), UNIX_EPOCH).unwrap().0
    }

    fn rows(store: &Store) -> u64 {
        let sql = "SELECT count(*) FROM row";
        store.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn write(store: &mut Store, key: u128) {
        let mut commit = store.begin(1, LogTime(0)).unwrap();
        let row = Row {
            kind: RowKind::Hotspot,
            key,
            value: Some(vec![1, 2, 3]),
        };
        commit.row(0, &row).unwrap();
        commit.finish().unwrap();
    }

    #[test]
    fn a_copy_made_while_the_store_is_open_opens_as_a_store_and_what_came_later_is_not_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = store(&dir.path().join("state"));
        write(&mut first, 1);
        let other = dir.path().join("other");
        fs::create_dir(&other).unwrap();
        let bytes = backup(&dir.path().join("state"), &other.join(FILE)).unwrap();
        assert!(bytes > 0);
        write(&mut first, 2);
        assert_eq!(rows(&first), 2);
        assert_eq!(rows(&store(&other)), 1);
    }

    #[test]
    fn nothing_is_overwritten_and_nothing_is_made_of_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("copy.db");
        assert!(matches!(backup(dir.path(), &to), Err(BackupError::Nothing(_))));
        drop(store(dir.path()));
        fs::write(&to, "mine").unwrap();
        assert!(matches!(backup(dir.path(), &to), Err(BackupError::Exists(_))));
        assert_eq!(fs::read_to_string(&to).unwrap(), "mine");
        let nowhere = dir.path().join("no").join("copy.db");
        backup(dir.path(), &nowhere).unwrap_err();
    }
}

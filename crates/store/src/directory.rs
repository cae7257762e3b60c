//! The directory of one daemon: its file, the lock that keeps a second daemon out, and the key of parameter hashes.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::StoreError;

/// The database in its directory.
pub const FILE: &str = "hotspan.db";
/// Held by the daemon that owns the directory. It stays when the daemon ends: the lock is what counts.
const LOCK: &str = "hotspan.lock";
/// Keys the hashes of literal values. Beside the database and not in it, so that a backup does not carry it.
const KEY: &str = "parameter-key";

/// A locked directory; others may use it when this is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the directory if it is not there, for its owner alone, and locks it.
    pub fn lock(path: &Path) -> Result<DataDir, StoreError> {
        let failed = |source| StoreError::Directory {
            dir: path.to_owned(),
            source,
        };
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(path).map_err(failed)?;
        let lock = private()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join(LOCK))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(DataDir {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the database is.
    pub fn file(&self) -> PathBuf {
        self.path.join(FILE)
    }

    /// The key of parameter hashes that was drawn when the directory was new, so that hashes of earlier processes can
    /// still be compared; `drawn` is kept if there is none.
    pub fn parameter_key(&self, drawn: [u8; 16]) -> Result<[u8; 16], StoreError> {
        let failed = |source| StoreError::Directory {
            dir: self.path.clone(),
            source,
        };
        let file = self.path.join(KEY);
        match read_key(&file).map_err(failed)? {
            Some(key) => Ok(key),
            None => {
                write_key(&file, drawn).map_err(failed)?;
                Ok(drawn)
            }
        }
    }
}

/// For the owner alone.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// `None` where there is no whole key.
fn read_key(file: &Path) -> io::Result<Option<[u8; 16]>> {
    let mut key = [0; 16];
    match File::open(file).and_then(|mut file| file.read_exact(&mut key)) {
        Ok(()) => Ok(Some(key)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn write_key(file: &Path, key: [u8; 16]) -> io::Result<()> {
    let mut file = private().write(true).create(true).truncate(true).open(file)?;
    file.write_all(&key)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_daemon_is_told_who_has_the_directory_until_the_first_ends() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep").join("er");
        let first = DataDir::lock(&path).unwrap();
        let refused = DataDir::lock(&path).unwrap_err();
        assert!(matches!(refused, StoreError::InUse(_)));
        let text = refused.to_string();
        assert!(text.contains("er\"") && text.contains("--data-dir"), "{text}");
        drop(first);
        DataDir::lock(&path).unwrap();
    }

    #[test]
    fn others_than_the_owner_see_nothing() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::lock(&dir.path().join("state")).unwrap();
        data.parameter_key([7; 16]).unwrap();
        for (path, mode) in [(data.path().to_owned(), 0o700), (data.path().join(KEY), 0o600)] {
            let found = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(found, mode, "{path:?}");
        }
    }

    #[test]
    fn the_key_is_drawn_once_and_again_when_it_was_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::lock(dir.path()).unwrap();
        assert_eq!(data.parameter_key([7; 16]).unwrap(), [7; 16]);
        assert_eq!(data.parameter_key([8; 16]).unwrap(), [7; 16]);
        fs::write(data.path().join(KEY), [7; 3]).unwrap();
        assert_eq!(data.parameter_key([9; 16]).unwrap(), [9; 16]);
        assert_eq!(data.parameter_key([1; 16]).unwrap(), [9; 16]);
    }

    #[test]
    fn a_directory_that_cannot_be_is_named_with_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let text = DataDir::lock(&file.join("below")).unwrap_err().to_string();
        assert!(text.contains("below") && text.contains("--in-memory"), "{text}");
    }
}

//! Opening the file: what it is, whether it is whole, and what becomes of one that is not.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OpenFlags};

use crate::{DataDir, StoreError, schema};

/// Marks the file as ours: "Hspn".
const APPLICATION: i32 = 0x4873_706e;
/// How long a commit waits for a backup that is just beginning or ending.
const BUSY: Duration = Duration::from_secs(5);
/// The write-ahead file is cut to this after a checkpoint.
const JOURNAL_BYTES: u64 = 64 << 20;
const PAGE_BYTES: u32 = 8_192;

/// The open file of a locked directory, with the one connection that writes.
#[derive(Debug)]
pub struct Store {
    dir: DataDir,
    pub(crate) connection: Connection,
}

/// A file that could not be read was moved here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// Where it is now.
    pub file: PathBuf,
    /// What was wrong with it.
    pub why: String,
}

impl Store {
    /// Opens the file of `dir`, or makes it. One that is not whole is moved aside, and a fresh one takes its place.
    pub fn open(dir: DataDir, now: SystemTime) -> Result<(Store, Option<Aside>), StoreError> {
        let file = dir.file();
        match open(&file) {
            Ok(connection) => Ok((Store { dir, connection }, None)),
            Err(Unusable::Damaged(why)) => {
                let aside = move_aside(&dir, why, now)?;
                let connection = open(&file).map_err(StoreError::from)?;
                Ok((Store { dir, connection }, Some(aside)))
            }
            Err(Unusable::Not(error)) => Err(error),
        }
    }

    /// Moves the file aside although SQLite can read it, and goes on with a fresh one.
    pub fn start_over(self, why: String, now: SystemTime) -> Result<(Store, Aside), StoreError> {
        let Store { dir, connection } = self;
        drop(connection);
        let aside = move_aside(&dir, why, now)?;
        let connection = open(&dir.file()).map_err(StoreError::from)?;
        Ok((Store { dir, connection }, aside))
    }

    /// The directory.
    pub fn dir(&self) -> &DataDir {
        &self.dir
    }

    /// Bytes of the database, without what it has free and what is not checkpointed.
    pub fn bytes(&self) -> Result<u64, StoreError> {
        let of = |pragma| self.connection.query_row(pragma, [], |row| row.get::<_, u64>(0));
        let pages = of("PRAGMA page_count")?.saturating_sub(of("PRAGMA freelist_count")?);
        Ok(pages.saturating_mul(of("PRAGMA page_size")?))
    }

    /// Writes everything into the one file and lets the directory go.
    pub fn close(self) -> Result<(), StoreError> {
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        self.connection.query_row(checkpoint, [], |_| Ok(()))?;
        Ok(self.connection.close().map_err(|(_, error)| error)?)
    }
}

/// Why a file cannot be used.
enum Unusable {
    Damaged(String),
    Not(StoreError),
}

impl From<Unusable> for StoreError {
    fn from(unusable: Unusable) -> StoreError {
        match unusable {
            Unusable::Not(error) => error,
            Unusable::Damaged(_) => StoreError::Sql(rusqlite::Error::InvalidQuery),
        }
    }
}

impl From<StoreError> for Unusable {
    fn from(error: StoreError) -> Unusable {
        match error.is_corrupt() {
            true => Unusable::Damaged(error.to_string()),
            false => Unusable::Not(error),
        }
    }
}

impl From<rusqlite::Error> for Unusable {
    fn from(error: rusqlite::Error) -> Unusable {
        StoreError::from(error).into()
    }
}

fn open(file: &Path) -> Result<Connection, Unusable> {
    let mut connection = connect(file)?;
    let found = schema::version(&connection)?;
    if schema::LATEST < found {
        return Err(Unusable::Not(StoreError::NewerSchema {
            file: file.to_owned(),
            found,
            known: schema::LATEST,
        }));
    }
    if found > 0 {
        check(&connection)?;
    }
    schema::migrate(&mut connection)?;
    connection.pragma_update(None, "application_id", APPLICATION)?;
    Ok(connection)
}

fn connect(file: &Path) -> Result<Connection, Unusable> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update_and_check(None, "mmap_size", 0, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", JOURNAL_BYTES, |_| Ok(()))?;
    Ok(connection)
}

/// Whether every page is where it should be.
pub(crate) fn quick_check(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
}

fn check(connection: &Connection) -> Result<(), Unusable> {
    match quick_check(connection)? {
        ok if ok == "ok" => Ok(()),
        why => Err(Unusable::Damaged(why)),
    }
}

/// Renames the file and its journal; what is there under that name is never overwritten.
fn move_aside(dir: &DataDir, why: String, now: SystemTime) -> Result<Aside, StoreError> {
    let failed = |source| StoreError::Directory {
        dir: dir.path().to_owned(),
        source,
    };
    let stamp = stamp(now)?;
    let file = dir.file();
    let named = |nth: u32| match nth {
        0 => with(&file, &format!(".corrupt-{stamp}")),
        _ => with(&file, &format!(".corrupt-{stamp}-{nth}")),
    };
    let free = (0..1_000).map(named).find(|aside| !aside.exists());
    let aside = free.ok_or_else(|| failed(io::ErrorKind::AlreadyExists.into()))?;
    fs::rename(&file, &aside).map_err(failed)?;
    for journal in ["-wal", "-shm"] {
        match fs::rename(with(&file, journal), with(&aside, journal)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(Aside { file: aside, why })
}

fn with(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// UTC, as file names have it.
fn stamp(now: SystemTime) -> rusqlite::Result<String> {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let calendar = Connection::open_in_memory()?;
    let sql = "SELECT strftime('%Y%m%dT%H%M%SZ', ?1, 'unixepoch')";
    calendar.query_row(sql, [seconds], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }

    fn store(dir: &Path) -> (Store, Option<Aside>) {
        Store::open(DataDir::lock(dir).unwrap(), at()).unwrap()
    }

    fn tag(store: &Store) -> Option<u64> {
        let sql = "SELECT at FROM wrote";
        store.connection.query_row(sql, [], |row| row.get(0)).ok()
    }

    fn tagged(dir: &Path) {
        let (store, _) = store(dir);
        store
            .connection
            .execute("INSERT INTO wrote VALUES (1, 1, 42)", [])
            .unwrap();
        store.close().unwrap();
    }

    #[test]
    fn what_was_written_is_there_when_it_is_opened_again() {
        let dir = tempfile::tempdir().unwrap();
        tagged(dir.path());
        let (again, aside) = store(dir.path());
        assert_eq!((tag(&again), aside), (Some(42), None));
        let of = |pragma: &str| {
            let value = again
                .connection
                .query_row(pragma, [], |row| row.get::<_, rusqlite::types::Value>(0));
            format!("{:?}", value.unwrap())
        };
        assert!(of("PRAGMA journal_mode").contains("wal"));
        assert!(of("PRAGMA synchronous").contains('2'));
    }

    #[test]
    fn a_closed_store_is_one_file() {
        let dir = tempfile::tempdir().unwrap();
        tagged(dir.path());
        let names = fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        assert_eq!(names, ["hotspan.db", "hotspan.lock"]);
    }

    #[test]
    fn a_file_that_is_no_database_is_kept_aside_and_a_fresh_one_begins_each_time() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(crate::FILE);
        for nth in 0..3 {
            fs::write(&file, format!("no database, try {nth}").repeat(100)).unwrap();
            let (fresh, aside) = store(dir.path());
            let aside = aside.unwrap();
            let name = aside.file.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(name.starts_with("hotspan.db.corrupt-20231114T221320Z"), "{name}");
            assert!(
                fs::read_to_string(&aside.file)
                    .unwrap()
                    .contains(&format!("try {nth}"))
            );
            assert!(!aside.why.is_empty());
            assert_eq!(tag(&fresh), None);
        }
    }

    #[test]
    fn a_file_with_a_torn_page_is_moved_aside() {
        let dir = tempfile::tempdir().unwrap();
        tagged(dir.path());
        let file = dir.path().join(crate::FILE);
        let mut bytes = fs::read(&file).unwrap();
        for page in bytes.chunks_mut(PAGE_BYTES as usize).skip(1) {
            page[..64].fill(0xa5);
        }
        fs::write(&file, bytes).unwrap();
        let (fresh, aside) = store(dir.path());
        assert!(aside.is_some());
        assert_eq!(tag(&fresh), None);
    }

    #[test]
    fn a_file_of_a_newer_program_is_refused_with_both_versions_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        tagged(dir.path());
        let file = dir.path().join(crate::FILE);
        let connection = Connection::open(&file).unwrap();
        connection
            .pragma_update(None, "user_version", schema::LATEST + 6)
            .unwrap();
        drop(connection);
        let refused = Store::open(DataDir::lock(dir.path()).unwrap(), at()).unwrap_err();
        let text = refused.to_string();
        let (found, known) = (schema::LATEST + 6, schema::LATEST);
        assert!(text.contains(&format!("schema {found}")), "{text}");
        assert!(text.contains(&format!("up to {known}")), "{text}");
        assert!(file.exists());
    }
}

//! What the log needs of a disk, and the directory that is one.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// One directory. Nothing that was done is sure to outlive a crash before it was synced: bytes by
/// [`DiskFile::sync`], names by [`Disk::sync`].
pub trait Disk: Debug {
    /// A file that is written at its end.
    type File: DiskFile;

    /// The names of all files, in no order.
    fn names(&self) -> io::Result<Vec<String>>;

    /// A file from its first byte, and how long it is.
    fn read(&self, name: &str) -> io::Result<(Box<dyn Read + Send>, u64)>;

    /// A new empty file in the place of whatever has the name.
    fn create(&self, name: &str) -> io::Result<Self::File>;

    /// Gives a file another name, in the place of whatever has it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes a file so short, for good.
    fn cut(&self, name: &str, bytes: u64) -> io::Result<()>;

    /// Makes names last.
    fn sync(&self) -> io::Result<()>;
}

/// A file that grows.
pub trait DiskFile: Debug {
    /// Adds bytes at the end; on an error some of them may be there.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was appended last.
    fn sync(&mut self) -> io::Result<()>;
}

/// A directory of the system.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the directory if it is not there, for its owner alone.
    pub fn new(path: &Path) -> io::Result<Folder> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(path)?;
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            File::open(parent)?.sync_all()?;
        }
        Ok(Folder::at(path))
    }

    /// A directory that is there; it is only read.
    pub fn at(path: &Path) -> Folder {
        Folder {
            path: path.to_owned(),
        }
    }
}

impl Disk for Folder {
    type File = File;

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            // A name that is no text is none of ours.
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn read(&self, name: &str) -> io::Result<(Box<dyn Read + Send>, u64)> {
        let file = File::open(self.path.join(name))?;
        let bytes = file.metadata()?.len();
        Ok((Box::new(io::BufReader::with_capacity(256 << 10, file)), bytes))
    }

    fn create(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.mode(0o600).write(true).create(true).truncate(true);
        options.open(self.path.join(name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn cut(&self, name: &str, bytes: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(self.path.join(name))?;
        file.set_len(bytes)?;
        file.sync_all()
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

impl DiskFile for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

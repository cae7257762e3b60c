//! Recorded traces: requests from a file, whatever of the known forms it has.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use hotspan_otlp::Encoding;

/// The requests of one file, in order.
pub struct Requests {
    name: PathBuf,
    reader: Box<dyn Read + Send>,
    bytes_read: u64,
}

/// One request of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// How it is written.
    pub encoding: Encoding,
    /// The whole message.
    pub bytes: Bytes,
}

/// Why a file gives no more requests.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file cannot be read.
    #[error("{name}: cannot be read at byte {at}")]
    Io {
        /// The file.
        name: PathBuf,
        /// How far reading came.
        at: u64,
        /// Why.
        source: io::Error,
    },
    /// The content is none of the known forms.
    #[error("{name}: {found} at byte {at}; expected {EXPECTED}")]
    Form {
        /// The file.
        name: PathBuf,
        /// Where in the inflated content.
        at: u64,
        /// What is there instead.
        found: String,
    },
    /// One request is over the limit.
    #[error("{name}: a request of {size} bytes at byte {at}, over the limit of {limit}")]
    TooLarge {
        /// The file.
        name: PathBuf,
        /// Where in the inflated content.
        at: u64,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
}

/// What a file may be.
const EXPECTED: &str = "OTLP requests as length-prefixed protobuf, as one protobuf message, or as JSON \
                        (one document, or one a line), plain, gzip or zstd";

impl Requests {
    /// Opens a file and finds out by its content what it is.
    pub fn open(path: &Path) -> Result<Requests, FileError> {
        let file = File::open(path).map_err(|source| FileError::Io {
            name: path.into(),
            at: 0,
            source,
        })?;
        Requests::read(path, Box::new(file))
    }

    /// The same from any reader; `name` is what errors call it.
    pub fn read(name: &Path, reader: Box<dyn Read + Send>) -> Result<Requests, FileError> {
        Ok(Requests {
            name: name.into(),
            reader,
            bytes_read: 0,
        })
    }

    /// Bytes read of the file itself so far, to be set against its size.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }
}

impl Iterator for Requests {
    type Item = Result<Recorded, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut bytes = Vec::new();
        let read = self
            .reader
            .read_to_end(&mut bytes)
            .map_err(|source| FileError::Io {
                name: self.name.clone(),
                at: self.bytes_read,
                source,
            });
        self.bytes_read += bytes.len() as u64;
        match read {
            Err(error) => Some(Err(error)),
            Ok(0) => None,
            Ok(_) => Some(Ok(Recorded {
                encoding: Encoding::Protobuf,
                bytes: bytes.into(),
            })),
        }
    }
}

impl std::fmt::Debug for Requests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Requests")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

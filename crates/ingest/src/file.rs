//! Recorded traces: requests from a file, whichever of the known forms it has.
//!
//! The content decides, not the name: gzip and zstd by their magic, then JSON by its first characters, then the
//! three ways in which protobuf messages stand in a file.

mod documents;
mod jaeger;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bytes::Bytes;
use hotspan_otlp::Encoding;

use documents::Documents;

/// Largest request of a file, in bytes.
const REQUEST_BYTES_MAX: u64 = 1 << 30;
/// How much is read at a time.
const BUFFER_BYTES: usize = 256 << 10;
/// How far ahead the form is looked for.
const LOOK_BYTES: u64 = 256;
/// The tag of `resource_spans`: every request but the empty one starts with it.
const RESOURCE_SPANS: u8 = 0x0a;

/// The requests of one file, in order. Ends after the first error.
pub struct Requests {
    name: PathBuf,
    content: Content,
    /// Bytes read of the file itself.
    file_bytes: Arc<AtomicU64>,
    skipped: u64,
    is_over: bool,
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
    /// The file cannot be read, or not inflated.
    #[error("{name}: cannot be read at byte {at} of its content")]
    Io {
        /// The file.
        name: PathBuf,
        /// Where in the inflated content.
        at: u64,
        /// Why.
        source: io::Error,
    },
    /// The content is none of the known forms.
    #[error("{name}: {found} at byte {at} of its content; expected {EXPECTED}")]
    Form {
        /// The file.
        name: PathBuf,
        /// Where in the inflated content.
        at: u64,
        /// What is there instead.
        found: String,
    },
    /// One request is over the limit.
    #[error("{name}: a request of {size} bytes at byte {at} of its content, over the limit of {limit}")]
    TooLarge {
        /// The file.
        name: PathBuf,
        /// Where in the inflated content.
        at: u64,
        /// Its size in bytes, as far as it was read.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
}

/// What a file may be.
pub const EXPECTED: &str = "OTLP traces as protobuf (each request with its length before it, or one request alone), \
                            OTLP/JSON (one document, or one a line) or Jaeger JSON; plain, gzip or zstd";

/// Opens a file and finds out by its content what it is.
pub fn open(path: &Path) -> Result<Requests, FileError> {
    match File::open(path) {
        Ok(file) => read(path, Box::new(file)),
        Err(source) => Err(FileError::Io {
            name: path.into(),
            at: 0,
            source,
        }),
    }
}

/// The same from any reader; `name` is what errors call it.
pub fn read(name: &Path, reader: Box<dyn Read + Send>) -> Result<Requests, FileError> {
    let file_bytes = Arc::new(AtomicU64::new(0));
    let counted = Counted {
        reader,
        bytes: Arc::clone(&file_bytes),
    };
    let content = Content::open(counted).map_err(|problem| problem.of(name))?;
    Ok(Requests {
        name: name.into(),
        content,
        file_bytes,
        skipped: 0,
        is_over: false,
    })
}

impl Requests {
    /// Bytes read of the file itself so far, to be set against its size.
    pub fn bytes_read(&self) -> u64 {
        self.file_bytes.load(Relaxed)
    }

    /// JSON documents that hold another signal.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    fn request(&mut self) -> Result<Option<Recorded>, Problem> {
        loop {
            let Some((bytes, encoding)) = self.content.next()? else {
                return Ok(None);
            };
            let bytes = match encoding {
                Encoding::Protobuf => Some(bytes),
                Encoding::Json => documents::traces(bytes, self.content.source.at)?,
            };
            if let Some(bytes) = bytes {
                return Ok(Some(Recorded {
                    encoding,
                    bytes: bytes.into(),
                }));
            }
            self.skipped += 1;
        }
    }
}

impl Iterator for Requests {
    type Item = Result<Recorded, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let next = self
            .request()
            .map_err(|problem| problem.of(&self.name))
            .transpose();
        self.is_over = !matches!(next, Some(Ok(_)));
        next
    }
}

impl std::fmt::Debug for Requests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Requests")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A [`FileError`] that does not know its file yet.
#[derive(Debug)]
enum Problem {
    Io { at: u64, source: io::Error },
    Form { at: u64, found: String },
    TooLarge { at: u64, size: u64 },
}

impl Problem {
    fn of(self, name: &Path) -> FileError {
        let name = name.to_owned();
        match self {
            Problem::Io { at, source } => FileError::Io { name, at, source },
            Problem::Form { at, found } => FileError::Form { name, at, found },
            Problem::TooLarge { at, size } => FileError::TooLarge {
                name,
                at,
                size,
                limit: REQUEST_BYTES_MAX,
            },
        }
    }
}

/// How the requests stand in the content.
#[derive(Debug, PartialEq, Eq)]
enum Form {
    /// Each with its length before it as a varint.
    Varint,
    /// Each with its length before it in four bytes, big end first, as the Collector writes them.
    FourBytes,
    /// One request alone.
    Bare,
    /// JSON documents, however separated.
    Json(Documents),
}

impl Form {
    /// What content starts so.
    fn of(start: &[u8]) -> Result<Form, Problem> {
        if documents::is_json(start) {
            return Ok(Form::Json(Documents::default()));
        }
        match start {
            [] => Ok(Form::Bare),
            // A length of ten and a `resource_spans` of at most eight bytes, or a `resource_spans` of ten bytes.
            [RESOURCE_SPANS, RESOURCE_SPANS, length, ..] if *length <= 8 => Ok(Form::Varint),
            [RESOURCE_SPANS, ..] => Ok(Form::Bare),
            [0, _, _, _, RESOURCE_SPANS, ..] => Ok(Form::FourBytes),
            _ if after_varints(start).is_none_or(|byte| byte == RESOURCE_SPANS) => Ok(Form::Varint),
            _ => Err(Problem::Form {
                at: 0,
                found: format!("bytes {:02x?}", &start[..start.len().min(8)]),
            }),
        }
    }
}

/// The inflated content and its form.
struct Content {
    source: Source,
    form: Form,
}

impl Content {
    fn open(counted: Counted) -> Result<Content, Problem> {
        let (start, packed) = look_ahead(counted)?;
        let packed = BufReader::with_capacity(BUFFER_BYTES, packed);
        let inflated: Box<dyn Read + Send> = match start.as_slice() {
            [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                let decoder = zstd::stream::read::Decoder::with_buffer(packed);
                Box::new(decoder.map_err(|source| Problem::Io { at: 0, source })?)
            }
            _ => Box::new(packed),
        };
        let (start, inflated) = look_ahead(inflated)?;
        let source = Source {
            reader: BufReader::with_capacity(BUFFER_BYTES, Box::new(inflated)),
            at: 0,
        };
        Ok(Content {
            source,
            form: Form::of(&start)?,
        })
    }

    /// The next request or document.
    fn next(&mut self) -> Result<Option<(Vec<u8>, Encoding)>, Problem> {
        let bytes = match &mut self.form {
            Form::Json(documents) => {
                let document = documents.next(&mut self.source)?;
                return Ok(document.map(|document| (document, Encoding::Json)));
            }
            Form::Bare => self.source.rest(),
            Form::Varint => self.source.prefixed(Source::varint),
            Form::FourBytes => self.source.prefixed(Source::four_bytes),
        };
        Ok(bytes?.map(|bytes| (bytes, Encoding::Protobuf)))
    }
}

/// The inflated content, and how far it was read.
struct Source {
    reader: BufReader<Box<dyn Read + Send>>,
    at: u64,
}

impl Source {
    /// All that is left, once.
    fn rest(&mut self) -> Result<Option<Vec<u8>>, Problem> {
        let bytes = self.up_to(REQUEST_BYTES_MAX + 1)?;
        let size = bytes.len() as u64;
        if size > REQUEST_BYTES_MAX {
            return Err(Problem::TooLarge { at: 0, size });
        }
        Ok((!bytes.is_empty()).then_some(bytes))
    }

    /// A request with its length before it.
    fn prefixed(
        &mut self,
        length: fn(&mut Source) -> Result<Option<u64>, Problem>,
    ) -> Result<Option<Vec<u8>>, Problem> {
        let at = self.at;
        let Some(size) = length(self)? else {
            return Ok(None);
        };
        if size > REQUEST_BYTES_MAX {
            return Err(Problem::TooLarge { at, size });
        }
        let bytes = self.up_to(size)?;
        match bytes.len() as u64 == size {
            true => Ok(Some(bytes)),
            false => Err(Problem::Form {
                at,
                found: format!(
                    "a request of {size} bytes of which only {} are there",
                    bytes.len()
                ),
            }),
        }
    }

    fn varint(&mut self) -> Result<Option<u64>, Problem> {
        let at = self.at;
        let mut value = 0;
        for place in 0..10 {
            let Some(byte) = self.byte()? else {
                return match place {
                    0 => Ok(None),
                    _ => Err(self.cut_off(at)),
                };
            };
            value |= u64::from(byte & 0x7f) << (7 * place).min(63);
            if byte < 0x80 {
                return Ok(Some(value));
            }
        }
        Err(Problem::Form {
            at,
            found: "a length of over ten bytes".into(),
        })
    }

    fn four_bytes(&mut self) -> Result<Option<u64>, Problem> {
        let at = self.at;
        match self.up_to(4)?.as_slice() {
            [] => Ok(None),
            &[a, b, c, d] => Ok(Some(u64::from(u32::from_be_bytes([a, b, c, d])))),
            _ => Err(self.cut_off(at)),
        }
    }

    fn cut_off(&self, at: u64) -> Problem {
        Problem::Form {
            at,
            found: "the end of the file inside a length".into(),
        }
    }

    fn byte(&mut self) -> Result<Option<u8>, Problem> {
        let byte = self.buffer()?.first().copied();
        self.consume(usize::from(byte.is_some()));
        Ok(byte)
    }

    /// What can be had at once; empty at the end.
    fn buffer(&mut self) -> Result<&[u8], Problem> {
        let at = self.at;
        loop {
            match self.reader.fill_buf() {
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(Problem::Io { at, source }),
                Ok(_) => return Ok(self.reader.buffer()),
            }
        }
    }

    fn consume(&mut self, count: usize) {
        self.reader.consume(count);
        self.at += count as u64;
    }

    /// So many bytes, or as many as there are. Memory grows with what is there, not with what is claimed.
    fn up_to(&mut self, size: u64) -> Result<Vec<u8>, Problem> {
        let at = self.at;
        let mut bytes = Vec::with_capacity(size.min(BUFFER_BYTES as u64) as usize);
        let mut part = self.reader.by_ref().take(size);
        part.read_to_end(&mut bytes)
            .map_err(|source| Problem::Io { at, source })?;
        self.at += bytes.len() as u64;
        Ok(bytes)
    }
}

/// The first bytes, and a reader that still gives them.
fn look_ahead<R: Read>(mut reader: R) -> Result<(Vec<u8>, impl Read), Problem> {
    let mut start = Vec::with_capacity(LOOK_BYTES as usize);
    let read = reader.by_ref().take(LOOK_BYTES).read_to_end(&mut start);
    read.map_err(|source| Problem::Io { at: 0, source })?;
    Ok((start.clone(), Cursor::new(start).chain(reader)))
}

/// The byte behind the length, of the first request that is not empty; `None` when the bytes end before it.
fn after_varints(start: &[u8]) -> Option<u8> {
    let mut rest = start.iter().skip_while(|&&byte| byte == 0);
    let is_long = |byte: &u8| *byte >= 0x80;
    rest.by_ref().take(10).find(|byte| !is_long(byte))?;
    rest.next().copied()
}

/// Counts what is read.
struct Counted {
    reader: Box<dyn Read + Send>,
    bytes: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.bytes.fetch_add(read as u64, Relaxed);
        Ok(read)
    }
}

//! The file of a recording: OTLP requests in protobuf, each with its length before it, as they came.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Result, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use hotspan_ingest::{Inbox, Message, Raw, RawReader, Received};
use hotspan_otlp::Encoding;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;

/// Longest length, as a varint of 64 bits.
const LENGTH_BYTES_MAX: usize = 10;

/// What is in a file, and what is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Recorded {
    /// Requests in it.
    pub(super) requests: u64,
    /// Its size.
    pub(super) bytes: u64,
    /// Requests that found no room.
    pub(super) beyond: u64,
    /// Requests in JSON that have no form in protobuf.
    pub(super) unwritable: u64,
}

/// A file that is being written.
pub(super) struct Recording {
    file: BufWriter<File>,
    reader: RawReader,
    bytes_max: u64,
    recorded: Recorded,
}

impl Recording {
    /// A new file, readable by its owner alone: spans may carry what others should not see.
    pub(super) fn create(path: &Path, bytes_max: u64, reader: RawReader) -> Result<Recording> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)?;
        Ok(Recording {
            file: BufWriter::new(file),
            reader,
            bytes_max,
            recorded: Recorded::default(),
        })
    }

    /// Writes what comes until the queue is closed.
    pub(super) fn run(mut self, inbox: &Inbox<Message>) -> Result<Recorded> {
        loop {
            match inbox.receive(None) {
                Received::Message(message) => {
                    if let Some(raw) = &message.raw {
                        self.write(raw)?;
                    }
                }
                Received::Nothing => {}
                Received::Closed => {
                    self.file.flush()?;
                    return Ok(self.recorded);
                }
            }
        }
    }

    fn write(&mut self, raw: &Raw) -> Result<()> {
        let Some(bytes) = self.reader.read(raw) else {
            self.recorded.unwritable += 1;
            return Ok(());
        };
        let converted;
        let bytes = match raw.encoding {
            Encoding::Protobuf => bytes,
            Encoding::Json => match serde_json::from_slice::<ExportTraceServiceRequest>(bytes) {
                Ok(request) => {
                    converted = request.encode_to_vec();
                    &converted
                }
                Err(_) => {
                    self.recorded.unwritable += 1;
                    return Ok(());
                }
            },
        };
        let mut length = Vec::with_capacity(LENGTH_BYTES_MAX);
        prost::encode_length_delimiter(bytes.len(), &mut length)?;
        let size = (length.len() + bytes.len()) as u64;
        if self.recorded.bytes + size > self.bytes_max {
            self.recorded.beyond += 1;
            return Ok(());
        }
        self.recorded.requests += 1;
        self.recorded.bytes += size;
        self.file.write_all(&length)?;
        self.file.write_all(bytes)
    }
}

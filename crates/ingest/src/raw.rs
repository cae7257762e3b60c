//! The bytes of a request as they came, kept so that an exemplar can show more than its record holds.

use bytes::Bytes;
use hotspan_otlp::Encoding;

use crate::inflate::Inflater;
use crate::{Coding, Settings};

/// The bytes that a request was decoded from.
#[derive(Clone, Debug)]
pub struct Raw {
    /// The whole message, compressed as it came.
    pub bytes: Bytes,
    /// How it is written.
    pub encoding: Encoding,
    /// How it is compressed.
    pub coding: Coding,
}

/// Inflates kept requests again.
#[derive(Debug)]
pub struct RawReader {
    inflater: Inflater,
    settings: Settings,
}

impl RawReader {
    /// A reader of requests that were taken under these limits.
    pub fn new(settings: Settings) -> RawReader {
        RawReader {
            inflater: Inflater::new(),
            settings,
        }
    }

    /// The message, inflated; `None` when it cannot be, which no request that was taken is.
    pub fn read<'r>(&'r mut self, raw: &'r Raw) -> Option<&'r [u8]> {
        self.inflater.rest();
        self.inflater
            .inflate(raw.coding, &raw.bytes, &self.settings, &mut |_| Ok(()))
            .ok()
    }
}

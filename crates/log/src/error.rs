//! What goes wrong with a log, and what to do about it.

use std::io;

/// Why a log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The disk failed.
    #[error("the log: {what} {name}: {source}")]
    Disk {
        /// What was tried.
        what: &'static str,
        /// With which file.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// Bytes that were on disk for good are not what was written.
    #[error(
        "the log is damaged: {name} at byte {at}: {why}. Acknowledged requests are there; put the file back from a copy, \
         or start once with --skip-corrupt to go on without what cannot be read"
    )]
    Corrupt {
        /// Which file.
        name: String,
        /// Where in it.
        at: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// A file of a later program.
    #[error(
        "the log: {name} has form {found}, and this program knows up to {known}: use the newer program again"
    )]
    Newer {
        /// Which file.
        name: String,
        /// Its form.
        found: u32,
        /// The last one known.
        known: u32,
    },
    /// Records are missing between what is stored and what is in the log.
    #[error(
        "the log has records {first} to {next}, and the store goes on at {wanted}: they are not of one time. Put back \
         both from one copy, or start once with --skip-corrupt to go on without what is missing"
    )]
    Gap {
        /// The first record that is there.
        first: u64,
        /// The record after the last.
        next: u64,
        /// The record that the store goes on at.
        wanted: u64,
    },
}

impl LogError {
    /// Whether going on without what cannot be read is a choice.
    pub fn may_be_skipped(&self) -> bool {
        matches!(self, LogError::Corrupt { .. } | LogError::Gap { .. })
    }
}

/// Says with which file it was tried.
pub(crate) fn disk<'a>(what: &'static str, name: &'a str) -> impl FnOnce(io::Error) -> LogError + 'a {
    move |source| LogError::Disk {
        what,
        name: name.to_owned(),
        source,
    }
}

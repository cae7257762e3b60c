//! What comes behind a bad record: tells a torn write from damage, and finds where to go on.

use hotspan_model::LogTime;

use crate::format::{LENGTH_AND_SUM, RecordHead, body_length, is_whole};

/// Most bytes that are summed up: a payload made to look like many records costs no more than that.
const SUMMED_MAX: u64 = 4 << 30;

/// The last record that was whole: those behind it are younger.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    pub(crate) place: u32,
    pub(crate) time: LogTime,
}

/// A whole record behind a bad one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where it begins in the bytes.
    pub(crate) at: usize,
    pub(crate) head: RecordHead,
}

/// The whole records that begin anywhere in `bytes`, first to last. Where a length is right by chance the sum is not,
/// and nobody who sends knows what it begins with, so nothing in a payload passes for a record.
pub(crate) fn records(bytes: &[u8], generation: u64, before: Before) -> impl Iterator<Item = Found> {
    let is_later = move |head: &RecordHead| before.place <= head.place && before.time <= head.time;
    let mut summed = 0;
    (0..bytes.len().saturating_sub(LENGTH_AND_SUM)).filter_map(move |at| {
        let (head, rest) = bytes[at..].split_at(LENGTH_AND_SUM);
        let length = body_length(head, rest.len() as u64)?;
        let body = &rest[..length];
        let found = RecordHead::read(body).filter(is_later)?;
        summed += length as u64;
        (summed <= SUMMED_MAX).then_some(())?;
        is_whole(generation, head, body).then_some(Found { at, head: found })
    })
}

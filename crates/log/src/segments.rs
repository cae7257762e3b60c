//! The files of a log: which there are, where each begins and where it ends.

use std::io::Read as _;

use crate::LogError;
use crate::disk::Disk;
use crate::error::disk;
use crate::format::{Head, NoHead, SEGMENT_HEAD_BYTES, VERSION};

/// How a segment's name ends; before it is the number of its first record.
const ENDING: &str = ".log";
/// How the name of one ends that was not whole yet.
const UNFINISHED: &str = ".new";

/// A file of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) name: String,
    pub(crate) head: Head,
    pub(crate) bytes: u64,
}

/// The name of the segment that begins with this record.
pub(crate) fn name(first: u64) -> String {
    format!("{first:020}{ENDING}")
}

/// Its name before it is whole.
pub(crate) fn unfinished(first: u64) -> String {
    format!("{first:020}{UNFINISHED}")
}

/// Whether a file is a segment that nobody finished.
pub(crate) fn is_unfinished(name: &str) -> bool {
    number(name, UNFINISHED).is_some()
}

/// Whether a file of this name is a segment of a log.
pub fn is_segment(name: &str) -> bool {
    number(name, ENDING).is_some()
}

fn number(name: &str, ending: &str) -> Option<u64> {
    let number = name.strip_suffix(ending)?;
    let is_number = number.len() == 20 && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| number.parse().ok())?
}

/// All segments in order of their records.
pub(crate) fn find(on: &impl Disk) -> Result<Vec<Segment>, LogError> {
    let names = on.names().map_err(disk("reading", "its directory"))?;
    let mut firsts: Vec<u64> = names.iter().filter_map(|name| number(name, ENDING)).collect();
    firsts.sort_unstable();
    let mut segments: Vec<Segment> = Vec::with_capacity(firsts.len());
    for first in firsts {
        let name = name(first);
        let (head, bytes) = read_head(on, &name)?;
        let corrupt = |why| LogError::Corrupt {
            name: name.clone(),
            at: 0,
            why,
        };
        if head.first != first {
            return Err(corrupt("it begins with another record than its name says"));
        }
        if segments
            .first()
            .is_some_and(|other| other.head.generation != head.generation)
        {
            return Err(corrupt("it is of another log"));
        }
        segments.push(Segment { name, head, bytes });
    }
    Ok(segments)
}

fn read_head(on: &impl Disk, name: &str) -> Result<(Head, u64), LogError> {
    let (mut file, bytes) = on.read(name).map_err(disk("reading", name))?;
    let corrupt = |why| LogError::Corrupt {
        name: name.to_owned(),
        at: 0,
        why,
    };
    let mut head = [0; SEGMENT_HEAD_BYTES];
    if bytes < SEGMENT_HEAD_BYTES as u64 {
        return Err(corrupt("its head is cut off"));
    }
    file.read_exact(&mut head).map_err(disk("reading", name))?;
    match Head::read(&head) {
        Ok(head) => Ok((head, bytes)),
        Err(NoHead::Damaged(why)) => Err(corrupt(why)),
        Err(NoHead::Newer(found)) => Err(LogError::Newer {
            name: name.to_owned(),
            found,
            known: VERSION,
        }),
    }
}

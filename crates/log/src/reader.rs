//! Reading a log from its first record to its last, and telling a torn end from damage.

use std::collections::VecDeque;
use std::io::Read;

use hotspan_model::{LogPos, LogTime, Offset};

use crate::LogError;
use crate::disk::Disk;
use crate::error::disk;
use crate::format::{Kind, LENGTH_AND_SUM, RecordHead, SEGMENT_HEAD_BYTES, body_length, is_whole, payload};
use crate::scan::{Before, records};
use crate::segments::Segment;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number, and the log's clock at it.
    pub at: LogPos,
    /// What it is.
    pub kind: Kind,
    /// What it says.
    pub payload: Vec<u8>,
}

/// What a reader passed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Bytes at the end that a crash left of a write that nobody was told of.
    pub torn: u64,
    /// Acknowledged records that cannot be read; only where that was asked for.
    pub lost: u64,
}

/// Reads records in order.
#[derive(Debug)]
pub struct Reader<'d, D> {
    on: &'d D,
    /// Those not begun.
    segments: VecDeque<Segment>,
    current: Option<Current>,
    skips: bool,
    passed: Passed,
}

struct Current {
    segment: Segment,
    /// Number of the first record of the next segment: what is here beyond it is void.
    end: Option<u64>,
    file: Box<dyn Read + Send>,
    /// Where the next record begins.
    at: u64,
    before: Before,
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.segment.name, self.at)
    }
}

impl<'d, D: Disk> Reader<'d, D> {
    /// Reads these segments; with `skips` it goes on behind damage and counts what is lost.
    pub(crate) fn new(on: &'d D, segments: Vec<Segment>, skips: bool) -> Reader<'d, D> {
        Reader {
            on,
            segments: segments.into(),
            current: None,
            skips,
            passed: Passed::default(),
        }
    }

    /// All of a log that nobody writes to.
    pub fn open(on: &'d D, skips: bool) -> Result<Reader<'d, D>, LogError> {
        Ok(Reader::new(on, crate::segments::find(on)?, skips))
    }

    /// One segment of a log that nobody writes to.
    pub fn segment(on: &'d D, name: &str, skips: bool) -> Result<Reader<'d, D>, LogError> {
        let mut segments = crate::segments::find(on)?;
        segments.retain(|segment| segment.name == name);
        Ok(Reader::new(on, segments, skips))
    }

    /// What was passed over so far.
    pub fn passed(&self) -> Passed {
        self.passed
    }

    fn advance(&mut self) -> Result<Option<Record>, LogError> {
        loop {
            let Some(current) = &mut self.current else {
                match self.segments.pop_front() {
                    None => return Ok(None),
                    Some(segment) => self.begin(segment)?,
                }
                continue;
            };
            if current.end.is_some_and(|end| end <= current.next()) {
                self.current = None;
                continue;
            }
            match current.read()? {
                Step::Record(record) => return Ok(Some(record)),
                Step::End => {
                    let missing = current.end.map_or(0, |end| end - current.next());
                    if missing > 0 {
                        self.lose(missing, "records are missing at its end")?;
                    }
                    self.current = None;
                }
                Step::Bad(why) => self.pass(why)?,
            }
        }
    }

    /// Where the last segment that was begun has its next record, as a byte and as a number; and the clock.
    pub(crate) fn end(&mut self) -> Result<Option<End>, LogError> {
        let mut end = None;
        while self.advance()?.is_some() {
            end = self.current.as_ref().map(Current::reached);
        }
        Ok(end)
    }

    fn begin(&mut self, segment: Segment) -> Result<(), LogError> {
        let (mut file, _) = self
            .on
            .read(&segment.name)
            .map_err(disk("reading", &segment.name))?;
        let mut head = [0; SEGMENT_HEAD_BYTES];
        file.read_exact(&mut head)
            .map_err(disk("reading", &segment.name))?;
        self.current = Some(Current {
            end: self.segments.front().map(|next| next.head.first),
            at: SEGMENT_HEAD_BYTES as u64,
            before: Before {
                place: 0,
                time: segment.head.clock,
            },
            file,
            segment,
        });
        Ok(())
    }

    /// Passes over a bad record: a torn end, or damage.
    fn pass(&mut self, why: &'static str) -> Result<(), LogError> {
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        let (mut whole, _) = self
            .on
            .read(&current.segment.name)
            .map_err(disk("reading", &current.segment.name))?;
        let mut rest = Vec::new();
        std::io::copy(&mut (&mut whole).take(current.at), &mut std::io::sink())
            .and_then(|_| whole.read_to_end(&mut rest))
            .map_err(disk("reading", &current.segment.name))?;
        let mut behind = records(&rest, current.segment.head.generation, current.before).peekable();
        let first = behind.peek().copied();
        // A record whose group began behind this one was written when this one was synced.
        let is_torn = current.end.is_none() && behind.all(|found| u64::from(found.head.synced) <= current.at);
        if is_torn {
            self.passed.torn += rest.len() as u64;
            self.current = None;
            return Ok(());
        }
        let next = current.next();
        match first {
            Some(found) => {
                let to = current.segment.head.first + u64::from(found.head.place);
                let to = current.end.map_or(to, |end| end.min(to));
                self.lose(to - next, why)?;
                if let Some(current) = &mut self.current {
                    current.jump(found.at, found.head.place, &rest);
                }
            }
            None => {
                let lost = current.end.map_or(0, |end| end - next);
                self.lose(lost, why)?;
                self.current = None;
            }
        }
        Ok(())
    }

    fn lose(&mut self, records: u64, why: &'static str) -> Result<(), LogError> {
        let Some(current) = self.current.as_ref().filter(|_| !self.skips) else {
            self.passed.lost += records;
            return Ok(());
        };
        Err(LogError::Corrupt {
            name: current.segment.name.clone(),
            at: current.at,
            why,
        })
    }
}

impl<D: Disk> Iterator for Reader<'_, D> {
    type Item = Result<Record, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().transpose()
    }
}

/// Where reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) next: u64,
    pub(crate) clock: LogTime,
    pub(crate) byte: u64,
}

enum Step {
    Record(Record),
    End,
    Bad(&'static str),
}

impl Current {
    /// Number of the next record.
    fn next(&self) -> u64 {
        self.segment.head.first + u64::from(self.before.place)
    }

    fn reached(&self) -> End {
        End {
            next: self.next(),
            clock: self.before.time,
            byte: self.at,
        }
    }

    fn read(&mut self) -> Result<Step, LogError> {
        let left = self.segment.bytes.saturating_sub(self.at);
        if left == 0 {
            return Ok(Step::End);
        }
        let mut head = [0; LENGTH_AND_SUM];
        let Some(left) = left.checked_sub(head.len() as u64) else {
            return Ok(Step::Bad("a record is cut off"));
        };
        self.fill(&mut head)?;
        let Some(length) = body_length(&head, left) else {
            return Ok(Step::Bad("a record cannot be so long"));
        };
        let mut body = vec![0; length];
        self.fill(&mut body)?;
        if !is_whole(self.segment.head.generation, &head, &body) {
            return Ok(Step::Bad("the sum of a record is wrong"));
        }
        let Some(found) = RecordHead::read(&body) else {
            return Ok(Step::Bad("a record is of an unknown kind"));
        };
        if found.place != self.before.place || found.time < self.before.time {
            return Ok(Step::Bad("a record is not in its place"));
        }
        let at = LogPos {
            offset: Offset(self.next()),
            time: found.time,
        };
        self.at += (head.len() + length) as u64;
        self.before = Before {
            place: found.place + 1,
            time: found.time,
        };
        Ok(Step::Record(Record {
            at,
            kind: found.kind,
            payload: payload(body),
        }))
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), LogError> {
        self.file
            .read_exact(bytes)
            .map_err(disk("reading", &self.segment.name))
    }

    /// Goes on at a record of the rest.
    fn jump(&mut self, at: usize, place: u32, rest: &[u8]) {
        self.file = Box::new(std::io::Cursor::new(rest[at..].to_vec()));
        self.at += at as u64;
        self.before.place = place;
    }
}

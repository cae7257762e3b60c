//! The log as its one appender has it: groups of records go in, and what is below the floor goes out.

use std::collections::VecDeque;
use std::ops::Range;

use hotspan_model::{LogPos, LogTime, Offset};

use crate::LogError;
use crate::disk::{Disk, DiskFile};
use crate::error::disk;
use crate::format::{Head, Kind, RECORD_HEAD_BYTES, RecordHead, SEGMENT_HEAD_BYTES};
use crate::reader::{Passed, Reader};
use crate::segments::{self, Segment};

/// How much.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// A segment that is so long is followed by another.
    pub segment_bytes: u64,
    /// Most bytes of all segments; ticks are let in beyond, since without time nothing ends.
    pub bytes_max: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            segment_bytes: 64 << 20,
            bytes_max: 4 << 30,
        }
    }
}

/// What whoever opens a log knows of it.
#[derive(Clone, Debug)]
pub struct Begin {
    /// The first record that is still needed, and the one after the last that was used; `None` where all that is
    /// there is new to whoever opens it.
    pub needed: Option<Range<u64>>,
    /// Names a log that is new, and begins its sums: a secret of this machine.
    pub generation: u64,
    /// Goes on behind damage.
    pub skips: bool,
}

/// A log, and what was found when it was opened.
#[derive(Debug)]
pub struct Opened<D: Disk> {
    /// Ready to be read from its beginning, and to be appended to.
    pub log: Log<D>,
    /// What cannot be read of its last segment.
    pub passed: Passed,
}

/// Why a record was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAppended {
    /// There is no room until older records are let go.
    Full,
    /// No record can be so long.
    TooLong,
}

/// Appends to the last of some segments.
#[derive(Debug)]
pub struct Log<D: Disk> {
    on: D,
    settings: Settings,
    generation: u64,
    /// In order; the last one is written to while `file` is open.
    segments: VecDeque<Segment>,
    file: Option<D::File>,
    /// Number of the next record, those of the group counted.
    next: u64,
    clock: LogTime,
    group: Vec<u8>,
    /// Number and clock of the group's first record.
    begun: (u64, LogTime),
}

/// Beyond, places and bytes of a segment would no longer fit their fields.
const SEGMENT_MOST: u64 = 1 << 31;

impl<D: Disk> Log<D> {
    /// Opens the log of a directory, or begins one. What a crash tore off the last write is cut off.
    pub fn open(on: D, settings: Settings, begin: Begin) -> Result<Opened<D>, LogError> {
        remove_unfinished(&on)?;
        let mut segments: VecDeque<Segment> = segments::find(&on)?.into();
        let (mut next, mut clock) = (begin.needed.as_ref().map_or(0, |needed| needed.end), LogTime(0));
        let mut passed = Passed::default();
        if let Some(last) = segments.back_mut() {
            let mut reader = Reader::new(&on, vec![last.clone()], begin.skips);
            let end = reader.end()?;
            passed = reader.passed();
            (next, clock) = end.map_or((last.head.first, last.head.clock), |end| (end.next, end.clock));
            if passed.torn > 0 {
                let bytes = last.bytes - passed.torn;
                on.cut(&last.name, bytes).map_err(disk("cutting", &last.name))?;
                last.bytes = bytes;
            }
        }
        if let (Some(needed), Some(oldest)) = (&begin.needed, segments.front()) {
            let missing = gap(needed, oldest.head.first, next);
            if let Some(gap) = missing.filter(|_| !begin.skips) {
                return Err(gap);
            }
            passed.lost += needed.end.saturating_sub(next);
            next = next.max(needed.end);
        }
        let log = Log {
            on,
            settings,
            generation: segments
                .front()
                .map_or(begin.generation, |segment| segment.head.generation),
            segments,
            file: None,
            next,
            clock,
            group: Vec::new(),
            begun: (next, clock),
        };
        Ok(Opened { log, passed })
    }

    /// Reads what is there, from the segment on that has record `from`.
    pub fn read(&self, from: u64, skips: bool) -> Reader<'_, D> {
        let skipped = self
            .segments
            .iter()
            .skip(1)
            .take_while(|segment| segment.head.first <= from)
            .count();
        let segments = self.segments.iter().skip(skipped).cloned().collect();
        Reader::new(&self.on, segments, skips)
    }

    /// Adds a record to the group; its time never steps back. It is on disk after [`Log::commit`].
    pub fn append(&mut self, kind: Kind, now: LogTime, payload: &[&[u8]]) -> Result<LogPos, NotAppended> {
        let bytes = RECORD_HEAD_BYTES + payload.iter().map(|part| part.len()).sum::<usize>();
        if bytes as u64 > SEGMENT_MOST {
            return Err(NotAppended::TooLong);
        }
        let room = self
            .settings
            .bytes_max
            .saturating_sub(self.bytes() + self.group.len() as u64);
        if room < bytes as u64 && kind != Kind::Tick {
            return Err(NotAppended::Full);
        }
        self.clock = self.clock.max(now);
        let (first, start) = self.target();
        let head = RecordHead {
            kind,
            time: self.clock,
            // A segment ends long before it has so many records, or bytes.
            place: (self.next - first) as u32,
            synced: start as u32,
        };
        head.write(self.generation, payload, &mut self.group);
        let offset = Offset(self.next);
        self.next += 1;
        Ok(LogPos {
            offset,
            time: self.clock,
        })
    }

    /// Writes and syncs the group. On an error none of it counts: the segment is ended where the group began, and
    /// what is appended next takes the same numbers in a new one.
    pub fn commit(&mut self) -> Result<(), LogError> {
        if self.group.is_empty() {
            return Ok(());
        }
        let written = self.write();
        self.group.clear();
        match written {
            Ok(()) => self.begun = (self.next, self.clock),
            Err(_) => {
                self.file = None;
                (self.next, self.clock) = (self.begun.0, self.clock);
            }
        }
        written
    }

    /// Lets segments go whose records are all below `floor`; gives how many went.
    pub fn trim(&mut self, floor: u64) -> Result<usize, LogError> {
        let mut gone = 0;
        while self.segments.get(1).is_some_and(|next| next.head.first <= floor)
            && let Some(oldest) = self.segments.front()
        {
            self.on
                .remove(&oldest.name)
                .map_err(disk("removing", &oldest.name))?;
            self.segments.pop_front();
            gone += 1;
        }
        if gone > 0 {
            self.on.sync().map_err(disk("syncing", "its directory"))?;
        }
        Ok(gone)
    }

    /// Bytes of all segments.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// Bytes that wait for [`Log::commit`].
    pub fn group_bytes(&self) -> usize {
        self.group.len()
    }

    /// Number of the next record.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Number of the first record that is held.
    pub fn first(&self) -> u64 {
        self.segments
            .front()
            .map_or(self.next, |segment| segment.head.first)
    }

    /// The highest record time so far.
    pub fn clock(&self) -> LogTime {
        self.clock
    }

    /// Which log this is.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// First record of the segment that the group goes to, and the byte that the group begins at.
    fn target(&self) -> (u64, u64) {
        match (self.is_open(), self.segments.back()) {
            (true, Some(last)) => (last.head.first, last.bytes),
            (_, _) => (self.begun.0, SEGMENT_HEAD_BYTES as u64),
        }
    }

    /// Whether the last segment takes another group.
    fn is_open(&self) -> bool {
        let last = self.segments.back();
        self.file.is_some()
            && last.is_some_and(|last| last.bytes < self.settings.segment_bytes.min(SEGMENT_MOST))
    }

    fn write(&mut self) -> Result<(), LogError> {
        if !self.is_open() {
            self.file = None;
            self.file = Some(self.begin()?);
        }
        let (Some(file), Some(last)) = (&mut self.file, self.segments.back_mut()) else {
            return Ok(());
        };
        file.append(&self.group).map_err(disk("writing", &last.name))?;
        file.sync().map_err(disk("syncing", &last.name))?;
        last.bytes += self.group.len() as u64;
        Ok(())
    }

    /// A segment appears whole or not at all: its head is synced before it has its name. One of the same name has no
    /// record that counts.
    fn begin(&mut self) -> Result<D::File, LogError> {
        let (first, clock) = self.begun;
        let head = Head {
            first,
            generation: self.generation,
            clock,
        };
        let (name, unfinished) = (segments::name(first), segments::unfinished(first));
        let mut file = self
            .on
            .create(&unfinished)
            .map_err(disk("creating", &unfinished))?;
        file.append(&head.write()).map_err(disk("writing", &unfinished))?;
        file.sync().map_err(disk("syncing", &unfinished))?;
        self.on
            .rename(&unfinished, &name)
            .map_err(disk("renaming", &unfinished))?;
        self.segments.retain(|segment| segment.head.first != first);
        self.segments.push_back(Segment {
            name,
            head,
            bytes: SEGMENT_HEAD_BYTES as u64,
        });
        self.on.sync().map_err(disk("syncing", "its directory"))?;
        Ok(file)
    }
}

/// What is missing of the records that are needed, where `first..next` are there.
fn gap(needed: &Range<u64>, first: u64, next: u64) -> Option<LogError> {
    let wanted = match (first <= needed.start, needed.end <= next) {
        (true, true) => return None,
        (true, false) => needed.end,
        (false, _) => needed.start,
    };
    Some(LogError::Gap { first, next, wanted })
}

fn remove_unfinished(on: &impl Disk) -> Result<(), LogError> {
    let names = on.names().map_err(disk("reading", "its directory"))?;
    for name in names.iter().filter(|name| segments::is_unfinished(name)) {
        on.remove(name).map_err(disk("removing", name))?;
    }
    Ok(())
}

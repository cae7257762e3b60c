//! The bytes of a segment's head and of a record; `docs/format.md` draws them. Little endian.

use hotspan_model::LogTime;

/// Begins every segment.
const MAGIC: [u8; 8] = *b"hspnlog\0";
/// Form of what this program writes.
pub(crate) const VERSION: u32 = 1;

/// Bytes before the first record.
pub(crate) const SEGMENT_HEAD_BYTES: usize = 40;

/// Bytes of a record before its payload.
pub const RECORD_HEAD_BYTES: usize = LENGTH_AND_SUM + BODY_HEAD;

/// Length and sum, which the length does not count.
pub(crate) const LENGTH_AND_SUM: usize = 8;
/// Kind, time, place and synced, which it does.
const BODY_HEAD: usize = 1 + 8 + 4 + 4;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A request as it came.
    Request = 1,
    /// Time went on.
    Tick = 2,
    /// Settings changed. Nothing writes one yet.
    Control = 3,
}

impl Kind {
    fn of(code: u8) -> Option<Kind> {
        [Kind::Request, Kind::Tick, Kind::Control]
            .into_iter()
            .find(|kind| *kind as u8 == code)
    }
}

/// What a segment says before its first record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Number of its first record.
    pub(crate) first: u64,
    /// Drawn when the log began. Begins every sum, so that no sender can make up a record.
    pub(crate) generation: u64,
    /// The log's clock before the first record.
    pub(crate) clock: LogTime,
}

/// Why a head is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoHead {
    Newer(u32),
    Damaged(&'static str),
}

impl Head {
    pub(crate) fn write(&self) -> [u8; SEGMENT_HEAD_BYTES] {
        let mut bytes = [0; SEGMENT_HEAD_BYTES];
        let parts: [&[u8]; 5] = [
            &MAGIC,
            &VERSION.to_le_bytes(),
            &self.first.to_le_bytes(),
            &self.generation.to_le_bytes(),
            &self.clock.0.to_le_bytes(),
        ];
        let mut at = 0;
        for part in parts {
            bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        let sum = crc32c::crc32c(&bytes[..at]);
        bytes[at..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    pub(crate) fn read(bytes: &[u8; SEGMENT_HEAD_BYTES]) -> Result<Head, NoHead> {
        if bytes[..8] != MAGIC {
            return Err(NoHead::Damaged("it does not begin as a segment does"));
        }
        if crc32c::crc32c(&bytes[..36]) != u32_at(bytes, 36) {
            return Err(NoHead::Damaged("the sum of its head is wrong"));
        }
        match u32_at(bytes, 8) {
            VERSION => Ok(Head {
                first: u64_at(bytes, 12),
                generation: u64_at(bytes, 20),
                clock: LogTime(u64_at(bytes, 28)),
            }),
            version => Err(NoHead::Newer(version)),
        }
    }
}

/// What a record says before its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordHead {
    pub(crate) kind: Kind,
    pub(crate) time: LogTime,
    /// How many records of its segment are before it.
    pub(crate) place: u32,
    /// Where its group begins: all before that was synced when this was written.
    pub(crate) synced: u32,
}

impl RecordHead {
    /// Appends the record to a group.
    pub(crate) fn write(&self, generation: u64, payload: &[&[u8]], to: &mut Vec<u8>) {
        let start = to.len();
        let length = BODY_HEAD + payload.iter().map(|part| part.len()).sum::<usize>();
        // Whoever appends has checked that.
        to.extend((length as u32).to_le_bytes());
        to.extend([0; 4]);
        to.push(self.kind as u8);
        to.extend(self.time.0.to_le_bytes());
        to.extend(self.place.to_le_bytes());
        to.extend(self.synced.to_le_bytes());
        payload.iter().for_each(|part| to.extend_from_slice(part));
        let sum = sum(generation, &to[start..start + 4], &to[start + LENGTH_AND_SUM..]);
        to[start + 4..start + LENGTH_AND_SUM].copy_from_slice(&sum.to_le_bytes());
    }

    /// Reads what is behind length and sum; `None` where no record begins like that.
    pub(crate) fn read(body: &[u8]) -> Option<RecordHead> {
        Some(RecordHead {
            kind: Kind::of(*body.first()?)?,
            time: LogTime(u64_at(body.get(..BODY_HEAD)?, 1)),
            place: u32_at(body, 9),
            synced: u32_at(body, 13),
        })
    }
}

/// The payload of a body.
pub(crate) fn payload(mut body: Vec<u8>) -> Vec<u8> {
    body.drain(..BODY_HEAD);
    body
}

/// How long a body is, if so long a one fits into what is left.
pub(crate) fn body_length(head: &[u8], left: u64) -> Option<usize> {
    let length = u64::from(u32_at(head, 0));
    let fits = BODY_HEAD as u64 <= length && length <= left;
    fits.then(|| usize::try_from(length).ok())?
}

/// Whether the sum in `head` is that of length and body.
pub(crate) fn is_whole(generation: u64, head: &[u8], body: &[u8]) -> bool {
    sum(generation, &head[..4], body) == u32_at(head, 4)
}

fn sum(generation: u64, length: &[u8], body: &[u8]) -> u32 {
    let sum = crc32c::crc32c(&generation.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c_append(sum, length), body)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head = Head {
        first: 7,
        generation: 0x0123_4567_89ab_cdef,
        clock: LogTime(1_700_000_000_000_000_000),
    };

    #[test]
    fn a_head_is_40_bytes_and_any_bit_of_it_counts() {
        let bytes = HEAD.write();
        assert_eq!(Head::read(&bytes), Ok(HEAD));
        for bit in 0..bytes.len() * 8 {
            let mut other = bytes;
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(Head::read(&other), Err(NoHead::Damaged(_))), "bit {bit}");
        }
    }

    #[test]
    fn a_head_of_a_later_form_is_told_from_a_damaged_one() {
        let mut bytes = HEAD.write();
        bytes[8] = 2;
        let sum = crc32c::crc32c(&bytes[..36]);
        bytes[36..].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(Head::read(&bytes), Err(NoHead::Newer(2)));
    }

    /// The bytes of `docs/format.md`: whoever changes them changes [`VERSION`].
    #[test]
    fn a_record_has_the_bytes_that_are_documented() {
        let head = RecordHead {
            kind: Kind::Request,
            time: LogTime(2),
            place: 3,
            synced: 40,
        };
        let mut bytes = Vec::new();
        head.write(1, &[b"a", b"bc"], &mut bytes);
        let body = [
            1, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 40, 0, 0, 0, b'a', b'b', b'c',
        ];
        assert_eq!(bytes[..4], [20, 0, 0, 0]);
        assert_eq!(bytes[8..], body);
        let summed = [&1_u64.to_le_bytes()[..], &bytes[..4], &body].concat();
        assert_eq!(bytes[4..8], crc32c::crc32c(&summed).to_le_bytes());
    }
}

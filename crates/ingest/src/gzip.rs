//! Gzip (RFC 1952): one member at once, which is what exporters send, and anything else as a stream.

use flate2::{Crc, Decompress, FlushDecompress, Status};
use libdeflater::Decompressor;
use memchr::memmem;

use crate::Refusal;
use crate::inflate::{Output, broken};

/// How a member begins.
const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];

/// Reusable contexts.
pub(crate) struct Gzip {
    at_once: Decompressor,
    stream: Decompress,
}

impl Gzip {
    pub(crate) fn new() -> Gzip {
        Gzip {
            at_once: Decompressor::new(),
            stream: Decompress::new(false),
        }
    }

    /// Inflates all members of `input`.
    pub(crate) fn inflate(&mut self, input: &[u8], output: &mut Output<'_>) -> Result<(), Refusal> {
        match self.at_once(input, output)? {
            true => Ok(()),
            false => self.members(input, output),
        }
    }

    /// Inflates the usual input, a single member that says its size. `false` when it is any other, broken ones
    /// included: [`Gzip::members`] is the judge of those. It takes two to three times as long.
    ///
    /// The inflater does not say where the member ended. It ended with the input when the checksum and the size there
    /// are right; only a second member with the same content would have the same, and its beginning would be seen.
    fn at_once(&mut self, input: &[u8], output: &mut Output<'_>) -> Result<bool, Refusal> {
        let Some((rest, trailer)) = input.split_last_chunk::<8>() else {
            return Ok(false);
        };
        let Some(deflated) = header(rest) else {
            return Ok(false);
        };
        let [crc, size] = [&trailer[..4], &trailer[4..]].map(|of| {
            let bytes = of.first_chunk().copied().unwrap_or_default();
            u32::from_le_bytes(bytes)
        });
        let is_one = memmem::find(deflated, &MAGIC).is_none();
        if !is_one || !output.resize(size as usize)? {
            return Ok(false);
        }
        let inflated = self.at_once.deflate_decompress(deflated, output.bytes);
        Ok(inflated == Ok(output.bytes.len()) && libdeflater::crc32(output.bytes) == crc)
    }

    fn members(&mut self, input: &[u8], output: &mut Output<'_>) -> Result<(), Refusal> {
        output.bytes.clear();
        let mut rest = input;
        // Several members are one stream.
        loop {
            rest = header(rest).ok_or_else(|| broken("gzip: no header"))?;
            let start = output.bytes.len();
            rest = self.member(rest, output)?;
            let (trailer, after) = rest
                .split_first_chunk::<8>()
                .ok_or_else(|| broken("gzip: cut off"))?;
            let mut crc = Crc::new();
            crc.update(&output.bytes[start..]);
            let expected = u64::from(crc.sum()) | u64::from(crc.amount()) << 32;
            if u64::from_le_bytes(*trailer) != expected {
                return Err(broken("gzip: wrong checksum or length"));
            }
            if after.is_empty() {
                return Ok(());
            }
            rest = after;
        }
    }

    /// One deflate stream; answers what follows it.
    fn member<'i>(&mut self, input: &'i [u8], output: &mut Output<'_>) -> Result<&'i [u8], Refusal> {
        self.stream.reset(false);
        loop {
            output.reserve()?;
            let rest = &input[self.stream.total_in() as usize..];
            let before = (rest.len(), output.bytes.len());
            let status = self
                .stream
                .decompress_vec(rest, output.bytes, FlushDecompress::None)
                .map_err(|_| broken("gzip: broken data"))?;
            let rest = &input[self.stream.total_in() as usize..];
            match status {
                Status::StreamEnd => return Ok(rest),
                Status::Ok | Status::BufError if before == (rest.len(), output.bytes.len()) => {
                    return Err(broken("gzip: cut off"));
                }
                Status::Ok | Status::BufError => {}
            }
        }
    }
}

/// What follows the header of a member; `None` when there is none.
fn header(input: &[u8]) -> Option<&[u8]> {
    const HAS_CHECKSUM: u8 = 2;
    const HAS_EXTRA: u8 = 4;
    const HAS_NAME: u8 = 8;
    const HAS_COMMENT: u8 = 16;
    const RESERVED: u8 = 0xe0;
    let (fixed, mut rest) = input.split_first_chunk::<10>()?;
    let flags = fixed[3];
    if fixed[..3] != MAGIC || flags & RESERVED != 0 {
        return None;
    }
    if flags & HAS_EXTRA != 0 {
        let (length, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [HAS_NAME, HAS_COMMENT] {
        if flags & text != 0 {
            let end = rest.iter().position(|&byte| byte == 0)?;
            rest = &rest[end + 1..];
        }
    }
    match flags & HAS_CHECKSUM != 0 {
        true => rest.get(2..),
        false => Some(rest),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use crate::inflate::Inflater;
    use crate::{Coding, Refusal, Settings};

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn inflate(input: &[u8]) -> Result<Vec<u8>, Refusal> {
        let mut inflater = Inflater::new();
        let inflated = inflater.inflate(Coding::Gzip, input, &Settings::default(), &mut |_| Ok(()));
        inflated.map(<[u8]>::to_vec)
    }

    #[test]
    fn headers_may_carry_names_comments_and_extras() {
        let plain = gzip(b"text");
        let mut rich = plain[..10].to_vec();
        rich[3] = 2 | 4 | 8 | 16;
        rich.extend(b"\x03\x00abcname\0comment\0\x12\x34");
        rich.extend(&plain[10..]);
        assert_eq!(inflate(&rich).unwrap(), b"text");
    }

    #[test]
    fn x14_equal_members_are_not_taken_for_one() {
        let member = gzip(b"text");
        assert_eq!(inflate(&member.repeat(3)).unwrap(), b"texttexttext");
    }

    #[test]
    fn x14_a_member_that_lies_about_its_size_is_undecodable() {
        for lie in [0, 1, 3, 5, 4_000, 1 << 20, 1 << 27, u32::MAX] {
            let mut member = gzip(b"text");
            let size = member.len() - 4;
            member[size..].copy_from_slice(&lie.to_le_bytes());
            let outcome = inflate(&member);
            assert!(matches!(outcome, Err(Refusal::Undecodable { .. })), "{lie}");
        }
    }

    #[test]
    fn x14_what_follows_a_member_is_another_or_an_error() {
        let member = gzip(b"text");
        for after in [&b"\0"[..], b"garbage", &[0; 8], &member[..12], &[0xff; 100]] {
            assert!(inflate(&[&member, after].concat()).is_err(), "{after:?}");
        }
    }

    #[test]
    fn a_long_message_leaves_nothing_in_a_short_one() {
        let mut inflater = Inflater::new();
        for text in [&[7; 50_000][..], b"", b"short", &[8; 60_000]] {
            let packed = gzip(text);
            let inflated = inflater.inflate(Coding::Gzip, &packed, &Settings::default(), &mut |_| Ok(()));
            assert_eq!(inflated.unwrap(), text);
        }
    }
}

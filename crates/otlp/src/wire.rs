//! Protobuf's wire form, read in place.

use crate::Damage;

/// One field as it stands in a message. Groups never appear: they are skipped as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

/// Reads the fields of one message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    #[inline]
    pub(crate) fn new(message: &'a [u8]) -> Fields<'a> {
        Fields { rest: message }
    }

    /// What is not read yet. After an error it begins somewhere inside the field that is damaged.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next field's number and payload; `None` at the end of the message.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<(u32, Payload<'a>)>, Damage> {
        loop {
            if self.rest.is_empty() {
                return Ok(None);
            }
            let (number, wire_type) = self.tag()?;
            let payload = match wire_type {
                2 => Payload::Bytes(self.bytes()?),
                0 => Payload::Varint(self.varint()?),
                1 => Payload::Fixed64(u64::from_le_bytes(self.array()?)),
                5 => Payload::Fixed32(u32::from_le_bytes(self.array()?)),
                3 => {
                    self.skip_group()?;
                    continue;
                }
                4 => return Err(Damage::Group),
                _ => return Err(Damage::WireType),
            };
            return Ok(Some((number, payload)));
        }
    }

    /// The payload when the next field is exactly this one, with a one-byte tag and a length of one or two bytes:
    /// the usual order of the wire.
    #[inline(always)]
    pub(crate) fn expect_bytes(&mut self, number: u8) -> Option<&'a [u8]> {
        let (&tag, behind) = self.rest.split_first()?;
        if tag != number << 3 | 2 {
            return None;
        }
        let (bytes, rest) = match *behind {
            [len @ 0..0x80, ref rest @ ..] => rest.split_at_checked(usize::from(len))?,
            [low, high @ 0..0x80, ref rest @ ..] => {
                rest.split_at_checked(usize::from(low & 0x7f) | usize::from(high) << 7)?
            }
            _ => return None,
        };
        self.rest = rest;
        Some(bytes)
    }

    /// The first ids of a span when it starts as every SDK writes it: a trace id of 16 bytes, a span id of 8.
    #[inline(always)]
    pub(crate) fn expect_ids(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let (head, rest) = self.rest.split_first_chunk::<28>()?;
        if head[..2] != [1 << 3 | 2, 16] || head[18..20] != [2 << 3 | 2, 8] {
            return None;
        }
        self.rest = rest;
        Some((&head[2..18], &head[20..]))
    }

    /// Goes on at `rest`, a part of what is not read yet.
    pub(crate) fn resume(&mut self, rest: &'a [u8]) {
        self.rest = rest;
    }

    /// Whether everything is read.
    #[inline(always)]
    pub(crate) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// The payload when the next field is exactly this one and has eight bytes, as span ids do.
    #[inline(always)]
    pub(crate) fn expect_eight(&mut self, number: u8) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_first_chunk::<10>()?;
        if head[..2] != [number << 3 | 2, 8] {
            return None;
        }
        self.rest = rest;
        Some(&head[2..])
    }

    /// Kind, start and end of a span when they stand together and the kind is a small number.
    #[inline(always)]
    pub(crate) fn expect_kind_and_times(&mut self) -> Option<(u64, u64, u64)> {
        let (head, rest) = self.rest.split_first_chunk::<20>()?;
        let [0x30, kind @ 0..0x80, 0x39, start @ .., _, _, _, _, _, _, _, _, _] = head else {
            return None;
        };
        if head[11] != 0x41 {
            return None;
        }
        let end = head.last_chunk()?;
        self.rest = rest;
        Some((
            u64::from(*kind),
            u64::from_le_bytes(*start),
            u64::from_le_bytes(*end),
        ))
    }

    #[inline]
    fn tag(&mut self) -> Result<(u32, u8), Damage> {
        let tag = self.varint()?;
        // Field numbers have 29 bits.
        match u32::try_from(tag) {
            Ok(tag) if tag >= 8 => Ok((tag >> 3, (tag & 7) as u8)),
            Ok(_) | Err(_) => Err(Damage::FieldNumber),
        }
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, Damage> {
        match self.rest {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, Damage> {
        let mut value = 0;
        for (place, &byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                // The tenth byte holds the last bit of 64.
                if place == 9 && byte > 1 {
                    return Err(Damage::Varint);
                }
                self.rest = &self.rest[place + 1..];
                return Ok(value);
            }
        }
        Err(match self.rest.len() {
            0..10 => Damage::Truncated,
            10.. => Damage::Varint,
        })
    }

    #[inline]
    fn bytes(&mut self) -> Result<&'a [u8], Damage> {
        let len = usize::try_from(self.varint()?).map_err(|_| Damage::Length)?;
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(Damage::Length)?;
        self.rest = rest;
        Ok(bytes)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(Damage::Truncated)?;
        self.rest = rest;
        Ok(*array)
    }

    /// Skips to the end of the group that has just begun. Counts levels instead of recursing; which number a
    /// group ends with is not compared, since nothing of it is used.
    fn skip_group(&mut self) -> Result<(), Damage> {
        let mut open = 1_u64;
        while open > 0 {
            if self.rest.is_empty() {
                return Err(Damage::Group);
            }
            match self.tag()?.1 {
                0 => self.varint().map(drop)?,
                1 => self.array::<8>().map(drop)?,
                2 => self.bytes().map(drop)?,
                3 => open += 1,
                4 => open -= 1,
                5 => self.array::<4>().map(drop)?,
                _ => return Err(Damage::WireType),
            }
        }
        Ok(())
    }
}

/// An attribute as most are: first its key, then a value, less than 128 bytes in all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair<'a> {
    pub(crate) key: &'a [u8],
    /// Length and ends of the key, for [`crate::keys::likely`].
    pub(crate) ends: u64,
    /// The first four bytes behind the key: where the value is a text, tag and length of both.
    head: [u8; 4],
    /// What stands behind them.
    tail: &'a [u8],
}

impl<'a> Pair<'a> {
    /// Takes one from the start of `fields`, where it is the field of this number. Gives what follows it, too.
    #[inline(always)]
    pub(crate) fn take(fields: &'a [u8], number: u8) -> Option<(Pair<'a>, &'a [u8])> {
        // Tag and length of the attribute, tag and length of its key, which follows; a length's high bit says that it
        // goes on.
        let start = u64::from_le_bytes(*fields.first_chunk()?);
        let head = start as u32;
        let usual = u32::from_le_bytes([number << 3 | 2, 0, 1 << 3 | 2, 0]);
        if head & 0x80ff_80ff != usual {
            return None;
        }
        let (len, key_len) = (head as usize >> 8 & 0x7f, head as usize >> 24);
        let (message, rest) = fields.split_at_checked(2 + len)?;
        let tail = message.get(8 + key_len..)?;
        let last = message.get(key_len..4 + key_len)?.first_chunk()?;
        let pair = Pair {
            key: message.get(4..4 + key_len)?,
            ends: start >> 16 ^ u64::from(u32::from_le_bytes(*last)),
            head: *message.get(4 + key_len..)?.first_chunk()?,
            tail,
        };
        Some((pair, rest))
    }

    /// The text, when the value is one and nothing else.
    #[inline(always)]
    pub(crate) fn text(self) -> Option<&'a [u8]> {
        let only = u32::from_le_bytes([2 << 3 | 2, 2, 1 << 3 | 2, 0]);
        let lengths = (self.tail.len() as u32).wrapping_mul(0x0100_0100);
        (u32::from_le_bytes(self.head) == only.wrapping_add(lengths)).then_some(self.tail)
    }

    /// The number, when the value is one below 2^14 and nothing else.
    #[inline(always)]
    pub(crate) fn int(self) -> Option<i64> {
        match (self.head, self.tail) {
            ([0x12, 2, 0x18, int @ 0..0x80], []) => Some(i64::from(int)),
            ([0x12, 3, 0x18, low], &[high @ 0..0x80]) => Some(i64::from(low & 0x7f) | i64::from(high) << 7),
            (_, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<(u32, Payload<'_>)>, Damage> {
        let mut fields = Fields::new(bytes);
        std::iter::from_fn(|| fields.next().transpose()).collect()
    }

    #[test]
    fn each_wire_type_is_read() {
        let bytes = [
            8, 0x96, 1, 0x12, 2, 7, 8, 0x19, 1, 0, 0, 0, 0, 0, 0, 0, 0x25, 2, 0, 0, 0,
        ];
        let expected = vec![
            (1, Payload::Varint(150)),
            (2, Payload::Bytes(&[7, 8])),
            (3, Payload::Fixed64(1)),
            (4, Payload::Fixed32(2)),
        ];
        assert_eq!(all(&bytes), Ok(expected));
    }

    #[test]
    fn groups_are_skipped_at_any_depth() {
        let mut bytes = vec![0x1b; 100_000];
        bytes.extend([0x1c; 100_000]);
        bytes.extend([8, 1]);
        assert_eq!(all(&bytes), Ok(vec![(1, Payload::Varint(1))]));
        assert_eq!(all(&[0x1b, 8, 1]), Err(Damage::Group));
        assert_eq!(all(&[0x1c]), Err(Damage::Group));
    }

    #[test]
    fn damage_has_a_name() {
        for (bytes, damage) in [
            (&[0x00_u8, 0][..], Damage::FieldNumber),
            (&[0x0f], Damage::WireType),
            (&[0x0a, 5, 1], Damage::Length),
            (&[0x0a, 0x80], Damage::Truncated),
            (&[0x09, 1, 2], Damage::Truncated),
            (
                &[8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
                Damage::Varint,
            ),
            (
                &[8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2],
                Damage::Varint,
            ),
        ] {
            assert_eq!(all(bytes), Err(damage), "{bytes:?}");
        }
    }

    #[test]
    fn padded_varints_are_legal() {
        assert_eq!(
            all(&[8, 0x81, 0x80, 0x80, 0x00]),
            Ok(vec![(1, Payload::Varint(1))])
        );
    }
}

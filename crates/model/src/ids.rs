//! Identifiers: of traces, of spans, of hotspots.

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};

/// A W3C trace id; the invalid all-zero id cannot exist.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(NonZeroU128);

impl TraceId {
    /// Reads the 16 big-endian bytes of the wire form; `None` when the length is wrong or all are zero.
    pub fn from_wire(bytes: &[u8]) -> Option<Self> {
        Self::new(u128::from_be_bytes(bytes.try_into().ok()?))
    }

    /// `None` for zero.
    pub fn new(raw: u128) -> Option<Self> {
        NonZeroU128::new(raw).map(Self)
    }

    /// The id as a number, as its hex form reads.
    pub fn get(self) -> u128 {
        self.0.get()
    }

    /// Reads 1 to 32 hex digits, as people paste them: leading zeros may be missing.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = !text.is_empty() && text.len() <= 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        digits
            .then(|| u128::from_str_radix(text, 16).ok())
            .flatten()
            .and_then(Self::new)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A W3C span id; the invalid all-zero id cannot exist.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(NonZeroU64);

impl SpanId {
    /// Reads the 8 big-endian bytes of the wire form; `None` when the length is wrong or all are zero.
    pub fn from_wire(bytes: &[u8]) -> Option<Self> {
        Self::new(u64::from_be_bytes(bytes.try_into().ok()?))
    }

    /// `None` for zero.
    pub fn new(raw: u64) -> Option<Self> {
        NonZeroU64::new(raw).map(Self)
    }

    /// The id as a number, as its hex form reads.
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Names one hotspot for ever: an [`crate::Identity`] hash over detector, service and the detector's key.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u128);

impl Fingerprint {
    /// Reads exactly 32 hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        digits
            .then(|| u128::from_str_radix(text, 16).ok())
            .flatten()
            .map(Self)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_the_wrong_length_or_all_zero_do_not_exist() {
        for len in [0, 7, 8, 9, 15, 17, 32] {
            assert_eq!(TraceId::from_wire(&vec![1; len]), None, "{len}");
        }
        assert_eq!(TraceId::from_wire(&[0; 16]), None);
        assert_eq!(SpanId::from_wire(&[0; 8]), None);
        assert_eq!(SpanId::from_wire(&[1; 7]), None);
    }

    #[test]
    fn hex_is_padded_and_read_back() {
        let id = TraceId::from_hex("83a9").unwrap();
        assert_eq!(id.to_string(), format!("{:0>32}", "83a9"));
        assert_eq!(TraceId::from_hex(&id.to_string()), Some(id));
        assert_eq!(TraceId::from_hex("+1"), None);
        assert_eq!(TraceId::from_hex(""), None);
    }
}

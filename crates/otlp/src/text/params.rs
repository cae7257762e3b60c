//! The keyed hash over literal values: equal or not equal is all it says.

use std::hash::Hasher as _;

use hotspan_model::{ParamHash, ParamKey};
use siphasher::sip::SipHasher13;

/// Bytes that are held back, so that short values are hashed at once.
const HELD_BYTES: usize = 96;

/// Takes values in order; their borders count.
#[derive(Clone, Debug)]
pub struct ParamHasher {
    hasher: SipHasher13,
    held: [u8; HELD_BYTES],
    len: usize,
}

impl ParamHasher {
    /// A hasher under the installation's secret.
    #[inline]
    pub fn new(key: ParamKey) -> ParamHasher {
        ParamHasher {
            hasher: SipHasher13::new_with_key(&key.0),
            held: [0; HELD_BYTES],
            len: 0,
        }
    }

    /// Adds one value of UTF-8: the byte that ends it is in none.
    #[inline]
    pub fn add(&mut self, value: &[u8]) {
        if self.len + value.len() >= HELD_BYTES {
            return self.spill(value);
        }
        let held = &mut self.held[self.len..=self.len + value.len()];
        held[..value.len()].copy_from_slice(value);
        held[value.len()] = 0xff;
        self.len += value.len() + 1;
    }

    #[cold]
    fn spill(&mut self, value: &[u8]) {
        self.hasher.write(&self.held[..self.len]);
        self.hasher.write(value);
        self.hasher.write(&[0xff]);
        self.len = 0;
    }

    /// The hash of the values so far.
    #[inline]
    pub fn finish(&self) -> ParamHash {
        let mut hasher = self.hasher;
        hasher.write(&self.held[..self.len]);
        ParamHash(hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_bytes_are_held_back_does_not_show() {
        for long in 0..3 * HELD_BYTES {
            let value = "v".repeat(long);
            let mut params = ParamHasher::new(ParamKey::BUILT_IN);
            let mut plain = SipHasher13::new_with_key(&ParamKey::BUILT_IN.0);
            for value in ["a", value.as_str(), "", "b"] {
                params.add(value.as_bytes());
                plain.write(value.as_bytes());
                plain.write(&[0xff]);
            }
            assert_eq!(params.finish(), ParamHash(plain.finish()), "{long}");
        }
    }
}

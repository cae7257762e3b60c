//! The three kinds of hash, never mixed: identity, parameters, tables.
//!
//! *Identity* is SipHash-2-4 with 128 bits of output and an all-zero key over length-prefixed fields: the same in
//! every installation. *Parameters* are SipHash-1-3 keyed by the installation's secret and compared for equality
//! only. *Tables* are seeded by the process and used for look-ups only.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher24};

/// Builds a 128-bit identity from fields; the fields' borders count.
#[derive(Clone, Debug)]
pub struct Identity(SipHasher24);

impl Identity {
    /// An identity of this kind, say `fingerprint` or `callpath`.
    pub fn new(kind: &str) -> Identity {
        Identity(SipHasher24::new()).text(kind)
    }

    /// Adds a text.
    #[must_use]
    pub fn text(mut self, text: &str) -> Identity {
        self.0.write(&(text.len() as u64).to_le_bytes());
        self.0.write(text.as_bytes());
        self
    }

    /// Adds a number.
    #[must_use]
    pub fn number(mut self, number: u128) -> Identity {
        self.0.write(&number.to_le_bytes());
        self
    }

    /// Adds numbers as if one by one: many at once are hashed in half the time.
    #[must_use]
    pub fn numbers(mut self, numbers: impl Iterator<Item = u128>) -> Identity {
        let (mut bytes, mut filled) = ([0; 1_024], 0);
        for number in numbers {
            bytes[filled..filled + 16].copy_from_slice(&number.to_le_bytes());
            filled += 16;
            if filled == bytes.len() {
                self.0.write(&bytes);
                filled = 0;
            }
        }
        self.0.write(&bytes[..filled]);
        self
    }

    /// The identity of what was added.
    pub fn finish(self) -> u128 {
        let hash = self.0.finish128();
        u128::from(hash.h1) << 64 | u128::from(hash.h2)
    }
}

/// The installation's secret for [`ParamHash`].
#[derive(Clone, Copy)]
pub struct ParamKey(pub [u8; 16]);

impl ParamKey {
    /// What offline commands use: their hashes die with them.
    pub const BUILT_IN: ParamKey = ParamKey(*b"hotspan offline!");
}

impl std::fmt::Debug for ParamKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ParamKey(secret)")
    }
}

/// A keyed hash of literal values. Equal or not equal is all it says: it orders nothing and appears in no answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ParamHash(pub u64);

/// Seeds the look-up tables of one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableSeed(pub u64);

impl TableSeed {
    /// The hasher of a look-up table; `salt` keeps tables apart.
    pub fn build(self, salt: u64) -> foldhash::fast::SeedableRandomState {
        foldhash::fast::SeedableRandomState::with_seed(
            self.0 ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            foldhash::SharedSeed::global_fixed(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_the_same_everywhere_and_knows_its_fields_borders() {
        let of = |a: &str, b: &str| Identity::new("test").text(a).text(b).finish();
        assert_ne!(of("ab", "c"), of("a", "bc"));
        assert_eq!(
            format!("{:032x}", of("a", "b")),
            "ac66b92909b6cf2c711cc1015fa4be80"
        );
    }

    #[test]
    fn many_numbers_are_the_same_as_one_by_one() {
        for count in [0, 1, 63, 64, 65, 200] {
            let numbers = (0..count).map(|n: u128| n << 90 | n);
            let single = numbers.clone().fold(Identity::new("test"), Identity::number);
            assert_eq!(Identity::new("test").numbers(numbers).finish(), single.finish());
        }
    }

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", ParamKey([7; 16])), "ParamKey(secret)");
    }
}

//! The keyed hash over literal values: equal or not equal is all it says.

use std::hash::Hasher as _;

use hotspan_model::{ParamHash, ParamKey};
use siphasher::sip::SipHasher13;

/// Takes values in order; their borders count.
#[derive(Clone, Debug)]
pub struct ParamHasher(SipHasher13);

impl ParamHasher {
    /// A hasher under the installation's secret.
    pub fn new(key: ParamKey) -> ParamHasher {
        ParamHasher(SipHasher13::new_with_key(&key.0))
    }

    /// Adds one value of UTF-8: the byte that ends it is in none.
    pub fn add(&mut self, value: &[u8]) {
        self.0.write(value);
        self.0.write(&[0xff]);
    }

    /// The hash of the values so far.
    pub fn finish(&self) -> ParamHash {
        ParamHash(self.0.finish())
    }
}

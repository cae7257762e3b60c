//! Seeded numbers that hang on a place, not on an order: the same place draws the same number in the faulty and in
//! the repaired request.

/// A place in a request from which numbers are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(u64);

impl Place {
    /// The root of all places of one seed.
    pub fn new(seed: u64) -> Place {
        Place(mix(seed ^ 0x6a09_e667_f3bc_c908))
    }

    /// The place of what is drawn under a name.
    pub fn named(name: &str, seed: u64) -> Place {
        name.bytes()
            .fold(Place::new(seed), |place, byte| place.at(byte.into()))
    }

    /// A place inside this one.
    #[must_use]
    pub fn at(self, step: u64) -> Place {
        Place(mix(
            self.0.rotate_left(17) ^ step.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ))
    }

    /// A number that is the place's own.
    pub fn number(self) -> u64 {
        mix(self.0)
    }

    /// A number from `low` to `high`, both included.
    pub fn within(self, low: u64, high: u64) -> u64 {
        low + self.number() % (high.saturating_sub(low) + 1)
    }

    /// True `millionths` times in a million.
    pub fn chance(self, millionths: u64) -> bool {
        self.number() % 1_000_000 < millionths
    }

    /// One of the items.
    pub fn pick<T: Copy>(self, items: &[T]) -> T {
        items[(self.number() % items.len() as u64) as usize]
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

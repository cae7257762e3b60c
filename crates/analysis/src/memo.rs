//! Identities that were worked out before, by the symbols they are made of.

/// So many are remembered.
const KEPT: usize = 1 << 10;

/// What an identity is made of, as numbers. Symbols must mean the same as long as the memo lives.
pub(crate) type Key = [u64; 4];

/// A bounded memory in which each key has one place: a newer one takes it from an older one. What it answers does not
/// depend on what it holds.
#[derive(Debug, Default)]
pub(crate) struct Memo(Vec<Option<(Key, u128)>>);

impl Memo {
    /// What `make` says, which must depend on `key` alone.
    pub(crate) fn get(&mut self, key: Key, make: impl FnOnce() -> u128) -> u128 {
        if self.0.is_empty() {
            self.0.resize(KEPT, None);
        }
        let mix = |hash: u64, part: u64| (hash.rotate_left(29) ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let place = (key.into_iter().fold(0, mix) >> 32) as usize % KEPT;
        match &self.0[place] {
            Some((known, identity)) if *known == key => *identity,
            Some(_) | None => {
                let identity = make();
                self.0[place] = Some((key, identity));
                identity
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_worked_out_once_until_another_takes_its_place() {
        let mut memo = Memo::default();
        let mut made = 0;
        for round in 0..2 {
            for n in 0..100_000_u64 {
                let identity = memo.get([n, 0, n % 7, 1], || {
                    made += 1;
                    u128::from(n) << 64 | u128::from(n % 7)
                });
                assert_eq!(identity, u128::from(n) << 64 | u128::from(n % 7), "{round}");
                memo.get([n, 0, n % 7, 1], || panic!("it was just made"));
            }
        }
        assert_eq!(made, 200_000);
    }
}

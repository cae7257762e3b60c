//! Sums that never go down, although traces are revised.

use super::Exemplar;
use crate::sign::Sign;

/// Sums of one row. What is taken back is not subtracted but owed, and what is added pays that first: a new version of a
/// trace adds only what is new. A sum that lost something to another name stands still until that is made up.
#[derive(Clone, Debug)]
pub(crate) struct Rising<const N: usize> {
    sums: [u128; N],
    /// In how many places something is owed.
    owing: u32,
    /// What is owed; few rows are ever revised, and those that were keep it: revisions allocate nothing.
    owed: Option<Box<[u128; N]>>,
    newest: [Option<Exemplar>; 2],
}

impl<const N: usize> Default for Rising<N> {
    fn default() -> Self {
        Rising {
            sums: [0; N],
            owing: 0,
            owed: None,
            newest: [None; 2],
        }
    }
}

impl<const N: usize> Rising<N> {
    /// Adds to one place, or owes.
    #[inline]
    pub(crate) fn shift(&mut self, sign: Sign, place: usize, by: u128) {
        if sign == Sign::Add && self.owing == 0 {
            self.sums[place] = self.sums[place].wrapping_add(by);
        } else {
            self.settle(sign, place, by);
        }
    }

    #[cold]
    fn settle(&mut self, sign: Sign, place: usize, by: u128) {
        let owed = &mut self.owed.get_or_insert_with(|| Box::new([0; N]))[place];
        let owed_before = *owed > 0;
        match sign {
            Sign::Subtract => *owed += by,
            Sign::Add => {
                let paid = by.min(*owed);
                *owed -= paid;
                self.sums[place] += by - paid;
            }
        }
        self.owing = self.owing + u32::from(*owed > 0) - u32::from(owed_before);
    }

    /// Points to a span from now on.
    pub(crate) fn show(&mut self, place: usize, sign: Sign, exemplar: Option<Exemplar>) {
        if let (Sign::Add, Some(_)) = (sign, exemplar) {
            self.newest[place] = exemplar;
        }
    }

    pub(crate) fn sums(&self) -> &[u128; N] {
        &self.sums
    }

    pub(crate) fn newest(&self, place: usize) -> Option<Exemplar> {
        self.newest[place]
    }

    /// Adds that of another shard.
    pub(crate) fn merge(&mut self, other: &Rising<N>) {
        for (sum, by) in self.sums.iter_mut().zip(other.sums) {
            *sum = sum.saturating_add(by);
        }
        for (mine, theirs) in self.newest.iter_mut().zip(other.newest) {
            let at = |of: &Option<Exemplar>| of.map(|of| of.at);
            if at(mine) < at(&theirs) {
                *mine = theirs;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shift<const N: usize>(rising: &mut Rising<N>, sign: Sign, by: [u128; N]) {
        for (place, by) in by.into_iter().enumerate() {
            rising.shift(sign, place, by);
        }
    }

    #[test]
    fn a_new_version_adds_only_what_is_new() {
        let mut rising = Rising::default();
        shift(&mut rising, Sign::Add, [3, 10]);
        shift(&mut rising, Sign::Subtract, [3, 10]);
        assert_eq!(rising.sums(), &[3, 10]);
        shift(&mut rising, Sign::Add, [4, 10]);
        assert_eq!(rising.sums(), &[4, 10]);
        assert_eq!(rising.owing, 0);
    }

    #[test]
    fn what_went_to_another_name_is_made_up_before_it_grows_again() {
        let mut rising = Rising::<1>::default();
        rising.shift(Sign::Add, 0, 5);
        rising.shift(Sign::Subtract, 0, 2);
        for expected in [5, 5, 6] {
            rising.shift(Sign::Add, 0, 1);
            assert_eq!(rising.sums(), &[expected]);
        }
    }

    proptest! {
        /// Whatever is revised: never down, and never apart from the plain sum for good.
        #[test]
        fn it_never_falls_and_ends_at_the_highest_sum(steps in prop::collection::vec((any::<bool>(), 0..9_u128), 0..60)) {
            let (mut rising, mut plain, mut highest) = (Rising::<1>::default(), 0_u128, 0_u128);
            for (add, by) in steps {
                let by = if add { by } else { by.min(plain) };
                plain = if add { plain + by } else { plain - by };
                highest = highest.max(plain);
                rising.shift(if add { Sign::Add } else { Sign::Subtract }, 0, by);
                prop_assert_eq!(rising.sums()[0], highest);
            }
        }
    }
}

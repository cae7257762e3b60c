//! The demo shop: a handful of operations, most of them with a known fault, for a newcomer's first half minute.

use crate::generator::{Generated, Generation, Noise, Operation, SCENARIOS};

/// Scenarios of the shop, and how often each is asked for.
const SHOP: [(&str, u64); 9] = [
    ("nplus1-query", 4),
    ("nplus1-call", 2),
    ("nplus1-cache", 2),
    ("serial-fan-out", 2),
    ("third-party", 2),
    ("eager-load", 3),
    ("parallel-calls", 2),
    ("mixed-queries", 3),
    ("vendor-off-path", 1),
];

/// The shop of one seed.
#[derive(Debug)]
pub struct Shop {
    operations: Vec<Operation>,
}

impl Shop {
    /// Draws the shop.
    pub fn new(seed: u64) -> Shop {
        let draw = |(at, &(name, times)): (usize, &(&str, u64))| {
            let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name)?;
            let noise = Noise {
                skew: 2_000_000,
                ..Noise::default()
            };
            let operation = Operation::draw(scenario, seed + at as u64, Generation::Stable, noise);
            Some(vec![operation; usize::try_from(times).ok()?])
        };
        Shop {
            operations: SHOP.iter().enumerate().filter_map(draw).flatten().collect(),
        }
    }

    /// Its `n`-th request, started at `start` nanoseconds since 1970.
    pub fn request(&self, n: u64, start: u64) -> Generated {
        let at = n % self.operations.len() as u64;
        self.operations[usize::try_from(at).unwrap_or(0)].request(n, start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shop_sells_all_it_says() {
        assert_eq!(
            Shop::new(1).operations.len() as u64,
            SHOP.iter().map(|(_, times)| times).sum::<u64>()
        );
    }
}

//! Random moments that can be had again: the seed is told.

use std::time::{SystemTime, UNIX_EPOCH};

/// Numbers from a seed (SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014).
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// From the seed in `KEYDYN_VM_SEED`, else from one of this moment; and the seed.
    ///
    /// # Panics
    /// If the variable has no number.
    #[must_use]
    pub fn seeded() -> (Self, u64) {
        let seed = match std::env::var("KEYDYN_VM_SEED") {
            Ok(seed) => seed.parse().expect("KEYDYN_VM_SEED is a number"),
            Err(_) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH);
                now.expect("a clock").as_secs()
            }
        };
        (Self(seed), seed)
    }

    /// A number below this one.
    ///
    /// # Panics
    /// If that is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let draw = |seed| {
            let mut chance = Chance(seed);
            [(); 20].map(|()| chance.below(10))
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert!(draw(7).iter().all(|&number| number < 10));
    }
}

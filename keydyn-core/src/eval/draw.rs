//! Random draws that are the same on every machine.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// What a stream of draws is for: two purposes never share one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// Which impostor attempt comes next.
    Impostors = 1,
    /// Which accounts a bootstrap draw takes.
    Bootstrap = 2,
    /// What a synthetic typist is like.
    Person = 3,
    /// How a synthetic typist types this time.
    Typing = 4,
    /// Which impostor attempt is made at the start of a session.
    SessionStart = 5,
    /// Where the centres of clusters begin.
    Centres = 20,
    /// How inexactly a typing is played back.
    Jitter = 21,
    /// Which of many people attack an account.
    Attackers = 22,
    /// Which attempt a poisoner makes.
    Poison = 23,
    /// How a temporal memory begins, and in which order it learns.
    TemporalMemory = 16,
}

/// Draws that follow from purpose, seed and numbers (of an account, of a typing) alone.
#[derive(Debug)]
pub(crate) struct Draws(ChaCha8Rng);

impl Draws {
    pub(crate) fn new(purpose: Purpose, seed: u64, numbers: [u64; 2]) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&(purpose as u64).to_le_bytes());
        key[8..16].copy_from_slice(&seed.to_le_bytes());
        key[16..24].copy_from_slice(&numbers[0].to_le_bytes());
        key[24..].copy_from_slice(&numbers[1].to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// One of the items, each with the same chance; `None` if there is none.
    ///
    /// A 64-bit draw scaled to the range: the chances are equal to within 2^-32 for any number of
    /// items that fits a file, and no library's way of making ranges is part of the figures.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    /// Puts the items in an order of which each has the same chance (Fisher and Yates, 1938).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let chosen = self.below(last + 1);
            items.swap(last, chosen);
        }
    }

    /// A number from 0 to before `end`; 0 if there is none.
    fn below(&mut self, end: usize) -> usize {
        let scaled = u128::from(self.0.next_u64()) * end as u128;
        usize::try_from(scaled >> 64).unwrap_or_default()
    }

    /// The place of one of these weights, each with a chance in proportion to it; `None` if none is
    /// above zero.
    pub(super) fn pick_weighted(&mut self, weights: &[f64]) -> Option<usize> {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        let mut last = None;
        for (place, weight) in weights.iter().enumerate().filter(|(_, w)| **w > 0.0) {
            left -= weight;
            last = Some(place);
            if left <= 0.0 {
                break;
            }
        }
        // What rounding leaves over falls to the last one.
        last
    }

    /// A standard normal (Box and Muller, 1958).
    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.unit().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Uniform over (0, 1].
    pub(crate) fn unit(&mut self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "53 bits are what a double holds"
        )]
        let whole = ((self.0.next_u64() >> 11) + 1) as f64;
        whole / 2f64.powi(53)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_fixed_for_ever() {
        let items: Vec<u32> = (0..250).collect();
        let mut draws = Draws::new(Purpose::Impostors, 1, [7, 0]);
        let drawn: Vec<u32> = (0..6).filter_map(|_| draws.pick(&items).copied()).collect();
        assert_eq!(drawn, FIXED);
        assert_eq!(draws.pick::<u32>(&[]), None);
    }

    /// Changing these changes every published figure.
    const FIXED: [u32; 6] = [114, 17, 47, 146, 237, 132];

    #[test]
    fn every_order_comes_as_often_as_another() {
        let mut draws = Draws::new(Purpose::TemporalMemory, 1, [0, 0]);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..6000 {
            let mut items = [1, 2, 3];
            draws.shuffle(&mut items);
            *counts.entry(items).or_insert(0) += 1;
        }
        let even = |count: &i32| (900..1100).contains(count);
        assert!(counts.len() == 6 && counts.values().all(even), "{counts:?}");
        draws.shuffle::<u8>(&mut []);
    }

    #[test]
    fn purposes_seeds_and_numbers_do_not_share_draws() {
        let first = |purpose, seed, numbers| Draws::new(purpose, seed, numbers).normal();
        let here = first(Purpose::Person, 1, [2, 3]);
        assert_eq!(here, first(Purpose::Person, 1, [2, 3]));
        for other in [
            first(Purpose::Typing, 1, [2, 3]),
            first(Purpose::Person, 2, [2, 3]),
            first(Purpose::Person, 1, [3, 3]),
            first(Purpose::Person, 1, [2, 2]),
        ] {
            assert_ne!(here, other);
        }
    }

    #[test]
    fn weights_are_chances() {
        let mut draws = Draws::new(Purpose::Centres, 0, [0, 0]);
        let mut drawn = [0; 4];
        for _ in 0..4000 {
            drawn[draws.pick_weighted(&[0.0, 1.0, 3.0, 0.0]).unwrap()] += 1;
        }
        assert_eq!((drawn[0], drawn[3]), (0, 0));
        assert!((900..1100).contains(&drawn[1]), "{drawn:?}");
        assert_eq!(draws.pick_weighted(&[0.0]), None);
        assert_eq!(draws.pick_weighted(&[]), None);
    }

    #[test]
    fn normals_are_standard() {
        let mut draws = Draws::new(Purpose::Typing, 0, [0, 0]);
        let n = 20_000;
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..n {
            let x = draws.normal();
            sum += x;
            squares += x * x;
        }
        let n = f64::from(n);
        assert!((sum / n).abs() < 0.03, "mean {}", sum / n);
        assert!((squares / n - 1.0).abs() < 0.05, "variance {}", squares / n);
    }
}

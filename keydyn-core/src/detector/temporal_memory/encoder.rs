//! What is perceived in one step, as a few active bits of many: the encoders of S. Purdy,
//! "Encoding Data for HTM Systems", arXiv:1602.05925, 2016.

use crate::eval::draw::{Draws, Purpose};
use crate::key::KeyCode;

/// Active bits of every symbol.
const ACTIVE_BITS: usize = 21;
/// Bits of a category, and of a scalar beside them.
const CATEGORY_BITS: usize = 121;
const SCALAR_BITS: usize = 550;
/// All bits of the input.
pub(super) const INPUT_BITS: usize = CATEGORY_BITS + SCALAR_BITS;

/// What a scalar lies between, in ms; what is beyond is taken to be there.
const SHORTEST: f64 = -250.0;
const LONGEST: f64 = 2000.0;

/// What is perceived in one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Symbol {
    /// A subsequence begins.
    Primer,
    /// A key.
    Key(KeyCode),
    /// A flight or a hold, in ms.
    Scalar(f64),
}

impl Symbol {
    /// The numbers of the active bits.
    ///
    /// Categories have bits drawn at random, so that no two look alike. Scalars have a block that
    /// moves with the value: two of them share the fewer bits the further they are apart, and
    /// none from 90 ms on.
    pub(super) fn bits(self) -> Vec<usize> {
        match self {
            Self::Primer => category(0),
            Self::Key(key) => category(u64::from(key.0) + 1),
            Self::Scalar(ms) => {
                let first = CATEGORY_BITS + bucket(ms);
                (first..first + ACTIVE_BITS).collect()
            }
        }
    }
}

fn category(number: u64) -> Vec<usize> {
    let mut bits: Vec<usize> = (0..CATEGORY_BITS).collect();
    let mut draws = Draws::new(Purpose::TemporalMemory, super::SEED, [0, number]);
    draws.shuffle(&mut bits);
    bits.truncate(ACTIVE_BITS);
    bits
}

fn bucket(ms: f64) -> usize {
    const LAST: u16 = (SCALAR_BITS - ACTIVE_BITS) as u16;
    let share = (ms.clamp(SHORTEST, LONGEST) - SHORTEST) / (LONGEST - SHORTEST);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to between 0 and the last bucket"
    )]
    let bucket = (share * f64::from(LAST)).round() as usize;
    bucket
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(one: Symbol, other: Symbol) -> usize {
        let other = other.bits();
        one.bits().iter().filter(|bit| other.contains(bit)).count()
    }

    #[test]
    fn alike_is_what_shares_bits() {
        let scalar = Symbol::Scalar(100.0);
        assert_eq!(shared(scalar, scalar), ACTIVE_BITS);
        let shares =
            [101.0, 120.0, 150.0, 180.0, 200.0].map(|ms| shared(scalar, Symbol::Scalar(ms)));
        assert!(shares.is_sorted_by(|a, b| a >= b), "{shares:?}");
        assert!(shares[1] > 10 && shares[4] == 0, "{shares:?}");
        for (key, other) in [(30, 31), (30, 32), (16, 57)] {
            assert!(shared(Symbol::Key(KeyCode(key)), Symbol::Key(KeyCode(other))) < 12);
        }
        assert_eq!(shared(Symbol::Primer, scalar), 0);
    }

    #[test]
    fn every_value_has_its_bits() {
        for ms in [-1e9, -250.0, 0.0, 2000.0, 1e9] {
            let bits = Symbol::Scalar(ms).bits();
            assert_eq!(bits.len(), ACTIVE_BITS);
            assert!(
                bits.iter()
                    .all(|bit| (CATEGORY_BITS..INPUT_BITS).contains(bit))
            );
        }
    }
}

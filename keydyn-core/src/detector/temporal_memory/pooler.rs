//! The spatial pooler: Y. Cui, S. Ahmad and J. Hawkins, "The HTM Spatial Pooler: A Neocortical
//! Algorithm for Online Sparse Distributed Coding", Frontiers in Computational Neuroscience 11,
//! 2017. Inhibition is global, and there is no boosting.

use super::encoder::INPUT_BITS;
use crate::eval::draw::{Draws, Purpose};

/// Columns, and how many of them are active at a time: two in a hundred.
pub(super) const COLUMNS: usize = 2048;
pub(super) const ACTIVE_COLUMNS: usize = 40;

/// Of how many of the bits a column may learn, in a hundred.
const POTENTIAL: f64 = 0.8;
/// From this permanence on a bit counts.
const CONNECTED: f32 = 0.5;
/// Permanences lie so close to that before anything is learned.
const INITIAL_SPREAD: f64 = 0.1;
const INCREMENT: f32 = 0.1;
const DECREMENT: f32 = 0.02;
/// The permanence of a bit that a column cannot learn.
const NO_SYNAPSE: f32 = -1.0;

/// Which columns stand for which bits.
#[derive(Clone, Debug)]
pub(super) struct SpatialPooler {
    /// A row of [`INPUT_BITS`] permanences a column.
    permanences: Vec<f32>,
    /// Which of two columns with the same overlap is before the other.
    precedence: Vec<usize>,
}

impl SpatialPooler {
    /// A pooler that has learned nothing.
    pub(super) fn new() -> Self {
        let mut draws = Draws::new(Purpose::TemporalMemory, super::SEED, [1, 0]);
        let mut permanence = |_| {
            if draws.unit() > POTENTIAL {
                return NO_SYNAPSE;
            }
            let offset = INITIAL_SPREAD * (2.0 * draws.unit() - 1.0);
            #[expect(clippy::cast_possible_truncation, reason = "a permanence is about 0.5")]
            let offset = offset as f32;
            CONNECTED + offset
        };
        let permanences = (0..COLUMNS * INPUT_BITS).map(&mut permanence).collect();
        let mut precedence: Vec<usize> = (0..COLUMNS).collect();
        draws.shuffle(&mut precedence);
        Self {
            permanences,
            precedence,
        }
    }

    /// The columns that have the most of these bits, in order.
    pub(super) fn columns(&self, bits: &[usize]) -> Vec<usize> {
        let rows = self.permanences.chunks_exact(INPUT_BITS);
        let mut ranked: Vec<(usize, usize, usize)> = rows
            .zip(&self.precedence)
            .enumerate()
            .map(|(column, (row, precedence))| {
                let overlap = bits.iter().filter(|bit| row[**bit] >= CONNECTED).count();
                (overlap, *precedence, column)
            })
            .collect();
        let (_, _, most) = ranked.select_nth_unstable(COLUMNS - ACTIVE_COLUMNS - 1);
        let mut columns: Vec<usize> = most.iter().map(|(_, _, column)| *column).collect();
        columns.sort_unstable();
        columns
    }

    /// Brings these columns nearer to these bits and further from all others.
    pub(super) fn learn(&mut self, columns: &[usize], bits: &[usize]) {
        let mut change = [-DECREMENT; INPUT_BITS];
        for bit in bits {
            change[*bit] = INCREMENT;
        }
        for column in columns {
            let row = &mut self.permanences[column * INPUT_BITS..][..INPUT_BITS];
            for (permanence, change) in row.iter_mut().zip(&change) {
                if *permanence >= 0.0 {
                    *permanence = (*permanence + change).clamp(0.0, 1.0);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::temporal_memory::encoder::Symbol;

    fn shared(one: &[usize], other: &[usize]) -> usize {
        one.iter().filter(|column| other.contains(column)).count()
    }

    #[test]
    fn what_is_alike_has_columns_in_common() {
        let pooler = SpatialPooler::new();
        let of = |ms| pooler.columns(&Symbol::Scalar(ms).bits());
        let here = of(100.0);
        assert_eq!(here.len(), ACTIVE_COLUMNS);
        assert_eq!(shared(&here, &of(100.0)), ACTIVE_COLUMNS);
        assert!(shared(&here, &of(104.0)) > shared(&here, &of(130.0)));
        assert!(shared(&here, &of(500.0)) < 10);
    }

    #[test]
    fn what_was_learned_keeps_its_columns() {
        let mut pooler = SpatialPooler::new();
        let bits = Symbol::Scalar(100.0).bits();
        let before = pooler.columns(&bits);
        for _ in 0..10 {
            let columns = pooler.columns(&bits);
            pooler.learn(&columns, &bits);
        }
        assert_eq!(pooler.columns(&bits), before);
    }
}

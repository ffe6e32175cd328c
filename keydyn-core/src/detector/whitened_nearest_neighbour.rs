//! The nearest neighbour under the metric of Y. Zhong, Y. Deng and A. Jain, "Keystroke Dynamics for
//! User Authentication", CVPR Workshops 2012: typings are decorrelated by the inverse square root of
//! the owner's covariances and compared by the sum of absolute differences.
//!
//! Which inverse root it is matters, as sums of absolutes depend on the basis. The symmetric one
//! over holds, down-downs and up-downs gives what a re-run of the paper gave; in the basis of
//! principal components the error is larger, and larger still without up-downs. Up-downs follow
//! from the others, so that the covariances are singular: directions without variance are left out.
//!
//! The paper's removal of outliers is not described in full. Here it is a twentieth of the typings,
//! those furthest from the mean by scaled Manhattan, and the covariances are taken anew of the rest.

use super::mahalanobis::Whitening;
use super::manhattan::city_block;
use super::scaled_manhattan::ScaledManhattan;
use super::vector::{Model, Typings};

/// One typing in so many is an outlier.
const OUTLIERS: usize = 20;

/// Sum of absolute differences from the nearest typing learned, after decorrelation; `FILTERED`:
/// of those that are no outliers.
#[derive(Clone, Debug, Default)]
pub(super) struct WhitenedNearestNeighbour<const FILTERED: bool> {
    whitening: Whitening,
    typings: Vec<Vec<f64>>,
}

impl<const FILTERED: bool> Model for WhitenedNearestNeighbour<FILTERED> {
    fn train(&mut self, typings: &Typings) {
        let kept;
        let typings = if FILTERED {
            kept = without_outliers(typings);
            &kept
        } else {
            typings
        };
        self.whitening = Whitening::of(typings).symmetric();
        let rows = typings.rows();
        self.typings = rows.map(|row| self.whitening.apply(row)).collect();
    }

    fn distance(&self, typing: &[f64]) -> f64 {
        let typing = self.whitening.apply(typing);
        let distances = self
            .typings
            .iter()
            .map(|learned| city_block(learned, &typing));
        distances.fold(f64::INFINITY, f64::min)
    }
}

/// The typings but for the furthest, in their order.
fn without_outliers(typings: &Typings) -> Typings {
    let mut model = ScaledManhattan::default();
    model.train(typings);
    let mut ranked: Vec<(f64, &[f64])> = typings
        .rows()
        .map(|row| (model.distance(row), row))
        .collect();
    ranked.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    ranked.truncate(ranked.len() - ranked.len() / OUTLIERS);
    Typings::of_rows(ranked.into_iter().map(|(_, row)| row))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance<const FILTERED: bool>(rows: &[&[f64]], typing: &[f64]) -> f64 {
        let mut model = WhitenedNearestNeighbour::<FILTERED>::default();
        model.train(&Typings::of(rows));
        model.distance(typing)
    }

    #[test]
    fn distances_by_hand() {
        // Variances 8/3 and 2/3, no covariance, so the root is diagonal in this basis.
        let rows: [&[f64]; 4] = [&[2.0, 0.0], &[-2.0, 0.0], &[0.0, 1.0], &[0.0, -1.0]];
        assert!(distance::<false>(&rows, &[-2.0, 0.0]) < 1e-12);
        let found = distance::<false>(&rows, &[3.0, 1.0]);
        let nearest = 1.0 / (8.0_f64 / 3.0).sqrt() + 1.0 / (2.0_f64 / 3.0).sqrt();
        assert!((found - nearest).abs() < 1e-9, "{found} is not {nearest}");
    }

    #[test]
    fn the_root_is_the_symmetric_one() {
        // Covariance ((5, 4), (4, 5)) with eigenvalues 9 and 1 along the diagonals, so its inverse
        // root is ((2, -1), (-1, 2)) / 3.
        let (a, b) = (
            13.5_f64.sqrt() / 2.0_f64.sqrt(),
            1.5_f64.sqrt() / 2.0_f64.sqrt(),
        );
        let rows: [&[f64]; 4] = [&[a, a], &[-a, -a], &[b, -b], &[-b, b]];
        let found = distance::<false>(&rows, &[a + 0.3, a]);
        assert!((found - 0.3).abs() < 1e-9, "{found}");
    }

    #[test]
    fn features_that_depend_on_others_do_no_harm() {
        let rows: [&[f64]; 4] = [
            &[1.0, 2.0, 3.0],
            &[2.0, 1.0, 3.0],
            &[4.0, 4.0, 8.0],
            &[0.0, 3.0, 3.0],
        ];
        let found = distance::<false>(&rows, &[2.0, 2.0, 4.0]);
        assert!(found.is_finite() && found > 0.0, "{found}");
    }

    #[test]
    fn one_typing_in_twenty_is_left_out() {
        let values: Vec<[f64; 2]> = (0..20_u8)
            .map(|i| match i {
                7 => [500.0, -100.0],
                _ => [f64::from(i % 5), f64::from(i % 7)],
            })
            .collect();
        let rows: Vec<&[f64]> = values.iter().map(|row| &row[..]).collect();
        assert!(distance::<false>(&rows, &[500.0, -100.0]) < 1e-9);
        assert!(distance::<true>(&rows, &[500.0, -100.0]) > 10.0);
        // Of fewer than twenty none is.
        assert!(distance::<true>(&rows[..10], &[500.0, -100.0]) < 1e-9);
    }
}

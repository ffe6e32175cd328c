//! The Mahalanobis detector: R. Duda, P. Hart and D. Stork, "Pattern Classification", 2001, as run
//! by K. Killourhy and R. Maxion, "Comparing Anomaly-Detection Algorithms for Keystroke Dynamics",
//! DSN 2009, section 4.6.
//!
//! There, up-downs are features too; as differences of the others they add nothing to a distance
//! that does not depend on the basis, and are left out.

use nalgebra::{DMatrix, SymmetricEigen};

use super::vector::{Model, Typings};

/// Directions whose variance is below this share of the largest are none: what `ginv` of R's MASS
/// takes for the pseudo-inverse of the published figures, the root of a double's epsilon.
const NO_DIRECTION: f64 = 1.490_116_119_384_765_6e-8;

/// Squared distance from the mean, in the metric of the owner's covariances.
#[derive(Clone, Debug, Default)]
pub(super) struct Mahalanobis {
    whitening: Whitening,
}

impl Model for Mahalanobis {
    const UP_DOWNS: bool = false;

    fn train(&mut self, typings: &Typings) {
        self.whitening = Whitening::of(typings);
    }

    fn distance(&self, typing: &[f64]) -> f64 {
        self.whitening.apply(typing).iter().map(|x| x * x).sum()
    }
}

/// The way into a basis in which the owner's typings have mean 0 and, in every direction in which
/// they vary at all, variance 1 without correlation.
#[derive(Clone, Debug, Default)]
pub(super) struct Whitening {
    means: Vec<f64>,
    /// A direction a row, already divided by its standard deviation.
    directions: Vec<Vec<f64>>,
}

impl Whitening {
    pub(super) fn of(typings: &Typings) -> Self {
        let (width, n) = (typings.width(), typings.count());
        let means = typings.means(|x, _| x);
        let mut covariance = DMatrix::<f64>::zeros(width, width);
        for row in typings.rows() {
            for i in 0..width {
                let of_i = (row[i] - means[i]) / (n - 1.0);
                for j in 0..=i {
                    covariance[(i, j)] += of_i * (row[j] - means[j]);
                }
            }
        }
        covariance.fill_upper_triangle_with_lower_triangle();
        let eigen = SymmetricEigen::new(covariance);
        let largest = eigen.eigenvalues.iter().copied().fold(0.0, f64::max);
        let pairs = eigen
            .eigenvalues
            .iter()
            .zip(eigen.eigenvectors.column_iter());
        let directions = pairs
            .filter(|(variance, _)| **variance > NO_DIRECTION * largest)
            .map(|(variance, direction)| {
                let deviation = variance.sqrt();
                direction.iter().map(|x| x / deviation).collect()
            });
        let directions = directions.collect();
        Self { means, directions }
    }

    /// The same turned back: the symmetric root, in which every feature stays where it was as
    /// far as that goes.
    pub(super) fn symmetric(self) -> Self {
        let width = self.means.len();
        let mut root = vec![vec![0.0; width]; width];
        for scaled in &self.directions {
            let length = scaled.iter().map(|x| x * x).sum::<f64>().sqrt();
            for (row, x) in root.iter_mut().zip(scaled) {
                for (entry, y) in row.iter_mut().zip(scaled) {
                    *entry += x / length * y;
                }
            }
        }
        Self {
            directions: root,
            ..self
        }
    }

    /// The typing in that basis.
    pub(super) fn apply(&self, typing: &[f64]) -> Vec<f64> {
        let along = |direction: &Vec<f64>| {
            let centred = typing.iter().zip(&self.means).map(|(x, mean)| x - mean);
            centred.zip(direction).map(|(x, d)| x * d).sum()
        };
        self.directions.iter().map(along).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(rows: &[&[f64]], typing: &[f64]) -> f64 {
        let mut model = Mahalanobis::default();
        model.train(&Typings::of(rows));
        model.distance(typing)
    }

    #[test]
    fn distances_by_hand() {
        // Covariance ((4, 0), (0, 1)) times 2/3, mean (0, 0).
        let rows: [&[f64]; 4] = [&[2.0, 0.0], &[-2.0, 0.0], &[0.0, 1.0], &[0.0, -1.0]];
        let found = distance(&rows, &[2.0, 3.0]);
        let expected = (4.0 / (8.0 / 3.0)) + 9.0 / (2.0 / 3.0);
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn the_basis_does_not_matter_and_a_dependent_feature_adds_nothing() {
        let rows = [[2.0, 1.0], [-1.0, 0.5], [0.3, -1.0], [1.0, 4.0], [0.2, 0.1]];
        let turned: Vec<[f64; 3]> = rows.map(|[x, y]| [x + y, x - 2.0 * y, 3.0 * y]).to_vec();
        let plain: Vec<&[f64]> = rows.iter().map(|row| &row[..]).collect();
        let turned: Vec<&[f64]> = turned.iter().map(|row| &row[..]).collect();
        let one = distance(&plain, &[1.0, -1.0]);
        let other = distance(&turned, &[0.0, 3.0, -3.0]);
        assert!((one - other).abs() < 1e-6, "{one} is not {other}");
    }
}

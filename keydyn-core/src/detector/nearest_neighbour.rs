//! The nearest-neighbour detector in the Mahalanobis metric: S. Cho, C. Han, D. Han and H. Kim,
//! "Web-Based Keystroke Dynamics Identity Verification Using Neural Network", Journal of
//! Organizational Computing and Electronic Commerce 10(4), 2000, as run by K. Killourhy and R.
//! Maxion, "Comparing Anomaly-Detection Algorithms for Keystroke Dynamics", DSN 2009.

use super::euclidean::squared;
use super::mahalanobis::Whitening;
use super::vector::{Model, Typings};

/// Squared distance from the nearest typing learned, in the metric of the owner's covariances.
#[derive(Clone, Debug, Default)]
pub(super) struct NearestNeighbour {
    whitening: Whitening,
    typings: Vec<Vec<f64>>,
}

impl Model for NearestNeighbour {
    /// See [`super::mahalanobis`].
    const UP_DOWNS: bool = false;

    fn train(&mut self, typings: &Typings) {
        self.whitening = Whitening::of(typings);
        let rows = typings.rows();
        self.typings = rows.map(|row| self.whitening.apply(row)).collect();
    }

    fn distance(&self, typing: &[f64]) -> f64 {
        let typing = self.whitening.apply(typing);
        let distances = self.typings.iter().map(|learned| squared(learned, &typing));
        distances.fold(f64::INFINITY, f64::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_by_hand() {
        let mut model = NearestNeighbour::default();
        let rows: [&[f64]; 4] = [&[2.0, 0.0], &[-2.0, 0.0], &[0.0, 1.0], &[0.0, -1.0]];
        model.train(&Typings::of(&rows));
        assert!(model.distance(&[-2.0, 0.0]) < 1e-12);
        // Variances 8/3 and 2/3: (2, 1) is 2 from (0, 1) and 1 from (2, 0).
        let found = model.distance(&[2.0, 1.0]);
        let expected = f64::min(4.0 / (8.0 / 3.0), 1.0 / (2.0 / 3.0));
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }
}

//! The Euclidean detector: R. Duda, P. Hart and D. Stork, "Pattern Classification", 2001, as run
//! by K. Killourhy and R. Maxion, "Comparing Anomaly-Detection Algorithms for Keystroke Dynamics",
//! DSN 2009, section 4.1.

use super::vector::{Model, Typings};

/// Squared Euclidean distance from the mean.
#[derive(Clone, Debug, Default)]
pub(super) struct Euclidean {
    means: Vec<f64>,
}

impl Model for Euclidean {
    fn train(&mut self, typings: &Typings) {
        self.means = typings.means(|x, _| x);
    }

    fn distance(&self, typing: &[f64]) -> f64 {
        squared(typing, &self.means)
    }
}

/// The squared distance of two points.
pub(super) fn squared(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| (x - y).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_by_hand() {
        let mut model = Euclidean::default();
        model.train(&Typings::of(&[&[90.0, 200.0], &[110.0, 220.0]]));
        assert_eq!(model.distance(&[103.0, 206.0]), 9.0 + 16.0);
    }
}

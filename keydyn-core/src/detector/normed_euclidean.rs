//! The normed Euclidean detector: S. Bleha, C. Slivinsky and B. Hussien, "Computer-Access Security
//! Systems Using Keystroke Dynamics", IEEE Transactions on Pattern Analysis and Machine
//! Intelligence 12(12), 1990, as run by K. Killourhy and R. Maxion, "Comparing Anomaly-Detection
//! Algorithms for Keystroke Dynamics", DSN 2009.

use super::euclidean::squared;
use super::vector::{LEAST_SPREAD, Model, Typings};

/// Squared Euclidean distance from the mean, over the product of both vectors' lengths.
#[derive(Clone, Debug, Default)]
pub(super) struct NormedEuclidean {
    means: Vec<f64>,
}

impl Model for NormedEuclidean {
    fn train(&mut self, typings: &Typings) {
        self.means = typings.means(|x, _| x);
    }

    fn distance(&self, typing: &[f64]) -> f64 {
        let length = |x: &[f64]| {
            x.iter()
                .map(|x| x * x)
                .sum::<f64>()
                .sqrt()
                .max(LEAST_SPREAD)
        };
        squared(typing, &self.means) / (length(typing) * length(&self.means))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_by_hand() {
        let mut model = NormedEuclidean::default();
        model.train(&Typings::of(&[&[2.0, 4.0], &[4.0, 4.0]]));
        // The mean (3, 4) is 5 long, (6, 8) is 10 long, and 5 lie between them.
        assert_eq!(model.distance(&[6.0, 8.0]), 25.0 / (5.0 * 10.0));
        assert!(model.distance(&[0.0, 0.0]).is_finite());
    }
}

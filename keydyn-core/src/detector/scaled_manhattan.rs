//! The scaled Manhattan detector: the best of fourteen in K. Killourhy and R. Maxion, "Comparing
//! Anomaly-Detection Algorithms for Keystroke Dynamics", DSN 2009; after L. Araújo, L. Sucupira,
//! M. Lizárraga, L. Ling and J. Yabu-Uti, "User Authentication Through Typing Biometrics
//! Features", IEEE Transactions on Signal Processing 53(2), 2005.

use super::vector::{LEAST_SPREAD, Model, Typings};

/// Sum over all features of the distance from their mean, each in mean absolute deviations.
#[derive(Clone, Debug, Default)]
pub(super) struct ScaledManhattan {
    means: Vec<f64>,
    deviations: Vec<f64>,
}

impl Model for ScaledManhattan {
    fn train(&mut self, typings: &Typings) {
        self.means = typings.means(|x, _| x);
        self.deviations = typings.means(|x, i| (x - self.means[i]).abs());
    }

    fn distance(&self, typing: &[f64]) -> f64 {
        let habits = self.means.iter().zip(&self.deviations);
        let scaled = typing
            .iter()
            .zip(habits)
            .map(|(x, (mean, deviation))| (x - mean).abs() / deviation.max(LEAST_SPREAD));
        scaled.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_by_hand() {
        let mut model = ScaledManhattan::default();
        model.train(&Typings::of(&[
            &[90.0, 200.0],
            &[100.0, 200.0],
            &[110.0, 260.0],
        ]));
        // Means 100 and 220, mean absolute deviations 20/3 and 80/3.
        let distance = model.distance(&[120.0, 140.0]);
        assert!((distance - 6.0).abs() < 1e-12, "{distance}");
    }

    #[test]
    fn a_feature_that_never_varied_divides_by_no_zero() {
        let mut model = ScaledManhattan::default();
        model.train(&Typings::of(&[&[100.0], &[100.0], &[100.0]]));
        assert_eq!(model.distance(&[100.0]), 0.0);
        assert!(model.distance(&[101.0]).is_finite());
    }
}

//! The outlier-counting detector: S. Haider, A. Abbas and A. Zaidi, "A Multi-Technique Approach for
//! User Identification through Keystroke Dynamics", IEEE International Conference on Systems, Man
//! and Cybernetics, 2000, as run by K. Killourhy and R. Maxion, "Comparing Anomaly-Detection
//! Algorithms for Keystroke Dynamics", DSN 2009.

use super::vector::{LEAST_SPREAD, Model, Typings};

/// Further from the mean than so many standard deviations is an outlier: five in a hundred of a
/// normal distribution.
const OUTLIER: f64 = 1.96;

/// How many features are outliers.
#[derive(Clone, Debug, Default)]
pub(super) struct OutlierCount {
    means: Vec<f64>,
    deviations: Vec<f64>,
}

impl Model for OutlierCount {
    fn train(&mut self, typings: &Typings) {
        self.means = typings.means(|x, _| x);
        self.deviations = typings.deviations(&self.means);
    }

    fn distance(&self, typing: &[f64]) -> f64 {
        let habits = self.means.iter().zip(&self.deviations);
        let outliers = typing
            .iter()
            .zip(habits)
            .map(|(x, (mean, sd))| (x - mean).abs() > OUTLIER * sd.max(LEAST_SPREAD));
        outliers.map(|outlier| f64::from(u8::from(outlier))).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outliers_by_hand() {
        let mut model = OutlierCount::default();
        // Mean 100, standard deviation 10.
        model.train(&Typings::of(&[&[90.0; 3], &[100.0; 3], &[110.0; 3]]));
        assert_eq!(model.distance(&[119.0, 81.0, 100.0]), 0.0);
        assert_eq!(model.distance(&[120.0, 80.0, 100.0]), 2.0);
    }
}

//! The filtered Manhattan detector: R. Joyce and G. Gupta, "Identity Authentication Based on
//! Keystroke Latencies", Communications of the ACM 33(2), 1990, as run by K. Killourhy and R.
//! Maxion, "Comparing Anomaly-Detection Algorithms for Keystroke Dynamics", DSN 2009.

use super::manhattan::city_block;
use super::vector::{Model, Typings};

/// A value further above the mean than so many standard deviations is an outlier; one below is not,
/// or the figures are not the published ones.
const OUTLIER: f64 = 3.0;

/// Sum over all features of the distance from their mean, which is taken without outliers.
#[derive(Clone, Debug, Default)]
pub(super) struct FilteredManhattan {
    means: Vec<f64>,
}

impl Model for FilteredManhattan {
    fn train(&mut self, typings: &Typings) {
        let means = typings.means(|x, _| x);
        let deviations = typings.deviations(&means);
        let usual = |x: f64, i: usize| x - means[i] <= OUTLIER * deviations[i];
        let sums = typings.means(|x, i| if usual(x, i) { x } else { 0.0 });
        let shares = typings.means(|x, i| f64::from(u8::from(usual(x, i))));
        // Some value is always within three deviations of the mean of all.
        self.means = sums
            .iter()
            .zip(shares)
            .map(|(sum, share)| sum / share)
            .collect();
    }

    fn distance(&self, typing: &[f64]) -> f64 {
        city_block(typing, &self.means)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outlier_moves_no_mean() {
        let mut rows = vec![[100.0, 200.0]; 20];
        rows[7] = [900.0, 200.0];
        let rows: Vec<&[f64]> = rows.iter().map(|row| &row[..]).collect();
        let mut model = FilteredManhattan::default();
        model.train(&Typings::of(&rows));
        assert_eq!(model.distance(&[110.0, 200.0]), 10.0);
    }

    #[test]
    fn a_value_far_below_counts() {
        let mut rows = [[100.0]; 20];
        rows[7] = [0.0];
        let rows: Vec<&[f64]> = rows.iter().map(|row| &row[..]).collect();
        let mut model = FilteredManhattan::default();
        model.train(&Typings::of(&rows));
        assert_eq!(model.distance(&[100.0]), 5.0);
    }
}

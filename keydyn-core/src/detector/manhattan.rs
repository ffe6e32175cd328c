//! The Manhattan detector: R. Duda, P. Hart and D. Stork, "Pattern Classification", 2001, as run
//! by K. Killourhy and R. Maxion, "Comparing Anomaly-Detection Algorithms for Keystroke Dynamics",
//! DSN 2009, section 4.3.

use super::vector::{Model, Typings};

/// Sum over all features of the distance from their mean.
#[derive(Clone, Debug, Default)]
pub(super) struct Manhattan {
    means: Vec<f64>,
}

impl Model for Manhattan {
    fn train(&mut self, typings: &Typings) {
        self.means = typings.means(|x, _| x);
    }

    fn distance(&self, typing: &[f64]) -> f64 {
        city_block(typing, &self.means)
    }
}

/// The sum of the distances of each value from the other.
pub(super) fn city_block(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| (x - y).abs()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_by_hand() {
        let mut model = Manhattan::default();
        model.train(&Typings::of(&[&[90.0, 200.0], &[110.0, 220.0]]));
        assert_eq!(model.distance(&[105.0, 190.0]), 5.0 + 20.0);
    }
}

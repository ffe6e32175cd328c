//! The capped median: the scaled Manhattan detector ([`super::scaled_manhattan`]) made robust. The
//! median in the place of the mean, and a bound on what one feature may say, are the oldest of
//! robust statistics: P. Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical
//! Statistics 35(1), 1964; F. Hampel, "The Influence Curve and its Role in Robust Estimation",
//! Journal of the American Statistical Association 69, 1974.
//!
//! Features are holds, down-downs and up-downs, as with the published detectors.

use super::vector::{LEAST_SPREAD, Model, Typings};

/// The most that one feature counts, in mean absolute deviations.
const CAP: f64 = 4.0;

/// Mean over all features of the distance from their median, each in mean absolute deviations
/// about it and capped.
#[derive(Clone, Debug, Default)]
pub(super) struct CappedMedian {
    medians: Vec<f64>,
    deviations: Vec<f64>,
}

impl Model for CappedMedian {
    fn train(&mut self, typings: &Typings) {
        let column = |i: usize| typings.rows().map(move |row| row[i]).collect();
        self.medians = (0..typings.width()).map(|i| median(column(i))).collect();
        self.deviations = typings.means(|x, i| (x - self.medians[i]).abs());
    }

    fn distance(&self, typing: &[f64]) -> f64 {
        let habits = self.medians.iter().zip(&self.deviations);
        let capped = typing
            .iter()
            .zip(habits)
            .map(|(x, (median, deviation))| (x - median).abs() / deviation.max(LEAST_SPREAD))
            .map(|deviations| deviations.min(CAP));
        #[expect(clippy::cast_precision_loss, reason = "at most 382 features")]
        let features = typing.len() as f64;
        capped.sum::<f64>() / features
    }
}

/// The middle value, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 {
        values[half]
    } else {
        f64::midpoint(values[half - 1], values[half])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_by_hand() {
        let mut model = CappedMedian::default();
        model.train(&Typings::of(&[
            &[90.0, 200.0],
            &[100.0, 210.0],
            &[110.0, 500.0],
        ]));
        // Medians 100 and 210, mean absolute deviations 20/3 and 100.
        let distance = model.distance(&[110.0, 260.0]);
        assert!((distance - (1.5 + 0.5) / 2.0).abs() < 1e-12, "{distance}");
        // However far off one feature is, it counts four.
        let distance = model.distance(&[100.0, 1e6]);
        assert!((distance - 2.0).abs() < 1e-12, "{distance}");
    }

    #[test]
    fn a_feature_that_never_varied_divides_by_no_zero() {
        let mut model = CappedMedian::default();
        model.train(&Typings::of(&[&[100.0], &[100.0], &[100.0], &[100.0]]));
        assert_eq!(model.distance(&[100.0]), 0.0);
        assert_eq!(model.distance(&[101.0]), 4.0);
    }
}

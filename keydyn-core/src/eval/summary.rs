//! A figure over accounts: mean, standard deviation and a bootstrap interval.

use super::draw::{Draws, Purpose};
use super::rates::count;

/// Bootstrap draws over accounts.
const DRAWS: usize = 2000;
/// Fixed, so that an interval is as reproducible as its mean.
const SEED: u64 = 0;

/// One figure over accounts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Mean over accounts.
    pub mean: f64,
    /// Standard deviation over accounts (n - 1); `None` of a single account.
    pub sd: Option<f64>,
    /// 95 % interval of the mean: 2.5th and 97.5th percentile over 2,000 draws of as many
    /// accounts, with replacement (B. Efron and R. Tibshirani, "An Introduction to the
    /// Bootstrap", 1993, section 13.3); `None` of a single account.
    pub ci95: Option<[f64; 2]>,
}

impl Summary {
    /// The summary of one value an account; `None` of no account.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let mean = mean(values)?;
        let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
        let sd = (values.len() > 1).then(|| (squares / (count(values.len()) - 1.0)).sqrt());
        let mut draws = Draws::new(Purpose::Bootstrap, SEED, [0, 0]);
        let mut means: Vec<f64> = (0..DRAWS)
            .map(|_| {
                let drawn = (0..values.len()).filter_map(|_| draws.pick(values));
                drawn.sum::<f64>() / count(values.len())
            })
            .collect();
        means.sort_by(f64::total_cmp);
        Some(Self {
            mean,
            sd,
            // 50 of 2,000 means lie below the first and 50 above the second.
            ci95: sd.map(|_| [means[DRAWS / 40], means[DRAWS - 1 - DRAWS / 40]]),
        })
    }
}

/// The mean; `None` of nothing.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / count(values.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_deviation_by_hand() {
        let summary = Summary::of(&[0.1, 0.2, 0.6]).unwrap();
        assert!((summary.mean - 0.3).abs() < 1e-12);
        assert!((summary.sd.unwrap() - 0.07f64.sqrt()).abs() < 1e-12);
        assert_eq!(Summary::of(&[]), None);
        let alone = Summary::of(&[0.25]).unwrap();
        assert_eq!((alone.mean, alone.sd, alone.ci95), (0.25, None, None));
    }

    #[test]
    fn the_interval_is_about_two_standard_errors() {
        let values: Vec<f64> = (0..100).map(|i| f64::from(i) / 100.0).collect();
        let summary = Summary::of(&values).unwrap();
        let error = summary.sd.unwrap() / 10.0;
        let [low, high] = summary.ci95.unwrap();
        assert!((summary.mean - low - 1.96 * error).abs() < 0.2 * error);
        assert!((high - summary.mean - 1.96 * error).abs() < 0.2 * error);
        assert_eq!(Summary::of(&values), Some(summary));
    }
}

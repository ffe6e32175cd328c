//! The middle of many values and how far they lie around it.

use crate::eval::rates::count;

/// Median and quartiles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quartiles {
    /// A quarter of the values is below.
    pub low: f64,
    /// Half of the values are below.
    pub median: f64,
    /// A quarter of the values is above.
    pub high: f64,
}

impl Quartiles {
    /// Of these values; `None` of nothing. Between two values it is interpolated linearly (R. J.
    /// Hyndman and Y. Fan, "Sample Quantiles in Statistical Packages", 1996, definition 7).
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        Some(Self {
            low: quantile(&values, 0.25)?,
            median: quantile(&values, 0.5)?,
            high: quantile(&values, 0.75)?,
        })
    }
}

/// The median; `None` of nothing.
pub(super) fn median(values: Vec<f64>) -> Option<f64> {
    Quartiles::of(values).map(|quartiles| quartiles.median)
}

fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share * count(last);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the last place"
    )]
    let below = place.floor() as usize;
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    Some(low + (place - place.floor()) * (high - low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quartiles(values: &[f64]) -> [f64; 3] {
        let found = Quartiles::of(values.to_vec()).unwrap();
        [found.low, found.median, found.high]
    }

    #[test]
    fn quartiles_by_hand() {
        assert_eq!(quartiles(&[5.0, 1.0, 3.0, 2.0, 4.0]), [2.0, 3.0, 4.0]);
        assert_eq!(quartiles(&[40.0, 10.0, 30.0, 20.0]), [17.5, 25.0, 32.5]);
        assert_eq!(quartiles(&[7.0]), [7.0, 7.0, 7.0]);
        assert_eq!(Quartiles::of(Vec::new()), None);
    }
}

//! Two samples held against each other.

/// Lower quartile, median, upper quartile.
pub(crate) struct Quartiles(pub(crate) f64, pub(crate) f64, pub(crate) f64);

impl Quartiles {
    pub(crate) fn of(sample: &[f64]) -> Self {
        let mut sorted = sample.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| sorted[(share * (sorted.len() - 1) as f64).round() as usize];
        Self(at(0.25), at(0.5), at(0.75))
    }
}

/// How a sample differs from another.
pub(crate) struct Compared {
    /// The median of all differences between one of each (Hodges and Lehmann 1963).
    pub(crate) difference: f64,
    /// 95 %, from resampled pairs of samples.
    pub(crate) interval: (f64, f64),
    /// How often one of the second is the larger: the rank sum as the area under the curve.
    pub(crate) auc: f64,
}

impl Compared {
    pub(crate) fn of(first: &[f64], second: &[f64]) -> Self {
        const RESAMPLED: usize = 300;
        let mut numbers = 0x9E37_79B9_7F4A_7C15;
        let mut shifts: Vec<_> = (0..RESAMPLED)
            .map(|_| {
                shift(
                    &resampled(first, &mut numbers),
                    &resampled(second, &mut numbers),
                )
            })
            .collect();
        shifts.sort_by(f64::total_cmp);
        let pairs = first.len() * second.len();
        let larger: f64 = first
            .iter()
            .flat_map(|one| second.iter().map(move |other| one.total_cmp(other)))
            .map(|order| match order {
                std::cmp::Ordering::Less => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Greater => 0.0,
            })
            .sum();
        Self {
            difference: shift(first, second),
            interval: (
                shifts[RESAMPLED / 40],
                shifts[RESAMPLED - 1 - RESAMPLED / 40],
            ),
            auc: larger / pairs as f64,
        }
    }
}

fn shift(first: &[f64], second: &[f64]) -> f64 {
    let pairs = first
        .iter()
        .flat_map(|one| second.iter().map(move |other| other - one));
    let mut pairs: Vec<_> = pairs.collect();
    let middle = pairs.len() / 2;
    *pairs.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// As many, each drawn anew (xorshift64*).
fn resampled(sample: &[f64], numbers: &mut u64) -> Vec<f64> {
    let mut below = |end: usize| {
        *numbers ^= *numbers >> 12;
        *numbers ^= *numbers << 25;
        *numbers ^= *numbers >> 27;
        (numbers.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % end
    };
    (0..sample.len())
        .map(|_| sample[below(sample.len())])
        .collect()
}

//! Thresholds for a wanted FRR, and how well a recording bears them out.

use super::users::User;

/// Wanted FRR of an attempt, and the threshold of the product's score that gave it on average over
/// the recordings at hand, under `stream` with burst gain, learning what is accepted. In ascending
/// order of the FRR. docs/evaluation.md has what became of it ("Calibration").
const THRESHOLDS: [(f64, f64); 4] = [(0.01, 0.125), (0.02, 0.05), (0.03, 0.005), (0.05, -0.05)];

/// The lowest and the highest FRR for which there is a threshold.
pub const TARGETS: [f64; 2] = [THRESHOLDS[0].0, THRESHOLDS[THRESHOLDS.len() - 1].0];

/// The a-priori threshold, in nats, at which about this share of the owner's attempts (0 to 1)
/// should be refused; `None` outside [`TARGETS`].
///
/// Between the entries of the table it is linear in the logarithm of the share, as the upper tail
/// of genuine scores falls about exponentially.
#[must_use]
pub fn threshold(target_frr: f64) -> Option<f64> {
    THRESHOLDS.windows(2).find_map(|pair| {
        let [(low, from), (high, to)] = [pair[0], pair[1]];
        let way = (target_frr / low).ln() / (high / low).ln();
        (low..=high)
            .contains(&target_frr)
            .then_some(from + way * (to - from))
    })
}

/// How the FRR of users turned out against what was wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// The wanted FRR, 0 to 1.
    pub target_frr: f64,
    /// Quantiles over users of the realised FRR at [`QUANTILES`].
    pub frr: [f64; 5],
    /// Share of users whose realised FRR is more than twice the wanted one.
    pub over_twice: f64,
}

/// Quantiles of which a [`Calibration`] tells: the last is the worst user.
pub const QUANTILES: [f64; 5] = [0.10, 0.25, 0.50, 0.90, 1.0];

impl Calibration {
    /// Of these users; `None` if no FRR is known of any.
    #[must_use]
    pub fn of(target_frr: f64, users: &[User]) -> Option<Self> {
        let mut realised: Vec<f64> = users.iter().filter_map(|user| user.frr).collect();
        realised.sort_by(f64::total_cmp);
        let over = realised.iter().filter(|frr| **frr > 2.0 * target_frr);
        let over_twice = share(over.count(), realised.len());
        (!realised.is_empty()).then(|| Self {
            target_frr,
            frr: QUANTILES.map(|at| quantile(&realised, at)),
            over_twice,
        })
    }
}

fn share(of: usize, all: usize) -> f64 {
    super::rates::count(of) / super::rates::count(all)
}

/// The value at this share of the way from the least to the greatest, by linear interpolation
/// (R. Hyndman and Y. Fan, "Sample Quantiles in Statistical Packages", 1996, definition 7).
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place between 0 and the length"
)]
fn quantile(ascending: &[f64], at: f64) -> f64 {
    let place = at * super::rates::count(ascending.len().saturating_sub(1));
    let below = place.floor() as usize;
    let value = |i: usize| {
        ascending
            .get(i)
            .or(ascending.last())
            .copied()
            .unwrap_or(0.0)
    };
    value(below) + place.fract() * (value(below + 1) - value(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_those_of_the_table_and_between_them() {
        for (target, expected) in THRESHOLDS {
            assert!((threshold(target).unwrap() - expected).abs() < 1e-12);
        }
        // The geometric mean of two shares is half the way between their logarithms.
        let [(low, from), (high, to), ..] = THRESHOLDS;
        let between = threshold((low * high).sqrt()).unwrap();
        assert!(
            (between - f64::midpoint(from, to)).abs() < 1e-12,
            "{between}"
        );
        let [least, most] = TARGETS;
        for outside in [0.0, 0.99 * least, 1.01 * most, 1.0, f64::NAN, -least] {
            assert_eq!(threshold(outside), None, "{outside}");
        }
    }

    #[test]
    fn a_higher_frr_has_a_lower_threshold() {
        let [least, most] = TARGETS;
        let targets = (0..=40).map(|i| least + (most - least) * f64::from(i) / 40.0);
        let thresholds: Vec<f64> = targets.map(|target| threshold(target).unwrap()).collect();
        assert!(thresholds.windows(2).all(|pair| pair[1] < pair[0]));
    }

    #[test]
    fn quantiles_and_shares_by_hand() {
        let users: Vec<User> = [0.04, 0.0, 0.02, 0.01, 0.10]
            .map(|frr| User {
                frr: Some(frr),
                ..User::default()
            })
            .to_vec();
        let found = Calibration::of(0.02, &users).unwrap();
        // Of 0, 1, 2, 4, 10 %: the tenth is at place 0.4, nine tenths at 3.6.
        for (found, expected) in found.frr.iter().zip([0.004, 0.01, 0.02, 0.076, 0.10]) {
            assert!(
                (found - expected).abs() < 1e-12,
                "{found} is not {expected}"
            );
        }
        assert!(
            (found.over_twice - 0.2).abs() < 1e-12,
            "0.04 is not more than twice"
        );
        assert_eq!(Calibration::of(0.02, &[User::default()]), None);
        let alone = Calibration::of(0.02, &users[..1]).unwrap();
        assert_eq!(alone.frr, [0.04; 5]);
    }
}

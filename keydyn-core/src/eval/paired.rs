//! Whether two detectors differ on the same people by more than chance.

use std::collections::BTreeMap;

use statrs::distribution::{ContinuousCDF as _, Normal};

use super::rates::count;
use super::summary::Summary;

/// Differences below this are none: rates are told to a millionth.
const FINEST: f64 = 1e-6;
/// Up to so many differences the p-value is exact.
const MOST_EXACT: usize = 200;

/// How a figure differs between two evaluations of the same users.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    /// Users in both.
    pub users: usize,
    /// The mean over users of the second's figure less the first's.
    pub difference: f64,
    /// Its 95 % interval by a bootstrap over users, as of any [`Summary`]: a user is drawn with
    /// both figures. `None` of a single user.
    pub ci95: Option<[f64; 2]>,
    /// Users whose figures differ at all.
    pub differing: usize,
    /// Two-sided p-value of the signed-rank test; 1 if nobody's figures differ.
    pub p: f64,
}

impl Paired {
    /// Compares figures by user; `None` if nobody has both.
    ///
    /// Differences are rounded to a millionth.
    #[must_use]
    pub fn of(first: &[(&str, f64)], second: &[(&str, f64)]) -> Option<Self> {
        let second: BTreeMap<&str, f64> = second.iter().copied().collect();
        let both = first.iter();
        let differences: Vec<f64> = both
            .filter_map(|(user, figure)| Some(second.get(user)? - figure))
            .map(|difference| (difference / FINEST).round() * FINEST)
            .collect();
        let summary = Summary::of(&differences)?;
        let differing: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
        Some(Self {
            users: differences.len(),
            difference: summary.mean,
            ci95: summary.ci95,
            differing: differing.len(),
            p: signed_rank(&differing),
        })
    }
}

/// The two-sided p-value of the signed-rank test (F. Wilcoxon, "Individual Comparisons by Ranking
/// Methods", 1945) of differences without zeros.
///
/// Equal magnitudes share the mean of their ranks. Up to 200 differences the distribution is that of
/// all assignments of signs to these very ranks; above, the normal approximation with the correction
/// for ties and for continuity (M. Hollander and D. Wolfe, "Nonparametric Statistical Methods",
/// 1999, section 3.1).
fn signed_rank(differences: &[f64]) -> f64 {
    let ranks = doubled_ranks(differences);
    let positive = differences.iter().zip(&ranks);
    let positive = positive.filter(|(d, _)| **d > 0.0).map(|(_, rank)| rank);
    let positive: usize = positive.sum();
    if differences.len() <= MOST_EXACT {
        exact(&ranks, positive)
    } else {
        approximate(&ranks, positive)
    }
}

/// Twice the rank of each magnitude: whole numbers even of ties.
fn doubled_ranks(differences: &[f64]) -> Vec<usize> {
    let rank = |difference: &f64| {
        let magnitudes = differences
            .iter()
            .map(|d| same_as(d.abs(), difference.abs()));
        // Ranks below + 1 to ranks below + ties: twice their mean.
        let [below, ties] = magnitudes.fold([0, 0], |[below, ties], order| match order {
            std::cmp::Ordering::Less => [below + 1, ties],
            std::cmp::Ordering::Equal => [below, ties + 1],
            std::cmp::Ordering::Greater => [below, ties],
        });
        2 * below + ties + 1
    };
    differences.iter().map(rank).collect()
}

/// Compares magnitudes as multiples of [`FINEST`], of which they may be off by a rounding.
fn same_as(magnitude: f64, other: f64) -> std::cmp::Ordering {
    (magnitude / FINEST)
        .round()
        .total_cmp(&(other / FINEST).round())
}

/// Twice the smaller tail of the sum of positive ranks if every sign had the same chance.
fn exact(doubled_ranks: &[usize], positive: usize) -> f64 {
    let whole: usize = doubled_ranks.iter().sum();
    let mut chances = vec![0.0; whole + 1];
    chances[0] = 1.0;
    let mut reached = 0;
    for &rank in doubled_ranks {
        reached += rank;
        for sum in (0..=reached).rev() {
            let with = sum.checked_sub(rank).map_or(0.0, |before| chances[before]);
            chances[sum] = f64::midpoint(chances[sum], with);
        }
    }
    // The distribution is the same from both ends.
    let smaller = positive.min(whole - positive);
    let tail: f64 = chances[..=smaller].iter().sum();
    (2.0 * tail).min(1.0)
}

/// The same by the normal distribution with the mean and variance of that sum.
fn approximate(doubled_ranks: &[usize], positive: usize) -> f64 {
    let ranks = doubled_ranks.iter().map(|rank| count(*rank) / 2.0);
    let mean = ranks.clone().sum::<f64>() / 2.0;
    // With ties this is n(n+1)(2n+1)/24 less the sum of (t^3 - t)/48 over them.
    let variance = ranks.map(|rank| rank * rank).sum::<f64>() / 4.0;
    let distance = (count(positive) / 2.0 - mean).abs();
    let deviations = (distance - 0.5).max(0.0) / variance.sqrt();
    (2.0 * Normal::standard().sf(deviations)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn assert_close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn p_values_by_hand() {
        // All on one side: one of 32 assignments of signs is as extreme, and its mirror.
        assert_close(signed_rank(&[0.1, 0.2, 0.3, 0.4, 0.5]), 2.0 / 32.0);
        assert_close(signed_rank(&[-0.1, -0.2, -0.3, -0.4, -0.5]), 2.0 / 32.0);
        // The smallest on the other side: sums of 0 and of 1 are as extreme.
        assert_close(signed_rank(&[-0.1, 0.2, 0.3, 0.4, 0.5]), 4.0 / 32.0);
        // Ties have rank 2 each: sums 0, 2, 4, 6 with chances 1, 3, 3, 1 of 8.
        assert_close(signed_rank(&[0.1, 0.1, 0.1]), 2.0 / 8.0);
        assert_close(signed_rank(&[0.1, 0.1, -0.1]), 1.0);
        assert_close(signed_rank(&[]), 1.0);
    }

    #[test]
    #[expect(clippy::approx_constant, reason = "a patient at 3.14")]
    fn the_textbook_s_example_has_the_textbook_s_value() {
        // Hollander and Wolfe, table 3.1 (Hamilton depression scale): V = 40, one-sided 0.01953.
        let before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
        let after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
        let with = |figures: [f64; 9]| names.into_iter().zip(figures).collect::<Vec<_>>();
        let paired = Paired::of(&with(before), &with(after)).unwrap();
        assert_close(paired.p, 2.0 * 10.0 / 512.0);
        assert_close(paired.difference, -0.431_888_888_888);
        assert_eq!((paired.users, paired.differing), (9, 9));
        let [low, high] = paired.ci95.unwrap();
        assert!(low < paired.difference && paired.difference < high && high < 0.0);
    }

    #[test]
    fn the_normal_approximation_by_hand() {
        // Four with ranks 1, 2.5, 2.5, 4 and 1 + 4 positive: mean 5, so no distance at all.
        assert_close(approximate(&[2, 5, 5, 8], 10), 1.0);
        // All positive: (10 - 5 - 0.5) / sqrt((1 + 6.25 + 6.25 + 16) / 4) = 1.657021 deviations.
        let p = approximate(&[2, 5, 5, 8], 20);
        assert!((p - 0.097_516).abs() < 1e-5, "{p}");
    }

    #[test]
    fn users_are_matched_by_name_and_those_without_both_left_out() {
        let first = [("a", 0.1), ("b", 0.2), ("c", 0.3)];
        let second = [("c", 0.3), ("a", 0.2), ("d", 0.9)];
        let paired = Paired::of(&first, &second).unwrap();
        assert_eq!((paired.users, paired.differing), (2, 1));
        assert_close(paired.difference, 0.05);
        assert_eq!(Paired::of(&first, &[]), None);
        let same = Paired::of(&first, &first).unwrap();
        assert_eq!((same.difference, same.differing, same.p), (0.0, 0, 1.0));
        assert_eq!(same.ci95, Some([0.0, 0.0]));
        let noise = [("a", 0.1 + 1e-9), ("b", 0.2), ("c", 0.3)];
        assert_eq!(Paired::of(&first, &noise).unwrap().differing, 0);
    }

    proptest! {
        #[test]
        fn the_approximation_nears_the_exact_value(
            differences in proptest::collection::vec(-60i32..80, 60..MOST_EXACT),
        ) {
            let differences: Vec<f64> = differences
                .into_iter()
                .filter(|d| *d != 0)
                .map(|d| f64::from(d) / 1000.0)
                .collect();
            let ranks = doubled_ranks(&differences);
            let n = differences.len();
            prop_assert_eq!(ranks.iter().sum::<usize>(), n * (n + 1));
            let positive = differences.iter().zip(&ranks).filter(|(d, _)| **d > 0.0);
            let positive = positive.map(|(_, rank)| rank).sum();
            let (exact, near) = (exact(&ranks, positive), approximate(&ranks, positive));
            prop_assert!((exact - near).abs() < 0.01, "{exact} {near}");
        }

        #[test]
        fn exchanging_the_two_changes_the_sign_only(
            pairs in proptest::collection::vec((0.0f64..1.0, 0.0f64..1.0), 1..40),
        ) {
            let names: Vec<String> = (0..pairs.len()).map(|i| i.to_string()).collect();
            let side = |pick: fn(&(f64, f64)) -> f64| -> Vec<(&str, f64)> {
                names.iter().map(String::as_str).zip(pairs.iter().map(pick)).collect()
            };
            let (a, b) = (side(|p| p.0), side(|p| p.1));
            let (there, back) = (Paired::of(&a, &b).unwrap(), Paired::of(&b, &a).unwrap());
            prop_assert!((there.difference + back.difference).abs() < 1e-9);
            prop_assert!((there.p - back.p).abs() < 1e-9);
            prop_assert!((0.0..=1.0).contains(&there.p));
        }
    }
}

//! FAR, FRR and what is read off their curves.

/// The scores of one account: higher is stranger.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores {
    /// Of the owner's attempts.
    pub genuine: Vec<f64>,
    /// Of others' attempts.
    pub impostor: Vec<f64>,
}

impl Scores {
    /// Whether there is something to count on both sides.
    #[must_use]
    pub fn countable(&self) -> bool {
        !self.genuine.is_empty() && !self.impostor.is_empty()
    }
}

/// Both error rates at one threshold, each from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Share of genuine scores above the threshold.
    pub frr: f64,
    /// Share of impostor scores up to the threshold.
    pub far: f64,
}

/// FRR and FAR as functions of one threshold for all accounts, accounts weighted equally.
///
/// They are step functions; the curve holds their value at each score, in ascending order, after
/// a first point below every score.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    points: Vec<Rates>,
}

impl Curve {
    /// The curve of one account, or of several under one threshold. Accounts without genuine or
    /// without impostor scores are left out; `None` if that leaves no account.
    #[must_use]
    pub fn of(accounts: &[&Scores]) -> Option<Self> {
        let countable = || accounts.iter().filter(|scores| scores.countable());
        let users = count(countable().count());
        let mut steps: Vec<(f64, Rates)> = Vec::new();
        for scores in countable() {
            let down = Rates {
                frr: -1.0 / (users * count(scores.genuine.len())),
                far: 0.0,
            };
            let up = Rates {
                frr: 0.0,
                far: 1.0 / (users * count(scores.impostor.len())),
            };
            steps.extend(scores.genuine.iter().map(|&u| (u, down)));
            steps.extend(scores.impostor.iter().map(|&u| (u, up)));
        }
        if steps.is_empty() {
            return None;
        }
        steps.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let mut at = Rates { frr: 1.0, far: 0.0 };
        let mut points = vec![at];
        for tie in steps.chunk_by(|(a, _), (b, _)| a == b) {
            for (_, step) in tie {
                at.frr += step.frr;
                at.far += step.far;
            }
            // Sums of shares may miss 0 and 1 by a rounding.
            at = Rates {
                frr: at.frr.max(0.0),
                far: at.far.min(1.0),
            };
            points.push(at);
        }
        Some(Self { points })
    }

    /// The equal error rate: where FRR and FAR cross as the threshold rises, by linear
    /// interpolation between the two points around the crossing.
    #[must_use]
    pub fn eer(&self) -> f64 {
        let crossing = self
            .points
            .windows(2)
            .find(|pair| pair[1].frr <= pair[1].far);
        let Some([before, after]) = crossing else {
            // FRR ends at 0 and FAR at 1: only rounding can keep them from crossing.
            return 0.0;
        };
        let (gap, gap_after) = (before.frr - before.far, after.frr - after.far);
        before.frr + gap / (gap - gap_after) * (after.frr - before.frr)
    }

    /// FRR at the largest threshold at which no impostor is accepted.
    #[must_use]
    pub fn zero_miss(&self) -> f64 {
        self.points
            .iter()
            .take_while(|rates| rates.far == 0.0)
            .last()
            .map_or(1.0, |rates| rates.frr)
    }

    /// FAR where FRR is this, by linear interpolation between the two points around it: where FRR
    /// has just fallen so far, so at the lowest such threshold.
    #[must_use]
    pub fn far_at(&self, frr: f64) -> f64 {
        let reached = self.points.iter().position(|rates| rates.frr <= frr);
        let (before, after) = match reached {
            None => return 1.0,
            Some(0) => return 0.0,
            Some(i) => (self.points[i - 1], self.points[i]),
        };
        let way = (before.frr - frr) / (before.frr - after.frr);
        before.far + way * (after.far - before.far)
    }

    /// The points, from the lowest threshold to the highest: what a DET plot is drawn from.
    #[must_use]
    pub fn points(&self) -> &[Rates] {
        &self.points
    }
}

/// Attempts asked about at the a-priori threshold, and how many of them got this answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Attempts decided.
    pub decided: u32,
    /// Attempts for which the answer was yes.
    pub yes: u32,
}

impl Tally {
    /// Counts one attempt.
    pub fn note(&mut self, yes: bool) {
        self.decided += 1;
        self.yes += u32::from(yes);
    }

    /// The share of yes, 0 to 1; `None` of nothing.
    #[must_use]
    pub fn rate(self) -> Option<f64> {
        (self.decided > 0).then(|| f64::from(self.yes) / f64::from(self.decided))
    }
}

/// The normal quantile of a 95 % interval.
const QUANTILE: f64 = 1.959_963_984_540_054;

impl Tally {
    /// The 95 % interval of the share, as if attempts were independent of each other (E. Wilson,
    /// "Probable Inference, the Law of Succession, and Statistical Inference", 1927); `None` of
    /// nothing.
    #[must_use]
    pub fn ci95(self) -> Option<[f64; 2]> {
        let (share, n) = (self.rate()?, f64::from(self.decided));
        let squared = QUANTILE * QUANTILE / n;
        let centre = share + squared / 2.0;
        let reach = QUANTILE * (share * (1.0 - share) / n + squared / (4.0 * n)).sqrt();
        let ends = [centre - reach, centre + reach];
        Some(ends.map(|end| (end / (1.0 + squared)).clamp(0.0, 1.0)))
    }
}

#[expect(clippy::cast_precision_loss, reason = "no recording has 2^52 attempts")]
pub(super) fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scores(genuine: &[f64], impostor: &[f64]) -> Scores {
        Scores {
            genuine: genuine.to_vec(),
            impostor: impostor.to_vec(),
        }
    }

    fn curve(genuine: &[f64], impostor: &[f64]) -> Curve {
        Curve::of(&[&scores(genuine, impostor)]).unwrap()
    }

    fn assert_close(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() < 1e-12,
            "{found} is not {expected}"
        );
    }

    #[test]
    fn apart_is_no_error_and_swapped_is_all_error() {
        let apart = curve(&[1.0, 2.0], &[3.0, 4.0]);
        assert_close(apart.eer(), 0.0);
        assert_close(apart.zero_miss(), 0.0);
        let swapped = curve(&[3.0, 4.0], &[1.0, 2.0]);
        assert_close(swapped.eer(), 1.0);
        assert_close(swapped.zero_miss(), 1.0);
    }

    #[test]
    fn equal_error_rates_by_hand() {
        // At 3 one of four owners is above (5), and one of four impostors is up to it (3).
        assert_close(
            curve(&[1.0, 2.0, 2.5, 5.0], &[3.0, 6.0, 7.0, 8.0]).eer(),
            0.25,
        );
        // FRR falls 2/3 -> 1/3 at 2 while FAR stays 1/2: they meet at 1/2.
        assert_close(curve(&[1.0, 2.0, 3.0], &[1.5, 4.0]).eer(), 0.5);
        // FAR rises 0 -> 1/2 at 2 while FRR stays 1/3: they meet at 1/3.
        assert_close(curve(&[0.0, 1.0, 5.0], &[2.0, 6.0]).eer(), 1.0 / 3.0);
    }

    #[test]
    fn ties_move_both_rates_at_once() {
        // All equal: from (1, 0) straight to (0, 1), which meets the diagonal in the middle.
        assert_close(curve(&[1.0, 1.0], &[1.0]).eer(), 0.5);
        // At 2: FRR 1/2 -> 0 and FAR 0 -> 1/4. The line meets frr = far at 1/6.
        let tie = curve(&[1.0, 2.0], &[2.0, 3.0, 4.0, 5.0]);
        assert_close(tie.eer(), 1.0 / 6.0);
        // The owner's 2 is refused wherever the impostor's 2 is.
        assert_close(tie.zero_miss(), 0.5);
    }

    #[test]
    fn zero_miss_by_hand() {
        assert_close(
            curve(&[1.0, 2.0, 3.0, 4.0, 5.0], &[3.5, 9.0]).zero_miss(),
            0.4,
        );
    }

    #[test]
    fn the_far_at_a_wanted_frr_by_hand() {
        let curve = curve(&[1.0, 2.0, 3.0, 4.0], &[0.5, 2.5, 3.0, 9.0]);
        // (FRR, FAR): at 2 (1/2, 1/4), at 2.5 (1/2, 1/2), at 3 (1/4, 3/4), at 4 (0, 3/4).
        for (frr, far) in [
            (1.0, 0.0),
            (0.75, 0.25),
            (0.5, 0.25),
            (0.375, 0.625),
            (0.25, 0.75),
            (0.01, 0.75),
            (0.0, 0.75),
        ] {
            assert_close(curve.far_at(frr), far);
        }
    }

    #[test]
    fn one_threshold_for_all_weighs_accounts_equally() {
        // Each account alone is without error; together the second one's owner is above the
        // first one's impostors.
        let many = scores(&[0.0; 10], &[1.0; 10]);
        let few = scores(&[2.0], &[3.0]);
        let together = Curve::of(&[&many, &few]).unwrap();
        assert_close(together.eer(), 0.5);
        assert_close(together.zero_miss(), 0.5);
        let nobody = scores(&[], &[1.0]);
        assert_eq!(Curve::of(&[&many, &few, &nobody]), Some(together));
        assert_eq!(Curve::of(&[&nobody]), None);
    }

    #[test]
    fn tallies_are_shares() {
        let mut tally = Tally::default();
        assert_eq!(tally.rate(), None);
        tally.note(true);
        tally.note(false);
        assert_eq!(tally.rate(), Some(0.5));
    }

    #[test]
    fn intervals_of_shares_are_wilson_s() {
        let tally = |yes, decided| Tally { decided, yes };
        assert_eq!(tally(0, 0).ci95(), None);
        // By hand: (1 + 1.92073) / (10 + 3.84146) -+ 1.95996 sqrt(0.09 / 10 + 0.0096036) / 1.384146.
        let [low, high] = tally(1, 10).ci95().unwrap();
        assert!((low - 0.017876).abs() < 1e-5, "{low}");
        assert!((high - 0.404150).abs() < 1e-5, "{high}");
        let [low, high] = tally(0, 10).ci95().unwrap();
        assert!(
            low.abs() < 1e-12 && (high - 0.277533).abs() < 1e-5,
            "{high}"
        );
    }

    fn some_scores() -> impl Strategy<Value = Vec<f64>> {
        // Few distinct values, so that ties are common.
        proptest::collection::vec((-8i32..8).prop_map(|x| f64::from(x) / 4.0), 1..30)
    }

    proptest! {
        #[test]
        fn curves_are_monotonic_and_their_readings_are_rates(
            genuine in some_scores(),
            impostor in some_scores(),
        ) {
            let curve = curve(&genuine, &impostor);
            for pair in curve.points().windows(2) {
                prop_assert!(pair[1].frr <= pair[0].frr && pair[1].far >= pair[0].far);
            }
            let last = curve.points().last().unwrap();
            prop_assert!(last.frr.abs() < 1e-9 && (last.far - 1.0).abs() < 1e-9);
            prop_assert!((0.0..=1.0).contains(&curve.eer()));
            prop_assert!((0.0..=1.0).contains(&curve.zero_miss()));
            let fars: Vec<f64> = (0..=10).map(|i| curve.far_at(f64::from(i) / 10.0)).collect();
            prop_assert!(fars.iter().all(|far| (0.0..=1.0).contains(far)), "{fars:?}");
            prop_assert!(fars.windows(2).all(|pair| pair[1] <= pair[0] + 1e-9), "{fars:?}");
        }

        #[test]
        fn only_the_order_of_scores_counts(genuine in some_scores(), impostor in some_scores()) {
            let stretch = |scores: &[f64]| scores.iter().map(|x| x.exp() * 7.0 - 3.0).collect::<Vec<_>>();
            let stretched = curve(&stretch(&genuine), &stretch(&impostor));
            prop_assert_eq!(stretched, curve(&genuine, &impostor));
        }

        #[test]
        fn exchanging_the_sides_mirrors_the_equal_error_rate(
            genuine in some_scores(),
            impostor in some_scores(),
        ) {
            let turn = |scores: &[f64]| scores.iter().map(|x| -x).collect::<Vec<_>>();
            let mirrored = curve(&turn(&impostor), &turn(&genuine));
            prop_assert!((mirrored.eer() - curve(&genuine, &impostor).eer()).abs() < 1e-9);
        }
    }
}

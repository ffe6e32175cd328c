//! The figures of single accounts, of which those of a table are means.

use super::rates::{Curve, Tally};
use super::summary::mean;
use super::trial::Trial;

/// The FRRs at which the FAR of an account is read off its curve.
pub const FAR_AT_FRR: [f64; 3] = [0.01, 0.03, 0.05];

/// What was found of one account: rates from 0 to 1, means over the draws of impostors; `None` where
/// there is nothing to count.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct User {
    /// Whose account.
    pub name: String,
    /// Equal error rate.
    pub eer: Option<f64>,
    /// FRR at the largest threshold at which no impostor is accepted.
    pub zero_miss: Option<f64>,
    /// FAR where this account's FRR is each of [`FAR_AT_FRR`]: thresholds found afterwards.
    pub far_at_frr: [Option<f64>; 3],
    /// Genuine attempts refused at the a-priori threshold.
    pub frr: Option<f64>,
    /// Impostor attempts accepted there.
    pub far: Option<f64>,
    /// First attempts of a session refused there.
    pub frr_first_of_session: Option<f64>,
    /// Impostor attempts at the start of a session accepted there.
    pub far_first_of_session: Option<f64>,
    /// Logins of several attempts in which the owner was refused.
    pub login_frr: Option<f64>,
    /// Logins of several attempts in which an impostor was accepted.
    pub login_far: Option<f64>,
}

impl User {
    /// The figures of an account with these trials, one a draw.
    pub(super) fn of(name: &str, trials: &[Trial]) -> Self {
        let curves: Vec<Curve> = trials
            .iter()
            .filter_map(|trial| Curve::of(&[&trial.scores]))
            .collect();
        let read = |figure: &dyn Fn(&Curve) -> f64| {
            let each: Vec<f64> = curves.iter().map(figure).collect();
            mean(&each)
        };
        let tallied = |tally: fn(&Trial) -> Tally| {
            let rates: Vec<f64> = trials.iter().filter_map(|t| tally(t).rate()).collect();
            mean(&rates)
        };
        Self {
            name: name.to_owned(),
            eer: read(&Curve::eer),
            zero_miss: read(&Curve::zero_miss),
            far_at_frr: FAR_AT_FRR.map(|frr| read(&|curve| curve.far_at(frr))),
            frr: tallied(|trial| trial.refused),
            far: tallied(|trial| trial.accepted),
            frr_first_of_session: tallied(|trial| trial.refused_first),
            far_first_of_session: tallied(|trial| trial.accepted_first),
            login_frr: tallied(|trial| trial.refused_logins),
            login_far: tallied(|trial| trial.accepted_logins),
        }
    }

    /// Whether anything could be counted.
    pub(super) fn counted(&self) -> bool {
        self.eer.is_some() || self.frr.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::rates::Scores;

    #[test]
    fn a_user_s_figures_are_means_over_the_draws() {
        let draw = |impostor: &[f64], yes| Trial {
            scores: Scores {
                genuine: vec![1.0, 2.0, 3.0, 4.0],
                impostor: impostor.to_vec(),
            },
            refused: Tally { decided: 4, yes },
            ..Trial::default()
        };
        let user = User::of("anna", &[draw(&[5.0], 0), draw(&[2.5], 2)]);
        assert_eq!(user.name, "anna");
        // Apart in the first draw; in the second FRR 2/4 from 2 to 3 while FAR rises to 1.
        assert_eq!((user.eer, user.zero_miss), (Some(0.25), Some(0.25)));
        assert_eq!(
            (user.frr, user.far, user.login_far),
            (Some(0.25), None, None)
        );
        assert!(user.counted() && !User::of("none", &[]).counted());
    }
}

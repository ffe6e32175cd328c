//! From trials to the figures of a table.

use rayon::prelude::*;

use super::data::DataSet;
use super::protocol::{LearnRule, Setup, Unsuitable};
use super::rates::{Curve, Scores, Tally};
use super::summary::{Summary, mean};
use super::trial::{self, Trial};
use crate::detector::DetectorKind;

/// What an evaluation of one detector found. Rates are fractions from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Of which detector.
    pub detector: DetectorKind,
    /// How it was asked.
    pub setup: Setup,
    /// What was learned after the enrolment; `None`: nothing.
    pub learn: Option<LearnRule>,
    /// Accounts that the figures are over.
    pub accounts: usize,
    /// Equal error rate: a threshold for each account, found afterwards.
    pub eer: Summary,
    /// FRR at the largest threshold of each account at which no impostor is accepted.
    pub zero_miss: Summary,
    /// Equal error rate under one threshold for all accounts, found afterwards.
    pub global_eer: f64,
    /// Genuine attempts refused at the a-priori threshold; `None` if the detector has none.
    pub frr: Option<f64>,
    /// Impostor attempts accepted at the a-priori threshold; `None` if the detector has none.
    pub far: Option<f64>,
    /// First attempts of a session refused at the a-priori threshold; `None` if the detector has
    /// none, or if no session begins in the test.
    pub frr_first_of_session: Option<f64>,
    /// Attempts that could not be judged, over all accounts and draws of impostors.
    pub failures_to_acquire: u64,
}

/// Measures a detector on a recording.
///
/// `on_trial` is called after each of [`Setup::trials`] trials, from any thread.
///
/// Every figure is taken per account and draw of impostors, averaged over the draws, then over
/// the accounts.
///
/// # Errors
/// If the recording does not suit the protocol.
pub fn evaluate(
    data: &DataSet,
    setup: &Setup,
    kind: DetectorKind,
    on_trial: &(dyn Fn() + Sync),
) -> Result<Figures, Unsuitable> {
    setup.check(data)?;
    let draws = setup.draws() as usize;
    let trials: Vec<Trial> = (0..data.typists().len() * draws)
        .into_par_iter()
        .map(|i| {
            let trial = trial::run(data, i / draws, setup, kind, (i % draws) as u64);
            on_trial();
            trial
        })
        .collect();
    summarise(&trials, draws, setup, kind)
}

/// `trials`: the draws of the first account, then those of the second, and so on.
fn summarise(
    trials: &[Trial],
    draws: usize,
    setup: &Setup,
    kind: DetectorKind,
) -> Result<Figures, Unsuitable> {
    let failures = trials.iter().map(|trial| trial.failures_to_acquire).sum();
    let nothing = Unsuitable::NothingJudged { failures };
    let accounts: Vec<&[Trial]> = trials.chunks(draws.max(1)).collect();
    let curves = |read: fn(&Curve) -> f64| {
        over_accounts(&accounts, |trial| {
            Curve::of(&[&trial.scores]).map(|curve| read(&curve))
        })
    };
    let eers = curves(Curve::eer);
    let global: Vec<f64> = (0..draws)
        .filter_map(|draw| {
            let scores: Vec<&Scores> = accounts.iter().map(|a| &a[draw].scores).collect();
            Curve::of(&scores).map(|curve| curve.eer())
        })
        .collect();
    let tally =
        |read: fn(&Trial) -> Tally| mean(&over_accounts(&accounts, |trial| read(trial).rate()));
    Ok(Figures {
        detector: kind,
        setup: *setup,
        learn: trial::effective_rule(setup, kind),
        accounts: eers.len(),
        eer: Summary::of(&eers).ok_or(nothing.clone())?,
        zero_miss: Summary::of(&curves(Curve::zero_miss)).ok_or(nothing.clone())?,
        global_eer: mean(&global).ok_or(nothing)?,
        frr: tally(|trial| trial.refused),
        far: tally(|trial| trial.accepted),
        frr_first_of_session: tally(|trial| trial.refused_first),
        failures_to_acquire: failures,
    })
}

/// The mean over its trials of each account that has any.
fn over_accounts(accounts: &[&[Trial]], read: impl Fn(&Trial) -> Option<f64>) -> Vec<f64> {
    let of_account = |trials: &&[Trial]| mean(&trials.iter().filter_map(&read).collect::<Vec<_>>());
    accounts.iter().filter_map(of_account).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::protocol::Protocol;
    use crate::eval::typist::{population, some_text};

    fn figures(data: &DataSet, setup: &Setup, kind: DetectorKind) -> Figures {
        evaluate(data, setup, kind, &|| ()).unwrap()
    }

    #[test]
    fn synthetic_typists_are_told_apart() {
        let data = population(11, 12, 4, 15, &some_text(10));
        let setup = Setup {
            seeds: 3,
            ..Setup::default()
        };
        let ours = figures(&data, &setup, DetectorKind::SequenceMemory);
        assert_eq!(ours.accounts, 12);
        assert!(ours.eer.mean < 0.05, "{}", ours.eer.mean);
        assert!(ours.frr.unwrap() < 0.15 && ours.far.unwrap() < 0.15);
        assert_eq!(ours.learn, Some(LearnRule::Accepted));
        let theirs = figures(&data, &setup, DetectorKind::ScaledManhattan);
        assert!(theirs.eer.mean > ours.eer.mean);
        assert_eq!((theirs.frr, theirs.far), (None, None));
        assert_eq!(theirs.frr_first_of_session, None);
    }

    #[test]
    fn one_typist_twice_cannot_be_told_apart() {
        let one = population(3, 1, 2, 40, &some_text(8));
        let mut twin = one.typists()[0].clone();
        let attempts = twin.attempts.split_off(40);
        let data = DataSet::new(vec![
            twin.clone(),
            crate::eval::data::Typist {
                name: "twin".into(),
                attempts,
            },
        ]);
        let setup = Setup {
            protocol: Protocol::Static,
            ..Setup::default()
        };
        let found = figures(&data, &setup, DetectorKind::SequenceMemory);
        assert!((0.2..0.8).contains(&found.eer.mean), "{}", found.eer.mean);
    }

    #[test]
    fn figures_do_not_depend_on_the_number_of_threads() {
        let data = population(2, 5, 2, 12, &some_text(6));
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let setup = Setup::default();
            let run = || figures(&data, &setup, DetectorKind::SequenceMemory);
            pool.build().unwrap().install(run)
        };
        assert_eq!(on(1), on(4));
    }

    #[test]
    fn every_trial_is_told() {
        use std::sync::atomic::{AtomicU64, Ordering};
        let data = population(2, 3, 1, 15, &some_text(6));
        let setup = Setup::default();
        let told = AtomicU64::new(0);
        let tell = || {
            told.fetch_add(1, Ordering::Relaxed);
        };
        evaluate(&data, &setup, DetectorKind::SequenceMemory, &tell).unwrap();
        assert_eq!(told.into_inner(), setup.trials(&data));
        assert_eq!(setup.trials(&data), 30);
    }
}

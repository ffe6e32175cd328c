//! From trials to the figures of a table.

use std::collections::BTreeMap;
use std::mem::take;

use rayon::prelude::*;

use super::calibration::Calibration;
use super::data::DataSet;
use super::protocol::{ImpostorSet, LearnRule};
use super::rates::{Curve, Scores};
use super::record::Judged;
use super::setup::{LeftOut, Reason, Setup, Unsuitable};
use super::summary::{Summary, mean};
use super::trial::{self, Sitting, SittingTally, Trial};
use super::users::User;
use crate::detector::DetectorKind;

/// What an evaluation of one detector found. Rates are fractions from 0 to 1, over accounts; `None`
/// where nothing was decided, as without a threshold, impostors or logins.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Of which detector.
    pub detector: DetectorKind,
    /// How it was asked.
    pub setup: Setup,
    /// Which attempts of others were used.
    pub impostors: ImpostorSet,
    /// The a-priori threshold, if the detector has one.
    pub threshold: Option<f64>,
    /// What was learned after the enrolment; `None`: nothing.
    pub learn: Option<LearnRule>,
    /// Accounts that the figures are over.
    pub accounts: usize,
    /// Accounts that they are not over, and why.
    pub left_out: Vec<LeftOut>,
    /// Equal error rate: a threshold for each account, found afterwards.
    pub eer: Option<Summary>,
    /// FRR at the largest threshold of each account at which no impostor is accepted.
    pub zero_miss: Option<Summary>,
    /// FAR at the threshold of each account at which its FRR is each of
    /// [`FAR_AT_FRR`](super::users::FAR_AT_FRR), found afterwards.
    pub far_at_frr: [Option<Summary>; 3],
    /// Equal error rate under one threshold for all accounts, found afterwards.
    pub global_eer: Option<f64>,
    /// Genuine attempts refused at the a-priori threshold.
    pub frr: Option<Summary>,
    /// Impostor attempts accepted at the a-priori threshold.
    pub far: Option<Summary>,
    /// First attempts of a session refused at the a-priori threshold.
    pub frr_first_of_session: Option<Summary>,
    /// Impostor attempts accepted at the a-priori threshold at the start of a session, before the
    /// owner's first: one a session, offset and draw. `None` where nothing is drawn.
    pub far_first_of_session: Option<Summary>,
    /// Logins of several attempts in which the owner was refused.
    pub login_frr: Option<Summary>,
    /// Logins of several attempts in which an impostor was accepted.
    pub login_far: Option<Summary>,
    /// Attempts that could not be judged, over all accounts and draws of impostors.
    pub failures_to_acquire: u64,
    /// Genuine attempts by session and keyboard, over all draws: of a recording of one person.
    pub sittings: Vec<(Sitting, SittingTally)>,
    /// The same by keyboard alone, over all accounts: of a recording that names keyboards.
    pub keyboards: Vec<(u16, SittingTally)>,
    /// How the FRR of accounts turned out, if the setup names the FRR that is wanted.
    pub calibration: Option<Calibration>,
    /// The figures of each account that any of these are over.
    pub users: Vec<User>,
    /// Every judged attempt, where [`Setup::record`] asked for them.
    pub judged: Vec<Judged>,
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
    setup.check_data(data, kind)?;
    let draws = setup.draws(data);
    // Together where one pass does for all draws; apart otherwise, for as many threads as there are.
    let learns_impostors = trial::effective_rule(setup, kind) == Some(LearnRule::Accepted);
    let pass = if learns_impostors { 1 } else { draws.max(1) };
    let passes = draws.div_ceil(pass);
    let trials: Vec<Vec<Trial>> = (0..data.typists().len() * passes as usize)
        .into_par_iter()
        .map(|i| {
            let (owner, first) = (
                i / passes as usize,
                (i % passes as usize) as u64 * u64::from(pass),
            );
            let trials = trial::run(data, owner, setup, kind, first..first + u64::from(pass));
            trials.iter().for_each(|_| on_trial());
            trials
        })
        .collect();
    let mut trials: Vec<Trial> = trials.into_iter().flatten().collect();
    let mut judged = Vec::with_capacity(trials.iter().map(|trial| trial.judged.len()).sum());
    // One after the other: both copies of all of them would be twice the memory.
    for trial in &mut trials {
        judged.append(&mut take(&mut trial.judged));
    }
    let accounts: Vec<&[Trial]> = trials.chunks(draws.max(1) as usize).collect();
    let figures = summarise(data, &accounts, setup, kind)?;
    Ok(Figures { judged, ..figures })
}

/// `accounts`: the draws of each account.
fn summarise(
    data: &DataSet,
    accounts: &[&[Trial]],
    setup: &Setup,
    kind: DetectorKind,
) -> Result<Figures, Unsuitable> {
    let trials = || accounts.iter().copied().flatten();
    let failures = trials().map(|trial| trial.failures_to_acquire).sum();
    let users = data.typists().iter().zip(accounts);
    let users = users.map(|(owner, trials)| User::of(&owner.name, trials));
    let mut users: Vec<User> = users.filter(User::counted).collect();
    // Where there is any account with impostors, one without is in no figure.
    let alone = users.iter().all(|user| user.eer.is_none());
    users.retain(|user| alone || user.eer.is_some());
    let over = |figure: &dyn Fn(&User) -> Option<f64>| -> Vec<f64> {
        users.iter().filter_map(figure).collect()
    };
    let (eers, refused) = (over(&|user| user.eer), over(&|user| user.frr));
    let summary = |figure: &dyn Fn(&User) -> Option<f64>| Summary::of(&over(figure));
    if eers.is_empty() && refused.is_empty() {
        return Err(Unsuitable::NothingJudged { failures });
    }
    let sittings = sittings(trials());
    Ok(Figures {
        detector: kind,
        setup: *setup,
        impostors: setup.impostor_set(data),
        threshold: kind.has_threshold().then(|| setup.threshold.value()),
        learn: trial::effective_rule(setup, kind),
        accounts: if alone { refused.len() } else { eers.len() },
        left_out: left_out(data, accounts, setup, alone),
        eer: Summary::of(&eers),
        far_at_frr: [0, 1, 2].map(|i| summary(&|user| user.far_at_frr[i])),
        zero_miss: summary(&|user| user.zero_miss),
        global_eer: global_eer(accounts),
        frr: Summary::of(&refused),
        far: summary(&|user| user.far),
        frr_first_of_session: summary(&|user| user.frr_first_of_session),
        far_first_of_session: summary(&|user| user.far_first_of_session),
        login_frr: summary(&|user| user.login_frr),
        login_far: summary(&|user| user.login_far),
        failures_to_acquire: failures,
        keyboards: keyboards(&sittings),
        sittings: if data.typists().len() == 1 && data.bystanders() == 0 {
            sittings
        } else {
            Vec::new()
        },
        calibration: setup
            .target_frr
            .and_then(|target| Calibration::of(target, &users)),
        users,
        judged: Vec::new(),
    })
}

/// The mean over the draws of the rate under one threshold for all.
fn global_eer(accounts: &[&[Trial]]) -> Option<f64> {
    let draws = accounts.first().map_or(0, |trials| trials.len());
    let rates = (0..draws).filter_map(|draw| {
        let scores: Vec<&Scores> = accounts.iter().map(|a| &a[draw].scores).collect();
        Curve::of(&scores).map(|curve| curve.eer())
    });
    mean(&rates.collect::<Vec<_>>())
}

fn left_out(data: &DataSet, accounts: &[&[Trial]], setup: &Setup, alone: bool) -> Vec<LeftOut> {
    let owners = data.typists().iter().zip(accounts);
    let why = owners.filter_map(|(owner, trials)| {
        if let Some(too_few) = setup.too_few(owner, data) {
            return Some(too_few);
        }
        let reason = if !trials.iter().any(|trial| trial.enrolled) {
            Reason::NotEnrolled
        } else if !alone && !trials.iter().any(|trial| trial.scores.countable()) {
            Reason::OneSided
        } else {
            return None;
        };
        let name = owner.name.clone();
        Some(LeftOut { name, reason })
    });
    why.collect()
}

fn sittings<'t>(trials: impl Iterator<Item = &'t Trial>) -> Vec<(Sitting, SittingTally)> {
    let mut all: BTreeMap<Sitting, SittingTally> = BTreeMap::new();
    for (sitting, tally) in trials.flat_map(|trial| &trial.sittings) {
        all.entry(*sitting).or_default().add(*tally);
    }
    all.into_iter().collect()
}

fn keyboards(sittings: &[(Sitting, SittingTally)]) -> Vec<(u16, SittingTally)> {
    let mut all: BTreeMap<u16, SittingTally> = BTreeMap::new();
    for (sitting, tally) in sittings {
        if let Some(keyboard) = sitting.keyboard {
            all.entry(keyboard).or_default().add(*tally);
        }
    }
    all.into_iter().collect()
}

impl SittingTally {
    fn add(&mut self, other: Self) {
        self.refused.decided += other.refused.decided;
        self.refused.yes += other.refused.yes;
        self.failures += other.failures;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::protocol::Protocol;
    use crate::eval::typist::{population, some_text};

    fn figures(data: &DataSet, setup: &Setup, kind: DetectorKind) -> Figures {
        evaluate(data, setup, kind, &|| ()).unwrap()
    }

    fn eer(figures: &Figures) -> f64 {
        figures.eer.unwrap().mean
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
        assert!(eer(&ours) < 0.05, "{}", eer(&ours));
        assert!(ours.frr.unwrap().mean < 0.15 && ours.far.unwrap().mean < 0.15);
        assert_eq!(ours.learn, Some(LearnRule::Accepted));
        let theirs = figures(&data, &setup, DetectorKind::ScaledManhattan);
        assert!(eer(&theirs) > eer(&ours));
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
        assert!((0.2..0.8).contains(&eer(&found)), "{}", eer(&found));
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
    fn who_is_left_out_is_told_and_still_an_impostor() {
        let mut typists = population(2, 3, 1, 20, &some_text(6)).typists().to_vec();
        typists[1].attempts.truncate(7);
        let data = DataSet::new(typists);
        let setup = Setup {
            protocol: Protocol::First(10),
            ..Setup::default()
        };
        let found = figures(&data, &setup, DetectorKind::SequenceMemory);
        assert_eq!(found.accounts, 2);
        let expected = LeftOut {
            name: "p02".into(),
            reason: Reason::TooFew { has: 7 },
        };
        assert_eq!(found.left_out, [expected]);
        let trial = trial::run(&data, 0, &setup, DetectorKind::SequenceMemory, 0..1).remove(0);
        assert_eq!(trial.scores.impostor.len(), 2 * 5);
    }

    #[test]
    fn somebody_alone_is_told_by_refusals() {
        let mut typists = population(2, 1, 3, 10, &some_text(6)).typists().to_vec();
        for attempt in &mut typists[0].attempts {
            attempt.keyboard = Some(u16::from(attempt.session > 1));
        }
        let data = DataSet::new(typists);
        let found = figures(&data, &Setup::default(), DetectorKind::SequenceMemory);
        assert_eq!((found.accounts, found.eer, found.far), (1, None, None));
        assert!(found.left_out.is_empty() && found.frr.is_some());
        let sessions: Vec<_> = found.sittings.iter().map(|(s, _)| s.session).collect();
        assert_eq!(sessions, [2, 3]);
        let [(1, tally)] = found.keyboards[..] else {
            panic!("{:?}", found.keyboards)
        };
        assert_eq!(tally.refused.decided, 20);
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

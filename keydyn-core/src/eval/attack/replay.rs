//! Playing back what the owner typed, as a keylogger that injects it again does.

use super::account::Owner;
use super::live::{BETWEEN_SESSIONS, BETWEEN_TYPINGS};
use super::tried::{Copies, Way};
use crate::acquire::FailureToAcquire;
use crate::detector::Threshold;
use crate::digraph::Sample;
use crate::eval::data::Attempt;
use crate::eval::rates::count;
use crate::eval::summary::Summary;
use crate::policy::{Decision, Strictness, decide};
use crate::presentation::distance;
use crate::store::profile::{Lesson, MAX_WINDOW, Profile};
use crate::time::Timestamp;

/// Typings that are played back.
const TRIES: usize = 10;

/// Which typings of the owner are played back.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// The last of the enrolment.
    Learned,
    /// The first after it: overheard where nothing was learned.
    NotLearned,
}

impl Source {
    pub(super) const ALL: [Self; 2] = [Self::Learned, Self::NotLearned];

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Learned => "of a learned typing",
            Self::NotLearned => "of a typing not learned",
        }
    }

    pub(super) fn typings(self, owner: &Owner<'_>) -> Vec<Sample> {
        let attempts: &[Attempt] = match self {
            Self::Learned => &owner.enrolment[owner.enrolment.len().saturating_sub(TRIES)..],
            Self::NotLearned => &owner.later[..owner.later.len().min(TRIES)],
        };
        attempts.iter().map(|a| a.sample.clone()).collect()
    }
}

pub(super) fn ways() -> Vec<Way> {
    let way = |source: Source| Way {
        copies: true,
        ..Way::new(source.words(), move |owner, _| source.typings(owner))
    };
    Source::ALL.map(way).into_iter().collect()
}

/// What else is known of the tries on one account.
pub(super) struct Outcome {
    /// Share of tries accepted by the profile, if there can be one.
    by_profile: Option<f64>,
    /// How far each try is from the nearest of the last typings learned.
    distances: Vec<f64>,
    /// The nearest that the owner came.
    owners_nearest: f64,
    /// Share of the owner's own later typings that the profile takes for copies.
    owners_own: Option<f64>,
}

impl Outcome {
    pub(super) fn of(owner: &Owner<'_>, draws: &[Vec<Sample>], threshold: Threshold) -> Self {
        let tries: Vec<&Sample> = draws.iter().flatten().collect();
        let account = Account::of(owner, threshold);
        let by_profile = account.as_ref().map(|account| {
            let accepted = tries.iter().filter(|try_| account.accepts(try_, threshold));
            count(accepted.count()) / count(tries.len())
        });
        let kept = last(owner.enrolment, owner.enrolment.len());
        Self {
            by_profile,
            distances: tries.iter().map(|try_| nearest(try_, kept)).collect(),
            owners_nearest: owners_nearest(owner),
            owners_own: account.and_then(|a| a.taken_for_copies(owner.later, threshold)),
        }
    }
}

/// Over all accounts; `None` of none.
pub(super) fn summary(outcomes: &[&Outcome]) -> Option<Copies> {
    let nearest = outcomes.iter().map(|outcome| outcome.owners_nearest);
    let owners_nearest_ms = nearest.fold(f64::INFINITY, f64::min);
    let nearer = |outcome: &&Outcome| {
        let nearer = outcome.distances.iter().filter(|d| **d < owners_nearest_ms);
        count(nearer.count()) / count(outcome.distances.len())
    };
    let by_profile = outcomes.iter().filter_map(|outcome| outcome.by_profile);
    let owners_own = outcomes.iter().filter_map(|outcome| outcome.owners_own);
    Some(Copies {
        by_profile: Summary::of(&by_profile.collect::<Vec<_>>()),
        owners_own: Summary::of(&owners_own.collect::<Vec<_>>()),
        owners_nearest_ms,
        nearer: Summary::of(&outcomes.iter().map(nearer).collect::<Vec<_>>())?,
    })
}

/// A profile as a login would open it, taught by its own rules: it arms itself when it is ready,
/// and every typing counts in full until then.
struct Account {
    profile: Profile,
    strictness: Strictness,
    at: Timestamp,
    session: Option<u32>,
}

impl Account {
    /// One that has learned the owner's enrolment; `None` if nothing of it could be.
    fn of(owner: &Owner<'_>, threshold: Threshold) -> Option<Self> {
        let strictness = match threshold {
            Threshold::Of(strictness) => strictness,
            Threshold::Value(_) => Strictness::default(),
        };
        let mut account = Self {
            profile: Profile::new(),
            strictness,
            at: Timestamp(0),
            session: None,
        };
        for typing in owner.enrolment {
            account.wait_for(typing);
            account.learn(typing);
        }
        (account.profile.learned() > 0).then_some(account)
    }

    /// What lies between typings passes.
    fn wait_for(&mut self, typing: &Attempt) {
        let same = self.session.replace(typing.session) == Some(typing.session);
        self.at.0 += if same {
            BETWEEN_TYPINGS
        } else {
            BETWEEN_SESSIONS
        };
    }

    /// Learns a typing; what cannot be learned is left out in a login too.
    fn learn(&mut self, typing: &Attempt) {
        let _ = self.profile.learn(&Lesson {
            sample: &typing.sample,
            at: self.at,
            keyboard: 0,
            strictness: self.strictness,
            min_samples: 20,
            may_arm: true,
        });
    }

    fn accepts(&self, sample: &Sample, threshold: Threshold) -> bool {
        let at = Timestamp(self.at.0 + BETWEEN_TYPINGS);
        let judgement = self.profile.judge(sample, at);
        genuine(judgement.ok().and_then(|found| found.score), threshold)
    }

    /// The share of these typings of its owner that it takes for copies, or for another machine's. What it accepts it learns.
    fn taken_for_copies(mut self, later: &[Attempt], threshold: Threshold) -> Option<f64> {
        let mut taken = 0;
        for typing in later {
            self.wait_for(typing);
            match self.profile.judge(&typing.sample, self.at) {
                Err(
                    FailureToAcquire::Copied
                    | FailureToAcquire::TooEven
                    | FailureToAcquire::TooCentral,
                ) => taken += 1,
                judged if genuine(judged.ok().and_then(|found| found.score), threshold) => {
                    self.learn(typing);
                }
                _ => {}
            }
        }
        (!later.is_empty()).then(|| count(taken) / count(later.len()))
    }
}

fn genuine(score: Option<f64>, threshold: Threshold) -> bool {
    match threshold {
        Threshold::Of(strictness) => decide(score, strictness) == Decision::Genuine,
        Threshold::Value(c) => score.is_some_and(|score| score <= c),
    }
}

/// The last typings before this place that a profile would have kept.
fn last(typings: &[Attempt], end: usize) -> &[Attempt] {
    &typings[end.saturating_sub(MAX_WINDOW)..end]
}

fn nearest(sample: &Sample, kept: &[Attempt]) -> f64 {
    let distances = kept
        .iter()
        .filter_map(|kept| distance(sample, &kept.sample));
    distances.fold(f64::INFINITY, f64::min)
}

/// Over all typings after the enrolment, each compared with those right before it.
fn owners_nearest(owner: &Owner<'_>) -> f64 {
    let all = &owner.typist.attempts;
    let later = owner.enrolment.len()..all.len();
    let distances = later.map(|place| nearest(&all[place].sample, last(all, place)));
    distances.fold(f64::INFINITY, f64::min)
}

//! An account that goes on: it judges, counts and learns as an armed one does.

use crate::detector::{Detector as _, SequenceMemory, Threshold};
use crate::digraph::Sample;
use crate::eval::data::Attempt;
use crate::policy::{Decision, Strictness, sitting_ended};
use crate::store::state::{AccountState, Verdict};
use crate::time::Timestamp;

use super::account::Owner;

/// How an account meets an attacker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// As the module does: refusals in a row start a cool-down, after a refusal only what is
    /// accepted with confidence is learned, and what only just passed is held.
    Module,
    /// The same without cool-downs.
    NoThrottle,
    /// Without cool-downs, and all that is accepted is learned.
    LearnAccepted,
    /// Without cool-downs, and nothing is learned.
    Frozen,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 4] = [
        Self::Module,
        Self::NoThrottle,
        Self::LearnAccepted,
        Self::Frozen,
    ];

    /// What tables call it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Module => "throttle",
            Self::NoThrottle => "no throttle",
            Self::LearnAccepted => "no throttle, learns all it accepts",
            Self::Frozen => "no throttle, learns nothing",
        }
    }
}

/// Between the owner's typings of one session, in seconds.
pub(super) const BETWEEN_TYPINGS: u64 = 10;
/// From one session to the next: long enough for a new sitting.
pub(super) const BETWEEN_SESSIONS: u64 = 24 * 3600;

/// An account with a state and a clock.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) detector: SequenceMemory,
    pub(super) rule: Rule,
    /// Typings learned since the enrolment.
    pub(super) learned: u32,
    pub(super) now: Timestamp,
    threshold: Threshold,
    state: AccountState,
    /// When the last typing was learned, or the sitting began.
    learned_at: Timestamp,
    /// The owner's last session.
    session: Option<u32>,
}

impl Live {
    /// The account as it is enrolled.
    pub(super) fn of(owner: &Owner<'_>, threshold: Threshold) -> Self {
        // Any moment far from zero will do.
        let now = Timestamp(1_000_000_000);
        Self {
            detector: owner.detector.clone(),
            rule: Rule::Module,
            learned: 0,
            now,
            threshold,
            state: AccountState::default(),
            learned_at: now,
            session: owner.enrolment.last().map(|attempt| attempt.session),
        }
    }

    /// The owner types once more, after what lies between typings.
    pub(super) fn owner_types(&mut self, attempt: &Attempt) -> Verdict {
        let same = self.session.replace(attempt.session) == Some(attempt.session);
        self.wait(if same {
            BETWEEN_TYPINGS
        } else {
            BETWEEN_SESSIONS
        });
        self.attempt(&attempt.sample)
    }

    /// Lets time pass, and then whatever is left of a cool-down.
    pub(super) fn wait(&mut self, seconds: u64) {
        self.now.0 += seconds;
        self.now.0 += self.cooling_down().unwrap_or(0);
    }

    fn cooling_down(&self) -> Option<u64> {
        let throttled = self.rule == Rule::Module;
        throttled
            .then(|| self.state.throttle.cooling_down(self.now))
            .flatten()
    }

    /// Somebody types: judged, noted, and learned if the rule says so, in the order in which a
    /// login does it.
    pub(super) fn attempt(&mut self, sample: &Sample) -> Verdict {
        let (verdict, score) = self.judge(sample);
        let learns = score.filter(|&u| verdict == Verdict::Accepted && self.may_learn(u));
        self.state.note(self.now, verdict);
        match (learns, verdict) {
            (Some(score), _) => self.learn(sample, score),
            (None, Verdict::Refused) => self.detector.note_refusal(),
            _ => {}
        }
        verdict
    }

    fn judge(&self, sample: &Sample) -> (Verdict, Option<f64>) {
        if self.cooling_down().is_some() {
            return (Verdict::CoolingDown, None);
        }
        match self.detector.score(sample) {
            Err(failure) => (Verdict::Unusable(failure), None),
            Ok(score) => match self.detector.decide(score, self.threshold) {
                Some(Decision::Genuine) => (Verdict::Accepted, Some(score)),
                _ => (Verdict::Refused, Some(score)),
            },
        }
    }

    fn may_learn(&self, score: f64) -> bool {
        // The state knows named thresholds only; a score as far from its own is the same to it.
        let (score, strictness) = match self.threshold {
            Threshold::Of(strictness) => (score, strictness),
            Threshold::Value(c) => {
                let normal = Strictness::Normal;
                (score - c + normal.threshold(), normal)
            }
        };
        match self.rule {
            Rule::Module | Rule::NoThrottle => self.state.may_learn(score, strictness, self.now),
            Rule::LearnAccepted => true,
            Rule::Frozen => false,
        }
    }

    fn learn(&mut self, sample: &Sample, score: f64) {
        if sitting_ended(self.learned_at, self.now) {
            self.detector.start_sitting();
            self.learned_at = self.now;
        }
        let learned = match self.rule {
            Rule::LearnAccepted => {
                self.detector.learn(sample);
                true
            }
            _ => self.detector.learn_accepted(sample, score, self.threshold),
        };
        if !learned {
            return;
        }
        self.learned_at = self.now;
        self.learned += 1;
        // What was learned is trusted: so the store has it.
        self.state.distrusted = None;
    }
}

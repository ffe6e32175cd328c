//! One account under one protocol and one draw of impostors.

use super::data::{Attempt, DataSet};
use super::draw::{Draws, Purpose};
use super::protocol::{IMPOSTOR_REPETITIONS, LearnRule, Protocol, Setup};
use super::rates::{Scores, Tally};
use crate::detector::{Detector, DetectorKind};
use crate::digraph::Sample;
use crate::policy::Decision;

/// What happened to one account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trial {
    /// The scores of every attempt that could be judged.
    pub scores: Scores,
    /// Genuine attempts decided a priori, and refused.
    pub refused: Tally,
    /// The same of the first attempt of each session.
    pub refused_first: Tally,
    /// Impostor attempts decided a priori, and accepted.
    pub accepted: Tally,
    /// Attempts, of the enrolment too, that could not be judged.
    pub failures_to_acquire: u64,
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug)]
struct Answer {
    score: f64,
    /// `None`: the detector has no threshold a priori.
    decision: Option<Decision>,
}

/// Runs one account through the protocol.
///
/// `owner` counts typists from 0. A detector without a threshold of its own learns every genuine
/// attempt, whatever the setup says.
#[must_use]
pub fn run(data: &DataSet, owner: usize, setup: &Setup, kind: DetectorKind, seed: u64) -> Trial {
    let Some(typist) = data.typists().get(owner) else {
        return Trial::default();
    };
    let mut account = Account {
        detector: kind.build(setup.gain),
        setup,
        trial: Trial::default(),
    };
    let enrolment = setup.protocol.enrolment(typist.attempts.len());
    let (enrolment, test) = typist.attempts.split_at(enrolment);
    if !account.enrol(enrolment) {
        return account.trial;
    }
    let impostors = impostors(data, owner);
    let last = enrolment.last().map(|attempt| attempt.session);
    match setup.protocol {
        Protocol::Static => {
            account.freeze(test, last);
            for sample in impostors {
                account.impostor(sample);
            }
        }
        Protocol::Stream { .. } => {
            let draws = Draws::new(Purpose::Impostors, seed, [owner as u64, 0]);
            account.go_on(test, last, &impostors, draws);
        }
    }
    account.trial
}

/// What is learned with this detector: a rule that depends on decisions needs some.
#[must_use]
pub fn effective_rule(setup: &Setup, kind: DetectorKind) -> Option<LearnRule> {
    setup.protocol.learns().then(|| {
        if kind.has_threshold() {
            setup.learn
        } else {
            LearnRule::Genuine
        }
    })
}

/// The first repetitions of everybody else.
fn impostors(data: &DataSet, owner: usize) -> Vec<&Sample> {
    let others = data.typists().iter().enumerate();
    others
        .filter(|&(who, _)| who != owner)
        .flat_map(|(_, typist)| typist.attempts.iter().take(IMPOSTOR_REPETITIONS))
        .map(|attempt| &attempt.sample)
        .collect()
}

struct Account<'s> {
    detector: Box<dyn Detector>,
    setup: &'s Setup,
    trial: Trial,
}

impl Account<'_> {
    /// Whether there is something to compare with afterwards.
    fn enrol(&mut self, attempts: &[Attempt]) -> bool {
        for attempt in attempts {
            if self.detector.enrol(&attempt.sample).is_err() {
                self.trial.failures_to_acquire += 1;
            }
        }
        self.detector.finish_enrolment().is_ok()
    }

    /// Judges all, learns none.
    fn freeze(&mut self, test: &[Attempt], mut last: Option<u32>) {
        for attempt in test {
            let first = last.replace(attempt.session) != Some(attempt.session);
            self.genuine(&attempt.sample, first);
        }
    }

    /// Judges and learns one after the other, as logins do.
    fn go_on(
        &mut self,
        test: &[Attempt],
        mut last: Option<u32>,
        impostors: &[&Sample],
        mut draws: Draws,
    ) {
        let interval = self.setup.learn.genuine_per_impostor();
        for (i, attempt) in test.iter().enumerate() {
            let first = last.replace(attempt.session) != Some(attempt.session);
            if first {
                self.detector.start_sitting();
            }
            let answer = self.genuine(&attempt.sample, first);
            self.learn(&attempt.sample, answer, true);
            if (i + 1) % interval == 0
                && let Some(sample) = draws.pick(impostors)
            {
                let answer = self.impostor(sample);
                self.learn(sample, answer, false);
            }
        }
    }

    fn genuine(&mut self, sample: &Sample, first: bool) -> Option<Answer> {
        let answer = self.judge(sample)?;
        self.trial.scores.genuine.push(answer.score);
        if let Some(decision) = answer.decision {
            let refused = decision != Decision::Genuine;
            self.trial.refused.note(refused);
            if first {
                self.trial.refused_first.note(refused);
            }
        }
        Some(answer)
    }

    fn impostor(&mut self, sample: &Sample) -> Option<Answer> {
        let answer = self.judge(sample)?;
        self.trial.scores.impostor.push(answer.score);
        if let Some(decision) = answer.decision {
            self.trial.accepted.note(decision == Decision::Genuine);
        }
        Some(answer)
    }

    fn judge(&mut self, sample: &Sample) -> Option<Answer> {
        let Ok(score) = self.detector.score(sample) else {
            self.trial.failures_to_acquire += 1;
            return None;
        };
        let decision = self.detector.decide(score, self.setup.strictness);
        Some(Answer { score, decision })
    }

    /// Learns what the rule says, of attempts that could be judged.
    fn learn(&mut self, sample: &Sample, answer: Option<Answer>, genuine: bool) {
        let Some(answer) = answer else { return };
        let learns = match (self.setup.learn, answer.decision) {
            (LearnRule::Accepted, Some(decision)) => decision == Decision::Genuine,
            (LearnRule::Genuine, _) | (LearnRule::Accepted, None) => genuine,
        };
        if learns {
            self.detector.learn(sample);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::data::Typist;
    use crate::eval::typist::{population, some_text};

    fn synthetic() -> DataSet {
        population(5, 4, 3, 10, &some_text(8))
    }

    fn stream(learn: LearnRule) -> Setup {
        Setup {
            protocol: Protocol::Stream { enrolment: 8 },
            learn,
            ..Setup::default()
        }
    }

    #[test]
    fn static_uses_the_second_half_and_every_impostor_once() {
        let setup = Setup {
            protocol: Protocol::Static,
            ..Setup::default()
        };
        let trial = run(&synthetic(), 1, &setup, DetectorKind::SequenceMemory, 0);
        assert_eq!(trial.scores.genuine.len(), 15);
        assert_eq!(trial.scores.impostor.len(), 3 * IMPOSTOR_REPETITIONS);
        assert_eq!((trial.refused.decided, trial.accepted.decided), (15, 15));
        // Attempts 16 to 30 hold the beginning of the third session only.
        assert_eq!(trial.refused_first.decided, 1);
        let other = run(&synthetic(), 1, &setup, DetectorKind::SequenceMemory, 9);
        assert_eq!(trial, other, "no seed in it");
    }

    #[test]
    fn stream_draws_an_impostor_after_every_fifth_or_every_attempt() {
        let data = synthetic();
        for (learn, impostors) in [(LearnRule::Accepted, 4), (LearnRule::Genuine, 22)] {
            let trial = run(&data, 0, &stream(learn), DetectorKind::SequenceMemory, 1);
            assert_eq!(trial.scores.genuine.len(), 22);
            assert_eq!(trial.scores.impostor.len(), impostors);
            assert_eq!(trial.refused_first.decided, 2);
        }
    }

    #[test]
    fn draws_follow_seed_and_account() {
        let data = synthetic();
        let setup = stream(LearnRule::Genuine);
        let run = |owner, seed| run(&data, owner, &setup, DetectorKind::SequenceMemory, seed);
        assert_eq!(run(2, 3), run(2, 3));
        assert_ne!(run(2, 3), run(2, 4));
        assert_eq!(run(99, 0), Trial::default());
    }

    #[test]
    fn without_a_threshold_genuine_attempts_are_learned() {
        let kind = DetectorKind::ScaledManhattan;
        let data = synthetic();
        let trial = run(&data, 0, &stream(LearnRule::Accepted), kind, 1);
        assert_eq!(trial.refused, Tally::default());
        let genuine = run(&data, 0, &stream(LearnRule::Genuine), kind, 1);
        assert_eq!(trial.scores.genuine, genuine.scores.genuine);
        let rule = |setup| effective_rule(&setup, kind);
        assert_eq!(rule(stream(LearnRule::Accepted)), Some(LearnRule::Genuine));
    }

    #[test]
    fn attempts_that_cannot_be_judged_are_counted() {
        let data = synthetic();
        let mut typists: Vec<Typist> = data.typists().to_vec();
        let hole = |sample: &Sample| {
            let downs = vec![None; sample.downs().len()];
            Sample::new(sample.keys().clone(), sample.holds().to_vec(), downs).unwrap()
        };
        // One of the enrolment, one of the test, and one that is an impostor's for everybody else.
        for i in [4, 20] {
            typists[0].attempts[i].sample = hole(&typists[0].attempts[i].sample);
        }
        let data = DataSet::new(typists);
        let setup = Setup {
            protocol: Protocol::Static,
            ..Setup::default()
        };
        let trial = run(&data, 0, &setup, DetectorKind::SequenceMemory, 0);
        assert_eq!(trial.failures_to_acquire, 2);
        assert_eq!(trial.scores.genuine.len(), 14);
        let trial = run(&data, 1, &setup, DetectorKind::SequenceMemory, 0);
        assert_eq!(trial.failures_to_acquire, 1);
        assert_eq!(trial.scores.impostor.len(), 14);
    }
}

//! One account under one protocol and one draw of impostors.

use std::collections::BTreeMap;
use std::ops::Range;

use super::data::{Attempt, DataSet};
use super::draw::{Draws, Purpose};
use super::protocol::LearnRule;
use super::rates::{Scores, Tally};
use super::record::{self, Judged};
use super::setup::Setup;
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
    /// Impostor attempts at the start of a session decided a priori, and accepted.
    pub accepted_first: Tally,
    /// The owner's logins of several attempts, and refused; an impostor's, and accepted.
    pub refused_logins: Tally,
    /// An impostor's logins of several attempts, and accepted.
    pub accepted_logins: Tally,
    /// Attempts, of the enrolment too, that could not be judged.
    pub failures_to_acquire: u64,
    /// Genuine attempts by where they were made.
    pub sittings: BTreeMap<Sitting, SittingTally>,
    /// Whether there was enough to enrol.
    pub enrolled: bool,
    /// Every judged attempt, if the setup asks for a record.
    pub judged: Vec<Judged>,
}

/// Where a genuine attempt was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sitting {
    /// In which session.
    pub session: u32,
    /// On which keyboard, where the recording says so.
    pub keyboard: Option<u16>,
}

/// What came of the attempts of a sitting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SittingTally {
    /// Those decided a priori, and refused.
    pub refused: Tally,
    /// Those that could not be judged.
    pub failures: u32,
}

/// An attempt at an account, and whose.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Probe<'d> {
    /// As in [`Judged::other`].
    other: Option<u32>,
    attempt: &'d Attempt,
}

/// Random draws of impostors' attempts: one of each a trial.
struct Drawn {
    logins: Draws,
    session_starts: Draws,
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug)]
struct Answer {
    score: f64,
    /// `None`: the detector has no threshold a priori.
    decision: Option<Decision>,
}

/// Runs one account through the protocol, once for each of these draws of impostors.
///
/// `owner` counts accounts from 0. A detector without a threshold of its own learns every genuine
/// attempt where others learn what is accepted, and knows no logins of several attempts. Where
/// impostors' attempts are never learned, all draws are made in one pass.
#[must_use]
pub fn run(
    data: &DataSet,
    owner: usize,
    setup: &Setup,
    kind: DetectorKind,
    seeds: Range<u64>,
) -> Vec<Trial> {
    if effective_rule(setup, kind) == Some(LearnRule::Accepted) {
        let each = seeds.flat_map(|seed| pass(data, owner, setup, kind, seed..seed + 1));
        return each.collect();
    }
    pass(data, owner, setup, kind, seeds)
}

/// One pass, in which nothing that depends on the draws is learned, or with one draw only.
fn pass(
    data: &DataSet,
    owner: usize,
    setup: &Setup,
    kind: DetectorKind,
    seeds: Range<u64>,
) -> Vec<Trial> {
    let mut trials: Vec<Trial> = seeds.clone().map(|_| Trial::default()).collect();
    let Some(typist) = data.typists().get(owner) else {
        return trials;
    };
    if setup.too_few(typist, data).is_some() {
        return trials;
    }
    let Some((enrolment, test)) = setup.split(&typist.attempts) else {
        return trials;
    };
    let impostors = impostors(data, owner, setup);
    for offset in 0..setup.every.max(1) {
        let mut account = Account {
            detector: kind.build(setup.gain, typist.recorded()),
            setup,
            trials: &mut trials,
            now: Judged::begin(owner, seeds.start, offset),
        };
        if !account.enrol(enrolment) {
            break;
        }
        let last = enrolment.last().map(|attempt| attempt.session);
        let test = test.iter().skip(offset).step_by(setup.every.max(1));
        if setup.draws_impostors() {
            let numbers = [owner as u64, offset as u64];
            let draws = seeds.clone();
            let draws = draws.map(|seed| Drawn {
                logins: Draws::new(Purpose::Impostors, seed, numbers),
                session_starts: Draws::new(Purpose::SessionStart, seed, numbers),
            });
            account.go_on(&test.collect::<Vec<_>>(), last, &impostors, draws.collect());
        } else {
            account.freeze(test, last);
            for probe in impostors.iter().flatten() {
                account.impostor(0, *probe);
                account.now.login += 1;
            }
        }
    }
    trials
}

/// What is learned with this detector: a rule that depends on decisions needs some.
#[must_use]
pub fn effective_rule(setup: &Setup, kind: DetectorKind) -> Option<LearnRule> {
    let rule = match setup.learn {
        LearnRule::Accepted if !kind.has_threshold() => LearnRule::Genuine,
        rule => rule,
    };
    (setup.protocol.streams() && rule != LearnRule::Nothing).then_some(rule)
}

/// The attempts against this account, each other person's together.
fn impostors<'d>(data: &'d DataSet, owner: usize, setup: &Setup) -> Vec<Vec<Probe<'d>>> {
    let set = setup.impostor_set(data);
    let others = data.others(owner).zip(0..).map(|(typist, other)| {
        let probe = |attempt: &'d Attempt| Probe {
            other: Some(other),
            attempt,
        };
        set.of(typist).iter().map(probe).collect()
    });
    others
        .filter(|of_one: &Vec<_>| !of_one.is_empty())
        .collect()
}

/// So many attempts of one person in a row, from each at which that is possible; all of them of
/// somebody who has fewer.
fn rows<T>(impostors: &[Vec<T>], attempts: usize) -> Vec<&[T]> {
    let of_one = impostors.iter();
    let rows = of_one.flat_map(|probes| probes.windows(attempts.min(probes.len())));
    rows.collect()
}

struct Account<'s> {
    detector: Box<dyn Detector>,
    setup: &'s Setup,
    /// One a draw of impostors; what the owner does is in all of them.
    trials: &'s mut [Trial],
    /// Where the run has come to: what the next record has of account, offset, ordinal and login,
    /// and the first draw.
    now: Judged,
}

impl Account<'_> {
    /// Whether there is something to compare with afterwards.
    fn enrol(&mut self, attempts: &[Attempt]) -> bool {
        for attempt in attempts {
            if self.detector.enrol(&attempt.sample).is_err() {
                self.each(|trial| trial.failures_to_acquire += 1);
            }
        }
        let enrolled = self.detector.finish_enrolment().is_ok();
        self.each(|trial| trial.enrolled = enrolled);
        enrolled
    }

    /// Notes something in every trial.
    fn each(&mut self, note: impl FnMut(&mut Trial)) {
        self.trials.iter_mut().for_each(note);
    }

    /// Judges all, learns none.
    fn freeze<'a>(&mut self, test: impl Iterator<Item = &'a Attempt>, mut last: Option<u32>) {
        for attempt in test {
            let first = last.replace(attempt.session) != Some(attempt.session);
            self.genuine(attempt, first);
            self.now.login += 1;
        }
    }

    /// Logs in again and again, the owner and now and then somebody else. A login is over with
    /// the first attempt that is accepted, or when there is no other.
    fn go_on(
        &mut self,
        test: &[&Attempt],
        mut last: Option<u32>,
        impostors: &[Vec<Probe<'_>>],
        mut draws: Vec<Drawn>,
    ) {
        let attempts = self.attempts();
        let (single, rows) = (impostors.concat(), rows(impostors, attempts));
        let interval = self.setup.learn.genuine_per_impostor();
        let mut test = test.iter();
        let mut logins = 0;
        while test.len() > 0 {
            let (mut refused, mut accepted) = (0, false);
            for attempt in test.by_ref() {
                let first = last.replace(attempt.session) != Some(attempt.session);
                if first {
                    self.detector.start_sitting();
                    for (draw, draws) in draws.iter_mut().enumerate() {
                        if let Some(probe) = draws.session_starts.pick(&single) {
                            self.at_session_start(draw, *probe);
                        }
                    }
                }
                accepted = accepts(self.genuine(attempt, first));
                refused += usize::from(!accepted);
                if accepted || refused == attempts {
                    break;
                }
            }
            // Where the recording ends in the middle of a login, nobody was let in so far. To leave
            // it out would leave out refusals only, as acceptances are never cut short.
            if attempts > 1 {
                self.each(|trial| trial.refused_logins.note(!accepted));
            }
            self.now.login += 1;
            logins += 1;
            if logins % interval == 0 {
                for (draw, draws) in draws.iter_mut().enumerate() {
                    if let Some(row) = draws.logins.pick(&rows) {
                        self.break_in(draw, row);
                    }
                }
                self.now.login += u32::from(!rows.is_empty());
            }
        }
    }

    /// An impostor's login, in the trial of this draw.
    fn break_in(&mut self, draw: usize, row: &[Probe<'_>]) {
        let mut accepted = false;
        for probe in row {
            accepted = accepts(self.impostor(draw, *probe));
            if accepted {
                break;
            }
        }
        if self.attempts() > 1 {
            self.trials[draw].accepted_logins.note(accepted);
        }
    }

    /// Attempts of a login: one where nothing is ever accepted.
    fn attempts(&self) -> usize {
        match self.detector.threshold(self.setup.threshold) {
            Some(_) => self.setup.attempts.max(1),
            None => 1,
        }
    }

    fn genuine(&mut self, attempt: &Attempt, first: bool) -> Option<Answer> {
        let answer = self.judge(&attempt.sample);
        let refused = answer.and_then(|answer| answer.decision);
        let refused = refused.map(|decision| decision != Decision::Genuine);
        let sitting = Sitting {
            session: attempt.session,
            keyboard: attempt.keyboard,
        };
        self.each(|trial| {
            let tally = trial.sittings.entry(sitting).or_default();
            match answer {
                Some(answer) => trial.scores.genuine.push(answer.score),
                None => {
                    tally.failures += 1;
                    trial.failures_to_acquire += 1;
                }
            }
            if let Some(refused) = refused {
                tally.refused.note(refused);
                trial.refused.note(refused);
                if first {
                    trial.refused_first.note(refused);
                }
            }
        });
        let probe = Probe {
            other: None,
            attempt,
        };
        let learned = self.learn(probe, answer);
        for draw in 0..self.trials.len() {
            self.record(draw, probe, answer, learned);
        }
        self.now.ordinal += 1;
        answer
    }

    fn impostor(&mut self, draw: usize, probe: Probe<'_>) -> Option<Answer> {
        let answer = self.judge(&probe.attempt.sample);
        let trial = &mut self.trials[draw];
        let Some(given) = answer else {
            trial.failures_to_acquire += 1;
            return None;
        };
        trial.scores.impostor.push(given.score);
        if let Some(decision) = given.decision {
            trial.accepted.note(decision == Decision::Genuine);
        }
        let learned = self.learn(probe, answer);
        self.record(draw, probe, answer, learned);
        answer
    }

    /// An impostor who comes before the owner does. Nothing is learned of it, and what cannot be
    /// judged is not counted: the run goes on as if it had not been.
    fn at_session_start(&mut self, draw: usize, probe: Probe<'_>) {
        let answer = self.judge(&probe.attempt.sample);
        if let Some(decision) = answer.and_then(|answer| answer.decision) {
            let accepted = decision == Decision::Genuine;
            self.trials[draw].accepted_first.note(accepted);
        }
        self.now.aside = true;
        self.record(draw, probe, answer, false);
        self.now.aside = false;
    }

    fn judge(&self, sample: &Sample) -> Option<Answer> {
        let score = self.detector.score(sample).ok()?;
        let decision = self.detector.decide(score, self.setup.threshold);
        Some(Answer { score, decision })
    }

    /// Learns what the rule says, of attempts that could be judged; whether it did.
    fn learn(&mut self, probe: Probe<'_>, answer: Option<Answer>) -> bool {
        let Some(answer) = answer else { return false };
        let learns = self.setup.protocol.streams()
            && match (self.setup.learn, answer.decision) {
                (LearnRule::Accepted, Some(decision)) => decision == Decision::Genuine,
                (LearnRule::Genuine, _) | (LearnRule::Accepted, None) => probe.other.is_none(),
                (LearnRule::Nothing, _) => false,
            };
        let sample = &probe.attempt.sample;
        match (learns, self.setup.learn, answer.decision) {
            (true, LearnRule::Accepted, Some(_)) => {
                let threshold = self.setup.threshold;
                self.detector
                    .learn_accepted(sample, answer.score, threshold)
            }
            (true, ..) => {
                self.detector.learn(sample);
                true
            }
            (false, _, decision) => {
                if decision == Some(Decision::Impostor) {
                    self.detector.note_refusal();
                }
                false
            }
        }
    }

    fn record(&mut self, draw: usize, probe: Probe<'_>, answer: Option<Answer>, learned: bool) {
        let Some(answer) = answer.filter(|_| self.setup.record) else {
            return;
        };
        let judged = Judged {
            other: probe.other,
            session: probe.attempt.session,
            rep: probe.attempt.rep,
            keyboard: probe.attempt.keyboard,
            draw: self.now.draw.saturating_add(record::number(draw)),
            score: answer.score,
            accepted: answer
                .decision
                .map(|decision| decision == Decision::Genuine),
            learned,
            ..self.now
        };
        self.trials[draw].judged.push(judged);
    }
}

fn accepts(answer: Option<Answer>) -> bool {
    answer.and_then(|answer| answer.decision) == Some(Decision::Genuine)
}

#[cfg(test)]
mod tests;

//! What an evaluation is asked for, and whether a recording suits it.

use super::data::{Attempt, DataSet, NotSoMany, Typist};
use super::protocol::{ImpostorSet, LearnRule, Protocol};
use crate::detector::{DetectorKind, Threshold};
use crate::template::GainPolicy;

/// The most scores of one evaluation: each takes up to some 50 bytes until the figures are read
/// off, together less than 500 MB.
const MOST_SCORES: u64 = 8_000_000;
/// The same where each is recorded, in some 50 bytes more.
const MOST_RECORDED: u64 = MOST_SCORES / 2;

/// Everything that an evaluation is asked for, the detector aside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setup {
    /// How the recording is divided.
    pub protocol: Protocol,
    /// Of how many attempts after the enrolment one is used, from 1. Each offset from 0 is a run
    /// of its own, and an account's scores are pooled over them.
    pub every: usize,
    /// Which attempts of others are used; `None`: [`ImpostorSet::usual`].
    pub impostors: Option<ImpostorSet>,
    /// Attempts that a login consists of at most, from 1.
    pub attempts: usize,
    /// What is learned; of no effect where nothing is.
    pub learn: LearnRule,
    /// How much the later typings of a sitting count.
    pub gain: GainPolicy,
    /// Which a-priori threshold decides.
    pub threshold: Threshold,
    /// The FRR for which the threshold was chosen, if it was ([`calibration`](super::calibration)).
    pub target_frr: Option<f64>,
    /// How many of the owner's attempts are tested at most, under protocols that do not go on;
    /// `None`: as many as the protocol says.
    pub hold_out: Option<usize>,
    /// How often the impostors are drawn anew; figures are means over it.
    pub seeds: u32,
    /// Whether every judged attempt is kept, for [`Figures::judged`](super::figures::Figures).
    pub record: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            protocol: Protocol::default(),
            every: 1,
            impostors: None,
            attempts: 1,
            learn: LearnRule::default(),
            gain: GainPolicy::default(),
            threshold: Threshold::default(),
            target_frr: None,
            hold_out: None,
            seeds: 10,
            record: false,
        }
    }
}

/// Two things asked for that do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Sparse use, of accounts that do not go on.
    #[error("{0} has no order of logins to take every Kth of; use `--every` with `stream:N`")]
    Every(Protocol),
    /// Logins, of accounts that do not go on.
    #[error("{0} has single attempts only; use `--attempts` with `stream:N`")]
    Attempts(Protocol),
    /// A size of the test, of accounts that go on.
    #[error("{0} goes on to the end; use `--hold-out` with `static`, `first:N` or `last:N`")]
    HoldOut(Protocol),
}

/// Why an account is in no figure, or not in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Whose account.
    pub name: String,
    /// Why.
    pub reason: Reason,
}

/// Why an account is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Fewer typings than the protocol divides.
    TooFew {
        /// How many.
        has: usize,
    },
    /// Fewer than three typings of the enrolment could be used.
    NotEnrolled,
    /// No attempt, of the owner or of impostors, could be judged: no EER.
    OneSided,
}

/// Why a recording does not suit a protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsuitable {
    /// Nobody to be an impostor, for a detector that can only be told by impostors.
    #[error(
        "no account has typings by anybody but its owner ({name}), and so no impostor; {detector} has no threshold known beforehand, so nothing can be counted: use sequence-memory, or a recording of several people"
    )]
    NoImpostor {
        /// Who.
        name: String,
        /// Which detector.
        detector: &'static str,
    },
    /// Nothing was recorded.
    #[error("there are no typings")]
    Nobody,
    /// Fewer users than were asked for.
    #[error(transparent)]
    Users(#[from] NotSoMany),
    /// Impostors without anybody to be.
    #[error(
        "no account has a typing by its owner, {name} for one; in the owner's rows the typist must be called as in `account`"
    )]
    NoOwner {
        /// Whose account.
        name: String,
    },
    /// The protocol divides more than anybody has.
    #[error(
        "{protocol} needs at least {needs} typings of an account's owner, and user {name} has the most, {has}; {advice}record more"
    )]
    TooFewRepetitions {
        /// Who has the most.
        name: String,
        /// How many.
        has: usize,
        /// How many would do.
        needs: usize,
        /// Of which protocol.
        protocol: Protocol,
        /// What else could be done, first.
        advice: String,
    },
    /// It would not fit the memory.
    #[error(
        "{accounts} account(s) in {draws} draw(s) of impostors would give {scores} scores, and more than {limit} are not kept in memory; use {fewer}"
    )]
    TooManyScores {
        /// Whose accounts.
        accounts: usize,
        /// How often impostors would be drawn.
        draws: u32,
        /// How many scores there would be.
        scores: u64,
        /// How many there may be.
        limit: u64,
        /// What would make them fewer.
        fewer: &'static str,
    },
    /// No account has attempts that can be judged.
    #[error(
        "no account could be judged: {failures} attempts lack too many features or are of another text"
    )]
    NothingJudged {
        /// Attempts that could not be judged.
        failures: u64,
    },
}

impl Setup {
    /// Checks that what is asked for goes together.
    ///
    /// # Errors
    /// What does not.
    pub fn check(&self) -> Result<(), Conflict> {
        match self.protocol {
            protocol if !protocol.streams() && self.every > 1 => Err(Conflict::Every(protocol)),
            protocol if !protocol.streams() && self.attempts > 1 => {
                Err(Conflict::Attempts(protocol))
            }
            protocol if protocol.streams() && self.hold_out.is_some() => {
                Err(Conflict::HoldOut(protocol))
            }
            _ => Ok(()),
        }
    }

    /// Which of somebody's attempts are enrolled on and which are tested; `None` if there are too
    /// few for either.
    #[must_use]
    pub fn split<'a>(&self, attempts: &'a [Attempt]) -> Option<(&'a [Attempt], &'a [Attempt])> {
        let (enrolment, test) = self.protocol.divide(attempts.len(), self.hold_out)?;
        Some((attempts.get(enrolment)?, attempts.get(test)?))
    }

    /// Checks that the recording has what the protocol needs of at least one account.
    ///
    /// # Errors
    /// What it lacks.
    pub fn check_data(&self, data: &DataSet, kind: DetectorKind) -> Result<(), Unsuitable> {
        let most = data.typists().iter().max_by_key(|t| t.attempts.len());
        let most = most.ok_or(Unsuitable::Nobody)?;
        let (has, needs) = (most.attempts.len(), self.least_attempts(data));
        if has == 0 {
            let name = most.name.clone();
            return Err(Unsuitable::NoOwner { name });
        }
        if has < needs {
            return Err(Unsuitable::TooFewRepetitions {
                name: most.name.clone(),
                has,
                needs,
                protocol: self.protocol,
                advice: self.smaller_enrolment(data).unwrap_or_default(),
            });
        }
        if !kind.has_threshold() && alone(data) {
            return Err(Unsuitable::NoImpostor {
                name: most.name.clone(),
                detector: kind.name(),
            });
        }
        let limit = if self.record {
            MOST_RECORDED
        } else {
            MOST_SCORES
        };
        self.check_scores(data, limit)
    }

    fn check_scores(&self, data: &DataSet, limit: u64) -> Result<(), Unsuitable> {
        let (scores, draws) = (self.scores(data), self.draws(data));
        if scores <= limit {
            return Ok(());
        }
        Err(Unsuitable::TooManyScores {
            accounts: data.typists().len(),
            draws,
            scores,
            limit,
            fewer: if draws > 1 {
                "a file with fewer users, or fewer draws (`--seeds`)"
            } else {
                "a file with fewer users, or fewer attempts of each impostor (`--impostors`)"
            },
        })
    }

    /// How many scores an evaluation of one detector keeps, at most.
    fn scores(&self, data: &DataSet) -> u64 {
        let set = self.impostor_set(data);
        let of_one = |typist: &Typist| set.of(typist).len();
        let everybody: usize = data.people().map(of_one).sum();
        let of_account = |(number, owner): (usize, &Typist)| {
            let Some((_, test)) = self.split(&owner.attempts) else {
                return 0;
            };
            let others = if data.has_attackers() {
                data.others(number).map(of_one).sum()
            } else {
                everybody - of_one(owner)
            };
            let impostors = match self.draws_impostors() {
                // Each login is of one typing at least.
                true if others > 0 => {
                    test.len() / self.learn.genuine_per_impostor() * self.attempts
                }
                true => 0,
                false => others * self.every,
            };
            let aside = if self.record && self.draws_impostors() && others > 0 {
                sessions(test) * self.every
            } else {
                0
            };
            (test.len() + impostors + aside) as u64
        };
        let accounts = data.typists().iter().enumerate().map(of_account);
        accounts.sum::<u64>() * u64::from(self.draws(data))
    }

    /// The fewest attempts that an owner must have: an enrolment, a genuine attempt to test, and
    /// in each run as many as one impostor attempt comes after.
    #[must_use]
    pub fn least_attempts(&self, data: &DataSet) -> usize {
        let test = if self.protocol.streams() && !alone(data) {
            self.every * self.learn.genuine_per_impostor()
        } else {
            1
        };
        self.protocol.least() + test - 1
    }

    /// Whether the owner has too few attempts to be evaluated.
    pub(super) fn too_few(&self, owner: &Typist, data: &DataSet) -> Option<LeftOut> {
        let has = owner.attempts.len();
        (has < self.least_attempts(data)).then(|| LeftOut {
            name: owner.name.clone(),
            reason: Reason::TooFew { has },
        })
    }

    /// The largest enrolment that leaves enough of everybody's attempts, or else of somebody's, if
    /// there is one.
    fn smaller_enrolment(&self, data: &DataSet) -> Option<String> {
        let counts = data.typists().iter().map(|typist| typist.attempts.len());
        let for_all = self.largest_enrolment(counts.clone().min()?, data);
        let protocol = for_all.or_else(|| self.largest_enrolment(counts.max()?, data))?;
        Some(format!("use `{protocol}`, or "))
    }

    fn largest_enrolment(&self, attempts: usize, data: &DataSet) -> Option<Protocol> {
        (1..attempts).rev().find_map(|n| {
            let other = Self {
                protocol: self.protocol.with(n)?,
                ..*self
            };
            (other.least_attempts(data) <= attempts).then_some(other.protocol)
        })
    }

    /// Which attempts of others are used.
    #[must_use]
    pub fn impostor_set(&self, data: &DataSet) -> ImpostorSet {
        self.impostors.unwrap_or_else(|| ImpostorSet::usual(data))
    }

    /// Whether impostor attempts are drawn by chance: they are among attempts that are learned,
    /// or logins. Otherwise each is used once.
    #[must_use]
    pub fn draws_impostors(&self) -> bool {
        self.protocol.streams() && (self.learn != LearnRule::Nothing || self.attempts > 1)
    }

    /// How often the impostors are drawn.
    #[must_use]
    pub fn draws(&self, data: &DataSet) -> u32 {
        if self.draws_impostors() && !alone(data) {
            self.seeds
        } else {
            1
        }
    }

    /// How many trials an evaluation of one detector consists of.
    #[must_use]
    pub fn trials(&self, data: &DataSet) -> u64 {
        data.typists().len() as u64 * u64::from(self.draws(data))
    }
}

/// How many sessions are in these attempts.
fn sessions(attempts: &[Attempt]) -> usize {
    attempts.chunk_by(|a, b| a.session == b.session).count()
}

/// Whether nobody could be an impostor on any account.
#[must_use]
pub fn alone(data: &DataSet) -> bool {
    let has_others = |owner| data.others(owner).any(|other| !other.attempts.is_empty());
    !(0..data.typists().len()).any(has_others)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::typist::{self, some_text};

    const OURS: DetectorKind = DetectorKind::SequenceMemory;

    #[test]
    fn somebody_must_have_enough() {
        let whole = typist::population(1, 3, 2, 5, &some_text(6));
        let setup = Setup::default();
        assert_eq!(
            setup.check_data(&whole, OURS).unwrap_err().to_string(),
            "stream:10 needs at least 15 typings of an account's owner, and user p03 has the most, 10; use `stream:5`, or record more"
        );
        let setup = Setup {
            protocol: Protocol::Static,
            ..setup
        };
        assert_eq!(setup.check_data(&whole, OURS), Ok(()));
        let nobody = DataSet::default();
        assert_eq!(setup.check_data(&nobody, OURS), Err(Unsuitable::Nobody));
    }

    #[test]
    fn somebody_alone_suits_a_detector_with_a_threshold() {
        let one = typist::population(1, 1, 2, 10, &some_text(6));
        let setup = Setup::default();
        assert_eq!(setup.check_data(&one, OURS), Ok(()));
        assert_eq!((setup.draws(&one), setup.least_attempts(&one)), (1, 11));
        let error = setup.check_data(&one, DetectorKind::Manhattan);
        assert_eq!(
            error.unwrap_err().to_string(),
            "no account has typings by anybody but its owner (p01), and so no impostor; manhattan has no threshold known beforehand, so nothing can be counted: use sequence-memory, or a recording of several people"
        );
    }

    #[test]
    fn sparse_use_needs_an_impostor_in_each_run() {
        let data = typist::population(1, 2, 1, 5, &some_text(3));
        let least = |every, learn| {
            let setup = Setup {
                every,
                learn,
                ..Setup::default()
            };
            setup.least_attempts(&data)
        };
        assert_eq!(least(1, LearnRule::Accepted), 15);
        assert_eq!(least(10, LearnRule::Accepted), 60);
        assert_eq!(least(10, LearnRule::Genuine), 20);
    }

    #[test]
    fn more_scores_than_fit_the_memory_are_told_before_any_work() {
        let data = typist::population(1, 4, 1, 20, &some_text(3));
        let once = Setup {
            protocol: Protocol::Static,
            ..Setup::default()
        };
        // Four owners with ten attempts, and five of each of three others.
        assert_eq!(once.scores(&data), 4 * (10 + 15));
        assert_eq!(once.check_scores(&data, 100), Ok(()));
        assert_eq!(
            once.check_scores(&data, 99).unwrap_err().to_string(),
            "4 account(s) in 1 draw(s) of impostors would give 100 scores, and more than 99 are not kept in memory; use a file with fewer users, or fewer attempts of each impostor (`--impostors`)"
        );
        // Ten draws of ten attempts, an impostor after every fifth.
        let drawn = Setup::default();
        assert_eq!(drawn.scores(&data), 10 * 4 * (10 + 2));
        let error = drawn.check_scores(&data, 479).unwrap_err().to_string();
        assert!(
            error.contains("480 scores") && error.contains("--seeds"),
            "{error}"
        );
        // Recorded, with one more where the second half is a session: half as many fit.
        let recorded = Setup {
            record: true,
            ..drawn
        };
        assert_eq!(recorded.scores(&data), 10 * 4 * (10 + 2 + 1));
        let seeds = |record, seeds| Setup {
            record,
            seeds,
            ..drawn
        };
        let fits = |setup: Setup| setup.check_data(&data, OURS).is_ok();
        assert!(fits(seeds(false, 160_000)) && fits(seeds(true, 76_000)));
        assert!(!fits(seeds(false, 170_000)) && !fits(seeds(true, 78_000)));
        let most = Setup {
            seeds: 1_000_000,
            ..drawn
        };
        let error = most.check_data(&data, OURS).unwrap_err();
        assert!(matches!(
            error,
            Unsuitable::TooManyScores {
                scores: 48_000_000,
                ..
            }
        ));
    }

    #[test]
    fn what_does_not_go_together() {
        let setup = Setup {
            protocol: Protocol::First(5),
            ..Setup::default()
        };
        assert_eq!(setup.check(), Ok(()));
        let every = Setup { every: 2, ..setup };
        assert_eq!(every.check(), Err(Conflict::Every(Protocol::First(5))));
        let logins = Setup {
            attempts: 3,
            ..setup
        };
        assert_eq!(logins.check(), Err(Conflict::Attempts(Protocol::First(5))));
        let stream = Setup {
            protocol: Protocol::Stream(5),
            every: 2,
            ..logins
        };
        assert_eq!(stream.check(), Ok(()));
        let held_out = Setup {
            hold_out: Some(20),
            ..setup
        };
        assert_eq!(held_out.check(), Ok(()));
        let stream = Setup {
            hold_out: Some(20),
            ..stream
        };
        assert_eq!(stream.check(), Err(Conflict::HoldOut(Protocol::Stream(5))));
    }
}

//! Who is enrolled on what, tested on what, and what is learned meanwhile.

use std::fmt;
use std::str::FromStr;

use super::data::DataSet;
use crate::policy::Strictness;
use crate::template::GainPolicy;

/// Fewest typings with which anything can be judged.
const LEAST_ENROLMENT: usize = 3;
/// Repetitions of every other typist that are used against an account: the first ones, before
/// practice.
pub(super) const IMPOSTOR_REPETITIONS: usize = 5;
/// Genuine attempts from one impostor attempt to the next where accepted ones are learned.
const GENUINE_PER_IMPOSTOR: usize = 5;

/// How a recording is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Enrol on the first half of the owner's attempts and test on the second, learning nothing
    /// (Killourhy and Maxion, 2009: 200 and 200). Each impostor attempt is used once.
    Static,
    /// Enrol on the first ones and go on in order, learning.
    Stream {
        /// How many.
        enrolment: usize,
    },
}

impl Protocol {
    /// How many of `attempts` attempts are the enrolment.
    #[must_use]
    pub fn enrolment(self, attempts: usize) -> usize {
        match self {
            Self::Static => attempts / 2,
            Self::Stream { enrolment } => enrolment.min(attempts),
        }
    }

    /// Whether accounts go on learning, and so impostor attempts are drawn by chance.
    #[must_use]
    pub fn learns(self) -> bool {
        matches!(self, Self::Stream { .. })
    }
}

impl Default for Protocol {
    fn default() -> Self {
        Self::Stream { enrolment: 10 }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Static => f.write_str("static"),
            Self::Stream { enrolment } => write!(f, "stream:{enrolment}"),
        }
    }
}

/// A protocol's name that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// No such protocol.
    #[error("a protocol is `static` or `stream:N`")]
    Unknown,
    /// `stream:` without a number that makes sense.
    #[error("`stream:N` enrols on N typings, and N is a number from {LEAST_ENROLMENT} to 1000000")]
    Enrolment,
}

impl FromStr for Protocol {
    type Err = ProtocolError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "static" => Ok(Self::Static),
            Some(("stream", number)) => number
                .parse()
                .ok()
                .filter(|&n: &usize| (LEAST_ENROLMENT..=1_000_000).contains(&n))
                .map(|enrolment| Self::Stream { enrolment })
                .ok_or(ProtocolError::Enrolment),
            _ => Err(ProtocolError::Unknown),
        }
    }
}

/// What is learned after the enrolment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LearnRule {
    /// Whatever is accepted, impostor attempts included, as a login does. One impostor attempt
    /// follows every fifth genuine one.
    #[default]
    Accepted,
    /// Every genuine attempt and nothing else: an oracle, for comparison of detectors. One
    /// impostor attempt follows every genuine one.
    Genuine,
}

impl LearnRule {
    /// The word by which tables and the command line call it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Genuine => "genuine",
        }
    }

    /// How many genuine attempts go by from one impostor attempt to the next.
    pub(super) fn genuine_per_impostor(self) -> usize {
        match self {
            Self::Accepted => GENUINE_PER_IMPOSTOR,
            Self::Genuine => 1,
        }
    }
}

/// Everything that an evaluation is asked for, the detector aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// How the recording is divided.
    pub protocol: Protocol,
    /// What is learned; of no effect where nothing is.
    pub learn: LearnRule,
    /// How much the later typings of a sitting count.
    pub gain: GainPolicy,
    /// Which a-priori threshold decides.
    pub strictness: Strictness,
    /// How often the impostors are drawn anew; figures are means over it.
    pub seeds: u32,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            protocol: Protocol::default(),
            learn: LearnRule::default(),
            gain: GainPolicy::default(),
            strictness: Strictness::default(),
            seeds: 10,
        }
    }
}

/// Why a recording does not suit a protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsuitable {
    /// Nobody to be an impostor.
    #[error(
        "there is only one typist ({name}), and so no impostor; error rates need at least two typists of the same text"
    )]
    OneTypist {
        /// Who.
        name: String,
    },
    /// Nothing was recorded.
    #[error("there are no typings")]
    Nobody,
    /// The protocol divides more than there is.
    #[error(
        "typist {name} has {has} repetitions and protocol {protocol} needs at least {needs}; {advice}record more or leave the typist out"
    )]
    TooFewRepetitions {
        /// Who has the fewest.
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
    /// No account has both genuine and impostor attempts that can be judged.
    #[error(
        "no account could be judged: {failures} attempts lack too many features or are of another text"
    )]
    NothingJudged {
        /// Attempts that could not be judged.
        failures: u64,
    },
}

impl Setup {
    /// The fewest attempts that a typist must have: an enrolment, a genuine attempt to test, and
    /// as many as one impostor attempt comes after.
    #[must_use]
    pub fn least_attempts(&self) -> usize {
        match self.protocol {
            Protocol::Static => 2 * LEAST_ENROLMENT,
            Protocol::Stream { enrolment } => enrolment + self.learn.genuine_per_impostor(),
        }
    }

    /// Checks that the recording has what the protocol needs.
    ///
    /// # Errors
    /// What it lacks.
    pub fn check(&self, data: &DataSet) -> Result<(), Unsuitable> {
        if let [typist] = data.typists() {
            let name = typist.name.clone();
            return Err(Unsuitable::OneTypist { name });
        }
        let fewest = data.typists().iter().min_by_key(|t| t.attempts.len());
        let fewest = fewest.ok_or(Unsuitable::Nobody)?;
        let (has, needs) = (fewest.attempts.len(), self.least_attempts());
        if has >= needs {
            return Ok(());
        }
        Err(Unsuitable::TooFewRepetitions {
            name: fewest.name.clone(),
            has,
            needs,
            protocol: self.protocol,
            advice: self.smaller_enrolment(has).unwrap_or_default(),
        })
    }

    /// The largest enrolment that leaves enough of `attempts`, if there is one.
    fn smaller_enrolment(&self, attempts: usize) -> Option<String> {
        let enrolment = attempts.checked_sub(self.learn.genuine_per_impostor())?;
        let possible = self.protocol.learns() && enrolment >= LEAST_ENROLMENT;
        possible.then(|| format!("use `stream:{enrolment}`, "))
    }

    /// How often the impostors are drawn: once where all of them are used.
    #[must_use]
    pub fn draws(&self) -> u32 {
        if self.protocol.learns() {
            self.seeds
        } else {
            1
        }
    }

    /// How many trials an evaluation of one detector consists of.
    #[must_use]
    pub fn trials(&self, data: &DataSet) -> u64 {
        data.typists().len() as u64 * u64::from(self.draws())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::data::Typist;
    use crate::eval::typist::{self, some_text};

    #[test]
    fn names_read_back() {
        for name in ["static", "stream:10", "stream:3"] {
            assert_eq!(name.parse::<Protocol>().unwrap().to_string(), name);
        }
        for (name, error) in [
            ("", ProtocolError::Unknown),
            ("Static", ProtocolError::Unknown),
            ("static:3", ProtocolError::Unknown),
            ("stream", ProtocolError::Unknown),
            ("stream:", ProtocolError::Enrolment),
            ("stream:2", ProtocolError::Enrolment),
            ("stream:-4", ProtocolError::Enrolment),
            ("stream:99999999999999999999", ProtocolError::Enrolment),
        ] {
            assert_eq!(name.parse::<Protocol>(), Err(error), "{name}");
        }
    }

    #[test]
    fn a_recording_must_suit() {
        let whole = typist::population(1, 3, 2, 5, &some_text(6));
        let setup = Setup::default();
        assert_eq!(
            setup.check(&whole).unwrap_err().to_string(),
            "typist p01 has 10 repetitions and protocol stream:10 needs at least 15; use `stream:5`, record more or leave the typist out"
        );
        let setup = Setup {
            protocol: Protocol::Static,
            ..setup
        };
        assert_eq!(setup.check(&whole), Ok(()));
        assert_eq!(setup.check(&DataSet::default()), Err(Unsuitable::Nobody));
        let one: Vec<Typist> = whole.typists()[..1].to_vec();
        assert!(matches!(
            setup.check(&DataSet::new(one)),
            Err(Unsuitable::OneTypist { .. })
        ));
    }
}

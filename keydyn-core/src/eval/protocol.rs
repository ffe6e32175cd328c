//! Who is enrolled on what, tested on what, and what is learned meanwhile.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use super::data::{Attempt, DataSet, Typist};

/// Fewest typings with which anything can be judged.
const LEAST_ENROLMENT: usize = 3;
/// The most that is sensible to ask for, of typings as of anything that is counted.
const MOST: usize = 1_000_000;
/// Attempts that are tested after `first:N`.
const FIRST_TEST: usize = 50;
/// Typings that are enrolled on in turn for a learning curve: nothing can be judged after fewer.
pub const CURVE: [usize; 9] = [LEAST_ENROLMENT, 5, 8, 10, 15, 20, 30, 40, 50];
/// Genuine attempts, or logins, from one impostor's to the next where accepted ones are learned.
const GENUINE_PER_IMPOSTOR: usize = 5;

/// How a recording is divided. N is the number of typings enrolled on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Enrol on the first half of the owner's attempts and test on the second, learning nothing
    /// (Killourhy and Maxion, 2009: 200 and 200). Each impostor attempt is used once.
    Static,
    /// Enrol on the first N and test on the 50 after them, or on as many as there are, learning
    /// nothing. Each impostor attempt is used once.
    First(usize),
    /// Enrol on the last N of the first half; otherwise as [`Protocol::Static`].
    Last(usize),
    /// Enrol on the first N and go on in order, learning.
    Stream(usize),
}

impl Protocol {
    /// Which of so many attempts are enrolled on and which are tested, if need be only so many of
    /// these; `None` if there are too few for either.
    #[must_use]
    pub fn divide(
        self,
        attempts: usize,
        hold_out: Option<usize>,
    ) -> Option<(Range<usize>, Range<usize>)> {
        let half = attempts / 2;
        let (enrolment, most) = match self {
            Self::Static => (0..half, hold_out),
            Self::First(n) => (0..n, Some(hold_out.unwrap_or(FIRST_TEST))),
            Self::Last(n) => (half.checked_sub(n)?..half, hold_out),
            Self::Stream(n) => (0..n, None),
        };
        let most = most.unwrap_or(attempts);
        let test = enrolment.end..attempts.min(enrolment.end.saturating_add(most));
        (enrolment.len() >= LEAST_ENROLMENT && !test.is_empty()).then_some((enrolment, test))
    }

    /// The fewest attempts that can be divided.
    pub(super) fn least(self) -> usize {
        match self {
            Self::Static => 2 * LEAST_ENROLMENT,
            Self::Last(n) => n.saturating_mul(2),
            Self::First(n) | Self::Stream(n) => n.saturating_add(1),
        }
    }

    /// The same protocol with another N, unless that is too small or there is none in it.
    pub(super) fn with(self, n: usize) -> Option<Self> {
        let other = match self {
            Self::Static => return None,
            Self::First(_) => Self::First(n),
            Self::Last(_) => Self::Last(n),
            Self::Stream(_) => Self::Stream(n),
        };
        (n >= LEAST_ENROLMENT).then_some(other)
    }

    /// Whether accounts go on in order, learning, rather than being tested as they are.
    #[must_use]
    pub fn streams(self) -> bool {
        matches!(self, Self::Stream(_))
    }
}

impl Default for Protocol {
    fn default() -> Self {
        Self::Stream(10)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Static => f.write_str("static"),
            Self::First(n) => write!(f, "first:{n}"),
            Self::Last(n) => write!(f, "last:{n}"),
            Self::Stream(n) => write!(f, "stream:{n}"),
        }
    }
}

/// A name on the command line that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No such protocol.
    #[error("a protocol is `static`, `first:N`, `last:N` or `stream:N`")]
    Protocol,
    /// A protocol with an N that makes no sense.
    #[error("N is how many typings are enrolled on, a number from {LEAST_ENROLMENT} to {MOST}")]
    Enrolment,
    /// No such set of impostors.
    #[error("impostors are `firstN` or `lastN`, with a number from 1 to {MOST}, or `all`")]
    Impostors,
}

impl FromStr for Protocol {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "static" {
            return Ok(Self::Static);
        }
        let (name, number) = text.split_once(':').ok_or(NameError::Protocol)?;
        let with = match name {
            "first" => Self::First,
            "last" => Self::Last,
            "stream" => Self::Stream,
            _ => return Err(NameError::Protocol),
        };
        let number = number.parse().ok();
        number
            .filter(|n| (LEAST_ENROLMENT..=MOST).contains(n))
            .map(with)
            .ok_or(NameError::Enrolment)
    }
}

/// Which attempts of each other person are used against an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImpostorSet {
    /// So many of the first ones, before practice.
    First(usize),
    /// So many of the last ones, practised.
    Last(usize),
    /// Every one.
    All,
}

impl ImpostorSet {
    /// What is usual for such a recording: with an account column, every attempt of those who
    /// meant the account; otherwise the first five of everybody else.
    #[must_use]
    pub fn usual(data: &DataSet) -> Self {
        if data.has_attackers() {
            Self::All
        } else {
            Self::First(5)
        }
    }

    /// These attempts of somebody.
    pub(super) fn of(self, typist: &Typist) -> &[Attempt] {
        let all = &typist.attempts[..];
        match self {
            Self::First(n) => &all[..n.min(all.len())],
            Self::Last(n) => &all[all.len().saturating_sub(n)..],
            Self::All => all,
        }
    }
}

impl fmt::Display for ImpostorSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First(n) => write!(f, "first{n}"),
            Self::Last(n) => write!(f, "last{n}"),
            Self::All => f.write_str("all"),
        }
    }
}

impl FromStr for ImpostorSet {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| {
            let number: Option<usize> = text.parse().ok();
            number
                .filter(|n| (1..=MOST).contains(n))
                .ok_or(NameError::Impostors)
        };
        if text == "all" {
            Ok(Self::All)
        } else if let Some(n) = text.strip_prefix("first") {
            number(n).map(Self::First)
        } else if let Some(n) = text.strip_prefix("last") {
            number(n).map(Self::Last)
        } else {
            Err(NameError::Impostors)
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
    /// Nothing: what was enrolled is tested on all that follows, and each impostor attempt is
    /// used once.
    Nothing,
}

impl LearnRule {
    /// The word by which tables and the command line call it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Genuine => "genuine",
            Self::Nothing => "nothing",
        }
    }

    /// How many genuine attempts go by from one impostor attempt to the next.
    pub(super) fn genuine_per_impostor(self) -> usize {
        match self {
            Self::Accepted => GENUINE_PER_IMPOSTOR,
            Self::Genuine | Self::Nothing => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::typist::{self, some_text};

    #[test]
    fn names_read_back() {
        for name in ["static", "first:5", "last:20", "stream:10", "stream:3"] {
            assert_eq!(name.parse::<Protocol>().unwrap().to_string(), name);
        }
        for (name, error) in [
            ("", NameError::Protocol),
            ("Static", NameError::Protocol),
            ("static:3", NameError::Protocol),
            ("stream", NameError::Protocol),
            ("stream:", NameError::Enrolment),
            ("first:2", NameError::Enrolment),
            ("stream:-4", NameError::Enrolment),
            ("stream:99999999999999999999", NameError::Enrolment),
        ] {
            assert_eq!(name.parse::<Protocol>(), Err(error), "{name}");
        }
        for name in ["first5", "last5", "first1", "all"] {
            assert_eq!(name.parse::<ImpostorSet>().unwrap().to_string(), name);
        }
        for name in ["", "first", "first0", "last-1", "some", "5", "All"] {
            assert_eq!(name.parse::<ImpostorSet>(), Err(NameError::Impostors));
        }
    }

    #[test]
    fn attempts_are_divided_as_the_names_say() {
        for (protocol, attempts, divided) in [
            (Protocol::Static, 400, Some((0..200, 200..400))),
            (Protocol::Static, 7, Some((0..3, 3..7))),
            (Protocol::Static, 5, None),
            (Protocol::First(10), 400, Some((0..10, 10..60))),
            (Protocol::First(10), 20, Some((0..10, 10..20))),
            (Protocol::First(10), 10, None),
            (Protocol::Last(20), 400, Some((180..200, 200..400))),
            (Protocol::Last(20), 39, None),
            (Protocol::Stream(10), 400, Some((0..10, 10..400))),
            (Protocol::Stream(10), 11, Some((0..10, 10..11))),
            (Protocol::Stream(10), 10, None),
            (Protocol::First(usize::MAX), 10, None),
        ] {
            assert_eq!(
                protocol.divide(attempts, None),
                divided,
                "{protocol} of {attempts}"
            );
            let enough = divided.is_some();
            assert_eq!(
                attempts >= protocol.least(),
                enough,
                "{protocol}: {attempts}"
            );
        }
    }

    #[test]
    fn so_many_are_held_out_as_are_asked_for_or_there_are() {
        for (protocol, hold_out, test) in [
            (Protocol::Static, 30, 200..230),
            (Protocol::Static, 1000, 200..400),
            (Protocol::First(10), 30, 10..40),
            (Protocol::First(10), 1000, 10..400),
            (Protocol::Last(20), 1, 200..201),
        ] {
            let divided = protocol.divide(400, Some(hold_out));
            assert_eq!(divided.unwrap().1, test, "{protocol}, {hold_out} held out");
        }
    }

    #[test]
    fn impostors_are_the_first_or_the_last() {
        let data = typist::population(1, 2, 1, 8, &some_text(3));
        let reps = |set: ImpostorSet| -> Vec<u32> {
            let attempts = set.of(&data.typists()[0]);
            attempts.iter().map(|attempt| attempt.rep).collect()
        };
        assert_eq!(reps(ImpostorSet::First(3)), [1, 2, 3]);
        assert_eq!(reps(ImpostorSet::Last(2)), [7, 8]);
        assert_eq!(reps(ImpostorSet::Last(9)).len(), 8);
        assert_eq!(reps(ImpostorSet::All).len(), 8);
        assert_eq!(ImpostorSet::usual(&data), ImpostorSet::First(5));
    }
}

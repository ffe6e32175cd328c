//! From a score to a decision, from decisions to arming, and how guessing is slowed down.

use crate::template::LEAST_TYPINGS;
use crate::time::Timestamp;

/// How easily an attempt is accepted: the constant that a score is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// The owner is refused least.
    Lenient,
    /// The default.
    #[default]
    Normal,
    /// The impostor is accepted least.
    Strict,
}

impl Strictness {
    /// The decision threshold: a score up to here is genuine (docs/evaluation.md has the rates).
    #[must_use]
    pub fn threshold(self) -> f64 {
        match self {
            Self::Lenient => 0.10,
            Self::Normal => 0.02,
            Self::Strict => -0.05,
        }
    }
}

/// How far below the threshold an attempt must score to be learned again after a refusal.
pub const CONFIDENCE: f64 = 0.1;

/// How far below the threshold an attempt must score to be learned at once: what only just passed
/// is held ([`Quarantine`](crate::quarantine::Quarantine)). Twice that costs owners more than it
/// takes from impostors (docs/adr/0029-what-is-learned-of-what-is-accepted.md).
const LEARN_MARGIN: f64 = 0.02;

/// What scores no more than this is learned under every threshold that accepts it: below, owners
/// are held back more often than impostors.
const LEARNED_ANYHOW: f64 = -0.05;

/// How far what is in force may move within a day by learning: the mean of
/// [`SequenceMemory::moved_from`](crate::memory::SequenceMemory::moved_from). Owners on record move
/// 0.7 in a day of fifty typings, one in a hundred 1.5.
pub const DAILY_MOVEMENT: f64 = 1.5;

const DAY_SECONDS: u64 = 24 * 3600;

/// Whether more than a day lies between two moments.
#[must_use]
pub fn day_passed(earlier: Timestamp, now: Timestamp) -> bool {
    now.since(earlier)
        .is_some_and(|seconds| seconds > DAY_SECONDS)
}

/// What a score means under a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The owner's rhythm.
    Genuine,
    /// Somebody else's.
    Impostor,
    /// The template has no level yet.
    Undecided,
}

/// Compares a score with the threshold. A score that is not a number is an impostor's.
#[must_use]
pub fn decide(score: Option<f64>, strictness: Strictness) -> Decision {
    match score {
        None => Decision::Undecided,
        Some(score) if score <= strictness.threshold() => Decision::Genuine,
        Some(_) => Decision::Impostor,
    }
}

/// The learning threshold that goes with a decision threshold: an accepted attempt is learned at
/// once if it scores no more than this.
#[must_use]
pub fn learning_threshold(decision: f64) -> f64 {
    (decision - LEARN_MARGIN).max(decision.min(LEARNED_ANYHOW))
}

/// Shortest and longest text, in keys, that may be armed.
pub const ARMABLE_KEYS: std::ops::RangeInclusive<usize> = 6..=crate::digraph::MAX_KEYS;
/// Prequential decisions that must be there before anybody is armed.
const ARMING_DECISIONS: u32 = 20;
/// Refusals that may be among them.
pub const ARMING_REFUSALS: u32 = 1;
/// Sittings that it takes.
pub const ARMING_SITTINGS: u32 = 2;
/// How many of the [`STRANGERS`](crate::strangers::STRANGERS) a template may accept and be armed:
/// one in twenty (docs/adr/0024-strangers.md has what it is worth).
pub const ARMING_STRANGERS: u32 = 25;
/// A way to type the text is in use that was typed at least once in so many times of the one that
/// was typed most: what is in use comes into force together.
pub const IN_USE: u32 = 10;
/// Typings before anybody can be armed by himself: the first three have no decision.
pub const EARLIEST_ARMING: u32 = 3 + ARMING_DECISIONS;

/// Typings in a row without this long a pause are one sitting.
const SITTING_SECONDS: u64 = 4 * 3600;

/// Whether more than four hours, or less than none, lie between two moments.
#[must_use]
pub fn sitting_ended(last: Timestamp, now: Timestamp) -> bool {
    now.since(last)
        .is_none_or(|seconds| seconds > SITTING_SECONDS)
}

/// Whether more than four hours have passed, on a clock that went forward: what arming counts. A
/// typing learned late, or a clock set back, begins a sitting but does not prove one.
#[must_use]
pub fn sitting_passed(last: Timestamp, now: Timestamp) -> bool {
    now.since(last)
        .is_some_and(|seconds| seconds > SITTING_SECONDS)
}

/// What learning has shown so far of one sequence, and whether it is in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arming {
    /// Whether refusals of this sequence count.
    pub armed: bool,
    /// The last prequential decisions, newest in the lowest bit, 1 for a refusal.
    pub decisions: u32,
    /// How many of those bits are in use, at most 20.
    pub decided: u32,
    /// Sittings in which something was learned.
    pub sittings: u32,
}

impl Arming {
    /// Notes what the template, before it learned this typing, would have decided.
    pub fn note(&mut self, decision: Decision) {
        let refused = match decision {
            Decision::Undecided => return,
            Decision::Genuine => 0,
            Decision::Impostor => 1,
        };
        self.decisions = ((self.decisions << 1) | refused) & ((1 << ARMING_DECISIONS) - 1);
        self.decided = self.decided.saturating_add(1).min(ARMING_DECISIONS);
    }

    /// Takes back what was noted of the last typings and of the sittings that they began.
    pub fn take_back(&mut self, typings: u32, sittings: u32) {
        self.decisions = self.decisions.checked_shr(typings).unwrap_or(0);
        self.decided = self.decided.saturating_sub(typings);
        self.sittings = self.sittings.saturating_sub(sittings);
    }

    /// Whether learning may be over: enough typings of a text of the right length, in enough
    /// sittings, with hardly a refusal among the last decisions.
    #[must_use]
    pub fn ready(&self, learned: u32, min_samples: u32, keys: usize) -> bool {
        self.sittings >= ARMING_SITTINGS && self.steady(learned, min_samples, keys)
    }

    /// As [`Arming::ready`], in however few sittings: what an explicit enrolment is held to.
    #[must_use]
    pub fn steady(&self, learned: u32, min_samples: u32, keys: usize) -> bool {
        learned >= min_samples
            && ARMABLE_KEYS.contains(&keys)
            && self.decided == ARMING_DECISIONS
            && self.decisions.count_ones() <= ARMING_REFUSALS
    }

    /// How many more typings it takes until [`Arming::steady`], if none of them is refused.
    #[must_use]
    pub fn still_needed(&self, learned: u32, min_samples: u32) -> u32 {
        let (mut ahead, mut typings) = (*self, 0);
        while ahead.decided < ARMING_DECISIONS || ahead.decisions.count_ones() > ARMING_REFUSALS {
            if learned.saturating_add(typings) >= LEAST_TYPINGS {
                ahead.note(Decision::Genuine);
            }
            typings += 1;
        }
        typings.max(min_samples.saturating_sub(learned))
    }
}

/// Refusals in a row before attempts are no longer judged for a while.
const FREE_REFUSALS: u32 = 5;
const FIRST_COOL_DOWN: u64 = 30;
const LONGEST_COOL_DOWN: u64 = 15 * 60;

/// Slows down whoever has the right password and the wrong rhythm.
///
/// Five refusals in a row start a cool-down of 30 seconds; each further refusal starts another,
/// twice as long, up to 15 minutes. Attempts during a cool-down are not judged and do not prolong
/// it, so nobody can be locked out for ever. An acceptance ends it all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Throttle {
    /// Refusals since the last acceptance.
    pub refusals: u32,
    /// When the last of them was.
    pub last: Option<Timestamp>,
}

impl Throttle {
    /// Counts a refusal.
    pub fn refused(&mut self, now: Timestamp) {
        self.refusals = self.refusals.saturating_add(1);
        self.last = Some(now);
    }

    /// Forgets the refusals.
    pub fn accepted(&mut self) {
        *self = Self::default();
    }

    /// To be called before an attempt is judged. Where the clock was set back since the last refusal,
    /// the refusal counts as of now: the owner must not wait ten years, and whoever can set a clock
    /// back, by pulling the plug of a machine without a battery, must not be spared the wait.
    pub fn heed(&mut self, now: Timestamp) {
        if self.last.is_some_and(|last| now.since(last).is_none()) {
            self.last = Some(now);
        }
    }

    /// Seconds until attempts are judged again, if they are not now. On a clock that was set back,
    /// all of a cool-down is still to come ([`Throttle::heed`]).
    #[must_use]
    pub fn cooling_down(&self, now: Timestamp) -> Option<u64> {
        let doublings = self.refusals.checked_sub(FREE_REFUSALS)?;
        let length = FIRST_COOL_DOWN
            .checked_shl(doublings)
            .filter(|&length| length >> doublings == FIRST_COOL_DOWN)
            .map_or(LONGEST_COOL_DOWN, |length| length.min(LONGEST_COOL_DOWN));
        let passed = now.since(self.last?).unwrap_or(0);
        length.checked_sub(passed).filter(|&left| left > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_follow_the_threshold_and_fail_closed() {
        assert_eq!(decide(None, Strictness::Normal), Decision::Undecided);
        assert_eq!(decide(Some(0.02), Strictness::Normal), Decision::Genuine);
        assert_eq!(decide(Some(0.0201), Strictness::Normal), Decision::Impostor);
        assert_eq!(decide(Some(0.0201), Strictness::Lenient), Decision::Genuine);
        assert_eq!(decide(Some(0.02), Strictness::Strict), Decision::Impostor);
        assert_eq!(
            decide(Some(f64::NAN), Strictness::Lenient),
            Decision::Impostor
        );
        assert_eq!(
            decide(Some(f64::INFINITY), Strictness::Lenient),
            Decision::Impostor
        );
    }

    #[test]
    fn a_day_has_as_many_seconds_as_a_day() {
        let passed = |seconds: u64| day_passed(Timestamp(1000), Timestamp(1000 + seconds));
        assert!(!passed(24 * 3600) && passed(24 * 3600 + 1));
        assert!(
            !day_passed(Timestamp(1000), Timestamp(0)),
            "a clock set back"
        );
    }

    #[test]
    fn what_is_learned_is_no_more_than_what_is_accepted() {
        for (decision, learning) in [
            (0.10, 0.08),
            (0.02, 0.00),
            (-0.04, -0.05),
            (-0.05, -0.05),
            (-0.10, -0.10),
        ] {
            let found = learning_threshold(decision);
            assert!((found - learning).abs() < 1e-12, "{decision}: {found}");
        }
    }

    #[test]
    fn each_strictness_ends_where_the_documents_say() {
        for (strictness, last) in [
            (Strictness::Lenient, 0.10),
            (Strictness::Normal, 0.02),
            (Strictness::Strict, -0.05),
        ] {
            let decided = |score| decide(Some(score), strictness);
            assert_eq!(decided(last), Decision::Genuine, "{strictness:?}");
            assert_eq!(decided(last + 1e-9), Decision::Impostor, "{strictness:?}");
        }
    }

    #[test]
    fn arming_asks_for_everything_at_once() {
        let mut arming = Arming {
            sittings: 2,
            ..Arming::default()
        };
        for _ in 0..3 {
            arming.note(Decision::Undecided);
        }
        for _ in 0..19 {
            arming.note(Decision::Genuine);
        }
        assert!(!arming.ready(22, 20, 8), "19 decisions are too few");
        arming.note(Decision::Genuine);
        assert_eq!(EARLIEST_ARMING, 23);
        assert!(arming.ready(23, 20, 8));
        assert!(arming.ready(23, 23, 8), "just min_samples");
        assert!(!arming.ready(23, 24, 8), "min_samples");
        assert!(!arming.ready(23, 20, 5), "too short");
        assert!(!arming.ready(23, 20, 129), "too long");
        assert!(
            !Arming {
                sittings: 1,
                ..arming
            }
            .ready(23, 20, 8),
            "one sitting"
        );
        arming.note(Decision::Impostor);
        assert!(arming.ready(24, 20, 8), "one refusal is allowed");
        arming.note(Decision::Impostor);
        assert!(!arming.ready(25, 20, 8), "two are not");
        for _ in 0..19 {
            arming.note(Decision::Genuine);
        }
        assert!(arming.ready(44, 20, 8), "old refusals are forgotten");
    }

    #[test]
    fn what_is_still_needed_counts_down_to_steady() {
        let mut arming = Arming::default();
        assert_eq!(arming.still_needed(0, 20), 23);
        assert_eq!(arming.still_needed(0, 40), 40);
        let refused_at = [7, 9];
        let mut needed = vec![];
        for learned in 0..29 {
            needed.push(arming.still_needed(learned, 20));
            assert_eq!(
                needed.last() == Some(&0),
                arming.steady(learned, 20, 8),
                "{learned}"
            );
            arming.note(match learned {
                0..3 => Decision::Undecided,
                n if refused_at.contains(&n) => Decision::Impostor,
                _ => Decision::Genuine,
            });
        }
        // The second refusal asks for as many as it takes to forget the first.
        assert_eq!(needed[..11], [23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 18]);
        assert_eq!(needed[28], 0);
    }

    #[test]
    fn a_clock_set_back_begins_a_cool_down_anew_and_once() {
        let mut throttle = Throttle::default();
        (0..5).for_each(|_| throttle.refused(Timestamp(1_000_000)));
        for (now, left) in [(500, Some(30)), (529, Some(1)), (530, None), (600, None)] {
            throttle.heed(Timestamp(now));
            assert_eq!(throttle.cooling_down(Timestamp(now)), left, "{now}");
        }
        // Attempts each of which comes before the last refusal are judged no more often.
        let mut throttle = Throttle::default();
        let judged = (0..200).filter(|attempt| {
            let now = Timestamp(1_000_000 - attempt);
            throttle.heed(now);
            let judged = throttle.cooling_down(now).is_none();
            if judged {
                throttle.refused(now);
            }
            judged
        });
        assert_eq!(judged.count(), 5);
    }

    #[test]
    fn cool_down_doubles_up_to_a_quarter_of_an_hour() {
        let mut throttle = Throttle::default();
        let now = Timestamp(1_000_000);
        for _ in 0..4 {
            throttle.refused(now);
            assert_eq!(throttle.cooling_down(now), None);
        }
        for length in [30, 60, 120, 240, 480, 900, 900] {
            throttle.refused(now);
            assert_eq!(throttle.cooling_down(now), Some(length));
            assert_eq!(
                throttle.cooling_down(Timestamp(now.0 + length - 1)),
                Some(1)
            );
            assert_eq!(throttle.cooling_down(Timestamp(now.0 + length)), None);
        }
        throttle.refusals = u32::MAX;
        assert_eq!(throttle.cooling_down(now), Some(900));
        assert_eq!(throttle.cooling_down(Timestamp(now.0 - 1)), Some(900));
        throttle.accepted();
        assert_eq!(throttle.cooling_down(now), None);
    }

    #[test]
    fn a_sitting_ends_after_four_hours_or_when_the_clock_goes_back() {
        let last = Timestamp(100_000);
        assert!(!sitting_ended(last, Timestamp(100_000)));
        assert!(!sitting_ended(last, Timestamp(114_400)));
        assert!(sitting_ended(last, Timestamp(114_401)));
        assert!(sitting_ended(last, Timestamp(99_999)));
        assert!(!sitting_passed(last, Timestamp(99_999)), "but proves none");
        assert!(!sitting_passed(last, Timestamp(114_400)));
        assert!(sitting_passed(last, Timestamp(114_401)));
    }
}

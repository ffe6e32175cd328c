//! The sample: the digraphs of one attempt.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::acquire::FailureToAcquire;
use crate::key::KeyCode;
use crate::keystroke::{Keystroke, pair};
use crate::memory::Transition;
use crate::trace::Trace;

/// The longest text a template holds, in keys.
pub const MAX_KEYS: usize = 128;

/// A duration in whole microseconds, as evdev measures it. Integers, so that what is stored and
/// what was learned are the same to the bit. Up to 71 minutes; a longer one counts as missing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Zeroize)]
pub struct Duration(pub u32);

impl Duration {
    /// The duration in milliseconds.
    #[must_use]
    pub fn as_millis(self) -> f64 {
        f64::from(self.0) / 1000.0
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Duration(..)")
    }
}

/// The keys of a text in the order in which they are pressed.
#[derive(Clone, PartialEq, Eq, Hash, Zeroize, ZeroizeOnDrop)]
pub struct KeySequence(Vec<KeyCode>);

impl KeySequence {
    /// A sequence of these keys.
    #[must_use]
    pub fn new(keys: Vec<KeyCode>) -> Self {
        Self(keys)
    }

    /// The keys in order.
    #[must_use]
    pub fn keys(&self) -> &[KeyCode] {
        &self.0
    }

    /// How many keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for KeySequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySequence(..)")
    }
}

/// A key, how long it was held, how long until the next one, and the next one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Digraph {
    /// The first key.
    pub from: KeyCode,
    /// Press to release of the first key, in milliseconds.
    pub hold: Option<f64>,
    /// Release of the first key to press of the second, in milliseconds; negative in rollover.
    pub flight: Option<f64>,
    /// The second key.
    pub to: KeyCode,
}

/// One typed attempt: `k` keys, `k` holds and `k - 1` down-downs (press to next press), each of
/// which may be missing. Wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Sample {
    keys: KeySequence,
    holds: Vec<Option<Duration>>,
    downs: Vec<Option<Duration>>,
    /// Down-downs on whose way a Shift key went down, a bit each from the lowest.
    shifts: u128,
    #[zeroize(skip)]
    begun_anew: Option<FailureToAcquire>,
}

impl Sample {
    /// A sample of these features; `None` if there are not as many holds as keys and one
    /// down-down fewer, or not between 1 and [`MAX_KEYS`] keys.
    #[must_use]
    pub fn new(
        keys: KeySequence,
        holds: Vec<Option<Duration>>,
        downs: Vec<Option<Duration>>,
    ) -> Option<Self> {
        let fits = (1..=MAX_KEYS).contains(&keys.len())
            && holds.len() == keys.len()
            && downs.len() + 1 == keys.len();
        fits.then_some(Self {
            keys,
            holds,
            downs,
            shifts: 0,
            begun_anew: None,
        })
    }

    /// The sample that a trace holds.
    ///
    /// # Errors
    /// Why it holds none.
    pub fn acquire(trace: &Trace) -> Result<Self, FailureToAcquire> {
        let keystrokes = pair(trace)?;
        let sample = Self::from_keystrokes(keystrokes.strokes());
        Ok(sample.after(keystrokes.begun_anew()))
    }

    /// The same sample, typed after something that does not count, for this reason.
    #[must_use]
    pub fn after(mut self, reason: Option<FailureToAcquire>) -> Self {
        self.begun_anew = reason;
        self
    }

    /// Why what was typed before this does not count, if something was. Such a sample can be of a
    /// text that is known; what makes a text known must be whole.
    #[must_use]
    pub fn begun_anew(&self) -> Option<FailureToAcquire> {
        self.begun_anew
    }

    fn from_keystrokes(strokes: &[Keystroke]) -> Self {
        let between = |from: u64, to: u64| {
            to.checked_sub(from)
                .and_then(|us| u32::try_from(us).ok())
                .map(Duration)
        };
        Self {
            keys: KeySequence(strokes.iter().map(|s| s.key).collect()),
            holds: strokes
                .iter()
                .map(|s| s.release.and_then(|release| between(s.press.0, release.0)))
                .collect(),
            downs: strokes
                .windows(2)
                .map(|pair| match pair {
                    [from, to] if !to.after_correction => between(from.press.0, to.press.0),
                    _ => None,
                })
                .collect(),
            shifts: strokes
                .windows(2)
                .enumerate()
                .filter(|(_, pair)| pair[1].after_shift)
                .fold(0, |shifts, (i, _)| {
                    shifts | 1u128.checked_shl(i as u32).unwrap_or(0)
                }),
            begun_anew: None,
        }
    }

    /// On which ways a Shift key went down, a bit each from the lowest: what [`Sample::shifted`] takes.
    #[must_use]
    pub fn shifts(&self) -> u128 {
        self.shifts
    }

    /// The same sample with a Shift key on these ways.
    #[must_use]
    pub fn shifted(mut self, shifts: u128) -> Self {
        self.shifts = shifts;
        self
    }

    /// What kind of way leads from each key to the next.
    #[must_use]
    pub fn transitions(&self) -> Vec<Transition> {
        let ways = self.keys.0.windows(2).zip(0u32..);
        ways.map(|(keys, i)| {
            let shifted = self.shifts.checked_shr(i).unwrap_or(0) & 1 == 1;
            Transition::between(keys[0], keys[1], shifted)
        })
        .collect()
    }

    /// This sample as one of a text that is its end: what was typed before is left out. `None` if
    /// it is not. A key that wakes a screen, or a word in another window, is heard with the text.
    #[must_use]
    pub fn ending_with(&self, keys: &KeySequence) -> Option<Self> {
        let before = self.keys.len().checked_sub(keys.len())?;
        if !self.keys.keys().ends_with(keys.keys()) {
            return None;
        }
        let (holds, downs) = (&self.holds[before..], &self.downs[before..]);
        Self::new(keys.clone(), holds.to_vec(), downs.to_vec())
    }

    /// This sample as one of a text whose end it is, the beginning's features missing; `None` if
    /// it is not. What was typed before the prompt appeared is in the password and was not heard.
    #[must_use]
    pub fn aligned_to(&self, keys: &KeySequence) -> Option<Self> {
        let before = keys.len().checked_sub(self.keys.len())?;
        if !keys.keys().ends_with(self.keys.keys()) {
            return None;
        }
        let padded = |features: &[Option<Duration>]| {
            let missing = std::iter::repeat_n(None, before);
            missing.chain(features.iter().copied()).collect()
        };
        Self::new(keys.clone(), padded(&self.holds), padded(&self.downs))
    }

    /// Keys and features alone. Of a text that is known it is known what its ways are.
    pub(crate) fn bare(mut self) -> Self {
        self.shifts = 0;
        self.begun_anew = None;
        self
    }

    /// Which keys were typed.
    #[must_use]
    pub fn keys(&self) -> &KeySequence {
        &self.keys
    }

    /// Press to release of each key.
    #[must_use]
    pub fn holds(&self) -> &[Option<Duration>] {
        &self.holds
    }

    /// Press of each key but the last to the press of the next.
    #[must_use]
    pub fn downs(&self) -> &[Option<Duration>] {
        &self.downs
    }

    /// The sample as digraphs, in order.
    pub fn digraphs(&self) -> impl Iterator<Item = Digraph> + '_ {
        self.keys
            .0
            .windows(2)
            .zip(&self.holds)
            .zip(&self.downs)
            .map(|((keys, hold), down)| {
                let hold = hold.map(Duration::as_millis);
                Digraph {
                    from: keys[0],
                    hold,
                    flight: down.and_then(|down| Some(down.as_millis() - hold?)),
                    to: keys[1],
                }
            })
    }

    /// Whether enough of the sample is there to learn it as somebody's first.
    ///
    /// # Errors
    /// Which kind of feature is missing too often: more than a fifth of the holds (the last one
    /// excepted) or of the down-downs.
    pub fn check_whole(&self) -> Result<(), FailureToAcquire> {
        let all = |_| true;
        covers(&self.holds, &self.downs, all, all)
    }
}

impl fmt::Debug for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sample(..)")
    }
}

/// Checks that at least 80 % of the wanted holds and of the wanted down-downs are present.
///
/// The last key's hold is not asked for: it is often still down when the prompt returns. The
/// limit closes a door (docs/adr/0001): whoever may leave features out at will leaves out
/// those that betray him.
pub(crate) fn covers(
    holds: &[Option<Duration>],
    downs: &[Option<Duration>],
    wants_hold: impl Fn(usize) -> bool,
    wants_down: impl Fn(usize) -> bool,
) -> Result<(), FailureToAcquire> {
    let enough = |features: &[Option<Duration>], wants: &dyn Fn(usize) -> bool| {
        let wanted = features.iter().enumerate().filter(|(i, _)| wants(*i));
        let (all, present) = wanted.fold((0, 0), |(all, present), (_, feature)| {
            (all + 1, present + usize::from(feature.is_some()))
        });
        present * 5 >= all * 4
    };
    if !enough(&holds[..holds.len().saturating_sub(1)], &wants_hold) {
        return Err(FailureToAcquire::TooFewHolds);
    }
    if !enough(downs, &wants_down) {
        return Err(FailureToAcquire::TooFewDownDowns);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acquire(text: &str) -> Result<Sample, FailureToAcquire> {
        Sample::acquire(&text.parse().unwrap())
    }

    #[test]
    fn features_are_hold_and_down_down() {
        let sample =
            acquire("0 a down\n95 a up\n180 b down\n250 c down\n290 b up\n338 c up").unwrap();
        let ms = |features: &[Option<Duration>]| -> Vec<_> {
            features
                .iter()
                .map(|f| f.map(Duration::as_millis))
                .collect()
        };
        assert_eq!(ms(sample.holds()), [Some(95.0), Some(110.0), Some(88.0)]);
        assert_eq!(ms(sample.downs()), [Some(180.0), Some(70.0)]);
        let flights: Vec<_> = sample.digraphs().map(|d| d.flight).collect();
        assert_eq!(flights, [Some(85.0), Some(-40.0)]);
    }

    #[test]
    fn a_correction_leaves_its_down_down_missing() {
        let sample = acquire(
            "0 a down\n80 a up\n100 x down\n180 x up\n300 backspace down\n500 b down\n580 b up",
        )
        .unwrap();
        assert_eq!(sample.downs(), [None]);
        assert_eq!(sample.check_whole(), Err(FailureToAcquire::TooFewDownDowns));
    }

    #[test]
    fn the_last_release_is_not_asked_for() {
        assert_eq!(
            acquire("0 a down\n80 a up\n100 b down")
                .unwrap()
                .check_whole(),
            Ok(())
        );
        assert_eq!(
            acquire("0 a down\n100 b down\n180 b up")
                .unwrap()
                .check_whole(),
            Err(FailureToAcquire::TooFewHolds)
        );
    }

    #[test]
    fn an_endless_pause_is_a_missing_feature() {
        let sample = acquire("0 a down\n80 a up\n9999999 b down\n9999999 b up").unwrap();
        assert_eq!(sample.downs(), [None]);
    }

    #[test]
    fn the_end_of_a_text_is_aligned_to_it() {
        let whole = KeySequence::new([30, 48, 46, 32].map(KeyCode).to_vec());
        let end = acquire("0 c down\n80 c up\n100 d down\n190 d up").unwrap();
        let aligned = end.aligned_to(&whole).unwrap();
        assert_eq!(aligned.keys(), &whole);
        assert_eq!(
            aligned.holds(),
            [None, None, Some(Duration(80_000)), Some(Duration(90_000))]
        );
        assert_eq!(aligned.downs(), [None, None, Some(Duration(100_000))]);
        assert_eq!(aligned.aligned_to(&whole).as_ref(), Some(&aligned));
        assert_eq!(aligned.aligned_to(end.keys()), None, "longer");
        assert_eq!(aligned.ending_with(end.keys()), Some(end));
        let middle = acquire("0 b down\n80 b up\n100 c down\n190 c up").unwrap();
        assert_eq!(middle.aligned_to(&whole), None);
        assert_eq!(aligned.ending_with(middle.keys()), None);
    }

    #[test]
    fn counts_must_fit() {
        let keys = || KeySequence::new(vec![KeyCode(30), KeyCode(31)]);
        assert!(Sample::new(keys(), vec![None; 2], vec![None; 1]).is_some());
        assert!(Sample::new(keys(), vec![None; 1], vec![None; 1]).is_none());
        assert!(Sample::new(keys(), vec![None; 2], vec![None; 2]).is_none());
        assert!(Sample::new(KeySequence::new(vec![]), vec![], vec![]).is_none());
    }
}

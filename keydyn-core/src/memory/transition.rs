//! From one key to the next: what kind of way that is for a hand on a keyboard.

use zeroize::Zeroize;

use super::population::Prior;
use crate::key::{KeyCode, KeyRole};

/// What kind of way leads from one key to the next, by where the keys lie and what they give.
///
/// It says what people in general need for it, and nothing of who typed or which key it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Zeroize)]
pub enum Transition {
    /// Nothing is known of it: a numeric pad, a key of a recording that is not named.
    #[default]
    Unknown,
    /// From a letter to one under the other hand.
    OtherHand,
    /// From a letter to one under the same hand, by another finger.
    SameHand,
    /// From a letter to another one under the same finger.
    SameFinger,
    /// The same letter again.
    SameKey,
    /// To the space bar.
    ToSpace,
    /// From the space bar.
    FromSpace,
    /// From a letter to a digit or a sign.
    ToSign,
    /// From a digit or a sign to a letter.
    FromSign,
    /// Shift went down on the way.
    Shifted,
    /// To a Shift key, where it is an element of the text.
    ToShift,
    /// From a Shift key, where it is an element of the text.
    FromShift,
    /// To Return.
    ToReturn,
}

impl Transition {
    /// All of them, by [`Transition::code`].
    const ALL: [Self; 13] = [
        Self::Unknown,
        Self::OtherHand,
        Self::SameHand,
        Self::SameFinger,
        Self::SameKey,
        Self::ToSpace,
        Self::FromSpace,
        Self::ToSign,
        Self::FromSign,
        Self::Shifted,
        Self::ToShift,
        Self::FromShift,
        Self::ToReturn,
    ];

    /// The way between two keys; `shifted`: a Shift key went down on it.
    #[must_use]
    pub fn between(from: KeyCode, to: KeyCode, shifted: bool) -> Self {
        let (from, to) = (from.place(), to.place());
        match (Zone::of(from.key), Zone::of(to.key)) {
            (_, Zone::Return) => Self::ToReturn,
            (_, Zone::Shift) => Self::ToShift,
            (Zone::Shift, _) => Self::FromShift,
            _ if shifted || to.shifted => Self::Shifted,
            (Zone::Space, _) => Self::FromSpace,
            (_, Zone::Space) => Self::ToSpace,
            (Zone::Letter(a), Zone::Letter(b)) => {
                if from.key == to.key {
                    Self::SameKey
                } else if a == b {
                    Self::SameFinger
                } else if a.is_left() == b.is_left() {
                    Self::SameHand
                } else {
                    Self::OtherHand
                }
            }
            (Zone::Letter(_), Zone::Sign) => Self::ToSign,
            (Zone::Sign, Zone::Letter(_)) => Self::FromSign,
            _ => Self::Unknown,
        }
    }

    /// What people in general need for it, in ln ms.
    ///
    /// Means and spreads over people of recorded prose (60 typists of nursery rhymes; Monaco et
    /// al., 2013) and of words in transcribed sentences (Dhakal et al., 2018), rounded to 0.05,
    /// and a little less than those where a password is typed more often than prose. Where these
    /// have none (signs, Shift, Return) the frozen model's. No password was looked at for them.
    pub(super) fn prior(self) -> Prior {
        let (location, scale) = match self {
            Self::Unknown => (5.2, 0.55),
            Self::OtherHand => (4.92, 0.50),
            Self::SameHand => (5.15, 0.50),
            Self::SameFinger => (5.35, 0.50),
            Self::SameKey | Self::FromShift => (5.05, 0.40),
            Self::ToSpace => (4.95, 0.50),
            Self::FromSpace => (5.35, 0.60),
            Self::ToSign => (5.75, 0.60),
            Self::FromSign => (5.45, 0.60),
            Self::Shifted => (6.0, 0.60),
            Self::ToShift => (5.55, 0.60),
            Self::ToReturn => (5.6, 0.60),
        };
        Prior {
            location,
            scale,
            first_scale: FIRST_SCALE,
        }
    }

    /// Where people in general lie, in ln ms.
    pub(crate) fn expected(self) -> f64 {
        self.prior().location
    }

    /// Its number in a profile.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// The transition of that number.
    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

/// Scale of a down-down's context after a single typing.
pub(super) const FIRST_SCALE: f64 = 0.24;

/// Which finger a touch typist has on a letter, from the left little one, 0, to the right, 7.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Finger(u8);

impl Finger {
    fn is_left(self) -> bool {
        self.0 < 4
    }
}

/// Where a key lies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Zone {
    Letter(Finger),
    /// A digit or a sign of the main block.
    Sign,
    Space,
    Shift,
    Return,
    Elsewhere,
}

impl Zone {
    /// By the kernel's code, which names a place: what a layout has there does not matter, as its
    /// letters lie where QWERTY's do but for a few.
    fn of(key: Option<KeyCode>) -> Self {
        let Some(key) = key else {
            return Self::Elsewhere;
        };
        match key.0 {
            // Rows of letters: the two index fingers have two columns each.
            16..=25 => Self::letter(key.0 - 16),
            30..=38 => Self::letter(key.0 - 30),
            44..=50 => Self::letter(key.0 - 44),
            2..=13 | 26 | 27 | 39..=41 | 43 | 51..=53 | 86 | 89 => Self::Sign,
            57 => Self::Space,
            42 | 54 => Self::Shift,
            28 => Self::Return,
            _ => {
                debug_assert!(key.role() != KeyRole::Text || key.0 > 54);
                Self::Elsewhere
            }
        }
    }

    fn letter(column: u16) -> Self {
        Self::Letter(Finger(match column {
            0 => 0,
            1 => 1,
            2 => 2,
            3 | 4 => 3,
            5 | 6 => 4,
            7 => 5,
            8 => 6,
            _ => 7,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(from: &str, to: &str) -> Transition {
        let key = |name| KeyCode::from_name(name).unwrap();
        Transition::between(key(from), key(to), false)
    }

    #[test]
    fn fingers_are_those_of_a_touch_typist() {
        for (from, to, transition) in [
            ("t", "h", Transition::OtherHand),
            ("t", "r", Transition::SameFinger),
            ("y", "n", Transition::SameFinger),
            ("t", "y", Transition::OtherHand),
            ("e", "r", Transition::SameHand),
            ("i", "o", Transition::SameHand),
            ("l", "l", Transition::SameKey),
            ("e", "5", Transition::ToSign),
            ("dot", "t", Transition::FromSign),
            ("5", "dot", Transition::Unknown),
            ("dot", "space", Transition::ToSpace),
            ("space", "1", Transition::FromSpace),
            ("l", "enter", Transition::ToReturn),
            ("kp1", "kp2", Transition::Unknown),
            ("leftshift", "a", Transition::FromShift),
            ("a", "rightshift", Transition::ToShift),
        ] {
            assert_eq!(between(from, to), transition, "{from} {to}");
        }
        let (a, b) = (KeyCode(30), KeyCode(31));
        assert_eq!(Transition::between(a, b, true), Transition::Shifted);
    }

    #[test]
    fn a_key_nobody_knows_is_nowhere() {
        let foreign = KeyCode(KeyCode::FOREIGN);
        let found = Transition::between(foreign, KeyCode(30), false);
        assert_eq!(found, Transition::Unknown);
    }

    #[test]
    fn codes_read_back() {
        for (code, transition) in (0..).zip(Transition::ALL) {
            assert_eq!(transition.code(), code);
            assert_eq!(Transition::from_code(code), Some(transition));
        }
        assert_eq!(Transition::from_code(13), None);
    }
}

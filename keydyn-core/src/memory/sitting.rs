//! A sitting: typings in a row, the later of which are more like each other than like tomorrow's.

use zeroize::Zeroize;

/// Typings of a sitting that count in full.
const BURST: f64 = 6.0;
/// Typings of a sitting that tell how sittings begin.
const BEGINNING: u32 = 5;
/// Length of a sitting, in typings, at which half of what it could do to the memory is done.
const LONG: f64 = 10.0;
/// Where in a sitting the memory is, in typings learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Zeroize)]
pub struct Sitting {
    /// In this sitting, or since the enrolment came to its end in it.
    pub learned: u32,
    /// In this sitting before that.
    pub enrolled: u32,
    /// In the one before.
    pub before: u32,
}

impl Sitting {
    /// The gain of the next typing, 1 for the first few of a sitting: fifty typings in a row must
    /// not teach the memory that the owner always types like today.
    #[must_use]
    pub fn gain(self) -> f64 {
        (BURST / (f64::from(self.learned) + 1.0)).min(1.0)
    }

    /// Whether the next typing tells how sittings begin.
    pub(super) fn is_beginning(self) -> bool {
        self.learned < BEGINNING
    }

    /// How far a sitting of this length led the memory away from how the next one begins, 0 to 1.
    pub(super) fn led_away(self) -> f64 {
        length(self.all())
    }

    /// How much of the allowance for a sitting's first typing the next one has, 0 to 1: in full
    /// after a long sitting, and a quarter, a ninth... of it for the second, the third...
    pub(super) fn allowance(self) -> f64 {
        let typing = f64::from(self.learned) + 1.0;
        length(self.before) / (typing * typing)
    }

    /// The next typing is the first of a new sitting. One in which nothing was learned is none.
    pub(super) fn end(&mut self) {
        *self = Self {
            learned: 0,
            enrolled: 0,
            before: match self.all() {
                0 => self.before,
                all => all,
            },
        };
    }

    /// The enrolment is over: the gains begin anew, and the sitting goes on.
    pub(super) fn end_enrolment(&mut self) {
        self.enrolled = self.all();
        self.learned = 0;
    }

    fn all(self) -> u32 {
        self.learned.saturating_add(self.enrolled)
    }

    pub(super) fn learn(&mut self) {
        self.learned = self.learned.saturating_add(1);
    }
}

fn length(typings: u32) -> f64 {
    let b = f64::from(typings);
    b / (b + LONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sitting(learned: u32, before: u32) -> Sitting {
        Sitting {
            learned,
            enrolled: 0,
            before,
        }
    }

    #[test]
    fn later_typings_of_a_sitting_count_less() {
        let gain = |learned| sitting(learned, 0).gain();
        assert_eq!([0, 5].map(gain), [1.0, 1.0]);
        assert!((gain(11) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_allowance_is_for_the_first_typing_after_a_long_sitting() {
        let allowance = |learned, before| sitting(learned, before).allowance();
        assert!((allowance(0, 0)).abs() < 1e-12);
        assert!((allowance(0, 10) - 0.5).abs() < 1e-12);
        assert!((allowance(1, 10) - 0.125).abs() < 1e-12);
        assert!((allowance(0, 90) - 0.9).abs() < 1e-12);
    }

    #[test]
    fn an_enrolment_is_part_of_its_sitting() {
        let mut memory = sitting(20, 0);
        memory.end_enrolment();
        assert_eq!((memory.gain(), memory.led_away()), (1.0, 20.0 / 30.0));
        assert!(memory.allowance() < 1e-12, "the same sitting goes on");
        memory.learn();
        memory.end();
        assert_eq!(memory, sitting(0, 21));
        memory.end();
        assert_eq!(memory, sitting(0, 21), "nothing was learned since");
    }
}

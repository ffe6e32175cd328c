//! Typings that only just passed: let in, and not learned from until more of them say the same.
//!
//! Whoever is let in by a hair may be somebody else. One such typing, now and then, is what slow
//! poisoning is made of, so it is set aside: the next typing that passes with room to spare, or is
//! refused, shows that it was an exception. It stays only to know a copy of it by. An owner whose typing has changed
//! brings nothing but such typings; a row of them over more than one sitting is learned after all.
//! What it is worth: docs/adr/0029-what-is-learned-of-what-is-accepted.md.

use std::collections::VecDeque;

use crate::digraph::Sample;
use crate::policy::sitting_passed;
use crate::time::Timestamp;

/// Typings in a row, over more than one sitting, that are learned after all.
pub const ROW: usize = 3;
/// Typings that are kept at most; the oldest goes first.
pub const MOST_HELD: usize = 8;

/// A typing that is held.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// When it was typed.
    pub at: Timestamp,
    /// On which keyboard, 0 where that is not known.
    pub keyboard: u32,
    /// What was typed.
    pub sample: Sample,
}

/// Typings of one text that were accepted and not learned, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quarantine {
    kept: VecDeque<Held>,
    /// How many of the newest are a row.
    row: usize,
}

impl Quarantine {
    /// Holds a typing. Gives what is to be learned, oldest first, this one the last: the whole row
    /// where it is long enough, else nothing.
    #[must_use]
    pub fn hold(&mut self, typing: Held) -> Vec<Held> {
        let now = typing.at;
        self.keep(typing);
        self.row = (self.row + 1).min(MOST_HELD);
        let beginning = self.kept.len() - self.row;
        let began = self.kept.get(beginning).map(|held| held.at);
        let sittings = began.is_some_and(|began| sitting_passed(began, now));
        match self.row >= ROW && sittings {
            true => {
                self.row = 0;
                self.kept.drain(beginning..).collect()
            }
            false => Vec::new(),
        }
    }

    /// Keeps a typing that is not to be learned, to know a copy of it by.
    pub fn keep(&mut self, typing: Held) {
        if self.kept.len() == MOST_HELD {
            self.kept.pop_front();
        }
        self.kept.push_back(typing);
    }

    /// A typing passed with room to spare: those held were exceptions.
    pub fn end_row(&mut self) {
        self.row = 0;
    }

    /// Somebody was refused: those held before may have been theirs.
    pub fn note_refusal(&mut self, at: Timestamp) {
        let row = self.kept.iter().rev().take(self.row);
        self.row = row.take_while(|held| held.at.0 > at.0).count();
    }

    /// How many are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Lets the oldest go, where a profile has no room for all.
    pub(crate) fn drop_oldest(&mut self) {
        self.kept.pop_front();
        self.row = self.row.min(self.kept.len());
    }

    /// Those kept, oldest first, and whether they are in the row.
    pub fn iter(&self) -> impl Iterator<Item = (&Held, bool)> {
        let beginning = self.kept.len() - self.row;
        let numbered = self.kept.iter().enumerate();
        numbered.map(move |(number, held)| (held, number >= beginning))
    }

    /// The same again, of a file; `None` if there are more than can have been kept, or the row is
    /// not the newest.
    pub(crate) fn of(kept: VecDeque<(Held, bool)>) -> Option<Self> {
        let row = kept.iter().rev().take_while(|(_, in_row)| *in_row).count();
        let in_row = kept.iter().filter(|(_, in_row)| *in_row).count();
        (kept.len() <= MOST_HELD && in_row == row).then(|| Self {
            kept: kept.into_iter().map(|(held, _)| held).collect(),
            row,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digraph::{Duration, KeySequence};
    use crate::key::KeyCode;

    const DAY: u64 = 24 * 3600;

    fn typed(at: u64) -> Held {
        let keys = KeySequence::new(vec![KeyCode(30)]);
        let hold = Some(Duration(90_000 + u32::try_from(at % 1000).unwrap()));
        Held {
            at: Timestamp(at),
            keyboard: 0,
            sample: Sample::new(keys, vec![hold], vec![]).unwrap(),
        }
    }

    #[test]
    fn a_row_over_two_sittings_is_learned_in_order() {
        let mut quarantine = Quarantine::default();
        let (first, second, third) = (typed(0), typed(10), typed(DAY));
        assert_eq!(quarantine.hold(first.clone()), []);
        assert_eq!(quarantine.hold(second.clone()), []);
        assert_eq!(quarantine.hold(third.clone()), [first, second, third]);
        assert_eq!(quarantine, Quarantine::default());
    }

    #[test]
    fn a_row_in_one_sitting_is_not_and_takes_no_more_room_than_there_is() {
        let mut quarantine = Quarantine::default();
        for i in 0..100 {
            assert_eq!(quarantine.hold(typed(i)), []);
        }
        assert_eq!(quarantine.iter().count(), MOST_HELD);
        assert!(quarantine.iter().all(|(_, in_row)| in_row));
        let learned = quarantine.hold(typed(DAY));
        let oldest = learned.first().unwrap().at;
        assert_eq!((learned.len(), oldest), (MOST_HELD, Timestamp(93)));
    }

    #[test]
    fn a_clock_set_back_proves_no_second_sitting() {
        let mut quarantine = Quarantine::default();
        for i in 0..20 {
            assert_eq!(quarantine.hold(typed(20 * DAY - i * DAY)), []);
        }
    }

    #[test]
    fn a_refusal_and_a_good_one_end_the_row_and_all_are_kept() {
        let rows = |quarantine: &Quarantine| -> Vec<(u64, bool)> {
            let kept = quarantine.iter();
            kept.map(|(held, in_row)| (held.at.0, in_row)).collect()
        };
        let mut quarantine = Quarantine::default();
        for at in [0, 10, 20] {
            let _ = quarantine.hold(typed(at));
        }
        // Within one second nobody knows which came first.
        quarantine.note_refusal(Timestamp(10));
        assert_eq!(rows(&quarantine), [(0, false), (10, false), (20, true)]);
        assert_eq!(quarantine.hold(typed(DAY)), [], "two make no row");
        quarantine.end_row();
        assert_eq!(quarantine.hold(typed(2 * DAY)), []);
        let kept: Vec<_> = quarantine
            .kept
            .iter()
            .cloned()
            .zip([false, false, false, false, true])
            .collect();
        assert_eq!(Quarantine::of(kept.into()), Some(quarantine));
        let broken = [(typed(0), true), (typed(1), false)];
        assert_eq!(Quarantine::of(broken.into()), None);
        let many = (0..=MOST_HELD as u64).map(|i| (typed(i), true));
        assert_eq!(Quarantine::of(many.collect()), None);
    }
}

//! Going back: what was learned last is forgotten again. The samples that are kept are the earlier
//! versions; opening is base + replay, so leaving the newest out gives what was there before them,
//! to the bit.

use std::collections::BTreeSet;

use crate::policy::sitting_ended;
use crate::time::Timestamp;

use super::{Kept, Profile, Turn};

/// Typings that were learned in a row, of whichever sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sitting {
    /// When the first of them was learned.
    pub first: Timestamp,
    /// And the last.
    pub last: Timestamp,
    /// How many they are.
    pub typings: u32,
    /// On how many keyboards.
    pub keyboards: u32,
}

/// Further back than what is kept, or to before the rhythm was in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{undoable} sittings can be undone, and {wanted} were asked for")]
pub struct TooFar {
    /// How many sittings were asked for.
    pub wanted: usize,
    /// How many there are.
    pub undoable: usize,
}

impl Profile {
    /// The sittings that can be undone, the newest first. What a rhythm in force was enrolled with
    /// is none of them.
    #[must_use]
    pub fn sittings(&self) -> Vec<Sitting> {
        let mut later: Vec<&Kept> = self.window.iter().skip(self.enrolled()).collect();
        let mut sittings = Vec::new();
        while let Some(last) = later.last().copied() {
            let from = beginning(&later);
            let sitting = later.split_off(from);
            let keyboards: BTreeSet<u32> = sitting.iter().map(|kept| kept.keyboard).collect();
            let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            sittings.push(Sitting {
                first: sitting.first().map_or(last.at, |first| first.at),
                last: last.at,
                typings: count(sitting.len()),
                keyboards: count(keyboards.len()),
            });
        }
        sittings
    }

    /// Forgets what was learned in the last so many sittings, and what is held; how many typings
    /// were forgotten.
    ///
    /// # Errors
    /// If there are not so many; the profile is as it was.
    pub fn undo(&mut self, sittings: usize) -> Result<u32, TooFar> {
        let undoable = self.sittings();
        let too_far = TooFar {
            wanted: sittings,
            undoable: undoable.len(),
        };
        let typings = undoable.get(..sittings).ok_or(too_far)?;
        let typings: u32 = typings.iter().map(|sitting| sitting.typings).sum();
        let left = usize::try_from(typings).map_err(|_| too_far)?;
        let left = self.window.len().checked_sub(left).ok_or(too_far)?;
        let gone: Vec<Kept> = self.window.drain(left..).collect();
        for index in 0..self.sequences.len() {
            self.take_back(index, &gone);
        }
        self.replay().ok_or(too_far)?;
        for index in (0..self.sequences.len()).rev() {
            if self.sequences[index].template.memory().learned() == 0 {
                self.remove_sequence(index);
            }
        }
        Ok(typings)
    }

    /// How many typings of the window, from the oldest on, a sequence in force was enrolled with,
    /// or came before such.
    fn enrolled(&self) -> usize {
        let sequences = self.sequences.iter().enumerate();
        let in_force = sequences.filter(|(_, sequence)| sequence.arming.armed);
        let enrolled = in_force.map(|(index, sequence)| {
            let own = self.window.iter().enumerate();
            let mut own = own.filter(|(_, kept)| kept.sequence == index).rev();
            match sequence.since.ends_enrolment {
                true => own.next().map_or(0, |(position, _)| position + 1),
                false => own
                    .find(|(_, kept)| kept.turn.ends_enrolment)
                    .map_or(0, |(position, _)| position),
            }
        });
        enrolled.max().unwrap_or(0)
    }

    /// What a sequence noted of these typings beside what it learned.
    fn take_back(&mut self, index: usize, gone: &[Kept]) {
        let sequence = &mut self.sequences[index];
        sequence.held.end_row();
        let own: Vec<&Kept> = gone.iter().filter(|kept| kept.sequence == index).collect();
        let Some(first) = own.first() else { return };
        let mut left = self.window.iter().rev();
        let last = left.find(|kept| kept.sequence == index);
        sequence.learned_at = Some(last.map_or(first.at, |kept| kept.at));
        sequence.since = Turn {
            ends_enrolment: first.turn.ends_enrolment,
            starts_sitting: false,
        };
        if !sequence.arming.armed {
            let typings = u32::try_from(own.len()).unwrap_or(u32::MAX);
            let began = own.iter().filter(|kept| kept.turn.starts_sitting).count();
            sequence
                .arming
                .take_back(typings, u32::try_from(began).unwrap_or(u32::MAX));
        }
    }
}

/// Where the last sitting of these begins.
fn beginning(kept: &[&Kept]) -> usize {
    let pairs = kept.windows(2).rev();
    let later = pairs.take_while(|pair| !sitting_ended(pair[0].at, pair[1].at));
    kept.len() - 1 - later.count()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{learned, lesson, typing};
    use super::*;
    use crate::store::profile::Taught;

    const DAY: u64 = 24 * 3600;

    /// An armed profile that learned five typings on each of these days after.
    fn gone_on(days: u64) -> Vec<Profile> {
        let mut profile = learned(23);
        let mut mornings = vec![profile.clone()];
        for day in 1..=days {
            for i in 0..5u32 {
                let at = 100_000 + day * DAY + u64::from(i);
                let seed = 100 * u32::try_from(day).unwrap() + i;
                let sample = typing(16, 8, seed);
                let taught = profile.learn(&lesson(&sample, at));
                assert_eq!(taught, Ok(Taught::Learned(1)));
            }
            mornings.push(profile.clone());
        }
        mornings
    }

    /// All but the counts of sittings, which a profile in force does not ask for.
    fn same(one: &Profile, other: &Profile) -> bool {
        let of = |profile: &Profile| {
            let sequence = &profile.sequences[0];
            (
                sequence.template.clone(),
                sequence.since,
                sequence.learned_at,
                profile.window.clone(),
            )
        };
        of(one) == of(other)
    }

    #[test]
    fn what_is_undone_was_never_learned() {
        let mornings = gone_on(6);
        for back in 0..=6 {
            let mut profile = mornings[6].clone();
            assert_eq!(profile.undo(back), Ok(5 * u32::try_from(back).unwrap()));
            assert!(same(&profile, &mornings[6 - back]), "{back}");
        }
    }

    #[test]
    fn what_it_was_enrolled_with_stays() {
        let mut profile = gone_on(2).pop().unwrap();
        let before = profile.clone();
        assert_eq!(profile.sittings().len(), 2);
        let (wanted, undoable) = (3, 2);
        assert_eq!(profile.undo(3), Err(TooFar { wanted, undoable }));
        assert_eq!(profile, before);
        profile.undo(2).unwrap();
        assert!(profile.armed());
        assert_eq!(profile.sittings(), []);
        let owner = typing(16, 8, 7000);
        assert!(profile.judge(&owner, Timestamp(900_000)).is_ok());
    }

    #[test]
    fn as_far_as_the_window_goes() {
        let mut profile = gone_on(40).pop().unwrap();
        assert_eq!(profile.sittings().len(), 20, "a hundred typings are kept");
        profile.undo(20).unwrap();
        assert!(profile.window.is_empty());
        let there = gone_on(20).pop().unwrap();
        assert_eq!(profile.sequences[0].template, there.sequences[0].template);
    }

    #[test]
    fn a_sitting_is_told_by_its_times() {
        let profile = gone_on(2).pop().unwrap();
        let newest = profile.sittings()[0];
        let first = Timestamp(100_000 + 2 * DAY);
        let last = Timestamp(first.0 + 4);
        let (typings, keyboards) = (5, 1);
        let expected = Sitting {
            first,
            last,
            typings,
            keyboards,
        };
        assert_eq!(newest, expected);
    }

    #[test]
    fn learning_goes_back_to_nothing_and_begins_anew() {
        let mut profile = learned(15);
        assert_eq!(profile.sittings().len(), 2);
        profile.undo(1).unwrap();
        assert_eq!(profile.learned(), 10);
        assert_eq!(profile.sequences[0].arming, learned(10).sequences[0].arming);
        profile.undo(1).unwrap();
        assert!(profile.sequences.is_empty() && profile.window.is_empty());
        // It takes as many typings as it always does, and no fewer.
        for i in 0..30 {
            let at = if i < 10 { 300_000 } else { 400_000 };
            let sample = typing(16, 8, 500 + i);
            profile.learn(&lesson(&sample, at + u64::from(i))).unwrap();
            assert_eq!(profile.armed(), i >= 22, "{i}");
        }
    }
}

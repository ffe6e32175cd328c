//! Going back on the files: what was learned last is forgotten, and written in one step.

use crate::policy::Strictness;
use crate::store::profile::{Sitting, TooFar};
use crate::store::state::Phase;

use super::keys::Keys;
use super::{LearnError, LockGuard, Slot, Vault};

/// What is left after an undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undone {
    /// Typings that were forgotten.
    pub typings: u32,
    /// Typings that the profile has learned now.
    pub samples: u32,
    /// The account's phase, which is as it was unless nothing is left.
    pub phase: Phase,
}

impl Vault<'_> {
    /// Forgets what was learned in these sittings, the newest of those that the profile has
    /// ([`Profile::sittings`](crate::store::profile::Profile::sittings)), and what is held. A rhythm
    /// in force stays in force; verdicts, their counts and the throttle stay as they are. The
    /// generation before is the one that was undone. The caller brings a fresh nonce.
    ///
    /// # Errors
    /// As [`Vault::learn`]; [`LearnError::Changed`] if the newest sittings are others by now. The
    /// profile is then as it was.
    pub fn undo(
        &self,
        keys: Keys<'_>,
        sittings: &[Sitting],
        (strictness, min_samples): (Strictness, u32),
        nonce: [u8; 24],
    ) -> Result<Undone, LearnError> {
        let _lock: Box<dyn LockGuard> = self.main.lock(&self.lock_name())?;
        let keys = keys.fitting(self.derivation());
        let mut now = self.as_it_is(keys)?;
        if now.slot == Slot::First && now.state.phase == Phase::Armed && !now.profile.armed() {
            // A generation from before it was in force: what is undone must not end that.
            return Err(LearnError::OfBefore);
        }
        let undoable = now.profile.sittings();
        let newest = undoable.get(..sittings.len());
        let newest = newest.filter(|newest| !newest.is_empty()).ok_or(TooFar {
            wanted: sittings.len(),
            undoable: undoable.len(),
        })?;
        if newest != sittings {
            return Err(LearnError::Changed);
        }
        let typings = now.profile.undo(sittings.len())?;
        let (profile, state) = (&mut now.profile, &mut now.state);
        let samples = profile.learned();
        if now.slot == Slot::First {
            let learned = &mut state.counts.learned;
            *learned = learned.saturating_sub(u64::from(typings));
        }
        state.progress = profile.progress(strictness, min_samples);
        profile.state = state.clone();
        let seals = self.to_seal_with(keys, now.slot, false);
        self.write_profile(now.slot, keys.found.0, seals, nonce, profile)?;
        self.write_state(state, &[self.main, self.run])?;
        Ok(Undone {
            typings,
            samples,
            phase: state.phase,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::kit::{DERIVATION, Machine, key, opened};
    use super::super::{LearnError, Learned, Opening};
    use super::*;
    use crate::store::profile::tests::{lesson, typing};
    use crate::store::profile::{Lesson, Profile};
    use crate::store::state::Verdict;
    use crate::time::Timestamp;

    const DAY: u64 = 24 * 3600;
    const RULES: (Strictness, u32) = (Strictness::Normal, 20);

    fn learn_on(machine: &Machine, day: u64) -> Learned {
        let at = 200_000 + day * DAY;
        let sample = typing(16, 8, 4000 + u32::try_from(day).unwrap());
        let lesson: Lesson<'_> = lesson(&sample, at);
        let vault = machine.vault();
        vault.learn(&key(1), DERIVATION, &lesson, [9; 24]).unwrap()
    }

    fn sittings(machine: &Machine) -> Vec<Sitting> {
        let (profile, _): (Profile, Slot) = opened(machine, &key(1));
        profile.sittings()
    }

    fn undo(machine: &Machine, sittings: &[Sitting]) -> Result<Undone, LearnError> {
        let vault = machine.vault();
        let key = key(1);
        vault.undo(Keys::only(&key, DERIVATION), sittings, RULES, [8; 24])
    }

    #[test]
    fn the_generation_before_it_was_in_force_is_not_undone() {
        let machine = Machine::new();
        (0..23).for_each(|i| drop(machine.learn(&key(1), i)));
        assert_eq!(machine.phase(&key(1)), Some(Phase::Armed));
        machine.main.change("1000.profile", |file| file[4000] ^= 1);
        let of_before = sittings(&machine);
        assert!(matches!(
            undo(&machine, &of_before),
            Err(LearnError::OfBefore)
        ));
        assert_eq!(machine.phase(&key(1)), Some(Phase::Armed));
    }

    #[test]
    fn a_day_is_undone_and_the_rhythm_stays_in_force() {
        let machine = Machine::armed(&key(1));
        learn_on(&machine, 1);
        let before = opened(&machine, &key(1)).0;
        learn_on(&machine, 2);
        let undone = undo(&machine, &sittings(&machine)[..1]).unwrap();
        let (typings, samples, phase) = (1, 26, Phase::Armed);
        let expected = Undone {
            typings,
            samples,
            phase,
        };
        assert_eq!(undone, expected);
        let (profile, slot) = opened(&machine, &key(1));
        assert_eq!(slot, Slot::First);
        assert_eq!(
            profile.sequences()[0].template(),
            before.sequences()[0].template()
        );
        assert_eq!(profile.state().counts.learned, 26);
        assert_eq!(machine.phase(&key(1)), Some(Phase::Armed));
        assert_eq!(learn_on(&machine, 3).samples, 27, "and goes on learning");
    }

    #[test]
    fn nothing_is_undone_that_was_not_looked_at() {
        let machine = Machine::armed(&key(1));
        learn_on(&machine, 1);
        let seen = sittings(&machine);
        learn_on(&machine, 2);
        let files = machine.main.files.borrow().clone();
        assert!(matches!(
            undo(&machine, &seen[..1]),
            Err(LearnError::Changed)
        ));
        let more = [seen.as_slice(), &seen, &seen].concat();
        assert!(matches!(undo(&machine, &more), Err(LearnError::TooFar(_))));
        for of in [&key(1), &key(2)] {
            let keys = Keys::only(of, DERIVATION);
            let nothing = machine.vault().undo(keys, &[], RULES, [8; 24]);
            assert!(matches!(nothing, Err(LearnError::TooFar(_))));
        }
        assert_eq!(*machine.main.files.borrow(), files);
    }

    #[test]
    fn a_cool_down_and_the_verdicts_stay() {
        let machine = Machine::armed(&key(1));
        learn_on(&machine, 1);
        let seen = machine.vault().standing(&Opening::Absent);
        let super::super::Standing::Known(seen) = seen else {
            panic!("{seen:?}")
        };
        let now = Timestamp(900_000);
        let refuse = |state: &mut crate::store::state::AccountState| {
            (0..7).for_each(|_| state.note(now, Verdict::Refused));
        };
        machine.vault().decide(&seen, refuse).unwrap();
        undo(&machine, &sittings(&machine)).unwrap();
        let state = opened(&machine, &key(1)).0.state().clone();
        assert_eq!(state.throttle.cooling_down(now), Some(120));
        assert_eq!((state.counts.refused, state.verdicts.len()), (7, 7));
    }

    /// Wherever it is cut short, it has happened or it has not.
    #[test]
    fn a_fault_leaves_the_one_or_the_other() {
        let before = Machine::armed(&key(1));
        learn_on(&before, 1);
        let all = sittings(&before);
        for steps in 0..40 {
            let machine = before.copy();
            machine.main.writes_left.set(Some(steps));
            let undone = undo(&machine, &all[..1]);
            machine.main.writes_left.set(None);
            let learned = opened(&machine, &key(1)).0.learned();
            assert_eq!(machine.phase(&key(1)), Some(Phase::Armed));
            match undone {
                Ok(_) => assert_eq!(learned, 25),
                Err(_) => assert!([25, 26].contains(&learned), "{steps}"),
            }
            if undone.is_ok() {
                return;
            }
        }
        panic!("it never came to an end");
    }
}

//! Learning one typing, and writing what was taught.

use std::cell::RefCell;
use std::io;

use crate::store::files::{FileError, StateFiles};

use crate::policy::{Decision, decide};

use crate::store::profile::{Lesson, Profile, Taught};
use crate::store::seal::SealKey;
use crate::store::state::{AccountState, Phase};

use super::keys::{Derivation, Keys};
use super::{LearnError, Learned, LockGuard, Opening, Slot, Standing, Vault};

/// What is held while the lock is: the profile to be changed, where it is, and the state.
pub(super) struct Held {
    pub(super) profile: Profile,
    pub(super) slot: Slot,
    pub(super) state: AccountState,
}

impl Vault<'_> {
    /// Learns a typing: takes the lock, opens the profile as it is now, learns, and writes profile
    /// and state. The caller brings a fresh nonce.
    ///
    /// # Errors
    /// Why it was neither learned nor held; the profile is then as it was. Only where the profile
    /// was written and the state could be written nowhere has it been learned all the same: the
    /// sealed copy of the state knows.
    pub fn learn(
        &self,
        key: &SealKey,
        derivation: Derivation,
        lesson: &Lesson<'_>,
        nonce: [u8; 24],
    ) -> Result<Learned, LearnError> {
        self.learn_with(Keys::only(key, derivation), || *lesson, nonce)
    }

    /// The same, and what is written is sealed under the renewed key, if there is one. The lesson is
    /// asked for under the lock, so that its time is that of learning.
    ///
    /// # Errors
    /// As [`Vault::learn`].
    pub fn learn_with<'l>(
        &self,
        keys: Keys<'_>,
        lesson: impl FnOnce() -> Lesson<'l>,
        nonce: [u8; 24],
    ) -> Result<Learned, LearnError> {
        let _lock: Box<dyn LockGuard> = self.main.lock(&self.lock_name())?;
        let lesson = &lesson();
        let keys = keys.fitting(self.derivation());
        let mut now = self.as_it_is(keys)?;
        let (profile, state) = (&mut now.profile, &now.state);
        let armed = state.phase == Phase::Armed;
        if armed && now.slot == Slot::First {
            // What was judged before arming, or before a refusal, is judged again.
            let score = profile.judge(lesson.sample, lesson.at)?.score;
            let trusted = decide(score, lesson.strictness) == Decision::Genuine
                && score.is_some_and(|u| state.may_learn(u, lesson.strictness, lesson.at));
            if !trusted {
                return Err(LearnError::NotTrusted);
            }
            profile.stay_armed(lesson.sample);
            if let Some(refusal) = now.state.distrusted {
                profile.note_refusal(refusal);
            }
        }
        // Root is armed by an enrolment only, and stays armed through a change of the password.
        let may_arm = lesson.may_arm || (armed && now.slot == Slot::Second);
        let typings = match profile.learn(&Lesson { may_arm, ..*lesson })? {
            Taught::Learned(typings) => typings,
            Taught::Held | Taught::EnoughForADay => 0,
        };
        self.put(now, keys, lesson, typings, nonce)
    }

    /// Profile and state as they are on the disk, under the lock. What cannot be read now may be
    /// whole: an older generation must not be written over it.
    pub(super) fn as_it_is(&self, keys: Keys<'_>) -> Result<Held, LearnError> {
        let main = Noting::new(self.main);
        let held = Vault {
            main: &main,
            ..*self
        }
        .as_far_as_it_can_be_read(keys);
        match main.unread.into_inner() {
            Some(error) => Err(error.into()),
            None => held,
        }
    }

    fn as_far_as_it_can_be_read(&self, keys: Keys<'_>) -> Result<Held, LearnError> {
        let (key, derivation) = keys.found;
        // A key derived otherwise would open nothing, and look like a changed password's.
        if self.derivation().is_some_and(|now| now != derivation) {
            return Err(LearnError::Replaced);
        }
        if let Some(later) = self.later_state_in(self.main) {
            return Err(later.into());
        }
        let opening = self.open(key);
        let state = match self.standing(&opening) {
            Standing::Known(state) => state,
            Standing::Unknown => return Err(LearnError::StateUnknown),
        };
        let (profile, slot) = match opening {
            Opening::Open(profile, slot) => (*profile, slot),
            // An armed account without a profile has lost it; a new one would let anybody in.
            Opening::Absent if state.phase == Phase::Armed => {
                return Err(LearnError::StateUnknown);
            }
            Opening::Absent => (Profile::new(), Slot::First),
            Opening::OtherPassword => (Profile::new(), Slot::Second),
            Opening::Damaged(damage) => return Err(damage.into()),
        };
        Ok(Held {
            profile,
            slot,
            state,
        })
    }

    /// Writes what was taught, profile before state but for what has to be said beforehand; a second
    /// slot that is ready takes over.
    pub(super) fn put(
        &self,
        held: Held,
        keys: Keys<'_>,
        lesson: &Lesson<'_>,
        typings: u32,
        nonce: [u8; 24],
    ) -> Result<Learned, LearnError> {
        let Held {
            mut profile,
            slot,
            mut state,
        } = held;
        // An armed account is never without a profile in force: the new one is ready first.
        let promoted = slot == Slot::Second
            && profile.learned() >= lesson.min_samples
            && (profile.armed() || state.phase != Phase::Armed);
        let was = state.phase;
        if promoted {
            // What was counted belongs to the old password's profile.
            state = AccountState {
                generation: state.generation,
                ..AccountState::default()
            };
        }
        if slot == Slot::First || promoted {
            state.phase = if profile.armed() {
                Phase::Armed
            } else {
                Phase::Learning
            };
            if typings > 0 {
                state.distrusted = None;
            }
        }
        let samples = profile.learned();
        // Counted is what the profile in force has learned, beside which the other one learns.
        let learned = &mut state.counts.learned;
        *learned = match slot {
            Slot::First => learned.saturating_add(u64::from(typings)),
            Slot::Second if promoted => u64::from(samples),
            Slot::Second => *learned,
        };
        state.progress = profile.progress(lesson.strictness, lesson.min_samples);
        profile.state = state.clone();
        let target = if promoted { Slot::First } else { slot };
        let arms = state.phase == Phase::Armed && was != Phase::Armed;
        if arms || self.state_found().state.is_none() {
            self.announce(&mut state, arms)?;
        }
        let seals = self.to_seal_with(keys, target, promoted);
        self.write_profile(target, keys.found.0, seals, nonce, &profile)?;
        if promoted {
            self.forget_the_old()?;
        }
        self.write_state(&mut state, &[self.main, self.run])?;
        Ok(Learned {
            samples,
            typings,
            phase: state.phase,
            promoted,
            too_common: state.progress.too_common,
            renewed: seals.1 != keys.found.1,
        })
    }

    /// Writes the state before the profile, where it must not be found behind it. Of a profile that
    /// `arms`, an attempt without a key would be taken for one at an account that is not armed; beside
    /// the first of all, without any state, nobody but who opens it could say who is armed.
    fn announce(&self, state: &mut AccountState, arms: bool) -> Result<(), LearnError> {
        let mut ahead = AccountState {
            arming: arms,
            ..state.clone()
        };
        self.write_state(&mut ahead, &[self.main, self.run])?;
        state.generation = ahead.generation;
        Ok(())
    }
}

/// A directory that remembers what could not be read.
struct Noting<'a> {
    files: &'a dyn StateFiles,
    unread: RefCell<Option<FileError>>,
}

impl<'a> Noting<'a> {
    fn new(files: &'a dyn StateFiles) -> Self {
        Self {
            files,
            unread: RefCell::new(None),
        }
    }
}

impl StateFiles for Noting<'_> {
    fn read(&self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, FileError> {
        self.files.read(name, limit).inspect_err(|error| {
            if let FileError::Io {
                path,
                action,
                source,
            } = error
            {
                let same = source.raw_os_error().map(io::Error::from_raw_os_error);
                self.unread.replace(Some(FileError::Io {
                    path: path.clone(),
                    action,
                    source: same.unwrap_or_else(|| source.kind().into()),
                }));
            }
        })
    }

    fn write(&self, name: &str, bytes: &[u8], keep_previous: bool) -> Result<(), FileError> {
        self.files.write(name, bytes, keep_previous)
    }

    fn remove(&self, name: &str) -> Result<(), FileError> {
        self.files.remove(name)
    }

    fn prepare_lock(&self, name: &str) -> Result<(), FileError> {
        self.files.prepare_lock(name)
    }

    fn lock(&self, name: &str) -> Result<Box<dyn LockGuard>, FileError> {
        self.files.lock(name)
    }
}

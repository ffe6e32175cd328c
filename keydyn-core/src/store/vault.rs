//! One account's files, put together: which generation is good, what stands in for what is
//! missing, and how a change is written so that nothing acknowledged is lost.

use std::{fmt, mem};

use crate::acquire::FailureToAcquire;

use super::codec::{self, CodecError};
use super::files::{FileError, LockGuard, StateFiles, previous};
use super::header::{FILE_LEN, Header};
use super::host::HostKey;
use super::profile::{Profile, TooFar};
use super::seal::{OpenError, SealKey, open};
use super::state::{AccountState, Phase, STATE_LEN};

mod erase;
pub mod keys;
mod later;
pub mod nobody;
pub mod survey;
pub mod undo;

/// Which of an account's two profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The profile in force.
    First,
    /// The profile of a changed password, which takes over when it has learned enough.
    Second,
}

/// What became of opening a profile.
#[derive(Debug)]
pub enum Opening {
    /// There is none.
    Absent,
    /// It is open.
    Open(Box<Profile>, Slot),
    /// There is one, sealed under another password, and the second slot is free or under a third.
    OtherPassword,
    /// There is one, and neither generation can be opened.
    Damaged(Damage),
}

/// Why a profile that is there cannot be used. Says the file.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is damaged, foreign, or from the future.
    #[error("{name}: {reason}")]
    Open {
        /// Its name.
        name: String,
        /// What is wrong.
        reason: OpenError,
    },
    /// It opens and makes no sense.
    #[error("{name}: {reason}")]
    Codec {
        /// Its name.
        name: String,
        /// What is wrong.
        reason: CodecError,
    },
}

/// What is known of an account's state.
#[derive(Debug)]
pub enum Standing {
    /// The state, from its file or from the sealed copy.
    Known(AccountState),
    /// The state file is missing or cannot be trusted, and there is no sealed copy to be had.
    Unknown,
}

/// Why a typing was not learned.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// It was not fit to be.
    #[error(transparent)]
    Unusable(#[from] FailureToAcquire),
    /// The files could not be written, or are locked.
    #[error(transparent)]
    File(#[from] FileError),
    /// The profile is there and cannot be opened.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// The profile was made anew since the password was asked for.
    #[error("the profile was replaced while the login was under way")]
    Replaced,
    /// The account was armed since the attempt was judged, or refusals have come in between, and
    /// the attempt is not one that may be learned now.
    #[error("it does not fit what was learned while the login was under way")]
    NotTrusted,
    /// What is known of the account does not go together with the profile.
    #[error("the account's state is lost or does not fit its profile; `keydyn reset` begins anew")]
    StateUnknown,
    /// What was to be undone is not what was learned last.
    #[error("a login has been learned meanwhile; nothing was undone, run this again")]
    Changed,
    /// What could be undone is older than the rhythm in force.
    #[error(
        "the profile is damaged, and the one before it is older than the rhythm in force; a login \
         that is accepted mends that, then run this again"
    )]
    OfBefore,
    /// More was to be undone than can be.
    #[error(transparent)]
    TooFar(#[from] TooFar),
    /// The profile cannot be encoded.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// Four ways to type the password are in force already.
    #[error("four ways to type this password are learned already, and no more are kept")]
    NoRoom,
    /// No nonce could be had.
    #[error("the system has no random numbers")]
    NoRandomness,
}

/// What learning came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learned {
    /// Typings that the profile has learned now.
    pub samples: u32,
    /// How many of them it learned with this one: none where it only just passed, or the day's
    /// learning is done, more where others were held before.
    pub typings: u32,
    /// The account's phase now.
    pub phase: Phase,
    /// The second slot took over with this typing.
    pub promoted: bool,
    /// All else is there to be armed, and too many others would pass.
    pub too_common: bool,
    /// The profile was sealed under today's parameters, which it was not before.
    pub renewed: bool,
}

/// One account's files.
pub struct Vault<'a> {
    uid: u32,
    main: &'a dyn StateFiles,
    /// Where the state goes while `main` cannot be written.
    run: &'a dyn StateFiles,
    host: Option<&'a HostKey>,
}

impl fmt::Debug for Vault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("uid", &self.uid)
            .finish_non_exhaustive()
    }
}

/// How often a verdict is reached again at most, for somebody who has written meanwhile.
const MOST_ROUNDS: usize = 10;

impl<'a> Vault<'a> {
    /// The files of the user with this uid; `host` is `None` where `host.key` cannot be read.
    #[must_use]
    pub fn new(
        uid: u32,
        main: &'a dyn StateFiles,
        run: &'a dyn StateFiles,
        host: Option<&'a HostKey>,
    ) -> Self {
        Self {
            uid,
            main,
            run,
            host,
        }
    }

    fn profile_name(&self, slot: Slot) -> String {
        match slot {
            Slot::First => format!("{}.profile", self.uid),
            Slot::Second => format!("{}.second", self.uid),
        }
    }

    fn state_name(&self) -> String {
        format!("{}.state", self.uid)
    }

    fn generations(&self, slot: Slot) -> [String; 2] {
        let name = self.profile_name(slot);
        let before = previous(&name);
        [name, before]
    }

    /// Whether a generation of this profile is there, or may be.
    fn is_kept(&self, slot: Slot) -> bool {
        let there = |name: &String| !matches!(self.main.read(name, FILE_LEN), Ok(None));
        self.generations(slot).iter().any(there)
    }

    /// Opens the profile that this key opens.
    #[must_use]
    pub fn open(&self, key: &SealKey) -> Opening {
        match self.open_slot(Slot::First, key) {
            open @ Opening::Open(..) => open,
            first => match self.open_slot(Slot::Second, key) {
                open @ Opening::Open(..) => open,
                _ => first,
            },
        }
    }

    fn open_slot(&self, slot: Slot, key: &SealKey) -> Opening {
        let mut damage = None;
        for name in self.generations(slot) {
            match self.open_file(&name, key) {
                Ok(None) => {}
                Ok(Some(profile)) => return Opening::Open(Box::new(profile), slot),
                Err(Damage::Open {
                    reason: OpenError::OtherPassword,
                    ..
                }) => {
                    // Behind a damaged file whose header is whole, this one may be the same
                    // password's, derived otherwise: the key was derived for the first such header.
                    let otherwise = || self.derivation_in(&name) != self.derivation();
                    return match damage {
                        Some(damage) if otherwise() => Opening::Damaged(damage),
                        _ => Opening::OtherPassword,
                    };
                }
                Err(reason) => damage = damage.or(Some(reason)),
            }
        }
        damage.map_or(Opening::Absent, Opening::Damaged)
    }

    fn open_file(&self, name: &str, key: &SealKey) -> Result<Option<Profile>, Damage> {
        let Some(file) = later::read(self.main, name, FILE_LEN)? else {
            return Ok(None);
        };
        let (_, plaintext) = open(key, self.uid, &file).map_err(|reason| Damage::Open {
            name: name.to_owned(),
            reason,
        })?;
        let profile = codec::decode_profile(&plaintext).map_err(|reason| Damage::Codec {
            name: name.to_owned(),
            reason,
        })?;
        Ok(Some(profile))
    }

    /// The account's state: the newer of the two state files, else the copy in the open profile.
    /// If neither a state file nor a profile is there, the account has none. Where the file in the
    /// directory that lasts is lost, the one in /run may be out of date: the copy in the profile is
    /// taken if it is newer. Where there is no copy to be had, /run is believed only that an account
    /// is armed.
    #[must_use]
    pub fn standing(&self, opening: &Opening) -> Standing {
        let StateFound {
            state,
            doubtful,
            damaged,
            perhaps_old,
        } = self.state_found();
        match (state, opening) {
            (Some(found), Opening::Open(profile, slot)) => {
                let copy = perhaps_old.then(|| self.stand_in(profile.state()));
                let newest = copy.filter(|copy| copy.generation > found.generation);
                let mut state = newest.unwrap_or(found);
                // The second password's profile says nothing of the first's.
                if *slot == Slot::First {
                    if mem::take(&mut state.arming) {
                        // It is known now how far the save has come that was cut short.
                        state.phase = Phase::Learning;
                    }
                    if profile.armed() {
                        state.phase = Phase::Armed;
                    }
                }
                Standing::Known(state)
            }
            // The first save of all was cut short in front of the profile.
            (Some(state), Opening::Absent) if state.arming => Standing::Known(AccountState {
                phase: Phase::None,
                arming: false,
                ..state
            }),
            (Some(state), _)
                if (damaged || (perhaps_old && self.is_kept(Slot::First)))
                    && state.phase != Phase::Armed =>
            {
                Standing::Unknown
            }
            (Some(state), _) => Standing::Known(state),
            (None, Opening::Open(profile, _)) => Standing::Known(self.stand_in(profile.state())),
            (None, Opening::Absent) if !doubtful && !self.is_kept(Slot::Second) => {
                Standing::Known(AccountState::default())
            }
            (None, _) => Standing::Unknown,
        }
    }

    fn state_found(&self) -> StateFound {
        let read = |files: &dyn StateFiles| match files.read(&self.state_name(), STATE_LEN) {
            Ok(None) => Ok(None),
            Ok(Some(file)) => self.read_state(&file).map(Some).ok_or(()),
            Err(_) => Err(()),
        };
        let (main, run) = (read(self.main), read(self.run));
        let (damaged, perhaps_old) = (main.is_err(), !matches!(main, Ok(Some(_))));
        let doubtful = damaged || run.is_err();
        let both = [main, run].into_iter().filter_map(|found| found.ok()?);
        StateFound {
            state: both.fold(None, newer),
            doubtful,
            damaged,
            perhaps_old,
        }
    }

    /// What stands in for a lost state: the sealed copy, with the counts and the throttle of the
    /// state file's generation before where that is newer. A lost file must not end a cool-down.
    fn stand_in(&self, copy: &AccountState) -> AccountState {
        let name = previous(&self.state_name());
        let read = |files: &dyn StateFiles| self.read_state(&files.read(&name, STATE_LEN).ok()??);
        let before = [self.main, self.run].into_iter().filter_map(read);
        match before.fold(None, newer) {
            Some(before) if before.generation > copy.generation => AccountState {
                generation: before.generation,
                counts: before.counts,
                verdicts: before.verdicts,
                throttle: before.throttle,
                distrusted: before.distrusted,
                ..copy.clone()
            },
            _ => copy.clone(),
        }
    }

    /// The account's state without a key: what the state files say. Where they cannot be trusted,
    /// an account that has files is unknown, and one that has none has no state.
    #[must_use]
    pub fn standing_unopened(&self) -> Standing {
        match self.is_kept(Slot::First) || self.is_kept(Slot::Second) {
            true => self.standing(&Opening::OtherPassword),
            false => self.standing(&Opening::Absent),
        }
    }

    fn read_state(&self, file: &[u8]) -> Option<AccountState> {
        AccountState::from_file(file, self.uid, self.host?).ok()
    }

    /// Reaches a verdict on the state as it is now and writes what it came to, all under one lock:
    /// nobody is told a verdict that was not counted, and attempts at the same moment see each
    /// other. Where the directory cannot be written, lock and state are /run's. `seen` stands in
    /// where no state file can be read. Where only one of the two locks is to be had, and somebody
    /// has written meanwhile, the verdict is reached again.
    ///
    /// # Errors
    /// If the state could be written in neither place, or not where it can be read again, or both
    /// locks are held; the verdict must then not be acted on.
    pub fn decide<R>(
        &self,
        seen: &AccountState,
        mut verdict: impl FnMut(&mut AccountState) -> R,
    ) -> Result<R, FileError> {
        let main = self.main.lock(&self.lock_name());
        // Whoever finds the first lock kept goes on under this one: a verdict of theirs must not
        // be written over one that was read before it.
        let run = self.run.lock(&self.lock_name());
        if let (Err(FileError::Busy { path }), Err(_)) = (&main, &run) {
            return Err(FileError::Busy { path: path.clone() });
        }
        let alone = main.is_ok() != run.is_ok();
        let mut judge = || {
            let mut state = self.fresh_state(seen);
            let found = state.generation;
            let result = verdict(&mut state);
            (found, state, result)
        };
        let (mut found, mut state, mut result) = judge();
        // Under one of the locks: whoever has the other one may have written meanwhile.
        for _ in 0..MOST_ROUNDS {
            if !alone || self.fresh_state(seen).generation == found {
                break;
            }
            (found, state, result) = judge();
        }
        match main {
            Err(FileError::Busy { .. }) => {
                // Ahead of what the one who holds the lock is about to write.
                state.generation = state.generation.saturating_add(1);
                self.write_state(&mut state, &[self.run])?;
                Ok(result)
            }
            _ => {
                self.write_state(&mut state, &[self.main, self.run])?;
                if self.main.read(&self.state_name(), STATE_LEN).is_err() {
                    // What cannot be read back would not count: the next one reads /run's.
                    self.write_state(&mut state, &[self.run])?;
                }
                Ok(result)
            }
        }
    }

    fn lock_name(&self) -> String {
        format!("{}.lock", self.uid)
    }

    /// The state as it is on disk now, or `seen` where there is none that can be read. Counters
    /// are the disk's; the phase never falls behind what the open profile has shown, unless that
    /// was removed since: an account must not stay armed without one.
    fn fresh_state(&self, seen: &AccountState) -> AccountState {
        let on_disk = self.state_found();
        if on_disk.perhaps_old
            && on_disk
                .state
                .is_some_and(|state| state.generation < seen.generation)
        {
            return seen.clone();
        }
        match self.standing(&Opening::Absent) {
            Standing::Known(mut state) if state.generation > 0 => {
                let behind = seen.phase == Phase::Armed && state.phase != Phase::Armed;
                if behind && self.is_kept(Slot::First) {
                    state.phase = Phase::Armed;
                }
                state
            }
            Standing::Known(nothing) if !self.is_kept(Slot::First) => nothing,
            _ => seen.clone(),
        }
    }

    /// Writes the state to the first of these places that takes it.
    fn write_state(
        &self,
        state: &mut AccountState,
        places: &[&dyn StateFiles],
    ) -> Result<(), FileError> {
        let name = self.state_name();
        let unwritable = |what| FileError::Untrusted {
            path: name.clone(),
            reason: what,
        };
        let host = self
            .host
            .ok_or_else(|| unwritable("cannot be signed without host.key"))?;
        state.generation = state.generation.saturating_add(1);
        let file = state
            .to_file(self.uid, host)
            .map_err(|_| unwritable("cannot be encoded"))?;
        let mut failed = unwritable("has no place to go");
        for place in places {
            let written = match self.later_state_in(*place) {
                Some(later) => Err(later),
                None => place.write(&name, &file, true),
            };
            match written {
                Ok(()) => return Ok(()),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// After the second slot took over: the old password's profile and the second slot go.
    fn forget_the_old(&self) -> Result<(), FileError> {
        self.main
            .remove(&previous(&self.profile_name(Slot::First)))?;
        self.main.remove(&self.profile_name(Slot::Second))
    }
}

/// What the state files say.
struct StateFound {
    /// The newer one.
    state: Option<AccountState>,
    /// One of them cannot be believed.
    doubtful: bool,
    /// The one that lasts cannot.
    damaged: bool,
    /// Or it is not there: what was found is /run's.
    perhaps_old: bool,
}

fn newer(one: Option<AccountState>, other: AccountState) -> Option<AccountState> {
    match one {
        Some(one) if one.generation >= other.generation => Some(one),
        _ => Some(other),
    }
}

pub mod enrol;
mod learn;
#[cfg(test)]
pub(super) mod tests;

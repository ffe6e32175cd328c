//! Beginning anew, and erasing: in an order that leaves nobody armed without a profile, nor
//! unknown, wherever it is interrupted.

use super::super::switch::{Switch, Whom};
use super::{
    AccountState, FILE_LEN, FileError, LockGuard, Opening, Slot, Standing, StateFiles, Vault,
    previous,
};
use crate::store::files::unfinished;

impl Vault<'_> {
    /// Forgets what was learned: the account is one of which nothing is known, its throttle is
    /// cleared. What a save that was cut short left goes too, and what a later keydyn wrote. Gives
    /// whether there was anything.
    ///
    /// # Errors
    /// If a file could not be written or removed, or the account is locked. Then either nothing
    /// has changed, or the account goes on as before with a fresh throttle, or it has begun anew;
    /// doing it again completes it.
    pub fn reset(&self) -> Result<bool, FileError> {
        let mut half = self.half_learned().into_iter();
        let nothing = !self.is_known() || self.has_begun_anew();
        if nothing && !half.any(|name| self.is_anywhere(&name)) {
            return Ok(false);
        }
        let _locks = self.lock_everywhere()?;
        if self.is_known() {
            self.begin_anew()?;
        } else {
            self.erase_learned()?;
        }
        Ok(true)
    }

    /// Removes every file of the account: what was learned, the state, the marker of `disable`,
    /// the locks. Gives whether there was any.
    ///
    /// # Errors
    /// As for [`Vault::reset`].
    pub fn forget(&self) -> Result<bool, FileError> {
        let switch = Switch::new(self.main, self.run);
        let (whom, lock) = (Whom::User(self.uid), self.lock_name());
        let marker = whom.file_name();
        let mut other: Vec<String> = self.half_learned();
        other.extend(half_written([marker.clone()]));
        other.extend([marker.clone(), lock.clone()]);
        if !self.is_known() && !other.iter().any(|name| self.is_anywhere(name)) {
            return Ok(false);
        }
        let _locks = self.lock_everywhere()?;
        if self.is_known() {
            self.begin_anew()?;
        }
        self.erase_learned()?;
        // Whoever was disabled for being locked out is no longer.
        switch.enable(whom)?;
        for files in [self.run, self.main] {
            // What is left of a `disable` that was cut short.
            files.remove(&marker)?;
        }
        // Whoever waits for a lock that is gone takes a new one.
        self.run.remove(&lock)?;
        self.main.remove(&lock)?;
        Ok(true)
    }

    /// Every file of profiles and states. Of an account that is not known, a first save that was
    /// cut short may be there.
    fn erase_learned(&self) -> Result<(), FileError> {
        for slot in [Slot::Second, Slot::First] {
            self.main.remove(&self.profile_name(slot))?;
        }
        self.run.remove(&self.state_name())?;
        self.main.remove(&self.state_name())
    }

    fn begin_anew(&self) -> Result<(), FileError> {
        if self.later_state_in(self.main).is_some() {
            // Until there is one again, the copy sealed in the profile stands in.
            self.main.remove(&self.state_name())?;
        }
        let mut anew = AccountState {
            generation: match self.standing(&Opening::Absent) {
                Standing::Known(state) => state.generation,
                Standing::Unknown => 0,
            },
            ..AccountState::default()
        };
        // First, so that nobody is armed without a profile. Until the profile is gone, whoever
        // opens it is still armed by it.
        self.write_state(&mut anew, &[self.main])?;
        self.run.remove(&self.state_name())?;
        // The profile in force is the last to go: there is never a second one alone.
        self.main.remove(&self.profile_name(Slot::Second))?;
        self.main.remove(&self.profile_name(Slot::First))?;
        self.main.remove(&previous(&self.state_name()))
    }

    /// The account's lock in both directories, so that no verdict goes to /run meanwhile.
    fn lock_everywhere(&self) -> Result<[Option<Box<dyn LockGuard>>; 2], FileError> {
        let name = self.lock_name();
        let main = self.main.lock(&name)?;
        let run = match self.run.lock(&name) {
            Ok(lock) => Some(lock),
            Err(busy @ FileError::Busy { .. }) => return Err(busy),
            // Then nobody else can have it either.
            Err(_) => None,
        };
        Ok([Some(main), run])
    }

    /// Whether there is a profile or a state.
    fn is_known(&self) -> bool {
        let state = self.state_name();
        [Slot::First, Slot::Second]
            .iter()
            .any(|&slot| self.is_kept(slot))
            || [&state, &previous(&state)]
                .iter()
                .any(|name| self.is_anywhere(name))
    }

    /// Whether all that is known is that nothing has been learned since it was forgotten.
    fn has_begun_anew(&self) -> bool {
        let profiles = [Slot::First, Slot::Second];
        let state = match self.standing(&Opening::Absent) {
            Standing::Known(state) => state,
            Standing::Unknown => return false,
        };
        !profiles.into_iter().any(|slot| self.is_kept(slot))
            && !self.is_anywhere(&previous(&self.state_name()))
            && state
                == AccountState {
                    generation: state.generation,
                    ..AccountState::default()
                }
    }

    /// Every name that a save of what was learned may have left when it was cut short.
    fn half_learned(&self) -> Vec<String> {
        let profiles = [Slot::First, Slot::Second].map(|slot| self.profile_name(slot));
        half_written(profiles.into_iter().chain([self.state_name()]))
    }

    fn is_anywhere(&self, name: &str) -> bool {
        let in_place = |files: &dyn StateFiles| !matches!(files.read(name, FILE_LEN), Ok(None));
        in_place(self.main) || in_place(self.run)
    }
}

fn half_written(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let names = names.into_iter().flat_map(|name| [previous(&name), name]);
    names.flat_map(|name| unfinished(&name)).collect()
}

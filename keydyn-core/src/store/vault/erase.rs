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
    /// cleared. Gives whether there was anything.
    ///
    /// # Errors
    /// If a file could not be written or removed, or the account is locked. Then either nothing
    /// has changed, or the account goes on as before with a fresh throttle, or it has begun anew;
    /// doing it again completes it.
    pub fn reset(&self) -> Result<bool, FileError> {
        if !self.is_known() {
            return Ok(false);
        }
        let _locks = self.lock_everywhere()?;
        self.begin_anew()?;
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
        let other = [whom.file_name(), lock.clone()];
        let mut other = other.into_iter().chain(self.left_unfinished());
        if !self.is_known() && !other.any(|name| self.is_anywhere(&name)) {
            return Ok(false);
        }
        let _locks = self.lock_everywhere()?;
        if self.is_known() {
            self.begin_anew()?;
        }
        // Of an account that is not known, a first save that was cut short may be there.
        for slot in [Slot::Second, Slot::First] {
            self.main.remove(&self.profile_name(slot))?;
        }
        self.run.remove(&self.state_name())?;
        self.main.remove(&self.state_name())?;
        // Whoever was disabled for being locked out is no longer.
        switch.enable(whom)?;
        for files in [self.run, self.main] {
            // What is left of a `disable` that was cut short.
            files.remove(&whom.file_name())?;
        }
        // Whoever waits for a lock that is gone takes a new one.
        self.run.remove(&lock)?;
        self.main.remove(&lock)?;
        Ok(true)
    }

    fn begin_anew(&self) -> Result<(), FileError> {
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

    /// Every name that a save that was cut short may have left.
    fn left_unfinished(&self) -> Vec<String> {
        let profiles = [Slot::First, Slot::Second].map(|slot| self.profile_name(slot));
        let marker = Whom::User(self.uid).file_name();
        let names = profiles.into_iter().chain([self.state_name(), marker]);
        let names = names.flat_map(|name| [previous(&name), name]);
        names.flat_map(|name| unfinished(&name)).collect()
    }

    fn is_anywhere(&self, name: &str) -> bool {
        let in_place = |files: &dyn StateFiles| !matches!(files.read(name, FILE_LEN), Ok(None));
        in_place(self.main) || in_place(self.run)
    }
}

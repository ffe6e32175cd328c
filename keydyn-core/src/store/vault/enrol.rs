//! An explicit enrolment on the files: begun on what is there, written in one step.

use crate::store::enrolment::{Enrolled, EnrolmentRules, EnrolmentSession};

use crate::store::state::Phase;

use super::keys::Keys;
use super::{LearnError, Learned, LockGuard, Slot, Vault};

/// Which profile an enrolment begins on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// The password's own, or none.
    Own,
    /// Another password's profile is there, which the enrolment replaces when it is complete.
    OtherPassword {
        /// Whether that one is in force.
        armed: bool,
    },
}

impl Vault<'_> {
    /// Begins an enrolment on the profile as it is. Nothing is written and no lock is taken: the
    /// typing that follows takes minutes.
    ///
    /// # Errors
    /// If there is a profile or a state that cannot be believed.
    pub fn begin_enrolment(
        &self,
        keys: Keys<'_>,
        rules: EnrolmentRules,
    ) -> Result<(EnrolmentSession, Ground), LearnError> {
        let held = self.as_it_is(keys.fitting(self.derivation()))?;
        let armed = held.state.phase == Phase::Armed;
        let ground = match held.slot {
            Slot::First => Ground::Own,
            Slot::Second => Ground::OtherPassword { armed },
        };
        let unproven = armed && held.slot == Slot::First;
        let session = EnrolmentSession::new(held.profile, held.state, unproven, rules);
        Ok((session, ground))
    }

    /// Learns a whole enrolment: takes the lock, opens the profile as it is now, with all that
    /// logins have learned meanwhile, teaches it, and writes profile and state once. Verdicts,
    /// their counts and the throttle stay as they are; only where the enrolment replaces another
    /// password's profile, the account begins anew. The caller brings a fresh nonce.
    ///
    /// # Errors
    /// As [`Vault::learn`]; nothing of it is learned then. If the account is armed and the first
    /// typing is not one that its profile accepts, [`LearnError::NotTrusted`].
    pub fn enrol(
        &self,
        keys: Keys<'_>,
        enrolled: &Enrolled,
        nonce: [u8; 24],
    ) -> Result<Learned, LearnError> {
        let _lock: Box<dyn LockGuard> = self.main.lock(&self.lock_name())?;
        let keys = keys.fitting(self.derivation());
        let mut now = self.as_it_is(keys)?;
        let first = enrolled.typed.first().ok_or(LearnError::NotTrusted)?;
        if now.state.phase == Phase::Armed && now.slot == Slot::First {
            let strictness = enrolled.rules.strictness;
            if !now.profile.proven_by(first, &now.state, strictness)? {
                return Err(LearnError::NotTrusted);
            }
            now.profile.stay_armed(&first.sample);
        }
        let learned = enrolled.teach(&mut now.profile);
        if learned == 0 {
            return Err(LearnError::NoRoom);
        }
        let lesson = first.lesson(enrolled.rules);
        self.put(now, keys, &lesson, learned, nonce)
    }
}

#[cfg(test)]
mod tests;

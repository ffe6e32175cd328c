//! The keys of one password, and what is sealed under them: also anew, what outdated parameters have
//! sealed.

use crate::store::codec::{self, CodecError};
use crate::store::files::previous;
use crate::store::header::{FILE_LEN, Header, KdfParams, Salt};
use crate::store::profile::Profile;
use crate::store::seal::{OpenError, SealKey, seal};

use super::learn::Held;
use super::{Damage, LearnError, LockGuard, Slot, Vault};

/// What a key is derived under.
pub type Derivation = (Salt, KdfParams);

/// The keys of one password.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// Under what the account's profile was sealed with when the password was typed.
    pub found: (&'a SealKey, Derivation),
    /// Under what it is to be sealed with from now on, where that is something else.
    pub renewed: Option<(&'a SealKey, Derivation)>,
}

impl<'a> Keys<'a> {
    /// One key: nothing is outdated.
    #[must_use]
    pub fn only(key: &'a SealKey, derivation: Derivation) -> Self {
        Self {
            found: (key, derivation),
            renewed: None,
        }
    }

    /// Of these, what fits a profile that is sealed so now: another login may have renewed it since.
    #[must_use]
    pub fn fitting(self, now: Option<Derivation>) -> Self {
        match self.renewed {
            Some(renewed) if now == Some(renewed.1) => Self {
                found: renewed,
                renewed: None,
            },
            _ => self,
        }
    }
}

impl Vault<'_> {
    /// Salt and parameters under which this account's keys are derived; both slots share them.
    /// `None` if there is no profile whose header can be read.
    #[must_use]
    pub fn derivation(&self) -> Option<Derivation> {
        let slots = [Slot::First, Slot::Second].into_iter();
        let mut names = slots.flat_map(|slot| self.generations(slot));
        names.find_map(|name| self.derivation_in(&name))
    }

    pub(super) fn derivation_in(&self, name: &str) -> Option<Derivation> {
        let header = self.header_in(name)?;
        Some((header.salt, header.kdf))
    }

    pub(super) fn header_in(&self, name: &str) -> Option<Header> {
        let file = self.main.read(name, FILE_LEN).ok()??;
        Header::parse(&file).ok()
    }

    /// Under what a profile that was found to be sealed so is to be sealed from now on, by what is
    /// asked for today; `None` if that is as it should be. While a changed password is learned
    /// nothing is renewed, because nobody has both passwords and both slots share one derivation.
    #[must_use]
    pub fn renewal(&self, (salt, params): Derivation, today: KdfParams) -> Option<Derivation> {
        let renewed = params.raised_to(today)?;
        (!self.is_kept(Slot::Second)).then_some((salt, renewed))
    }

    /// Seals the profile under the renewed key as it is, for a login that was right and learned
    /// nothing. The caller brings a fresh nonce. Whether there was anything to do.
    ///
    /// # Errors
    /// As [`Vault::learn`]; the file is then as it was.
    pub fn renew(&self, keys: Keys<'_>, nonce: [u8; 24]) -> Result<bool, LearnError> {
        let _lock: Box<dyn LockGuard> = self.main.lock(&self.lock_name())?;
        let keys = keys.fitting(self.derivation());
        let seals = self.to_seal_with(keys, Slot::First, false);
        if seals.1 == keys.found.1 {
            return Ok(false);
        }
        let Held {
            mut profile,
            slot,
            state,
        } = self.as_it_is(keys)?;
        // What another password has sealed, or nobody yet, is not ours to write.
        if slot != Slot::First || profile.learned() == 0 {
            return Ok(false);
        }
        profile.state = state;
        self.write_profile(Slot::First, keys.found.0, seals, nonce, &profile)?;
        Ok(true)
    }

    /// Which key a profile is written under: the renewed one, unless a slot under the other
    /// password would be left behind under parameters that nobody looks for.
    pub(super) fn to_seal_with<'k>(
        &self,
        keys: Keys<'k>,
        target: Slot,
        promoted: bool,
    ) -> (&'k SealKey, Derivation) {
        let alone = target == Slot::First && (promoted || !self.is_kept(Slot::Second));
        keys.renewed.filter(|_| alone).unwrap_or(keys.found)
    }

    /// Writes a profile that `opens` opens as it is, sealed under the other key. The generation before
    /// is what was there, if it is worth it.
    pub(super) fn write_profile(
        &self,
        slot: Slot,
        opens: &SealKey,
        (key, derivation): (&SealKey, Derivation),
        nonce: [u8; 24],
        profile: &Profile,
    ) -> Result<(), LearnError> {
        if nonce == [0; 24] {
            return Err(LearnError::NoRandomness);
        }
        let name = self.profile_name(slot);
        let before = self.header(&previous(&name), opens)?;
        let current = self.header(&name, opens)?;
        let generations = [current, before].into_iter().flatten();
        let generation = generations
            .map(|header| header.generation)
            .max()
            .unwrap_or(0);
        let plaintext = codec::encode_profile(profile)?;
        let file = seal(
            key,
            self.uid,
            derivation,
            generation.saturating_add(1),
            nonce,
            &plaintext,
        )
        .ok_or(CodecError::TooLarge)?;
        Ok(self
            .main
            .write(&name, &file, self.worth_keeping(&name, opens))?)
    }

    /// Whether the file may become the generation before: what is damaged, behind its header too,
    /// does not take the place of one that opens.
    fn worth_keeping(&self, name: &str, key: &SealKey) -> bool {
        match self.open_file(name, key) {
            Ok(profile) => profile.is_some(),
            Err(Damage::Open { reason, .. }) => reason == OpenError::OtherPassword,
            Err(_) => false,
        }
    }
}

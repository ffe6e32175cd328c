//! The work of an attempt that is judged, done for nobody.
//!
//! A wrong password opens no profile, and keydyn counts it in no file. Were that all, its refusal
//! would come sooner than that of a wrong rhythm, and whoever measures would learn that a password
//! is right (docs/adr/0037).

use std::hint::black_box;

use crate::store::codec;
use crate::store::header::KdfParams;
use crate::store::profile::Profile;
use crate::store::seal::{SealKey, open, seal};
use crate::store::state::{Phase, STATE_LEN};

use super::{Slot, Standing, Vault};

/// A file of an account's state's size, written as one is. What is in it is nobody's.
pub const NOBODYS_STATE: &str = "nobody.state";

impl Vault<'_> {
    /// Whether an attempt with this key is judged and counted: the profile says, in one generation or
    /// the other, that it is sealed under it, and the account may be armed. Nothing is opened.
    #[must_use]
    pub fn judges(&self, key: &SealKey) -> bool {
        let names = self.generations(Slot::First);
        let mut headers = names.iter().filter_map(|name| self.header_in(name));
        headers.any(|header| header.is_of(key)) && self.may_be_armed()
    }

    fn may_be_armed(&self) -> bool {
        match self.standing_unopened() {
            Standing::Known(state) => state.phase == Phase::Armed,
            Standing::Unknown => true,
        }
    }

    /// Opens a profile and writes a state, as an attempt does that is judged. No lock is taken:
    /// whoever has no password must not be able to keep the owner waiting; but the locks are there
    /// afterwards, as behind a verdict. Whatever fails, failed for nobody.
    pub fn judge_nobody(&self) {
        black_box(open_a_profile());
        if self.may_be_armed() {
            for files in [self.main, self.run] {
                let _ = files.prepare_lock(&self.lock_name());
            }
        }
        let state = [0; STATE_LEN];
        if self.main.write(NOBODYS_STATE, &state, true).is_err() {
            let _ = self.run.write(NOBODYS_STATE, &state, true);
        }
        let _ = black_box(self.main.read(NOBODYS_STATE, STATE_LEN));
    }
}

/// Seals a profile that has learned nothing, and opens it: together what opening one costs that has
/// learned a hundred typings.
fn open_a_profile() -> Option<Profile> {
    let key = SealKey::from_bytes([0; 32]);
    let plaintext = codec::encode_profile(&Profile::new()).ok()?;
    let derivation = ([0; 16], KdfParams::CURRENT);
    let sealed = seal(&key, 0, derivation, 0, [0; 24], &plaintext)?;
    let (_, plaintext) = open(&key, 0, black_box(&sealed)).ok()?;
    codec::decode_profile(&plaintext).ok()
}

#[cfg(test)]
mod tests {
    use super::super::tests::kit::{Machine, UID, key};
    use super::*;
    use crate::store::files::StateFiles as _;

    fn files(machine: &Machine) -> Vec<(String, Option<Vec<u8>>)> {
        let names = machine.main.names().into_iter();
        let own = names.filter(|name| name.starts_with(&UID.to_string()));
        own.map(|name| (name.clone(), machine.main.read(&name, usize::MAX).unwrap()))
            .collect()
    }

    #[test]
    fn a_profile_is_opened_and_nothing_of_an_account_is_touched() {
        assert_eq!(open_a_profile(), Some(Profile::new()));
        let machine = Machine::armed(&key(1));
        let before = files(&machine);
        machine.vault().judge_nobody();
        assert_eq!(files(&machine), before);
        let written = machine.main.read(NOBODYS_STATE, STATE_LEN).unwrap();
        assert_eq!(written.map(|bytes| bytes.len()), Some(STATE_LEN));
        assert!(machine.run.names().is_empty());
        // A disk that is full for an account is full for nobody.
        machine.main.writes_left.set(Some(0));
        machine.vault().judge_nobody();
        assert_eq!(machine.run.names(), [NOBODYS_STATE]);
        assert_eq!(files(&machine), before);
    }

    #[test]
    fn only_an_armed_profile_judges_and_only_its_own_password() {
        let machine = Machine::new();
        assert!(!machine.vault().judges(&key(1)));
        machine.learn(&key(1), 0).unwrap();
        assert!(!machine.vault().judges(&key(1)), "learning");
        let machine = Machine::armed(&key(1));
        assert!(machine.vault().judges(&key(1)) && !machine.vault().judges(&key(2)));
        machine.main.change("1000.profile", |file| file[4000] ^= 1);
        assert!(machine.vault().judges(&key(1)), "the generation before");
        machine.main.delete("1000.state");
        assert!(machine.vault().judges(&key(1)), "by the copy");
    }
}

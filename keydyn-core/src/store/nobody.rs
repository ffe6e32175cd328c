//! The work of an attempt that is judged, done for nobody.
//!
//! A wrong password opens no profile, and keydyn counts it in no file. Were that all, its refusal
//! would come sooner than that of a wrong rhythm, and whoever measures would learn that a password
//! is right (docs/adr/0037).

use std::hint::black_box;

use super::codec;
use super::files::StateFiles;
use super::header::KdfParams;
use super::profile::Profile;
use super::seal::{SealKey, open, seal};
use super::state::STATE_LEN;

/// A file of an account's state's size, written as one is. What is in it is nobody's.
pub const NOBODYS_STATE: &str = "nobody.state";

/// Opens a profile and writes a state, as an attempt does that is judged. No lock is taken: whoever
/// has no password must not be able to keep the owner waiting. Whatever fails, failed for nobody.
pub fn judge_nobody(main: &dyn StateFiles, run: &dyn StateFiles) {
    black_box(open_a_profile());
    let state = [0; STATE_LEN];
    if main.write(NOBODYS_STATE, &state, true).is_err() {
        let _ = run.write(NOBODYS_STATE, &state, true);
    }
    let _ = black_box(main.read(NOBODYS_STATE, STATE_LEN));
}

/// Seals a profile that has learned nothing, and opens it: together what opening one costs that has
/// learned a hundred typings.
fn open_a_profile() -> Option<Profile> {
    let key = SealKey::from_bytes([0; 32]);
    let plaintext = codec::encode_profile(&Profile::new()).ok()?;
    let sealed = seal(
        &key,
        0,
        ([0; 16], KdfParams::CURRENT),
        0,
        [0; 24],
        &plaintext,
    )?;
    let (_, plaintext) = open(&key, 0, black_box(&sealed)).ok()?;
    codec::decode_profile(&plaintext).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::vault::tests::kit::{Machine, UID, key};

    #[test]
    fn a_profile_is_opened_and_nothing_of_an_account_is_touched() {
        assert_eq!(open_a_profile(), Some(Profile::new()));
        let machine = Machine::armed(&key(1));
        let files = |machine: &Machine| -> Vec<_> {
            let names = machine.main.names();
            let ours = names
                .iter()
                .filter(|name| name.starts_with(&UID.to_string()));
            let read = |name: &String| (name.clone(), machine.main.read(name, usize::MAX).unwrap());
            ours.map(read).collect()
        };
        let before = files(&machine);
        judge_nobody(&machine.main, &machine.run);
        assert_eq!(files(&machine), before);
        let written = machine.main.read(NOBODYS_STATE, STATE_LEN).unwrap();
        assert_eq!(written.map(|bytes| bytes.len()), Some(STATE_LEN));
        assert!(machine.run.names().is_empty());
    }
}

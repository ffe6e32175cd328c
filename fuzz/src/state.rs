//! The state file.

use keydyn_core::store::host::HostKey;
use keydyn_core::store::state::{AccountState, STATE_LEN, StateError, VERDICTS};
use keydyn_core::time::Timestamp;

use crate::{assert_sentence, meant};

const UID: u32 = 1000;
const MAC_LEN: usize = 32;
const LONGEST_COOL_DOWN: u64 = 15 * 60;

/// A file as it is, everything but the MAC of one, or a body between magic, version and MAC.
pub fn run(data: &[u8]) {
    let Some((way, bytes)) = meant(data, 3) else {
        return;
    };
    let host = HostKey::from_bytes(&[3; 32]).expect("32 bytes");
    let mut file = Vec::new();
    if way == 2 {
        file.extend_from_slice(b"KEYDYNS\n\x01\0");
    }
    file.extend_from_slice(bytes);
    if way == 2 {
        file.resize(STATE_LEN - MAC_LEN, 0);
    }
    if way > 0 {
        let mac = host.authenticate(UID, &file);
        file.extend_from_slice(&mac);
    }
    let read = AccountState::from_file(&file, UID, &host);
    assert_eq!(
        read,
        AccountState::from_file(&file, UID, &host),
        "twice the same"
    );
    match read {
        Ok(state) => {
            assert!(state.verdicts.len() <= VERDICTS);
            let left = state.throttle.cooling_down(Timestamp(u64::MAX / 2));
            assert!(left.is_none_or(|left| left <= LONGEST_COOL_DOWN));
            let written = state.to_file(UID, &host).expect("no state is too large");
            assert_eq!(written.len(), STATE_LEN);
            assert_eq!(AccountState::from_file(&written, UID, &host), Ok(state));
            assert!(file.len() != STATE_LEN || file == written, "other bytes");
            let stranger = AccountState::from_file(&file, UID + 1, &host);
            assert_eq!(stranger, Err(StateError::Mac), "another user's");
        }
        Err(error) => {
            assert!(way < 2 || error != StateError::Mac, "it is right");
            assert_sentence(&error.to_string(), 160);
        }
    }
}

//! The open part of a sealed profile.

use blake2::digest::Digest as _;
use blake2::digest::consts::U32;
use keydyn_core::store::header::{FILE_LEN, HEADER_LEN, Header, HeaderError};

use crate::{assert_sentence, meant};

/// A file as it is, padded to a profile's length, or with its checksum put right too.
pub fn run(data: &[u8]) {
    let Some((way, bytes)) = meant(data, 3) else {
        return;
    };
    let mut file = bytes.to_vec();
    if way > 0 {
        file.resize(FILE_LEN, 0);
    }
    if way > 1 {
        let sum = checksum(&file);
        file[88..120].copy_from_slice(&sum);
    }
    let parsed = Header::parse(&file);
    assert_eq!(parsed, Header::parse(&file), "twice the same");
    match parsed {
        Ok(header) => {
            assert!(header.kdf.in_bounds(), "before any work is done");
            assert_eq!(file.len(), FILE_LEN);
            assert_eq!(file[88..120], checksum(&file));
            let written = header.to_bytes();
            assert_eq!(
                written[..88],
                file[..88],
                "what was read is what is written"
            );
            assert_eq!(written[120..], file[120..HEADER_LEN]);
        }
        Err(error) => {
            assert!(way < 2 || error != HeaderError::Checksum, "it is right");
            assert_sentence(&error.to_string(), 200);
        }
    }
}

/// As docs/profile-format.md has it.
fn checksum(file: &[u8]) -> [u8; 32] {
    let mut hash = blake2::Blake2b::<U32>::new();
    hash.update(&file[..88]);
    hash.update([0; 32]);
    hash.update(&file[120..]);
    hash.finalize().into()
}

//! Keyed BLAKE2b (RFC 7693): every label and every MAC of the store.

use blake2::Blake2bMac;
use blake2::digest::consts::{U16, U32};
use blake2::digest::{KeyInit as _, Mac as _};

/// The state of a MAC of `$size` bytes. The label says what it is for and is told from the data by
/// its length.
macro_rules! keyed {
    ($size:ty, $key:expr, $label:expr, $data:expr) => {{
        // BLAKE2b takes keys of 1 to 64 bytes; this one has 32.
        let mut mac = Blake2bMac::<$size>::new_from_slice($key).expect("32 bytes are a key");
        mac.update(&[u8::try_from($label.len()).unwrap_or(u8::MAX)]);
        mac.update($label);
        for part in $data {
            mac.update(part);
        }
        mac
    }};
}

/// Keyed BLAKE2b with an output of 16 bytes over a label and data.
pub(super) fn short(key: &[u8; 32], label: &[u8], data: &[&[u8]]) -> [u8; 16] {
    keyed!(U16, key, label, data).finalize().into_bytes().into()
}

/// Keyed BLAKE2b with an output of 32 bytes over a label and data.
pub(super) fn long(key: &[u8; 32], label: &[u8], data: &[&[u8]]) -> [u8; 32] {
    keyed!(U32, key, label, data).finalize().into_bytes().into()
}

/// Whether `tag` is [`long`]'s output, in constant time.
pub(super) fn verify(key: &[u8; 32], label: &[u8], data: &[&[u8]], tag: &[u8]) -> bool {
    keyed!(U32, key, label, data).verify_slice(tag).is_ok()
}

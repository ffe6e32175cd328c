//! The key of this machine: authenticates `UID.state` and gives first salts.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::header::Salt;
use super::mac;

const STATE_LABEL: &[u8] = b"keydyn v1 state";

/// Length of `host.key`.
pub const HOST_KEY_LEN: usize = 32;

/// A random key that never leaves this machine. Wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct HostKey([u8; HOST_KEY_LEN]);

impl fmt::Debug for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostKey(..)")
    }
}

impl HostKey {
    /// The key with these bytes; `None` if there are not 32 of them or all are zero, as a file
    /// system may leave them after a power cut.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let key: [u8; HOST_KEY_LEN] = bytes.try_into().ok()?;
        (key != [0; HOST_KEY_LEN]).then_some(Self(key))
    }

    /// The salt of a user's first profile: derived, so that two first logins at once agree.
    #[must_use]
    pub fn salt_for_uid(&self, uid: u32) -> Salt {
        mac::short(&self.0, b"keydyn v1 salt for a uid", &[&uid.to_le_bytes()])
    }

    /// The salt for a name that no user has: it costs what a user's costs.
    #[must_use]
    pub fn salt_for_name(&self, name: &[u8]) -> Salt {
        mac::short(&self.0, b"keydyn v1 salt for a name", &[name])
    }

    /// Authenticates a state file's bytes as this user's.
    #[must_use]
    pub fn authenticate(&self, uid: u32, bytes: &[u8]) -> [u8; 32] {
        mac::long(&self.0, STATE_LABEL, &[&uid.to_le_bytes(), bytes])
    }

    /// Whether the bytes are as this machine wrote them for this user, in constant time.
    #[must_use]
    pub fn verify(&self, uid: u32, bytes: &[u8], tag: &[u8]) -> bool {
        mac::verify(&self.0, STATE_LABEL, &[&uid.to_le_bytes(), bytes], tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn salts_are_the_machine_s_and_the_user_s_own_and_always_the_same() {
        let (one, other) = (HostKey([1; 32]), HostKey([2; 32]));
        let salts = [
            one.salt_for_uid(1),
            one.salt_for_uid(2),
            other.salt_for_uid(1),
            one.salt_for_name(b"alice"),
            one.salt_for_name(b"bob"),
            other.salt_for_name(b"alice"),
            Salt::default(),
        ];
        for (i, salt) in salts.iter().enumerate() {
            assert!(!salts[..i].contains(salt), "{i}");
        }
        assert_eq!(HostKey([1; 32]).salt_for_uid(1), salts[0]);
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", HostKey([7; 32])), "HostKey(..)");
    }
}

//! Recognises a password again without keeping it.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::mac;

const LABEL: &[u8] = b"keydyn v1 token";

/// A digest of a password under a random key that lives as long as one login. Wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct TokenDigest {
    key: [u8; 32],
    digest: [u8; 32],
}

impl TokenDigest {
    /// The digest of this password under this fresh random key.
    #[must_use]
    pub fn new(key: [u8; 32], token: &[u8]) -> Self {
        Self {
            key,
            digest: mac::long(&key, LABEL, &[token]),
        }
    }

    /// The digest with these parts, made before.
    #[must_use]
    pub fn from_parts(key: [u8; 32], digest: [u8; 32]) -> Self {
        Self { key, digest }
    }

    /// Key and digest.
    #[must_use]
    pub fn parts(&self) -> (&[u8; 32], &[u8; 32]) {
        (&self.key, &self.digest)
    }

    /// Whether it is the digest of this password, in constant time.
    #[must_use]
    pub fn is_of(&self, token: &[u8]) -> bool {
        mac::verify(&self.key, LABEL, &[token], &self.digest)
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_password_and_no_other() {
        let digest = TokenDigest::new([1; 32], b"secret");
        assert!(digest.is_of(b"secret"));
        for other in [&b""[..], b"secreT", b"secret ", b"secre"] {
            assert!(!digest.is_of(other));
        }
        let (key, bytes) = digest.parts();
        assert_eq!(TokenDigest::from_parts(*key, *bytes), digest);
    }
}

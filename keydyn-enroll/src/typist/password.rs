//! What is left of a password when PAM has believed it: a key, and a digest to know it again.

use keydyn_core::store::header::{KdfParams, Salt};
use keydyn_core::store::host::HostKey;
use keydyn_core::store::seal::SealKey;
use keydyn_core::store::token::TokenDigest;
use keydyn_core::store::vault::Vault;
use keydyn_sys::arena::KdfArena;
use keydyn_sys::prompt::SecretLine;
use keydyn_sys::system;

use crate::account::Directories;

use super::TypingFailure;

/// A password that was right, without the password.
pub(crate) struct Known {
    pub(crate) key: SealKey,
    pub(crate) derivation: (Salt, KdfParams),
    pub(crate) host: HostKey,
    digest: TokenDigest,
}

impl Known {
    /// Derives the key under the profile's salt, or under the one its first profile will have.
    pub(super) fn derive(
        uid: u32,
        password: &SecretLine,
        places: &Directories,
    ) -> Result<Self, TypingFailure> {
        let host = places.main.host_key_or_create()?;
        let vault = Vault::new(uid, &places.main, &places.run, Some(&host));
        let first = (host.salt_for_uid(uid), KdfParams::CURRENT);
        let derivation @ (salt, params) = vault.derivation().unwrap_or(first);
        let mut arena = KdfArena::new(params).map_err(|_| TypingFailure::NoKey)?;
        let key = SealKey::derive(password.bytes(), &salt, params, arena.blocks())
            .map_err(|_| TypingFailure::NoKey)?;
        let fresh = system::random().ok_or(TypingFailure::NoKey)?;
        Ok(Self {
            key,
            derivation,
            digest: TokenDigest::new(fresh, password.bytes()),
            host,
        })
    }

    /// Whether this is the password again.
    pub(crate) fn is(&self, line: &SecretLine) -> bool {
        self.digest.is_of(line.bytes())
    }
}

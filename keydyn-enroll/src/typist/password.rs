//! What is left of a password when PAM has believed it: a key, and a digest to know it again.

use keydyn_core::store::header::KdfParams;
use keydyn_core::store::host::HostKey;
use keydyn_core::store::seal::SealKey;
use keydyn_core::store::token::TokenDigest;
use keydyn_core::store::vault::Vault;
use keydyn_core::store::vault::keys::{Derivation, Keys};
use keydyn_sys::arena::KdfArena;
use keydyn_sys::prompt::SecretLine;
use keydyn_sys::system;

use crate::account::Directories;

use super::TypingFailure;

/// A password that was right, without the password.
pub(crate) struct Known {
    key: SealKey,
    derivation: Derivation,
    /// A second key, where the profile's parameters are outdated.
    renewed: Option<(SealKey, Derivation)>,
    /// None where there is none and the verb makes none.
    pub(crate) host: Option<HostKey>,
    digest: TokenDigest,
}

impl Known {
    /// Derives the key under the profile's salt, or under the one that a first profile would have.
    pub(super) fn derive(
        uid: u32,
        password: &SecretLine,
        places: &Directories,
        host: Option<HostKey>,
    ) -> Result<Self, TypingFailure> {
        let vault = Vault::new(uid, &places.main, &places.run, host.as_ref());
        let derivation = match (vault.derivation(), &host) {
            (Some(derivation), _) => derivation,
            (None, Some(host)) => (host.salt_for_uid(uid), KdfParams::CURRENT),
            // There is no profile to open, and none will be made.
            (None, None) => (
                system::random().ok_or(TypingFailure::NoKey)?,
                KdfParams::CURRENT,
            ),
        };
        let key = derive(password, derivation).ok_or(TypingFailure::NoKey)?;
        let renewal = vault.renewal(derivation, KdfParams::CURRENT);
        let renewed = renewal.and_then(|now| Some((derive(password, now)?, now)));
        let fresh = system::random().ok_or(TypingFailure::NoKey)?;
        Ok(Self {
            key,
            derivation,
            renewed,
            digest: TokenDigest::new(fresh, password.bytes()),
            host,
        })
    }

    /// The password's keys.
    pub(crate) fn keys(&self) -> Keys<'_> {
        let renewed = self.renewed.as_ref();
        Keys {
            found: (&self.key, self.derivation),
            renewed: renewed.map(|(key, derivation)| (key, *derivation)),
        }
    }

    /// Whether this is the password again.
    pub(crate) fn is(&self, line: &SecretLine) -> bool {
        self.digest.is_of(line.bytes())
    }
}

fn derive(password: &SecretLine, (salt, params): Derivation) -> Option<SealKey> {
    let mut arena = KdfArena::new(params).ok()?;
    SealKey::derive(password.bytes(), &salt, params, arena.blocks()).ok()
}

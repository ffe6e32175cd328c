//! Seals a profile under the password: Argon2id -> key -> XChaCha20-Poly1305.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::header::{FILE_LEN, HEADER_LEN, Header, HeaderError, KdfParams, Salt, stamp};
use super::mac;

/// One KiB of the memory that Argon2id works in; whoever derives a key brings it.
pub use argon2::Block as KdfBlock;

const TAG_LEN: usize = 16;
/// Bytes of plaintext in a sealed profile.
pub const PLAINTEXT_LEN: usize = FILE_LEN - HEADER_LEN - TAG_LEN;

/// The key that a password gives under a salt. Wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct SealKey([u8; 32]);

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(..)")
    }
}

/// The key derivation could not be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key could not be derived from the password")]
pub struct KdfError;

impl SealKey {
    /// Derives the key with Argon2id v1.3 in `memory`, which must hold at least `params.memory`
    /// blocks and is left full of key material: wipe it.
    ///
    /// # Errors
    /// If the parameters are out of bounds, the memory is too small, or the password too long.
    pub fn derive(
        password: &[u8],
        salt: &Salt,
        params: KdfParams,
        memory: &mut [KdfBlock],
    ) -> Result<Self, KdfError> {
        if !params.in_bounds() {
            return Err(KdfError);
        }
        let argon = Params::new(params.memory, params.passes, params.lanes, Some(32));
        let argon = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            argon.map_err(|_| KdfError)?,
        );
        let mut key = Self([0; 32]);
        argon
            .hash_password_into_with_memory(password, salt, &mut key.0, memory)
            .map_err(|_| KdfError)?;
        Ok(key)
    }

    /// The key with these bytes, which were derived before.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What a header carries to tell this key from another.
    #[must_use]
    pub fn check(&self) -> [u8; 16] {
        mac::short(&self.0, b"keydyn v1 key check", &[])
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        let key = Zeroizing::new(mac::long(&self.0, b"keydyn v1 profile seal", &[]));
        XChaCha20Poly1305::new((&*key).into())
    }
}

/// Why a profile does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The file is damaged, foreign or from the future.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The file is whole, but sealed under another password.
    #[error("it is sealed under another password")]
    OtherPassword,
    /// The key fits and the checksum too, yet the seal is broken: changed on purpose, or another
    /// user's.
    #[error("its seal is broken; it was changed or belongs to another user")]
    Seal,
}

/// Seals `plaintext`, which must be [`PLAINTEXT_LEN`] bytes, for the user with this uid.
///
/// # Errors
/// `None` if the plaintext has another length.
#[must_use]
pub fn seal(
    key: &SealKey,
    uid: u32,
    (salt, kdf): (Salt, KdfParams),
    generation: u64,
    nonce: [u8; 24],
    plaintext: &[u8],
) -> Option<Vec<u8>> {
    if plaintext.len() != PLAINTEXT_LEN {
        return None;
    }
    let header = Header {
        kdf,
        salt,
        generation,
        nonce,
        key_check: key.check(),
    };
    let bytes = header.to_bytes();
    let mut file = Vec::with_capacity(FILE_LEN);
    file.extend_from_slice(&bytes);
    file.extend_from_slice(plaintext);
    let tag = key
        .cipher()
        .encrypt_inout_detached(
            (&nonce).into(),
            &associated(&bytes, uid),
            file[HEADER_LEN..].as_mut().into(),
        )
        .ok()?;
    file.extend_from_slice(&tag);
    stamp(&mut file);
    Some(file)
}

/// Opens a sealed profile of the user with this uid.
///
/// # Errors
/// Why it does not open; nothing of the plaintext is told.
pub fn open(
    key: &SealKey,
    uid: u32,
    file: &[u8],
) -> Result<(Header, Zeroizing<Vec<u8>>), OpenError> {
    let header = Header::parse(file)?;
    if !header.is_of(key) {
        return Err(OpenError::OtherPassword);
    }
    let (body, tag) = file[HEADER_LEN..].split_at(PLAINTEXT_LEN);
    let tag: [u8; TAG_LEN] = tag.try_into().map_err(|_| OpenError::Seal)?;
    let mut plaintext = Zeroizing::new(body.to_vec());
    key.cipher()
        .decrypt_inout_detached(
            (&header.nonce).into(),
            &associated(&header.to_bytes(), uid),
            plaintext.as_mut_slice().into(),
            (&tag).into(),
        )
        .map_err(|_| OpenError::Seal)?;
    Ok((header, plaintext))
}

impl Header {
    /// Whether it says that the file is sealed under this key.
    #[must_use]
    pub fn is_of(&self, key: &SealKey) -> bool {
        self.key_check.ct_eq(&key.check()).into()
    }
}

/// The seal covers the header and the uid: a renamed user keeps the profile, another user's
/// profile under this name does not open.
fn associated(header: &[u8; HEADER_LEN], uid: u32) -> [u8; HEADER_LEN + 4] {
    let mut data = [0; HEADER_LEN + 4];
    data[..HEADER_LEN].copy_from_slice(header);
    data[HEADER_LEN..].copy_from_slice(&uid.to_le_bytes());
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: SealKey = SealKey([7; 32]);

    fn sealed() -> Vec<u8> {
        let plaintext = vec![5; PLAINTEXT_LEN];
        seal(
            &KEY,
            1000,
            ([1; 16], KdfParams::CURRENT),
            3,
            [2; 24],
            &plaintext,
        )
        .unwrap()
    }

    #[test]
    fn what_is_sealed_opens_again_and_only_so() {
        let (header, plaintext) = open(&KEY, 1000, &sealed()).unwrap();
        assert_eq!(header.generation, 3);
        assert_eq!(*plaintext, vec![5; PLAINTEXT_LEN]);
        assert_eq!(
            open(&SealKey([8; 32]), 1000, &sealed()).unwrap_err(),
            OpenError::OtherPassword
        );
        assert_eq!(open(&KEY, 1001, &sealed()).unwrap_err(), OpenError::Seal);
        for at in [12, 24, 40, 48, HEADER_LEN, FILE_LEN - 1] {
            let mut file = sealed();
            file[at] ^= 1;
            let error = open(&KEY, 1000, &file).unwrap_err();
            assert_eq!(error, OpenError::Header(HeaderError::Checksum), "{at}");
            // Whoever can also mend the checksum meets the key check or the seal.
            stamp(&mut file);
            assert!(open(&KEY, 1000, &file).is_err(), "{at}");
        }
    }

    #[test]
    fn a_plaintext_of_another_length_is_not_sealed() {
        let short = vec![0; PLAINTEXT_LEN - 1];
        assert!(seal(&KEY, 0, ([1; 16], KdfParams::CURRENT), 0, [2; 24], &short).is_none());
    }

    /// RFC 9106's algorithm, checked against the reference program:
    /// `printf password | argon2 0123456789abcdef -id -t 2 -k 19456 -p 1 -l 32 -r`.
    #[test]
    fn key_derivation_is_argon2id() {
        let mut memory = vec![KdfBlock::new(); KdfParams::CURRENT.memory as usize];
        let key = SealKey::derive(
            b"password",
            b"0123456789abcdef",
            KdfParams::CURRENT,
            &mut memory,
        )
        .unwrap();
        let hex: String = key.0.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(
            hex,
            "d2ab07b39ef7f8b806227cd86fbb11aa5393066a98e17eacacd126eb26e9276d"
        );
        let weak = KdfParams {
            memory: 64,
            ..KdfParams::CURRENT
        };
        assert_eq!(
            SealKey::derive(b"p", b"0123456789abcdef", weak, &mut memory),
            Err(KdfError)
        );
        assert_eq!(
            SealKey::derive(
                b"p",
                b"0123456789abcdef",
                KdfParams::CURRENT,
                &mut memory[..9]
            ),
            Err(KdfError)
        );
    }
}

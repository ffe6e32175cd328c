//! What a seal or a MAC vouches for, without it. For fuzzing, which would never guess one: with the
//! feature `fuzzing` only, which no shipped build has (`scripts/check-house`).

use zeroize::Zeroizing;

use super::codec::{self, CodecError};
use super::profile::Profile;

/// The plaintext of a profile, as long as the seal takes it.
///
/// # Errors
/// If the profile does not fit.
pub fn encode_profile(profile: &Profile) -> Result<Zeroizing<Vec<u8>>, CodecError> {
    codec::encode_profile(profile)
}

/// The profile that a plaintext holds.
///
/// # Errors
/// Why it holds none.
pub fn decode_profile(plaintext: &[u8]) -> Result<Profile, CodecError> {
    codec::decode_profile(plaintext)
}

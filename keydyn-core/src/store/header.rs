//! The open part of a sealed profile: 128 bytes that tell how to derive the key.
//!
//! ```text
//!   0   8  magic "KEYDYN\x1a\n"
//!   8   2  version, little endian like all numbers here
//!  10   2  zero
//!  12   4  Argon2id memory, KiB      16   4  passes      20   4  lanes
//!  24  16  salt
//!  40   8  generation: one higher at every save
//!  48  24  nonce of XChaCha20-Poly1305
//!  72  16  key check: keyed BLAKE2b of a label under the derived key
//!  88  32  checksum: BLAKE2b-256 of the whole file with these bytes zero
//! 120   8  zero
//! ```

use blake2::digest::Digest;
use blake2::digest::consts::U32;

/// Length of a sealed profile. Always the same, so that it tells neither length nor count.
pub const FILE_LEN: usize = 65_536;
/// Length of the header.
pub const HEADER_LEN: usize = 128;
/// The version this code writes, and the highest it reads.
pub const VERSION: u16 = 1;

const MAGIC: [u8; 8] = *b"KEYDYN\x1a\n";
const CHECKSUM: std::ops::Range<usize> = 88..120;

/// Salt of the key derivation.
pub type Salt = [u8; 16];

/// What Argon2id is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KdfParams {
    /// KiB.
    pub memory: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl KdfParams {
    /// OWASP's first choice for Argon2id: 19 MiB, two passes, one lane; about 20 ms.
    pub const CURRENT: Self = Self {
        memory: 19 * 1024,
        passes: 2,
        lanes: 1,
    };

    /// Whether the work is neither so little that guessing is cheap, nor so much that a login
    /// hangs. Checked before any work is done.
    #[must_use]
    pub fn in_bounds(self) -> bool {
        (19 * 1024..=256 * 1024).contains(&self.memory)
            && (2..=16).contains(&self.passes)
            && self.lanes == 1
    }

    /// These with as much work as is asked for today, if they have less of any; `None` if they do not.
    /// Never less of anything: a profile may have been sealed by a later keydyn.
    #[must_use]
    pub fn raised_to(self, today: Self) -> Option<Self> {
        let raised = Self {
            memory: self.memory.max(today.memory),
            passes: self.passes.max(today.passes),
            lanes: self.lanes,
        };
        (raised != self).then_some(raised)
    }
}

/// Why a file is not a profile that can be opened. Comparable, and safe to log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Truncated, or something was appended.
    #[error("it is {found} bytes long instead of {FILE_LEN}; it was truncated or extended")]
    Length {
        /// Its length.
        found: usize,
    },
    /// The first eight bytes are others.
    #[error("it is not a keydyn profile")]
    Magic,
    /// Written by a keydyn of the future.
    #[error("it has format version {found}, and this keydyn reads up to {VERSION}; upgrade keydyn")]
    FutureVersion {
        /// Its version.
        found: u16,
    },
    /// Version zero was never written.
    #[error("it has format version 0, which does not exist")]
    VersionZero,
    /// The bytes are not those that were written.
    #[error("its checksum is wrong; it was damaged")]
    Checksum,
    /// Bytes that are zero in this version are not.
    #[error("it has fields that this keydyn does not know; it was changed")]
    Reserved,
    /// The parameters would make guessing cheap or the login hang.
    #[error("its key derivation parameters are out of bounds")]
    KdfParams,
}

/// The open part of a sealed profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// How the key is derived.
    pub kdf: KdfParams,
    /// With which salt.
    pub salt: Salt,
    /// How often the profile was saved.
    pub generation: u64,
    /// Nonce of this save.
    pub nonce: [u8; 24],
    /// Tells a wrong password from a damaged file.
    pub key_check: [u8; 16],
}

impl Header {
    /// Reads the header of a whole file, after checking magic, version, length, checksum,
    /// reserved bytes and bounds, in this order.
    ///
    /// # Errors
    /// The first check that failed.
    pub fn parse(file: &[u8]) -> Result<Self, HeaderError> {
        if file.len() >= MAGIC.len() && !file.starts_with(&MAGIC) {
            return Err(HeaderError::Magic);
        }
        // A later version may have another length: told first, if the version is there at all.
        match number::<2>(file, 8).map(u16::from_le_bytes) {
            Some(0) => return Err(HeaderError::VersionZero),
            Some(found) if found > VERSION => return Err(HeaderError::FutureVersion { found }),
            _ => {}
        }
        let fields = (file.len() == FILE_LEN)
            .then(|| Self::fields(file))
            .flatten();
        let header = fields.ok_or(HeaderError::Length { found: file.len() })?;
        if file[CHECKSUM] != checksum(file) {
            return Err(HeaderError::Checksum);
        }
        if file[10..12] != [0; 2] || file[120..128] != [0; 8] {
            return Err(HeaderError::Reserved);
        }
        if !header.kdf.in_bounds() {
            return Err(HeaderError::KdfParams);
        }
        Ok(header)
    }

    fn fields(file: &[u8]) -> Option<Self> {
        Some(Self {
            kdf: KdfParams {
                memory: u32::from_le_bytes(number(file, 12)?),
                passes: u32::from_le_bytes(number(file, 16)?),
                lanes: u32::from_le_bytes(number(file, 20)?),
            },
            salt: number(file, 24)?,
            generation: u64::from_le_bytes(number(file, 40)?),
            nonce: number(file, 48)?,
            key_check: number(file, 72)?,
        })
    }

    /// The header's bytes without a checksum: what the seal authenticates.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.kdf.memory.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.kdf.passes.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.kdf.lanes.to_le_bytes());
        bytes[24..40].copy_from_slice(&self.salt);
        bytes[40..48].copy_from_slice(&self.generation.to_le_bytes());
        bytes[48..72].copy_from_slice(&self.nonce);
        bytes[72..88].copy_from_slice(&self.key_check);
        bytes
    }
}

/// Writes the checksum into a file that is complete but for it.
pub(super) fn stamp(file: &mut [u8]) {
    let sum = checksum(file);
    file[CHECKSUM].copy_from_slice(&sum);
}

fn checksum(file: &[u8]) -> [u8; 32] {
    let mut hash = blake2::Blake2b::<U32>::new();
    hash.update(&file[..CHECKSUM.start]);
    hash.update([0; 32]);
    hash.update(&file[CHECKSUM.end..]);
    hash.finalize().into()
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Vec<u8> {
        let header = Header {
            kdf: KdfParams::CURRENT,
            salt: [1; 16],
            generation: 7,
            nonce: [2; 24],
            key_check: [3; 16],
        };
        let mut file = vec![9; FILE_LEN];
        file[..HEADER_LEN].copy_from_slice(&header.to_bytes());
        stamp(&mut file);
        file
    }

    #[test]
    fn header_reads_back() {
        let header = Header::parse(&file()).unwrap();
        assert_eq!((header.generation, header.salt), (7, [1; 16]));
        assert_eq!(header.to_bytes()[..88], file()[..88]);
    }

    #[test]
    fn parameters_are_bounded_on_both_sides() {
        let in_bounds = |memory, passes, lanes| {
            let params = KdfParams {
                memory,
                passes,
                lanes,
            };
            params.in_bounds()
        };
        for memory in [19 * 1024, 256 * 1024] {
            assert!(in_bounds(memory, 2, 1) && in_bounds(memory, 16, 1));
        }
        for memory in [0, 19 * 1024 - 1, 256 * 1024 + 1, u32::MAX] {
            assert!(!in_bounds(memory, 2, 1), "{memory}");
        }
        for passes in [0, 1, 17, u32::MAX] {
            assert!(!in_bounds(19 * 1024, passes, 1), "{passes}");
        }
        for lanes in [0, 2] {
            assert!(!in_bounds(19 * 1024, 2, lanes), "{lanes}");
        }
    }

    #[test]
    fn parameters_are_raised_and_never_lowered() {
        let params = |memory, passes| KdfParams {
            memory,
            passes,
            lanes: 1,
        };
        let today = params(40_000, 3);
        for (found, raised) in [
            (params(20_000, 2), Some(today)),
            (params(20_000, 3), Some(today)),
            (params(60_000, 2), Some(params(60_000, 3))),
            (params(20_000, 9), Some(params(40_000, 9))),
            (today, None),
            (params(60_000, 9), None),
        ] {
            assert_eq!(found.raised_to(today), raised, "{found:?}");
            // What was raised once is not raised again.
            assert_eq!(raised.and_then(|params| params.raised_to(today)), None);
        }
        assert_eq!(KdfParams::CURRENT.raised_to(KdfParams::CURRENT), None);
    }

    #[test]
    fn each_defect_has_its_error() {
        let changed = |at: usize, to: u8| {
            let mut file = file();
            file[at] = to;
            file
        };
        assert_eq!(Header::parse(&[]), Err(HeaderError::Length { found: 0 }));
        assert_eq!(
            Header::parse(&file()[..100]),
            Err(HeaderError::Length { found: 100 })
        );
        assert_eq!(
            Header::parse(&[file(), vec![0]].concat()),
            Err(HeaderError::Length {
                found: FILE_LEN + 1
            })
        );
        assert_eq!(Header::parse(&changed(0, b'X')), Err(HeaderError::Magic));
        assert_eq!(
            Header::parse(&changed(8, 2)),
            Err(HeaderError::FutureVersion { found: 2 })
        );
        assert_eq!(Header::parse(&changed(8, 0)), Err(HeaderError::VersionZero));
        for at in [11, 13, 30, 45, 60, 80, 90, 125, 128, FILE_LEN - 1] {
            assert_eq!(
                Header::parse(&changed(at, 0xee)),
                Err(HeaderError::Checksum),
                "{at}"
            );
        }
        for at in [10, 120, 127] {
            let mut file = changed(at, 1);
            stamp(&mut file);
            assert_eq!(Header::parse(&file), Err(HeaderError::Reserved), "{at}");
        }
        for (at, to) in [(13, 0), (14, 0xff), (16, 0), (16, 17), (20, 2), (20, 0)] {
            let mut file = changed(at, to);
            stamp(&mut file);
            assert_eq!(Header::parse(&file), Err(HeaderError::KdfParams), "{at}");
        }
    }
}

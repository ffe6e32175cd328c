//! The memory that Argon2id works in, outside the host's heap: a long-lived host that logs people
//! in all day stays as small as it was.
#![expect(unsafe_code, reason = "a typed view of a mapping")]

use std::fmt;
use std::io;
use std::num::NonZeroUsize;

use keydyn_core::store::header::KdfParams;
use keydyn_core::store::seal::KdfBlock;
use zeroize::Zeroize as _;

use crate::mapping::Mapping;

/// Working memory for one key derivation. Wiped and given back when dropped.
pub struct KdfArena(Mapping);

impl KdfArena {
    /// Memory for these parameters, which must be in bounds.
    ///
    /// # Errors
    /// If they are not, or the system has no memory to give.
    pub fn new(params: KdfParams) -> io::Result<Self> {
        let bytes = usize::try_from(params.memory)
            .ok()
            .filter(|_| params.in_bounds())
            .and_then(|kib| NonZeroUsize::new(kib * size_of::<KdfBlock>()))
            .ok_or(io::ErrorKind::InvalidInput)?;
        Mapping::new(bytes).map(Self)
    }

    /// The blocks to work in.
    pub fn blocks(&mut self) -> &mut [KdfBlock] {
        // SAFETY: a block is 128 integers aligned to 64 bytes.
        unsafe { self.0.slice_mut() }
    }
}

impl Drop for KdfArena {
    fn drop(&mut self) {
        self.blocks().iter_mut().for_each(KdfBlock::zeroize);
    }
}

impl fmt::Debug for KdfArena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KdfArena(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_as_many_blocks_as_asked_for_and_no_impossible_number() {
        let mut arena = KdfArena::new(KdfParams::CURRENT).unwrap();
        assert_eq!(arena.blocks().len(), 19 * 1024);
        let huge = KdfParams {
            memory: u32::MAX,
            ..KdfParams::CURRENT
        };
        assert!(KdfArena::new(huge).is_err());
    }
}

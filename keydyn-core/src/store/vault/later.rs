//! What a later keydyn wrote: read as far as its version, and never replaced.

use crate::store::codec::CodecError;
use crate::store::files::{FileError, StateFiles};
use crate::store::header::{FILE_LEN, Header, HeaderError};
use crate::store::seal::SealKey;
use crate::store::state;

use super::{Damage, Vault};

/// A file of a later keydyn may be longer than any of ours; its version is told all the same.
const LATER_LEN: usize = 1 << 20;

impl Vault<'_> {
    /// What a later keydyn wrote of the account's state. It is left as it is: the copy sealed in
    /// the profile stands in, verdicts go to the other directory, and nothing is learned.
    #[must_use]
    pub fn later_state(&self) -> Option<FileError> {
        let both = [self.main, self.run].into_iter();
        both.filter_map(|files| self.later_state_in(files)).next()
    }

    pub(super) fn later_state_in(&self, files: &dyn StateFiles) -> Option<FileError> {
        let path = self.state_name();
        let file = files.read(&path, LATER_LEN).ok()??;
        let found = state::later_version(&file)?;
        Some(FileError::Later { path, found })
    }

    /// The header of a file that is about to be replaced, `None` where there is none worth keeping.
    ///
    /// # Errors
    /// If a later keydyn wrote it, which only the key can tell where just the model is a later one:
    /// that is not ours to replace.
    pub(super) fn header(&self, name: &str, key: &SealKey) -> Result<Option<Header>, Damage> {
        if let Err(
            later @ Damage::Codec {
                reason: CodecError::Model { .. },
                ..
            },
        ) = self.open_file(name, key)
        {
            return Err(later);
        }
        let Ok(Some(file)) = read(self.main, name, FILE_LEN) else {
            return Ok(None);
        };
        match Header::parse(&file) {
            Ok(header) => Ok(Some(header)),
            Err(reason @ HeaderError::FutureVersion { .. }) => Err(Damage::Open {
                name: name.to_owned(),
                reason: reason.into(),
            }),
            Err(_) => Ok(None),
        }
    }
}

/// A file of at most so many bytes; a longer one if a later keydyn wrote it.
pub(super) fn read(
    files: &dyn StateFiles,
    name: &str,
    limit: usize,
) -> Result<Option<Vec<u8>>, FileError> {
    match files.read(name, limit) {
        Err(large @ FileError::TooLarge { .. }) => match files.read(name, LATER_LEN) {
            Ok(Some(file)) if is_later(&file) => Ok(Some(file)),
            _ => Err(large),
        },
        read => read,
    }
}

fn is_later(file: &[u8]) -> bool {
    let profile = Header::parse(file);
    matches!(profile, Err(HeaderError::FutureVersion { .. }))
        || state::later_version(file).is_some()
}

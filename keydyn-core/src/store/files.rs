//! The door through which the vault reads and writes. keydyn-sys has the real one; tests have one
//! in memory.

use std::io;

/// A directory of small files, owned by root and closed to everybody else.
pub trait StateFiles {
    /// The whole file, or `None` if there is none.
    ///
    /// # Errors
    /// If it is larger than `limit`, not to be trusted (a link, another owner, writable by
    /// others), or cannot be read.
    fn read(&self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, FileError>;

    /// Replaces the file in one step that survives a power cut: either the old or the new bytes
    /// are there. With `keep_previous` the old ones stay under [`previous`].
    ///
    /// # Errors
    /// If it cannot be written; the old file is then still there.
    fn write(&self, name: &str, bytes: &[u8], keep_previous: bool) -> Result<(), FileError>;

    /// Removes the file, its previous generation, and what is [`unfinished`] of both, if they are
    /// there.
    ///
    /// # Errors
    /// If one of them is there and cannot be removed.
    fn remove(&self, name: &str) -> Result<(), FileError>;

    /// Sees to it that the lock of this name is there, without taking it.
    ///
    /// # Errors
    /// If it is not, and cannot be made.
    fn prepare_lock(&self, name: &str) -> Result<(), FileError>;

    /// Takes the lock of this name, waiting at most 200 ms; dropping the guard gives it back.
    ///
    /// # Errors
    /// [`FileError::Busy`] if somebody else kept it, another if it cannot be taken at all.
    fn lock(&self, name: &str) -> Result<Box<dyn LockGuard>, FileError>;
}

/// A lock that is held until this is dropped.
pub trait LockGuard {}

/// The name under which the previous generation of a file is kept.
#[must_use]
pub fn previous(name: &str) -> String {
    format!("{name}.previous")
}

/// The names under which a file is written, and its previous generation kept, until they are
/// renamed. A crash may leave them behind.
#[must_use]
pub fn unfinished(name: &str) -> [String; 2] {
    ["new", "old"].map(|step| format!(".{name}.{step}"))
}

/// Why a file could not be read or written. The path is part of the message.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The operating system said no.
    #[error("{path}: cannot {action}: {source}")]
    Io {
        /// Which file or directory.
        path: String,
        /// What was tried: a verb.
        action: &'static str,
        /// What it said.
        source: io::Error,
    },
    /// The file is not one that keydyn wrote, or somebody else can write it.
    #[error("{path}: {reason}; check who changed it, then put it right as root")]
    Untrusted {
        /// Which file or directory.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The file is keydyn's and its contents are not.
    #[error("{path}: is damaged")]
    Damaged {
        /// Which file.
        path: String,
    },
    /// Larger than any file keydyn writes.
    #[error("{path}: is larger than {limit} bytes, which keydyn never writes")]
    TooLarge {
        /// Which file.
        path: String,
        /// The limit.
        limit: usize,
    },
    /// A later keydyn wrote it: not ours to replace.
    #[error(
        "{path}: has format version {found}, of a later keydyn, and is left as it is; upgrade \
         keydyn"
    )]
    Later {
        /// Which file.
        path: String,
        /// Its version.
        found: u16,
    },
    /// Another process held the lock for 200 ms.
    #[error("{path}: is locked by another process")]
    Busy {
        /// Which lock.
        path: String,
    },
}

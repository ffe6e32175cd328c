//! Descriptors 0 to 2 are the host's, open or not.
//!
//! In a host that has closed them, the next file that is opened becomes one of them, and what the
//! host writes to its standard error would end in a file of ours.

use std::array;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

const STANDARD: usize = 3;

/// While this lives, no descriptor that is opened becomes one of the first three. Not to be held
/// while the host does something: it may want to open them itself.
#[derive(Debug)]
pub struct Standard(#[expect(dead_code, reason = "held, not used")] [Option<OwnedFd>; STANDARD]);

impl Standard {
    /// Puts something that can be neither read nor written in the place of those that are closed.
    #[must_use]
    pub fn untouched() -> Self {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let mut free = true;
        Self(array::from_fn(|_| {
            let placeholder = free.then(|| open("/", flags, Mode::empty()).ok())?;
            let placeholder = placeholder.filter(is_standard);
            free = placeholder.is_some();
            placeholder
        }))
    }
}

fn is_standard(descriptor: &OwnedFd) -> bool {
    usize::try_from(descriptor.as_raw_fd()).is_ok_and(|number| number < STANDARD)
}

/// The same, on a number that is not one of the first three.
///
/// # Errors
/// If there is none to be had.
pub(crate) fn above_standard(descriptor: OwnedFd) -> io::Result<OwnedFd> {
    match is_standard(&descriptor) {
        // The standard library never gives one of them to a copy.
        true => descriptor.try_clone(),
        false => Ok(descriptor),
    }
}

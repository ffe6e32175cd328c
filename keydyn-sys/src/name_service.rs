//! getpwnam(3) by the bytes of a name: nix takes UTF-8 only, and a name service may know others.
#![expect(unsafe_code, reason = "calls getpwnam_r and reads what it filled in")]

use std::ffi::{CString, OsStr};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt as _;
use std::{io, ptr};

/// An entry is asked for again with twice the room until this much, in bytes.
const MOST: usize = 1 << 20;
/// And after so many signals no more.
const MOST_INTERRUPTED: u32 = 100;

/// The uid of the user with this name, `None` if there is no such user.
///
/// # Errors
/// If the name services could not answer.
pub(crate) fn uid_of(name: &OsStr) -> io::Result<Option<u32>> {
    let Ok(name) = CString::new(name.as_bytes()) else {
        return Ok(None);
    };
    let mut entry = MaybeUninit::<libc::passwd>::zeroed();
    let mut room: Vec<libc::c_char> = vec![0; 1024];
    let mut interrupted = 0;
    loop {
        let mut found = ptr::null_mut();
        // SAFETY: the name ends with a NUL, the entry and the room are this function's own for
        // the call and as large as is said, and the out-pointer is valid.
        let errno = unsafe {
            libc::getpwnam_r(
                name.as_ptr(),
                entry.as_mut_ptr(),
                room.as_mut_ptr(),
                room.len(),
                &mut found,
            )
        };
        match errno {
            0 if found.is_null() => return Ok(None),
            // SAFETY: it is not null, so it points to `entry`, which the call has filled in.
            0 => return Ok(Some(unsafe { (*found).pw_uid })),
            libc::ERANGE if room.len() < MOST => room.resize(room.len() * 2, 0),
            libc::EINTR if interrupted < MOST_INTERRUPTED => interrupted += 1,
            // What some name services say for no (getpwnam(3)).
            libc::ENOENT | libc::ESRCH => return Ok(None),
            errno => return Err(io::Error::from_raw_os_error(errno)),
        }
    }
}

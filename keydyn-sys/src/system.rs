//! Users, clock, randomness, and the administrator's last resort.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read as _};
use std::time::{SystemTime, UNIX_EPOCH};

use keydyn_core::time::Timestamp;
use nix::errno::Errno;
use nix::unistd::{Uid, User, geteuid, getuid};

use crate::name_service;

/// Whether this process has root's rights, which reading keyboards and profiles takes.
#[must_use]
pub fn privileged() -> bool {
    geteuid().is_root()
}

/// The uid of the user with this name, `None` if there is no such user. Asks the name services,
/// as libpam does.
///
/// # Errors
/// If they could not answer, which is not the same as no.
pub fn uid_of(name: impl AsRef<OsStr>) -> io::Result<Option<u32>> {
    name_service::uid_of(name.as_ref())
}

/// The name of the user with this uid, `None` if there is no such user.
///
/// # Errors
/// If the name services could not answer.
pub fn name_of(uid: u32) -> io::Result<Option<String>> {
    match User::from_uid(Uid::from_raw(uid)) {
        Ok(user) => Ok(user.map(|user| user.name)),
        Err(Errno::ENOENT | Errno::ESRCH) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

/// The uid of whoever started this process.
#[must_use]
pub fn real_uid() -> u32 {
    getuid().as_raw()
}

/// The wall clock. Before 1970 it is 1970.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(since.as_secs())
}

/// Whether the kernel was started with `keydyn=off`.
#[must_use]
pub fn switched_off() -> bool {
    fs::read_to_string("/proc/cmdline").is_ok_and(|line| switches_off(&line))
}

/// Whether this kernel command line has the word `keydyn=off`.
#[must_use]
pub fn switches_off(command_line: &str) -> bool {
    command_line
        .split_whitespace()
        .any(|word| word == "keydyn=off")
}

/// Random bytes from the kernel; `None` if it has none to give.
#[must_use]
pub fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let filled = getrandom::fill(&mut bytes).is_ok();
    // A filter of system calls that came after the first use goes unnoticed by the library.
    (filled || device(&mut bytes).is_ok()).then_some(bytes)
}

fn device(bytes: &mut [u8]) -> io::Result<()> {
    fs::File::open("/dev/urandom")?.read_exact(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt as _;

    use super::*;

    #[test]
    fn the_switch_is_a_word_of_its_own() {
        assert!(switches_off("BOOT_IMAGE=/vmlinuz ro keydyn=off quiet\n"));
        for line in [
            "",
            "keydyn=offf",
            "xkeydyn=off",
            "keydyn=on",
            "keydyn = off",
        ] {
            assert!(!switches_off(line), "{line}");
        }
    }

    #[test]
    fn root_is_a_user_and_a_path_is_not() {
        assert_eq!(uid_of("root").unwrap(), Some(0));
        assert_eq!(uid_of("../../etc/passwd").unwrap(), None);
        assert_eq!(uid_of("").unwrap(), None);
        assert_eq!(uid_of("root\0").unwrap(), None);
        assert_eq!(uid_of(OsStr::from_bytes(b"ro\xffot")).unwrap(), None);
        assert_eq!(name_of(0).unwrap().as_deref(), Some("root"));
        assert_eq!(name_of(u32::MAX - 7).unwrap(), None);
    }

    #[test]
    fn random_bytes_differ() {
        assert_ne!(random::<24>().unwrap(), random::<24>().unwrap());
    }
}

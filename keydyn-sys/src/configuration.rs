//! The administrator's settings: a file of root's, or none.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use keydyn_core::store::files::FileError;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::{Mode, SFlag, fstat, lstat};
use nix::unistd::geteuid;

use crate::interrupted::again;

/// What a person writes by hand fits many times.
const MOST_BYTES: u64 = 64 * 1024;

/// The file's contents, `None` if there is no file.
///
/// # Errors
/// [`FileError::Untrusted`] if it is a link or no ordinary file, belongs to another user than root
/// (or, in tests, whoever runs them), can be written by others or is larger than 64 KiB;
/// [`FileError::Io`] if it cannot be read, of kind
/// `PermissionDenied` only for whoever is not root.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    // Non-blocking, so that a pipe put in its place does not hang a login.
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let flags = flags | OFlag::O_NOCTTY;
    let file = match again(|| open(path, flags, Mode::empty())) {
        Ok(file) => file,
        Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(None),
        Err(Errno::ELOOP) => return Err(untrusted(path, "is a link")),
        // What the kernel says of a socket.
        Err(Errno::ENXIO) => return Err(untrusted(path, "is no ordinary file")),
        // Without a descriptor to spare the kernel says so even of what is not there.
        Err(_) if !there(path) => return Ok(None),
        // Root reads what is closed to everybody: something confines the program, and may at will.
        Err(errno @ (Errno::EACCES | Errno::EPERM)) if geteuid().is_root() => {
            return Err(failed(path, "open", std::io::Error::other(errno)));
        }
        Err(errno) => return Err(failed(path, "open", errno)),
    };
    let stat = fstat(&file).map_err(|errno| failed(path, "examine", errno))?;
    if SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT != SFlag::S_IFREG {
        return Err(untrusted(path, "is no ordinary file"));
    }
    if stat.st_uid != 0 && stat.st_uid != geteuid().as_raw() {
        return Err(untrusted(path, "does not belong to root"));
    }
    if stat.st_mode & 0o022 != 0 {
        return Err(untrusted(path, "can be written by others"));
    }
    let mut bytes = Vec::new();
    File::from(file)
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(path, "read", error))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(untrusted(path, "is larger than 64 KiB"));
    }
    Ok(Some(bytes))
}

fn there(path: &Path) -> bool {
    !matches!(lstat(path), Err(Errno::ENOENT | Errno::ENOTDIR))
}

fn untrusted(path: &Path, reason: &'static str) -> FileError {
    FileError::Untrusted {
        path: path.display().to_string(),
        reason,
    }
}

fn failed(path: &Path, action: &'static str, source: impl Into<std::io::Error>) -> FileError {
    FileError::Io {
        path: path.display().to_string(),
        action,
        source: source.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    fn written(bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("keydyn.conf");
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        (place, path)
    }

    fn reason(path: &Path) -> &'static str {
        match read(path) {
            Err(FileError::Untrusted { reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_is_read_and_none_is_no_error() {
        let (place, path) = written(b"mode = shadow\n");
        assert_eq!(read(&path).unwrap().unwrap(), b"mode = shadow\n");
        assert_eq!(read(&place.path().join("another")).unwrap(), None);
        assert_eq!(read(&path.join("below")).unwrap(), None);
    }

    #[test]
    fn what_others_could_have_written_is_not_believed() {
        let (place, path) = written(b"mode = shadow\n");
        let link = place.path().join("link");
        symlink(&path, &link).unwrap();
        assert_eq!(reason(&link), "is a link");
        assert_eq!(reason(place.path()), "is no ordinary file");
        for mode in [0o664, 0o646] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert_eq!(reason(&path), "can be written by others");
        }
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        // Only root can give a file away.
        if chown(&path, Some(65_534), None).is_ok() {
            assert_eq!(reason(&path), "does not belong to root");
        }
    }

    #[test]
    fn a_pipe_does_not_hang_a_login() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("keydyn.conf");
        nix::unistd::mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        assert_eq!(reason(&path), "is no ordinary file");
    }

    #[test]
    fn what_is_too_large_is_not_read_in_part() {
        let (_place, path) = written(&vec![b'#'; 64 * 1024]);
        assert_eq!(read(&path).unwrap().unwrap().len(), 64 * 1024);
        let (_place, path) = written(&vec![b'#'; 64 * 1024 + 1]);
        assert_eq!(reason(&path), "is larger than 64 KiB");
    }

    #[test]
    fn a_name_that_cannot_be_opened_is_a_failure_of_the_machine() {
        let path = Path::new("/").join("x".repeat(300));
        assert!(matches!(read(&path), Err(FileError::Io { .. })));
    }
}

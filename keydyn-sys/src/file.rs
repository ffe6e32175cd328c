//! The state directory: files that are replaced in one step, never followed through a link, and
//! believed only if root (or, in tests, whoever runs them) owns them and nobody else can write.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use keydyn_core::store::files::{FileError, LockGuard, StateFiles, previous, unfinished};
use keydyn_core::store::host::{HOST_KEY_LEN, HostKey};
use nix::dir::{Dir, Entry};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, Flock, FlockArg, OFlag, openat, renameat};
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::stat::{FchmodatFlags, FileStat, Mode, SFlag, fchmod, fchmodat, fstat, fstatat};
use nix::unistd::{UnlinkatFlags, fsync, geteuid, linkat, mkdir, unlinkat};

use zeroize::Zeroizing;

use crate::interrupted::again;
use crate::system;

/// How long a lock is waited for.
const LOCK_PATIENCE: Duration = Duration::from_millis(200);
const LOCK_PAUSE: Duration = Duration::from_millis(3);

const HOST_KEY: &str = "host.key";
/// What a file of ours may be done with, and by nobody else.
const OWNERS: Mode = Mode::S_IRUSR.union(Mode::S_IWUSR);

/// A directory of keydyn's, by its path. Nothing is opened before it is needed.
#[derive(Clone, Debug)]
pub struct StateDir {
    path: PathBuf,
}

impl StateDir {
    /// The directory at this path, which need not be there yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory, opened and found trustworthy; `None` if it is not there.
    ///
    /// The one above it is looked at first: whoever can write there can take this one away, and
    /// with it what says who is armed.
    fn directory(&self) -> Result<Option<OwnedFd>, FileError> {
        let above = self.path.parent().unwrap_or(Path::new("/"));
        let Some((parent, mode)) = open_directory(AT_FDCWD, above, above)? else {
            return Ok(None);
        };
        let closed = mode & 0o077 == 0;
        if mode & 0o022 != 0 {
            return Err(untrusted(above, "can be written by others"));
        }
        let name = self.path.file_name().map_or(Path::new("."), Path::new);
        let Some((directory, mode)) = open_directory(parent.as_fd(), name, &self.path)? else {
            return Ok(None);
        };
        if mode & 0o022 != 0 && !closed {
            return Err(untrusted(&self.path, "can be written by others"));
        }
        if mode & 0o077 != 0 {
            // Behind a closed door nobody could make use of it: put right, not refused.
            let _ = fchmod(&directory, Mode::S_IRWXU);
        }
        Ok(Some(directory))
    }

    fn directory_to_write(&self) -> Result<OwnedFd, FileError> {
        if let Some(directory) = self.directory()? {
            return Ok(directory);
        }
        // keydyn's own directory above it too, whose times then tell nobody when a file in here
        // was written: that would tell a wrong rhythm from a wrong password.
        for path in self.path.parent().into_iter().chain([&*self.path]) {
            match mkdir(path, Mode::S_IRWXU) {
                // A directory that a power cut takes away takes its files with it.
                Ok(()) => {
                    // The host's mask may have closed it to ourselves.
                    fchmodat(AT_FDCWD, path, Mode::S_IRWXU, FchmodatFlags::FollowSymlink)
                        .map_err(|errno| failed(path, "create", errno))?;
                    save_name_of(path)?;
                }
                Err(Errno::EEXIST) => {}
                Err(errno) => return Err(failed(path, "create", errno)),
            }
        }
        self.directory()?
            .ok_or_else(|| failed(&self.path, "create", Errno::ENOENT))
    }

    /// The key of this machine; made if there is none. One that is damaged is set aside: what it
    /// authenticated is then told by the copies in the sealed profiles.
    ///
    /// # Errors
    /// If it can neither be read nor made.
    pub fn host_key_or_create(&self) -> Result<HostKey, FileError> {
        match self.host_key() {
            Ok(Some(key)) => return Ok(key),
            Ok(None) => {}
            Err(FileError::Damaged { .. } | FileError::TooLarge { .. }) => {
                let _lock = self.lock("host.lock")?;
                // Of two who find it damaged, the second must not set aside what the first has made.
                if self.host_key().is_err() {
                    self.set_host_key_aside()?;
                }
            }
            Err(error) => return Err(error),
        }
        let directory = self.directory_to_write()?;
        let path = self.path.join(HOST_KEY);
        let bytes = system::random::<HOST_KEY_LEN>()
            .ok_or_else(|| failed(&path, "create", Errno::ENOSYS))?;
        // Linked into place only when it is on the disk; of two that are made at once the first
        // to be linked is everybody's.
        let suffix = system::random::<8>().map_or(0, u64::from_ne_bytes);
        let temporary = format!(".{HOST_KEY}.{suffix:016x}");
        let made = self.create(&directory, &temporary, &bytes).and_then(|()| {
            match linkat(
                &directory,
                &*temporary,
                &directory,
                HOST_KEY,
                AtFlags::empty(),
            ) {
                Ok(()) | Err(Errno::EEXIST) => Ok(()),
                Err(errno) => Err(failed(&path, "create", errno)),
            }
        });
        let _ = unlinkat(&directory, &*temporary, UnlinkatFlags::NoRemoveDir);
        made?;
        again(|| fsync(&directory)).map_err(|errno| failed(&path, "save", errno))?;
        self.host_key()?.ok_or_else(|| untrusted(&path, "is empty"))
    }

    /// The key of this machine, if it has one.
    ///
    /// # Errors
    /// If it cannot be read, or is not one.
    pub fn host_key(&self) -> Result<Option<HostKey>, FileError> {
        let Some(bytes) = self.read(HOST_KEY, HOST_KEY_LEN)?.map(Zeroizing::new) else {
            return Ok(None);
        };
        let path = || self.path.join(HOST_KEY).display().to_string();
        HostKey::from_bytes(&bytes)
            .map(Some)
            .ok_or_else(|| FileError::Damaged { path: path() })
    }

    /// The names of all files in it.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn names(&self) -> Result<Vec<String>, FileError> {
        let Some(directory) = self.directory()? else {
            return Ok(Vec::new());
        };
        let list = |errno| failed(&self.path, "list", errno);
        let mut directory = Dir::from_fd(directory).map_err(list)?;
        let entries: Result<Vec<_>, _> = directory.iter().collect();
        let name = |entry: Entry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<_> = entries.map_err(list)?.into_iter().map(name).collect();
        names.retain(|name| name != "." && name != "..");
        names.sort();
        Ok(names)
    }

    fn set_host_key_aside(&self) -> Result<(), FileError> {
        let directory = self.directory_to_write()?;
        renameat(&directory, HOST_KEY, &directory, "host.key.damaged")
            .map_err(|errno| failed(&self.path.join(HOST_KEY), "set aside", errno))
    }

    /// Creates a file with these bytes, on the disk when this returns.
    fn create(&self, directory: &OwnedFd, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        let path = self.path.join(name);
        let flags =
            OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        // Beyond the limit the kernel would end the host by a signal.
        if !within_the_limit(bytes) {
            return Err(failed(&path, "write", Errno::EFBIG));
        }
        let file = again(|| openat(directory, name, flags, OWNERS));
        let file = file.map_err(|errno| failed(&path, "create", errno))?;
        // The host's mask may have taken even its owner's rights away.
        fchmod(&file, OWNERS).map_err(|errno| failed(&path, "create", errno))?;
        let mut file = File::from(file);
        file.write_all(bytes)
            .and_then(|()| file.sync_all())
            .map_err(|error| failed(&path, "write", error))
    }

    fn open_lock(&self, directory: &OwnedFd, name: &str) -> Result<File, FileError> {
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        again(|| openat(directory, name, flags, OWNERS))
            .map(File::from)
            .map_err(|errno| failed(&self.path.join(name), "lock", errno))
    }

    /// Keeps what is there under the name of the previous generation.
    fn keep(&self, directory: &OwnedFd, name: &str) -> Result<(), FileError> {
        let (before, [_, temporary]) = (previous(name), unfinished(name));
        let path = self.path.join(&before);
        discard(directory, &temporary);
        match linkat(directory, name, directory, &*temporary, AtFlags::empty()) {
            Ok(()) => {}
            Err(Errno::ENOENT) => return Ok(()),
            Err(errno) => return Err(failed(&path, "write", errno)),
        }
        renameat(directory, &*temporary, directory, &*before)
            .map_err(|errno| failed(&path, "write", errno))?;
        // Where an interrupted save has linked both already, renaming does nothing.
        discard(directory, &temporary);
        Ok(())
    }
}

impl StateFiles for StateDir {
    fn read(&self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, FileError> {
        let Some(directory) = self.directory()? else {
            return Ok(None);
        };
        let path = self.path.join(name);
        // Non-blocking, so that a pipe put in its place does not hang a login.
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let file = match again(|| openat(&directory, name, flags, Mode::empty())) {
            Ok(file) => file,
            Err(Errno::ENOENT) => return Ok(None),
            Err(Errno::ELOOP) => return Err(untrusted(&path, "is a link")),
            Err(errno) => return Err(failed(&path, "open", errno)),
        };
        let stat = fstat(file.as_fd()).map_err(|errno| failed(&path, "examine", errno))?;
        if SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT != SFlag::S_IFREG {
            return Err(untrusted(&path, "is no ordinary file"));
        }
        check_owner(&path, &stat)?;
        let most = u64::try_from(limit).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        File::from(file)
            .take(most.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| failed(&path, "read", error))?;
        if bytes.len() > limit {
            return Err(FileError::TooLarge {
                path: path.display().to_string(),
                limit,
            });
        }
        Ok(Some(bytes))
    }

    fn write(&self, name: &str, bytes: &[u8], keep_previous: bool) -> Result<(), FileError> {
        let directory = self.directory_to_write()?;
        let path = self.path.join(name);
        // One name for all, under the account's lock: a crash leaves at most one behind.
        let [temporary, _] = unfinished(name);
        discard(&directory, &temporary);
        let written = self.create(&directory, &temporary, bytes).and_then(|()| {
            if keep_previous {
                self.keep(&directory, name)?;
            }
            renameat(&directory, &*temporary, &directory, name)
                .map_err(|errno| failed(&path, "write", errno))
        });
        if written.is_err() {
            discard(&directory, &temporary);
        }
        written?;
        again(|| fsync(&directory)).map_err(|errno| failed(&path, "save", errno))
    }

    fn remove(&self, name: &str) -> Result<(), FileError> {
        let Some(directory) = self.directory()? else {
            return Ok(());
        };
        let finished = [previous(name), name.to_owned()];
        let files = finished.into_iter().flat_map(|file| {
            let [new, old] = unfinished(&file);
            [new, old, file]
        });
        for file in files {
            // A read-only disk says so even of what is not there.
            let there = fstatat(&directory, &*file, AtFlags::AT_SYMLINK_NOFOLLOW);
            if there.err() == Some(Errno::ENOENT) {
                continue;
            }
            match unlinkat(&directory, &*file, UnlinkatFlags::NoRemoveDir) {
                Ok(()) | Err(Errno::ENOENT) => {}
                Err(errno) => return Err(failed(&self.path.join(file), "remove", errno)),
            }
        }
        again(|| fsync(&directory)).map_err(|errno| failed(&self.path, "save", errno))
    }

    fn prepare_lock(&self, name: &str) -> Result<(), FileError> {
        self.open_lock(&self.directory_to_write()?, name).map(drop)
    }

    fn lock(&self, name: &str) -> Result<Box<dyn LockGuard>, FileError> {
        let directory = self.directory_to_write()?;
        let path = self.path.join(name);
        let open = || self.open_lock(&directory, name);
        let mut file = open()?;
        let deadline = Instant::now() + LOCK_PATIENCE;
        loop {
            match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(lock) => match fstat(lock.as_fd()) {
                    // Removed by whoever had it: others already lock a new one.
                    Ok(stat) if stat.st_nlink == 0 => file = open()?,
                    _ => return Ok(Box::new(FileLock(lock))),
                },
                Err((back, Errno::EWOULDBLOCK | Errno::EINTR)) if Instant::now() < deadline => {
                    file = back;
                    thread::sleep(LOCK_PAUSE);
                }
                Err((_, Errno::EWOULDBLOCK | Errno::EINTR)) => {
                    return Err(FileError::Busy {
                        path: path.display().to_string(),
                    });
                }
                Err((_, errno)) => return Err(failed(&path, "lock", errno)),
            }
        }
    }
}

struct FileLock(#[expect(dead_code, reason = "held, not used")] Flock<File>);

impl LockGuard for FileLock {}

/// Whether the process may write a file that large, as far as anybody says.
fn within_the_limit(bytes: &[u8]) -> bool {
    let most = getrlimit(Resource::RLIMIT_FSIZE);
    most.is_err() || most.is_ok_and(|(most, _)| bytes.len() as u64 <= most)
}

/// Removes what a crash may have left under a temporary name.
fn discard(directory: &OwnedFd, name: &str) {
    let _ = unlinkat(directory, name, UnlinkatFlags::NoRemoveDir);
}

/// Sees to it that what is at this path still has its name after a power cut.
fn save_name_of(path: &Path) -> Result<(), FileError> {
    let above = path.parent().unwrap_or(Path::new("/"));
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    again(|| openat(AT_FDCWD, above, flags, Mode::empty()))
        .and_then(|above| again(|| fsync(&above)))
        .map_err(|errno| failed(path, "save", errno))
}

/// Opens a directory of ours without following a link; it and its mode, `None` if it is not there.
fn open_directory(
    from: BorrowedFd<'_>,
    name: &Path,
    path: &Path,
) -> Result<Option<(OwnedFd, u32)>, FileError> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let directory = match again(|| openat(from, name, flags, Mode::empty())) {
        Ok(directory) => directory,
        Err(Errno::ENOENT) => return Ok(None),
        Err(Errno::ENOTDIR | Errno::ELOOP) => {
            return Err(untrusted(path, "is a link or no directory"));
        }
        Err(errno) => return Err(failed(path, "open", errno)),
    };
    let stat = fstat(&directory).map_err(|errno| failed(path, "examine", errno))?;
    check_ours(path, &stat)?;
    Ok(Some((directory, stat.st_mode & 0o777)))
}

fn check_ours(path: &Path, stat: &FileStat) -> Result<(), FileError> {
    if stat.st_uid == geteuid().as_raw() {
        Ok(())
    } else {
        Err(untrusted(path, "belongs to another user"))
    }
}

fn check_owner(path: &Path, stat: &FileStat) -> Result<(), FileError> {
    check_ours(path, stat)?;
    if stat.st_mode & 0o022 != 0 {
        return Err(untrusted(path, "can be written by others"));
    }
    Ok(())
}

fn untrusted(path: &Path, reason: &'static str) -> FileError {
    FileError::Untrusted {
        path: path.display().to_string(),
        reason,
    }
}

fn failed(path: &Path, action: &'static str, source: impl Into<io::Error>) -> FileError {
    FileError::Io {
        path: path.display().to_string(),
        action,
        source: source.into(),
    }
}

#[cfg(test)]
mod tests;

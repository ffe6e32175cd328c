//! The system's log, without waiting for it for long.
//!
//! syslog(3) waits for as long as the log's socket is full, and anybody may write there: whoever
//! fills it faster than it is read, or a reader that has stopped, would hold up every login.

use std::fs;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use keydyn_core::printable::printable;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, UnixAddr, connect, send, socket,
};

/// Where the log listens.
pub const SOCKET: &str = "/dev/log";

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The log has it.
    Yes,
    /// The log had no room for it all the while.
    Full,
    /// There is no such socket, or none to be had.
    Unreachable,
}

/// Hands one line to the log that listens at `path`, waiting for room at most so long. `priority`
/// is facility and level as syslog(3) has them.
#[must_use]
pub fn write(path: &Path, priority: i32, line: &str, patience: Duration) -> Taken {
    let Ok(log) = reach(path) else {
        return Taken::Unreachable;
    };
    // As syslog(3) writes it, without the time, which the log knows better.
    let program = fs::read_to_string("/proc/self/comm").unwrap_or_default();
    let program = tag(&program);
    let message = format!("<{priority}>{program}[{}]: {line}", std::process::id());
    let deadline = Instant::now() + patience;
    loop {
        let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
        match send(log.as_raw_fd(), message.as_bytes(), flags) {
            Ok(_) => return Taken::Yes,
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN | Errno::ENOBUFS) => wait_for_room(&log, deadline),
            Err(_) => return Taken::Unreachable,
        }
        if Instant::now() >= deadline {
            return Taken::Full;
        }
    }
}

/// What stands in front of a line: the program's name, which is whatever somebody has called the link
/// through which they started it.
fn tag(comm: &str) -> String {
    match comm.strip_suffix('\n').unwrap_or(comm) {
        "" => "pam_keydyn".to_owned(),
        name => printable(name),
    }
}

fn reach(path: &Path) -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let log = socket(AddressFamily::Unix, SockType::Datagram, flags, None)?;
    connect(log.as_raw_fd(), &UnixAddr::new(path)?)?;
    Ok(log)
}

/// Returns when there may be room, at the deadline, or when a signal came.
fn wait_for_room(log: &OwnedFd, deadline: Instant) {
    let left = deadline.saturating_duration_since(Instant::now());
    let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
    let _ = poll(&mut [PollFd::new(log.as_fd(), PollFlags::POLLOUT)], left);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixDatagram;

    const AT_ONCE: Duration = Duration::ZERO;

    fn listener() -> (tempfile::TempDir, std::path::PathBuf, UnixDatagram) {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("log");
        let listener = UnixDatagram::bind(&path).unwrap();
        (place, path, listener)
    }

    #[test]
    fn a_line_arrives_with_its_priority() {
        let (_place, path, listener) = listener();
        assert_eq!(write(&path, 85, "a line", AT_ONCE), Taken::Yes);
        let mut bytes = [0; 200];
        let length = listener.recv(&mut bytes).unwrap();
        let line = String::from_utf8_lossy(&bytes[..length]).into_owned();
        let own = format!("[{}]: a line", std::process::id());
        assert!(line.starts_with("<85>") && line.ends_with(&own), "{line}");
    }

    #[test]
    fn a_program_with_any_name_writes_one_line() {
        assert_eq!(tag("login\n"), "login");
        assert_eq!(tag("su\n<85>x\u{1b}[m\n"), "su\\n<85>x\\u{1b}[m");
        assert_eq!(tag("\n"), "pam_keydyn");
        assert_eq!(tag(""), "pam_keydyn");
    }

    #[test]
    fn a_log_that_nobody_reads_is_given_up() {
        let (_place, path, listener) = listener();
        let full = (0..1_000_000).find(|_| write(&path, 85, "a line", AT_ONCE) == Taken::Full);
        assert!(full.is_some(), "a socket has an end");
        let patience = Duration::from_millis(20);
        assert_eq!(write(&path, 85, "a line", patience), Taken::Full);
        listener.recv(&mut [0; 200]).unwrap();
        assert_eq!(write(&path, 85, "a line", AT_ONCE), Taken::Yes);
    }

    #[test]
    fn room_that_comes_in_time_is_taken() {
        let (_place, path, listener) = listener();
        while write(&path, 85, "a line", AT_ONCE) == Taken::Yes {}
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(30));
                listener.recv(&mut [0; 200]).unwrap();
            });
            let patience = Duration::from_secs(60);
            assert_eq!(write(&path, 85, "a line", patience), Taken::Yes);
        });
    }

    #[test]
    fn no_log_at_all_is_told_apart() {
        let place = tempfile::tempdir().unwrap();
        let nowhere = place.path().join("log");
        assert_eq!(write(&nowhere, 85, "a line", AT_ONCE), Taken::Unreachable);
        drop(UnixDatagram::bind(&nowhere).unwrap());
        assert_eq!(write(&nowhere, 85, "a line", AT_ONCE), Taken::Unreachable);
    }
}

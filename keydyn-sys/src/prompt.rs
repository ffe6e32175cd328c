//! The terminal of whoever types a password again and again: questions without echo, answers in
//! memory that is wiped, and the terminal as it was, however it ends.
//!
//! The echo stays off from the first question to the last, so that nothing typed too early
//! appears. Signals that end a program are read from a descriptor between two reads instead of
//! being handled: there is no handler, and nothing is half done when one arrives.
#![expect(unsafe_code, reason = "the size of a terminal is an ioctl")]

use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::os::unix::fs::OpenOptionsExt as _;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
pub use nix::sys::signal::Signal;
use nix::sys::signal::{SigSet, SigmaskHow, kill, raise, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::termios::{FlushArg, LocalFlags, SetArg, Termios, tcflush, tcgetattr, tcsetattr};
use nix::unistd::{Pid, read, ttyname};

use crate::secret::{SECRET_LEN, SecretPage};

/// The longest answer PAM takes (PAM_MAX_RESP_SIZE, with its NUL).
const LONGEST: usize = 511;

/// What ends or stops a program that is typed into.
const SIGNALS: [Signal; 5] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGTSTP,
];

/// A line that was typed without echo. Wiped when dropped, and never moved while it grew.
pub struct SecretLine {
    page: SecretPage,
    len: usize,
}

impl SecretLine {
    /// A line with these bytes; `None` if no password has them.
    ///
    /// # Errors
    /// If the system has no memory to give.
    pub fn from_bytes(bytes: &[u8]) -> io::Result<Self> {
        let mut page = SecretPage::new()?;
        let place = page.bytes_mut().get_mut(..bytes.len());
        place
            .ok_or(io::ErrorKind::InvalidInput)?
            .copy_from_slice(bytes);
        Ok(Self {
            page,
            len: bytes.len(),
        })
    }

    /// What was typed, without the end of the line.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.page.bytes()[..self.len]
    }

    /// Whether a password can be this: libpam takes no NUL and at most 511 bytes.
    #[must_use]
    pub fn possible(&self) -> bool {
        self.len <= LONGEST && !self.bytes().contains(&0)
    }
}

impl fmt::Debug for SecretLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretLine(..)")
    }
}

/// What came of a question.
#[derive(Debug)]
pub enum Answer {
    /// A line.
    Line(SecretLine),
    /// Ctrl-D, or the terminal is gone.
    End,
    /// Ctrl-C, or whatever else ends a program.
    Ended(Signal),
    /// The program was stopped and goes on: ask again.
    Stopped,
}

/// The terminal, without echo while this lives.
pub struct Terminal {
    tty: File,
    before: Termios,
    signals: SignalFd,
}

impl Terminal {
    /// Takes the controlling terminal and turns its echo off; `None` where there is none.
    ///
    /// # Errors
    /// If there is one and it does not obey.
    pub fn take() -> io::Result<Option<Self>> {
        let tty = File::options()
            .read(true)
            .write(true)
            .custom_flags((OFlag::O_NOCTTY | OFlag::O_CLOEXEC).bits())
            .open("/dev/tty");
        let tty = match tty {
            Ok(tty) => tty,
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENXIO | libc::ENOENT)) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let before = tcgetattr(&tty)?;
        let signals: SigSet = SIGNALS.into_iter().collect();
        let watched =
            SignalFd::with_flags(&signals, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&signals), None)?;
        let terminal = Self {
            tty,
            before,
            signals: watched,
        };
        terminal.hide()?;
        Ok(Some(terminal))
    }

    fn hide(&self) -> io::Result<()> {
        let mut silent = self.before.clone();
        silent
            .local_flags
            .remove(LocalFlags::ECHO | LocalFlags::ECHOE | LocalFlags::ECHOK | LocalFlags::ECHONL);
        silent
            .local_flags
            .insert(LocalFlags::ICANON | LocalFlags::ISIG);
        Ok(tcsetattr(&self.tty, SetArg::TCSAFLUSH, &silent)?)
    }

    fn show(&self) {
        // What is left of a password that was typed too late must not become a command.
        let _ = tcsetattr(&self.tty, SetArg::TCSAFLUSH, &self.before);
    }

    /// How wide it is, if it says.
    #[must_use]
    pub fn columns(&self) -> Option<u16> {
        let mut size = nix::pty::Winsize {
            ws_row: 0,
            ws_col: 0,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        // SAFETY: the ioctl fills in one structure of this type.
        let asked = unsafe { size_of_terminal(self.tty.as_raw_fd(), &raw mut size) };
        asked
            .is_ok()
            .then_some(size.ws_col)
            .filter(|&columns| columns > 0)
    }

    /// Writes to it.
    ///
    /// # Errors
    /// If it is gone.
    pub fn write(&mut self, text: &str) -> io::Result<()> {
        self.tty.write_all(text.as_bytes())
    }

    /// Forgets what was typed before the question that is about to be asked.
    pub fn forget_typed_ahead(&self) {
        let _ = tcflush(&self.tty, FlushArg::TCIFLUSH);
    }

    /// Waits for a line.
    ///
    /// # Errors
    /// If the terminal cannot be read, or the system has no memory to give.
    pub fn read_line(&self) -> io::Result<Answer> {
        let mut line = SecretLine::from_bytes(b"")?;
        loop {
            if let Some(answer) = self.wait()? {
                return Ok(answer);
            }
            let room = &mut line.page.bytes_mut()[line.len..];
            let count = match read(&self.tty, room) {
                Ok(count) => count,
                Err(Errno::EINTR | Errno::EAGAIN) => continue,
                // The other side hung up.
                Err(Errno::EIO) => return Ok(Answer::End),
                Err(errno) => return Err(errno.into()),
            };
            if count == 0 {
                return Ok(Answer::End);
            }
            line.len += count;
            if line.bytes().last() == Some(&b'\n') {
                line.len -= 1;
                return Ok(Answer::Line(line));
            }
            if line.len == SECRET_LEN.get() {
                // No password is this long: the caller says so.
                return Ok(Answer::Line(line));
            }
        }
    }

    /// Waits until something was typed (`None`) or a signal came.
    fn wait(&self) -> io::Result<Option<Answer>> {
        loop {
            if let Some(caught) = self.signals.read_signal()? {
                let signal = i32::try_from(caught.ssi_signo)
                    .ok()
                    .and_then(|number| Signal::try_from(number).ok())
                    .unwrap_or(Signal::SIGTERM);
                return match signal {
                    Signal::SIGTSTP => self.stop().map(Some),
                    signal => Ok(Some(Answer::Ended(signal))),
                };
            }
            let mut ready = [
                PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.tty.as_fd(), PollFlags::POLLIN),
            ];
            match poll(&mut ready, PollTimeout::NONE) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
            let signalled = ready[0].any().unwrap_or(false);
            if !signalled && ready[1].any().unwrap_or(false) {
                return Ok(None);
            }
        }
    }

    /// Ctrl-Z: gives the terminal back until the program is told to go on.
    fn stop(&self) -> io::Result<Answer> {
        self.show();
        kill(Pid::this(), Signal::SIGSTOP)?;
        self.hide()?;
        Ok(Answer::Stopped)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.show();
        // The signals stay blocked: whoever stops a program that is done already must not take
        // its last words away. `end_by` unblocks what it raises.
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Terminal(..)")
    }
}

nix::ioctl_read_bad!(
    /// TIOCGWINSZ.
    size_of_terminal,
    libc::TIOCGWINSZ,
    nix::pty::Winsize
);

/// Ends the process the way this signal would have, so that whoever started it can tell. Call it
/// with the [`Terminal`] dropped. Returns only if the signal is ignored.
pub fn end_by(signal: Signal) {
    let only: SigSet = [signal].into_iter().collect();
    let _ = sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&only), None);
    let _ = raise(signal);
}

/// The name that PAM knows the terminal by (`tty1`, `pts/3`), if one of the standard streams is
/// one.
#[must_use]
pub fn name() -> Option<String> {
    let name = ttyname(io::stdin())
        .or_else(|_| ttyname(io::stderr()))
        .or_else(|_| ttyname(io::stdout()))
        .ok()?;
    let name = name.to_str()?;
    Some(name.strip_prefix("/dev/").unwrap_or(name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_no_password_can_be_is_told() {
        let line = |bytes: &[u8]| SecretLine::from_bytes(bytes).unwrap();
        assert!(line(b"secret").possible());
        assert!(line(&[b'a'; 511]).possible());
        assert!(!line(&[b'a'; 512]).possible());
        assert!(!line(b"a\0b").possible());
        assert!(SecretLine::from_bytes(&[b'a'; 4097]).is_err());
        assert_eq!(format!("{:?}", line(b"secret")), "SecretLine(..)");
    }
}

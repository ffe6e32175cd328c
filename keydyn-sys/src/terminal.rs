//! Terminals: by the names that applications give, and by the kernel's word.

use std::fs;
use std::io;
use std::path::Path;

/// A terminal, as far as it says where somebody sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Terminal {
    /// A virtual terminal of this machine's screen and keyboards: tty1 to tty63.
    Virtual(u32),
    /// Made by a program: a window, a multiplexer, a network login.
    Pseudo,
    /// A serial line, a hypervisor's console and the like.
    Other,
}

/// What an application means by PAM_TTY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// Nothing: unset, empty, or "the terminal I have".
    Nothing,
    /// A terminal.
    Terminal(Terminal),
    /// /dev/console, whatever that is.
    Console,
    /// The virtual terminal in front, whichever that is.
    Foreground,
    /// A display of this machine, `:0`: display managers and lockers.
    Display,
    /// A login over ssh.
    Ssh,
    /// Another word, or a display of another machine.
    Word,
}

impl Named {
    /// Reads PAM_TTY, with or without `/dev/` in front.
    pub(crate) fn parse(tty: Option<&str>) -> Self {
        let tty = tty.unwrap_or_default();
        let name = tty.strip_prefix("/dev/").unwrap_or(tty);
        match name {
            "" | "tty" => Self::Nothing,
            "tty0" => Self::Foreground,
            "console" => Self::Console,
            "ssh" => Self::Ssh,
            _ if name.starts_with("pts/") => Self::Terminal(Terminal::Pseudo),
            _ => {
                let display = name.strip_prefix(':').and_then(|rest| rest.chars().next());
                if display.is_some_and(|first| first.is_ascii_digit()) {
                    Self::Display
                } else if let Some(number) = virtual_number(name) {
                    Self::Terminal(Terminal::Virtual(number))
                } else {
                    Self::Word
                }
            }
        }
    }
}

/// The number in `ttyN`.
fn virtual_number(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("tty")?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    let number = digits.parse().ok().filter(|_| plain)?;
    (1..=63).contains(&number).then_some(number)
}

/// The controlling terminal in a line of `/proc/PID/stat` (proc(5), field 7).
pub(crate) fn controlling(stat: &str) -> Option<Terminal> {
    // The command's name, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let device: i32 = fields.split_whitespace().nth(4)?.parse().ok()?;
    let device = device.cast_unsigned();
    let (major, minor) = (
        (device >> 8) & 0xfff,
        (device & 0xff) | ((device >> 12) & 0xf_ff00),
    );
    // Documentation/admin-guide/devices.txt of the kernel.
    match (major, minor) {
        (0, 0) => None,
        (4, 1..=63) => Some(Terminal::Virtual(minor)),
        (136..=143, _) => Some(Terminal::Pseudo),
        _ => Some(Terminal::Other),
    }
}

/// The virtual terminal in front, from the kernel's directory of terminals (`/sys/class/tty`).
///
/// # Errors
/// If it could not be found out, as in [`text`].
pub(crate) fn in_front(directory: &Path) -> io::Result<Option<u32>> {
    let active = text(&directory.join("tty0/active"))?;
    Ok(active.and_then(|active| virtual_number(active.trim_end())))
}

/// What /dev/console is: the last of the names the kernel gives.
///
/// # Errors
/// If it could not be found out, as in [`text`].
pub(crate) fn console(directory: &Path) -> io::Result<Option<Terminal>> {
    let active = text(&directory.join("console/active"))?.unwrap_or_default();
    Ok(match active.split_whitespace().next_back() {
        None => None,
        Some("tty0") => in_front(directory)?.map(Terminal::Virtual),
        Some(name) => Some(virtual_number(name).map_or(Terminal::Other, Terminal::Virtual)),
    })
}

/// What the kernel says in one of its files; `None` if it has no such file or keeps it to itself.
///
/// # Errors
/// If the file could not be read, which says nothing about what is in it.
pub(crate) fn text(path: &Path) -> io::Result<Option<String>> {
    match fs::read(path) {
        // A command's name, which its caller chooses, need not be UTF-8.
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => Ok(None),
            _ => Err(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let vt = |number| Named::Terminal(Terminal::Virtual(number));
        for (tty, named) in [
            (None, Named::Nothing),
            (Some(""), Named::Nothing),
            (Some("/dev/"), Named::Nothing),
            (Some("/dev/tty"), Named::Nothing),
            (Some("tty1"), vt(1)),
            (Some("/dev/tty63"), vt(63)),
            (Some("/dev/tty0"), Named::Foreground),
            (Some("/dev/console"), Named::Console),
            (Some("pts/3"), Named::Terminal(Terminal::Pseudo)),
            (Some("/dev/pts/12"), Named::Terminal(Terminal::Pseudo)),
            (Some(":0"), Named::Display),
            (Some(":10.0"), Named::Display),
            (Some("ssh"), Named::Ssh),
            (Some("localhost:10.0"), Named::Word),
            (Some(":"), Named::Word),
            (Some("::1"), Named::Word),
            (Some("tty64"), Named::Word),
            (Some("tty01"), Named::Word),
            (Some("tty+1"), Named::Word),
            (Some("tty-1"), Named::Word),
            (Some("tty99999999999"), Named::Word),
            (Some("/dev//tty1"), Named::Word),
            (Some("ttyS0"), Named::Word),
            (Some("/dev/ttyUSB0"), Named::Word),
            (Some("ttyAMA0"), Named::Word),
            (Some("hvc0"), Named::Word),
            (Some("cron"), Named::Word),
            (Some("web"), Named::Word),
            (Some("../tty1"), Named::Word),
        ] {
            assert_eq!(Named::parse(tty), named, "{tty:?}");
        }
    }

    #[test]
    fn the_controlling_terminal_is_read_behind_any_command_name() {
        let stat = |name: &str, device: i64| format!("12 ({name}) S 1 12 12 {device} -1 0 0\n");
        for (device, terminal) in [
            (0, None),
            (0x0401, Some(Terminal::Virtual(1))),
            (0x043f, Some(Terminal::Virtual(63))),
            (0x0440, Some(Terminal::Other)), // ttyS0
            (0xe500, Some(Terminal::Other)), // hvc0
            (0x8803, Some(Terminal::Pseudo)),
            (0x0010_8f02, Some(Terminal::Pseudo)), // the 258th of its major
            (0x0010_0401, Some(Terminal::Other)),
        ] {
            for name in ["su", "a b) R 0 0 0 1025 (", ""] {
                assert_eq!(
                    controlling(&stat(name, device)),
                    terminal,
                    "{name} {device:x}"
                );
            }
        }
        for broken in [
            "",
            "12 (su",
            "12 (su) S 1",
            "12 (su) S 1 2 3 x",
            "12 (su) S 1 2 3 1025999999999",
        ] {
            assert_eq!(controlling(broken), None, "{broken}");
        }
    }

    /// A stand-in for `/sys/class/tty` with these two files, where given.
    fn directory(front: Option<&str>, console: Option<&str>) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, active) in [("tty0", front), ("console", console)] {
            if let Some(active) = active {
                fs::create_dir(directory.path().join(name)).unwrap();
                fs::write(directory.path().join(name).join("active"), active).unwrap();
            }
        }
        directory
    }

    #[test]
    fn the_terminal_in_front_is_a_number_or_not_known() {
        for (active, number) in [
            (Some("tty2\n"), Some(2)),
            (Some("tty63"), Some(63)),
            (Some("tty0\n"), None),
            (Some("ttyS0\n"), None),
            (Some(""), None),
            (Some("tty2 tty3\n"), None),
            (None, None),
        ] {
            assert_eq!(
                in_front(directory(active, None).path()).unwrap(),
                number,
                "{active:?}"
            );
        }
    }

    #[test]
    fn the_console_is_the_last_one_named() {
        for (active, terminal) in [
            (Some("ttyS0 tty0\n"), Some(Terminal::Virtual(3))),
            (Some("tty0 ttyS0\n"), Some(Terminal::Other)),
            (Some("tty0 tty2\n"), Some(Terminal::Virtual(2))),
            (Some("hvc0\n"), Some(Terminal::Other)),
            (Some("\n"), None),
            (None, None),
        ] {
            let directory = directory(Some("tty3\n"), active);
            assert_eq!(console(directory.path()).unwrap(), terminal, "{active:?}");
        }
        let dark = directory(None, Some("tty0\n"));
        let none = console(dark.path()).unwrap();
        assert_eq!(none, None, "no terminal is in front");
    }

    #[test]
    fn what_cannot_be_read_is_not_the_same_as_nothing() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["tty0/active", "console/active"] {
            // A directory in the file's place: it is there, and reading it fails.
            fs::create_dir_all(directory.path().join(name)).unwrap();
        }
        assert!(in_front(directory.path()).is_err());
        assert!(console(directory.path()).is_err());
        let stat = directory.path().join("stat");
        assert_eq!(text(&stat).unwrap(), None);
        fs::write(&stat, b"12 (\xff) S 1 12 12 1025 -1").unwrap();
        let stat = text(&stat).unwrap().unwrap();
        assert_eq!(controlling(&stat), Some(Terminal::Virtual(1)));
    }
}

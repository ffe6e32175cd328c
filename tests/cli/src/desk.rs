//! Somebody who types a password at a keyboard: recorded key events in place of the keyboard, a
//! private PAM service in place of this machine's, and the real command on a real terminal.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;

use crate::{Done, PATIENCE, Place, RecvTimeoutError, Session, Tool};

/// The right password of everybody.
pub const PASSWORD: &str = "correct horse";
/// Whose it is.
pub const USER: &str = "nobody";

/// `openssl passwd -6` of what [`password_line`] types.
const HASH: &str = "$6$abcdefgh$xPo7heVHKjloUF4jK8zKO.FenBNBxqzc6D5MDG1CgSIrtslG91L4Magjx3B1HIhMGwV.JHnozG78uMwvkRkRp.";

const TEXT: [&str; 13] = [
    "c", "o", "r", "r", "e", "c", "t", "space", "h", "o", "r", "s", "e",
];
const KEYPAD: [&str; 6] = ["kp1", "kp2", "kp3", "kp4", "kp5", "kp6"];

/// The command with the stand-in source, built by `make tool`, or where KEYDYN_REPLAY_TOOL says.
///
/// # Panics
/// If it has not been built.
pub fn replaying_tool() -> PathBuf {
    let path = std::env::var_os("KEYDYN_REPLAY_TOOL").map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../target-replay/debug/keydyn"
            ))
        },
        PathBuf::from,
    );
    path.canonicalize().unwrap_or_else(|_| {
        panic!("{} is not there; `make tool` builds it", path.display());
    })
}

/// The owner's rhythm; `seed` varies it by a few milliseconds. The same once more is a copy.
pub fn owner(seed: u64) -> String {
    written(&TEXT, seed, 90, 170)
}

/// The same keys at less than half the speed.
pub fn wild(seed: u64) -> String {
    written(&TEXT, seed, 200, 450)
}

/// Other keys, as steadily.
pub fn keypad(seed: u64) -> String {
    written(&KEYPAD, seed, 90, 170)
}

/// The first five keys of the owner's.
pub fn short(seed: u64) -> String {
    written(&TEXT[..5], seed, 90, 170)
}

fn written(keys: &[&str], seed: u64, hold: u64, down: u64) -> String {
    let (mut now, mut edges) = (1000, Vec::new());
    for (i, key) in (0..).zip(keys) {
        let vary = |salt: u64| varied(seed * 1000 + i * 10 + salt);
        edges.push((now, *key, "down"));
        edges.push((now + hold + 3 * i + vary(1), *key, "up"));
        now += down + 9 * i + vary(2);
    }
    edges.push((now, "enter", "down"));
    edges.sort_by_key(|&(at, ..)| at);
    let mut text = String::from("where local\ntrace\n");
    for (at, key, motion) in edges {
        let _ = writeln!(text, "{at} {key} {motion}");
    }
    text
}

/// From 0 to 12 ms, each place by itself: nobody's typings are shifted copies of each other.
fn varied(place: u64) -> u64 {
    let mixed = (place + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed >> 32) % 13
}

/// A desk with a keyboard at which these typings will be heard, one for each prompt, the last one
/// again and again.
#[derive(Debug)]
pub struct Desk(Place);

impl Desk {
    /// A desk at which nobody has typed yet.
    ///
    /// # Panics
    /// If its files cannot be written.
    pub fn new(typings: impl IntoIterator<Item = String>) -> Self {
        let desk = Self(Place::new());
        let line = pam_host::password_line(&PASSWORD.replace(' ', "_")).expect("the stand-in");
        let service = format!("auth required {line} nodelay\naccount required pam_permit.so\n");
        fs::create_dir(desk.directory()).expect("a directory");
        fs::create_dir(desk.directory().join("pam.d")).expect("a directory");
        desk.service(&service);
        desk.hears(typings);
        desk
    }

    /// A directory for whatever a test needs.
    pub fn directory(&self) -> PathBuf {
        self.0.0.path().join("desk")
    }

    /// The directories of its accounts.
    pub fn place(&self) -> &Place {
        &self.0
    }

    /// With these lines as the PAM service `keydyn`.
    ///
    /// # Panics
    /// If they cannot be written.
    pub fn service(&self, lines: &str) {
        let file = self.directory().join("pam.d/keydyn");
        fs::write(file, lines).expect("a service");
    }

    /// Without the PAM service, and with one for everything else that lets anybody in.
    ///
    /// # Panics
    /// If it cannot be removed.
    pub fn without_service(&self) {
        let directory = self.directory().join("pam.d");
        fs::remove_file(directory.join("keydyn")).expect("it was there");
        let permit = "auth required pam_permit.so\naccount required pam_permit.so\n";
        fs::write(directory.join("other"), permit).expect("a service");
    }

    /// From now on these are heard.
    ///
    /// # Panics
    /// If they cannot be written.
    pub fn hears(&self, typings: impl IntoIterator<Item = String>) {
        let directory = self.directory().join("typings");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir(&directory).expect("a directory");
        for (number, typing) in typings.into_iter().enumerate() {
            fs::write(directory.join(format!("{number:03}")), typing).expect("a script");
        }
    }

    /// The command at this desk.
    pub fn keydyn(&self, arguments: &[&str]) -> Tool {
        let mut tool = self.0.keydyn(arguments);
        let mut command = Command::new(replaying_tool());
        command.env_clear();
        let set = tool.command.get_envs();
        command.envs(set.filter_map(|(name, value)| Some((name, value?))));
        command.args(tool.command.get_args());
        command.arg("--replay").arg(self.directory());
        tool.command = command;
        tool
    }

    /// Enrolls the user with these typings, which must be enough.
    pub fn enroll(&self, typings: impl IntoIterator<Item = String>) -> Done {
        let typings: Vec<String> = typings.into_iter().collect();
        let count = typings.len();
        self.hears(typings);
        self.keydyn(&["enroll", USER])
            .terminal()
            .passwords(count)
            .end()
    }

    /// Names of the files that are kept of accounts.
    pub fn kept(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.0.state())
            .into_iter()
            .flatten()
            .map(|entry| entry.expect("an entry").file_name().into_string())
            .map(|name| name.expect("a name in ASCII"))
            .filter(|name| name != "host.key" && !name.ends_with(".lock"))
            .collect();
        names.sort();
        names
    }
}

impl Tool {
    /// In a world of its own in which USER has PASSWORD, by /etc/shadow. `None` where no such world
    /// can be made: it takes root with all of root's rights.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn with_shadow(self, desk: &Desk) -> Option<Self> {
        let shadow = desk.directory().join("shadow");
        let lines = format!("root:*:19000:0:99999:7:::\n{USER}:{HASH}:19000:0:99999:7:::\n");
        fs::write(&shadow, lines).expect("a shadow file");
        self.with_mount(&shadow, "/etc/shadow")
    }

    /// In a world of its own in which the desk's PAM services are the machine's. `None` as above.
    pub fn with_pam_of(self, desk: &Desk) -> Option<Self> {
        self.with_mount(&desk.directory().join("pam.d"), "/etc/pam.d")
    }

    fn with_mount(mut self, from: &Path, to: &str) -> Option<Self> {
        let mount = format!("mount --bind {} {to}", from.display());
        let mut attempt = Command::new("unshare");
        let possible = attempt.args(["-m", "sh", "-c", &mount]).output();
        possible.ok().filter(|output| output.status.success())?;
        let mut command = Command::new("unshare");
        command.env_clear();
        let set = self.command.get_envs();
        command.envs(set.filter_map(|(name, value)| Some((name, value?))));
        command.args(["-m", "sh", "-c", &format!("{mount} && exec \"$0\" \"$@\"")]);
        command.arg(self.command.get_program());
        command.args(self.command.get_args());
        self.command = command;
        Some(self)
    }

    /// With standard output in this file of the desk's directory, as `> file` has it.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn stdout_to(mut self, name: &str, desk: &Desk) -> Self {
        let file = fs::File::create(desk.directory().join(name)).expect("a file");
        self.redirected = Some(file);
        self
    }
}

impl Session {
    /// Types the password at the first prompt and at so many in all, each when it is there.
    pub fn passwords(mut self, count: usize) -> Self {
        for number in 0..count {
            self = self.prompted(number).keys(&password_line());
        }
        self
    }

    /// Waits for the prompt with this number, counted from 0.
    pub fn prompted(self, number: usize) -> Self {
        match number {
            0 => self.expect("Password of nobody:"),
            number => self.expect_times(" > ", number),
        }
    }

    /// Waits until this is on the screen so many times.
    ///
    /// # Panics
    /// If it never is, or the command ends before.
    pub fn expect_times(mut self, text: &str, times: usize) -> Self {
        let start = Instant::now();
        while self.screen().matches(text).count() < times {
            let left = PATIENCE.saturating_sub(start.elapsed());
            match self.output.recv_timeout(left) {
                Ok(chunk) => self.seen.extend(chunk),
                Err(_) => panic!(
                    "{text:?} is not on the screen {times} times:\n{}",
                    self.screen()
                ),
            }
        }
        self
    }

    /// Sends a signal to the command.
    ///
    /// # Panics
    /// If it has ended already.
    pub fn signal(self, signal: Signal) -> Self {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        kill(Pid::from_raw(pid), signal).expect("it runs");
        self
    }

    /// Whether the terminal shows what is typed.
    ///
    /// # Panics
    /// If it is gone.
    pub fn echoes(&self) -> bool {
        let state = tcgetattr(&self.keyboard).expect("a terminal");
        state.local_flags.contains(LocalFlags::ECHO)
    }

    /// Waits until it has ended, and looks whether it left the terminal with its echo.
    ///
    /// # Panics
    /// If it does not end.
    pub fn end_and_look(self) -> (Done, bool) {
        let keyboard = self.keyboard.try_clone().expect("a descriptor");
        let done = self.end();
        let state = tcgetattr(&keyboard).expect("a terminal");
        (done, state.local_flags.contains(LocalFlags::ECHO))
    }

    /// Waits until it has stopped itself.
    ///
    /// # Panics
    /// If it does not.
    pub fn stopped(self) -> Self {
        let start = Instant::now();
        let file = format!("/proc/{}/stat", self.child.id());
        while start.elapsed() < PATIENCE {
            let stat = fs::read_to_string(&file).expect("it runs");
            if stat
                .rsplit(')')
                .next()
                .is_some_and(|rest| rest.starts_with(" T"))
            {
                return self;
            }
            match self
                .output
                .recv_timeout(std::time::Duration::from_millis(5))
            {
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        panic!("it does not stop");
    }
}

/// The right password, and Enter.
pub fn password_line() -> String {
    PASSWORD.replace(' ', "_") + "\n"
}

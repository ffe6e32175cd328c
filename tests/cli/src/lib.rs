//! Runs the real command `keydyn` the way people do: on a terminal of some width, in a pipe, with
//! an answer typed at the right moment. Its state directories are temporary ones.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a harness whose every failure is a test's"
)]

pub mod desk;
pub mod kept;

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::pty::{Winsize, openpty};
use tempfile::TempDir;

/// Nothing takes as long on the slowest machine; a limit, not an expectation.
const PATIENCE: Duration = Duration::from_secs(120);

/// The command, built by `make tool`, or where KEYDYN_TOOL says.
///
/// # Panics
/// If it has not been built.
pub fn tool() -> PathBuf {
    let path = std::env::var_os("KEYDYN_TOOL").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/debug/keydyn"),
        PathBuf::from,
    );
    path.canonicalize().unwrap_or_else(|_| {
        panic!("{} is not there; `make tool` builds it", path.display());
    })
}

/// Directories that stand for /var/lib/keydyn/accounts and /run/keydyn/accounts.
#[derive(Debug)]
pub struct Place(TempDir);

impl Place {
    /// Two directories that are not there yet, in one that only we can enter.
    ///
    /// # Panics
    /// If there is no temporary directory.
    pub fn new() -> Self {
        let place = TempDir::with_prefix("keydyn-cli-").expect("a temporary directory");
        for above in ["lib", "run"] {
            let above = place.path().join(above);
            fs::create_dir(&above).expect("a directory");
            let private = fs::Permissions::from_mode(0o700);
            fs::set_permissions(&above, private).expect("closed to others");
        }
        Self(place)
    }

    /// The directory that lasts.
    pub fn state(&self) -> PathBuf {
        self.0.path().join("lib/accounts")
    }

    /// The directory until the next boot.
    pub fn run(&self) -> PathBuf {
        self.0.path().join("run/accounts")
    }

    /// The command with these arguments and these directories.
    pub fn keydyn(&self, arguments: &[&str]) -> Tool {
        keydyn_at(&self.state(), &self.run(), arguments)
    }
}

impl Default for Place {
    fn default() -> Self {
        Self::new()
    }
}

/// The command with these directories in place of this machine's.
pub fn keydyn_at(state: &Path, run: &Path, arguments: &[&str]) -> Tool {
    let mut tool = keydyn(arguments);
    tool.command.arg("--state-dir").arg(state);
    tool.command.arg("--run-dir").arg(run);
    tool
}

/// The command with these arguments, in an environment that says nothing but PATH and the kind of
/// terminal.
pub fn keydyn(arguments: &[&str]) -> Tool {
    let mut command = Command::new(tool());
    command.env_clear().env("PATH", "/usr/bin:/bin");
    command.env("TERM", "xterm").env("LANG", "C.UTF-8");
    command.args(arguments);
    Tool {
        command,
        columns: 80,
        redirected: None,
        copy: None,
    }
}

/// A command that has not been started.
#[derive(Debug)]
pub struct Tool {
    command: Command,
    columns: u16,
    /// Where standard output goes in place of the terminal.
    redirected: Option<File>,
    copy: Option<TempDir>,
}

impl Tool {
    /// With a variable of the environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// On a terminal that is so wide.
    pub fn columns(mut self, columns: u16) -> Self {
        self.columns = columns;
        self
    }

    /// On a machine on which this directory can only be read. `None` where this process may not
    /// make one.
    ///
    /// # Panics
    /// If `unshare` cannot be started.
    pub fn read_only(self, directory: &Path) -> Option<Self> {
        const SCRIPT: &str = "mount --bind \"$1\" \"$1\" && \
            mount -o remount,bind,ro \"$1\" || exit 99; shift; exec \"$@\"";
        let within = |program: &std::ffi::OsStr| {
            let mut command = Command::new("unshare");
            command.args(["-rm", "sh", "-c", SCRIPT, "sh"]);
            command.arg(directory).arg(program);
            command
        };
        let probe = within("true".as_ref()).stderr(Stdio::null()).status();
        if !probe.expect("unshare starts").success() {
            return None;
        }
        let mut command = within(self.command.get_program());
        command.args(self.command.get_args());
        Some(Self { command, ..self })
    }

    /// As another user than root, from a place where that user may run it.
    ///
    /// # Panics
    /// If there is no temporary directory.
    pub fn as_uid(self, uid: u32) -> Self {
        let place = TempDir::with_prefix("keydyn-cli-").expect("a temporary directory");
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(place.path(), open).expect("open to others");
        let program = place.path().join("keydyn");
        fs::copy(self.command.get_program(), &program).expect("a copy");
        let mut command = Command::new(program);
        command.args(self.command.get_args()).env_clear();
        let variables = self.command.get_envs();
        command.envs(variables.filter_map(|(name, value)| Some((name, value?))));
        command.uid(uid).gid(uid);
        Self {
            command,
            copy: Some(place),
            ..self
        }
    }

    /// Without a terminal, with these bytes on standard input.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn piped(mut self, input: &str) -> Done {
        let command = self.command.stdin(Stdio::piped());
        let mut child = start(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let mut stdin = child.stdin.take().expect("a pipe");
        // Whoever reads nothing closes the pipe.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        Done::of(child.wait_with_output().expect("it ends"))
    }

    /// On a terminal of its own, which is its controlling one.
    ///
    /// # Panics
    /// If there is none to be had.
    pub fn terminal(mut self) -> Session {
        let size = Winsize {
            ws_row: 24,
            ws_col: self.columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = openpty(Some(&size), None).expect("a terminal");
        let slave = || Stdio::from(pty.slave.try_clone().expect("a descriptor"));
        let stdout = self.redirected.take().map_or_else(slave, Stdio::from);
        self.command.stdin(slave()).stdout(stdout).stderr(slave());
        // SAFETY: between fork and exec only system calls are made.
        unsafe { self.command.pre_exec(take_the_terminal) };
        let child = start(&mut self.command);
        // Read to the end only when nobody here holds the other side.
        drop((self.command, pty.slave));
        Session::new(child, pty.master, self.copy)
    }
}

/// Starts it. A copy that was made for [`Tool::as_uid`] is busy while a child of another test, on
/// its way to its own program, still has the descriptor that it was written through.
fn start(command: &mut Command) -> Child {
    let begun = Instant::now();
    loop {
        match command.spawn() {
            Err(error)
                if error.kind() == ErrorKind::ExecutableFileBusy && begun.elapsed() < PATIENCE =>
            {
                thread::sleep(Duration::from_millis(1));
            }
            started => return started.expect("it starts"),
        }
    }
}

/// In the child: a session of its own, with standard input as its terminal.
fn take_the_terminal() -> std::io::Result<()> {
    // Whoever runs the tests may ignore signals (nohup, a shell's background), and children inherit that.
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM] {
        // SAFETY: sets a disposition, with no handler.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // SAFETY: takes no argument.
    if unsafe { libc::setsid() } < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: descriptor 0 is the terminal; the argument is a number.
    if unsafe { libc::ioctl(0, libc::TIOCSCTTY, 0) } < 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok(())
}

/// A command that runs on a terminal.
#[derive(Debug)]
pub struct Session {
    child: Child,
    keyboard: File,
    output: Receiver<Vec<u8>>,
    seen: Vec<u8>,
    /// Where the program is, if it had to be copied.
    copy: Option<TempDir>,
}

impl Session {
    fn new(child: Child, master: OwnedFd, copy: Option<TempDir>) -> Self {
        let keyboard = File::from(master);
        let mut screen = keyboard.try_clone().expect("a descriptor");
        let (send, output) = channel();
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            // A terminal that nobody writes to any more ends with an error.
            while let Ok(length @ 1..) = screen.read(&mut chunk) {
                if send.send(chunk[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            keyboard,
            output,
            seen: Vec::new(),
            copy,
        }
    }

    fn screen(&self) -> String {
        String::from_utf8_lossy(&self.seen).replace('\r', "")
    }

    /// Waits until this is on the screen, wherever lines are broken.
    ///
    /// # Panics
    /// If it never is.
    pub fn expect(mut self, text: &str) -> Self {
        let start = Instant::now();
        while !flat(&self.screen()).contains(text) {
            let left = PATIENCE.saturating_sub(start.elapsed());
            match self.output.recv_timeout(left) {
                Ok(chunk) => self.seen.extend(chunk),
                Err(_) => panic!("{text:?} is not on the screen:\n{}", self.screen()),
            }
        }
        self
    }

    /// Types these characters; `"yes\n"` is a line.
    ///
    /// # Panics
    /// If the terminal does not take them.
    pub fn keys(mut self, text: &str) -> Self {
        self.keyboard
            .write_all(text.as_bytes())
            .expect("the terminal takes keys");
        self
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    /// If it does not.
    pub fn end(mut self) -> Done {
        let start = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(start.elapsed());
            match self.output.recv_timeout(left) {
                Ok(chunk) => self.seen.extend(chunk),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    let _ = self.child.kill();
                    panic!("it does not end:\n{}", self.screen());
                }
            }
        }
        let status = self.child.wait().expect("it ends");
        drop(self.copy.take());
        Done {
            code: status.code(),
            out: self.screen(),
            err: String::new(),
        }
    }
}

/// A command that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Standard output; on a terminal, all that was on the screen.
    pub out: String,
    /// Standard error; on a terminal, nothing.
    pub err: String,
}

impl Done {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// Everything that was written, with single blanks for every run of white space.
    pub fn flat(&self) -> String {
        flat(&format!("{} {}", self.out, self.err))
    }

    /// Asserts the exit code and that all of this was written, wherever lines are broken.
    ///
    /// # Panics
    /// If not.
    pub fn assert(self, code: i32, texts: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        for text in texts {
            assert!(self.flat().contains(text), "{text:?} is missing: {self:?}");
        }
        self
    }

    /// The longest line, in characters.
    pub fn widest(&self) -> usize {
        let lines = self.out.lines().map(|line| line.chars().count());
        lines.max().unwrap_or(0)
    }
}

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

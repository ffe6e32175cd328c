//! A private machine for the module under the real libpam: directories, clock and typing of its
//! own, and the stacks that are printed in the documentation.
//!
//! The module is the release build with the stand-in source (`make test` builds it); the typing is
//! written here, so that which attempt is the owner's is never in doubt.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a harness whose every failure is a test's"
)]

pub mod confined;
mod disk;
mod process;
mod typing;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use pam_host::{Application, Code, Conversation, Flags, Stack, password_line};
use tempfile::TempDir;

pub use process::in_a_process_of_its_own;
pub use typing::{Typing, varied};

/// The user who logs in, where a test does not say otherwise. Not root, who is never armed by
/// himself.
pub const USER: &str = "nobody";
/// The right password.
pub const PASSWORD: &str = "secret";

/// The lines in front of `verify` in Debian's stack, without pam_permit.
pub const FRONT: [&str; 3] = [
    "auth  requisite  MODULE capture REPLAY",
    "auth  [success=1 default=ignore]  PASSWORD",
    "auth  requisite  pam_deny.so",
];

const HOUR: u64 = 3600;
const START: u64 = 1_700_000_000;

/// The module with the stand-in source.
///
/// # Panics
/// If it has not been built.
pub fn replaying_module() -> PathBuf {
    module("KEYDYN_REPLAY_MODULE", "target-replay/release")
}

/// The module as it is shipped.
///
/// # Panics
/// If it has not been built.
pub fn shipped_module() -> PathBuf {
    module("KEYDYN_MODULE", "target/release")
}

/// The command, with the flags it is shipped with.
///
/// # Panics
/// If it has not been built.
pub fn shipped_command() -> PathBuf {
    built("KEYDYN_TOOL", "target/debug/keydyn")
}

fn module(variable: &str, directory: &str) -> PathBuf {
    built(variable, &format!("{directory}/libpam_keydyn.so"))
}

fn built(variable: &str, place: &str) -> PathBuf {
    let path = std::env::var_os(variable).map_or_else(
        || {
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../..")
                .join(place)
        },
        PathBuf::from,
    );
    path.canonicalize().unwrap_or_else(|_| {
        panic!("{} is not there; `make modules` builds it", path.display());
    })
}

/// What came of one login.
#[derive(Debug)]
pub struct Login {
    /// What `pam_authenticate` gave.
    pub code: Code,
    /// What `pam_setcred` gave, if the login got that far.
    pub credentials: Option<Code>,
    /// The module's log lines of this login.
    pub log: String,
    /// Texts and errors that the user saw.
    pub texts: Vec<String>,
    /// The delay in seconds that modules asked for.
    pub delay: Option<f64>,
}

/// A machine of its own.
#[derive(Debug)]
pub struct Machine {
    place: Arc<TempDir>,
    clock: u64,
    user: String,
    arguments: String,
    directives: String,
    password: String,
    script: String,
}

impl Machine {
    /// A machine on which nobody has typed yet.
    ///
    /// # Panics
    /// If there is no temporary directory.
    pub fn new() -> Self {
        Self {
            place: Arc::new(
                tempfile::Builder::new()
                    .prefix("keydyn-stacks-")
                    .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700))
                    .tempdir()
                    .expect("a temporary directory"),
            ),
            clock: START,
            user: USER.to_owned(),
            arguments: String::new(),
            directives: String::new(),
            password: PASSWORD.to_owned(),
            script: "script".to_owned(),
        }
    }

    /// A machine on which the owner has typed so many times, in sittings of nine.
    pub fn after(logins: u64) -> Self {
        let mut machine = Self::new();
        for i in 0..logins {
            machine.clock += if i % 9 == 0 { 5 * HOUR } else { 60 };
            let login = machine.log_in(&Typing::owner(i));
            assert!(login.code.is_success(), "login {i}: {login:?}");
        }
        machine.clock += 60;
        machine
    }

    /// A machine on which the owner is armed; made once, then copied.
    pub fn armed() -> Self {
        static ARMED: OnceLock<Machine> = OnceLock::new();
        let machine = ARMED.get_or_init(|| {
            let mut machine = Self::after(26);
            let login = machine.log_in(&Typing::owner(100));
            assert!(
                login.log.contains("state=armed outcome=accepted"),
                "{login:?}"
            );
            machine.clock += 60;
            machine
        });
        machine.copy()
    }

    /// A machine on which the owner's refusals have started a cool-down.
    pub fn cooling_down() -> Self {
        let mut machine = Self::armed();
        for i in 0..5 {
            let login = machine.log_in(&Typing::stranger(i));
            assert!(
                login.log.contains("outcome=refused reason=rhythm"),
                "{login:?}"
            );
        }
        machine
    }

    /// A machine like this one.
    ///
    /// # Panics
    /// If files cannot be copied.
    pub fn copy(&self) -> Self {
        let new = Self {
            place: Self::new().place,
            ..self.alias()
        };
        for directory in ["state", "run"] {
            copy_directory(&self.path(directory), &new.path(directory));
        }
        new
    }

    /// The same machine once more, files and all.
    pub fn alias(&self) -> Self {
        Self {
            place: Arc::clone(&self.place),
            clock: self.clock,
            user: self.user.clone(),
            arguments: self.arguments.clone(),
            directives: self.directives.clone(),
            password: self.password.clone(),
            script: self.script.clone(),
        }
    }

    /// The same machine for somebody who types at the same time: the script of what the keyboards
    /// give has a name of its own.
    pub fn beside(&self, script: &str) -> Self {
        Self {
            script: script.to_owned(),
            ..self.alias()
        }
    }

    /// Somebody else logs in.
    pub fn user(mut self, user: &str) -> Self {
        user.clone_into(&mut self.user);
        self
    }

    /// Further arguments for both lines.
    pub fn with(mut self, arguments: &str) -> Self {
        self.arguments = format!("{} {arguments}", self.arguments);
        self
    }

    /// A further directive for the stand-in source.
    pub fn directive(mut self, directive: &str) -> Self {
        self.directives = format!("{directive}\n{}", self.directives);
        self
    }

    /// With the marker of `keydyn disable` under this name: `state/all.disabled`.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn marked(self, name: &str) -> Self {
        let private = |mode| std::os::unix::fs::PermissionsExt::from_mode(mode);
        let marker = self.path(name);
        let directory = marker.parent().expect("a directory");
        fs::create_dir_all(directory).expect("a directory");
        fs::set_permissions(directory, private(0o700)).expect("closed to others");
        fs::write(&marker, b"").expect("the marker is written");
        fs::set_permissions(&marker, private(0o600)).expect("closed to others");
        self
    }

    /// From now on the right password is another one.
    pub fn change_password(&mut self, password: &str) {
        password.clone_into(&mut self.password);
    }

    /// Time passes.
    pub fn wait(&mut self, seconds: u64) {
        self.clock += seconds;
    }

    /// A file or directory of this machine: `state/65534.profile`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Names in the state directory.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn files(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("state")) else {
            return Vec::new();
        };
        let mut names: Vec<_> = entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }

    /// What this machine's keyboards will give; the argument that makes the module read it.
    ///
    /// # Panics
    /// If the script cannot be written.
    pub fn set_typing(&self, typing: &Typing) -> String {
        let place = self.place.path().display();
        let script = format!(
            "{}state-dir {place}/state\nrun-dir {place}/run\nlog {place}/log\nclock {}\ntrace\n{}",
            self.directives,
            self.clock,
            typing.text(),
        );
        let path = self.path(&self.script);
        fs::write(&path, script).expect("the script is written");
        let arguments = self.arguments.trim();
        format!("replay={} {arguments}", path.display())
            .trim_end()
            .to_owned()
    }

    /// The stack of Debian and Ubuntu.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn debian(&self, typing: &Typing) -> Stack {
        let line = password_line(&self.password).expect("the stand-in");
        Stack::debian(&replaying_module(), &self.set_typing(typing), &line).expect("a stack")
    }

    /// A stack of these lines, where MODULE stands for the module, REPLAY for its argument and
    /// PASSWORD for the password module.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn lines(&self, typing: &Typing, lines: &[&str]) -> Stack {
        let module = replaying_module().display().to_string();
        let arguments = self.set_typing(typing);
        let password = password_line(&self.password).expect("the stand-in");
        let lines = lines.iter().map(|line| {
            line.replace("MODULE", &module)
                .replace("REPLAY", &arguments)
                .replace("PASSWORD", &password)
        });
        Stack::new()
            .and_then(|stack| stack.service(Stack::SERVICE, lines))
            .expect("a stack")
    }

    /// A whole login: authenticate, and on success credentials and account.
    pub fn log_in(&mut self, typing: &Typing) -> Login {
        let password = self.password.clone();
        self.log_in_with(typing, &password)
    }

    /// A whole login with a password that may be wrong.
    pub fn log_in_with(&mut self, typing: &Typing, password: &str) -> Login {
        let stack = self.debian(typing);
        self.run(&stack, Conversation::answers([password]))
    }

    /// A whole login on this stack.
    ///
    /// # Panics
    /// If libpam cannot be started.
    pub fn run(&mut self, stack: &Stack, conversation: Conversation) -> Login {
        self.clock += 1;
        let _ = fs::remove_file(self.path("log"));
        let mut app = Application::start(stack, Stack::SERVICE, self.user.as_str(), conversation)
            .expect("libpam starts");
        let code = app.authenticate(Flags::NONE);
        let credentials = code
            .is_success()
            .then(|| app.set_credentials(Flags::ESTABLISH));
        let texts = app.texts();
        let delay = app.fail_delay().map(|delay| delay.as_secs_f64());
        let _ = app.end(credentials.unwrap_or(code));
        Login {
            code,
            credentials,
            log: self.log(),
            texts,
            delay,
        }
    }

    /// The module's log lines since the last login began.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// The code that `verify` itself returns.
    ///
    /// # Panics
    /// If it is another code.
    pub fn verify(&mut self, typing: &Typing) -> Verify {
        let stack = self.verify_behind(typing, &FRONT);
        let password = self.password.clone();
        let login = self.run(&stack, Conversation::answers([password]));
        Verify::of(login.code).unwrap_or_else(|| panic!("{login:?}"))
    }

    /// A stack with `verify` behind these lines that makes a code of its own of each of
    /// `verify`'s, see [`Verify::of`].
    pub fn verify_behind(&self, typing: &Typing, front: &[&str]) -> Stack {
        let back = [
            "auth  [success=1 ignore=2 auth_err=3 default=ignore]  MODULE verify REPLAY",
            "auth  [default=die]  pam_debug.so auth=system_err",
            "auth  [default=die]  pam_debug.so auth=cred_expired",
            "auth  [default=die]  pam_debug.so auth=cred_unavail",
            "auth  [default=die]  pam_debug.so auth=cred_insufficient",
        ];
        self.lines(typing, &[front, &back].concat())
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

/// What `verify` returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// PAM_SUCCESS.
    Success,
    /// PAM_IGNORE.
    Ignore,
    /// PAM_AUTH_ERR.
    AuthErr,
}

impl Verify {
    /// What `verify` returned where [`Machine::verify_behind`]'s stack gave this.
    pub fn of(code: Code) -> Option<Self> {
        match code {
            Code::CRED_EXPIRED => Some(Self::Success),
            Code::CRED_UNAVAIL => Some(Self::Ignore),
            Code::CRED_INSUFFICIENT => Some(Self::AuthErr),
            _ => None,
        }
    }
}

fn copy_directory(from: &Path, to: &Path) {
    let Ok(entries) = fs::read_dir(from) else {
        return;
    };
    fs::create_dir(to).expect("a directory");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    fs::set_permissions(to, private).expect("closed to others");
    for entry in entries {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}

//! A machine on which the shipped module guards `login` on tty1.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use keydyn_core::key::Motion;
use keydyn_core::trace::{Trace, TraceEvent};

use crate::errors::Intervals;
use crate::evdev::PlainReader;
use crate::guest::Guest;
use crate::overlay::Overlay;
use crate::person::Person;
use crate::screen::Screen;
use crate::story::{Story, words};
use crate::typing::{TERMINATORS, Typing};

/// Who logs in.
const USER: &str = "owner";
/// What the owner's password is.
pub(crate) const PASSWORD: &str = "keydyn2026";
/// And root's, whose shell is [`TEACH`].
const ROOT_PASSWORD: &str = "rootroot";

/// The user's shell, which ends at once and so does the session.
const GREET: &str = "#!/bin/sh\necho welcome\n";
/// Root's shell.
const TEACH: &str = "#!/bin/sh\nkeydyn enroll owner\necho enrolled: $?\nsleep 1\n";
/// Run on the machine before anybody can log in. A cheap hash of the password: what is emulated
/// here takes its time.
const FURNISH: &str = "#!/bin/sh
set -e
useradd --create-home --shell /usr/local/bin/greet owner
usermod --shell /usr/local/bin/teach root
printf 'owner:keydyn2026\\nroot:rootroot\\n' |
    chpasswd --crypt-method SHA512 --sha-rounds 1000
";
/// Where the package is on the machine, and what puts keydyn into the stacks that include common-auth.
const PACKAGE: &str = "/root/keydyn.deb";
const ENABLE: &str = "pam-auth-update --enable keydyn-capture keydyn-verify";
/// What the password module says when a session is over, and `login` when there is none.
const LET_IN: &str = "session closed for user";
const REFUSED: &str = "FAILED LOGIN";
/// And after the third time.
const GIVEN_UP: &str = "TOO MANY LOGIN TRIES";

/// The machine and the attempts on it.
#[derive(Debug)]
pub struct Login {
    guest: Guest,
    reader: PlainReader,
}

/// What came of one attempt.
pub struct Attempt {
    /// Whether there was a session.
    pub let_in: bool,
    /// What the module said in the log, line by line, from `user=` on.
    pub module: Vec<String>,
    /// What stood on the screen when it was over.
    pub screen: Screen,
    /// What was to be typed.
    typing: Typing,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = if self.let_in { "let in" } else { "not let in" };
        writeln!(f, "{outcome}; the module: {:?}", self.module)?;
        write!(f, "{}", self.screen)
    }
}

impl Attempt {
    /// What came of it in a line: let in or not, and the module's words, without whose.
    #[must_use]
    pub fn told(&self) -> String {
        let outcome = if self.let_in { "let in" } else { "not let in" };
        format!("{outcome}, {}", words(&self.module))
    }

    /// Whether the module has said this.
    #[must_use]
    pub fn log_says(&self, words: &str) -> bool {
        self.module.iter().any(|line| line.contains(words))
    }
}

impl Login {
    /// The owner's password, in lower-case letters and digits.
    pub const PASSWORD: &str = PASSWORD;

    /// Boots a machine with the shipped module in the stack that is printed for Debian.
    ///
    /// # Panics
    /// If module or command are not built, or the machine does not come up.
    #[must_use]
    pub fn boot() -> Self {
        Self::on(Guest::boot(Self::files()))
    }

    /// The attempts on a machine that was booted with [`Login::files`].
    ///
    /// # Panics
    /// If it has no keyboard.
    #[must_use]
    pub fn on(mut guest: Guest) -> Self {
        let reader = PlainReader::start(&mut guest);
        Self { guest, reader }
    }

    /// The machine.
    pub fn guest(&mut self) -> &mut Guest {
        &mut self.guest
    }

    /// The power goes, see [`Guest::cut_power`].
    #[must_use]
    pub fn switch_off(self) -> Vec<String> {
        self.guest.cut_power()
    }

    /// What makes a machine of this kind: the shipped module and command, the stack, the owner.
    ///
    /// # Panics
    /// If module or command are not built.
    #[must_use]
    pub fn files() -> Overlay {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let module = built(&root, "KEYDYN_MODULE", "target/release/libpam_keydyn.so");
        let command = built(&root, "KEYDYN_RELEASE_TOOL", "target/release/keydyn");
        let printed = |name: &str| root.join("packaging/pam.d").join(name);
        people()
            .copy(
                "/usr/lib/x86_64-linux-gnu/security/pam_keydyn.so",
                0o644,
                &module,
            )
            .copy("/usr/local/bin/keydyn", 0o755, &command)
            .copy("/etc/pam.d/keydyn", 0o644, &printed("keydyn"))
            .copy("/etc/pam.d/common-auth", 0o644, &printed("debian"))
    }

    /// Boots a machine as Debian makes it and installs the package there, as root would.
    ///
    /// # Panics
    /// If the package is not built, changes a stack by itself, or makes another one than the
    /// documented; or if the machine does not come up.
    #[must_use]
    pub fn install() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let package = package(&root.join("target/package"));
        let mut guest = Guest::boot(people().copy(PACKAGE, 0o644, &package));
        let stack = "cat /etc/pam.d/common-auth";
        let before = guest.shell.run(stack);
        guest.shell.run(&format!("dpkg --install {PACKAGE}"));
        assert_eq!(guest.shell.run(stack), before, "the stack has changed");
        guest
            .shell
            .run("cp /etc/pam.d/common-auth /root/common-auth");
        guest.shell.run(ENABLE);
        let documented =
            fs::read_to_string(root.join("packaging/pam.d/debian")).expect("the documented stack");
        let made = guest.shell.run(stack);
        // Behind it stands what other packages have put there.
        assert!(lines(&made).starts_with(&lines(&documented)), "{made}");
        Self::on(guest)
    }

    /// Somebody sits down, gives the owner's name, and types a password.
    ///
    /// # Panics
    /// If the machine gets stuck.
    pub fn attempt(&mut self, password: &Typing) -> Attempt {
        self.attempt_as(USER, password)
    }

    /// The same with another name, of lower-case letters and digits.
    ///
    /// # Panics
    /// If the machine gets stuck.
    pub fn attempt_as(&mut self, user: &str, password: &Typing) -> Attempt {
        /// So long `login` waits (LOGIN_TIMEOUT), less what it takes to hand the answer over.
        const ASKS_FOR: Duration = Duration::from_secs(57);
        const SITTINGS: u32 = 3;
        for _ in 0..SITTINGS {
            let before = self.is_asked(user);
            let keyboard = &mut self.guest.keyboard;
            if keyboard.types_steadily_within(password, ASKS_FOR) {
                return self.came_of(before, password);
            }
            // Whatever came too late stands at the next prompt, or nobody has been asked anything.
            self.guest
                .wait_for_screen("the end of the prompt", |screen| {
                    !screen.prompts(&["Password:"])
                });
            self.guest.keyboard.types(&Typing::throw_away());
        }
        panic!("the host stood still {SITTINGS} times for most of a minute");
    }

    /// Somebody sits down and gives the owner's name, and the password is typed in this way; it is
    /// told what typing was meant.
    ///
    /// # Panics
    /// If the machine gets stuck.
    pub fn attempt_by(&mut self, meant: &Typing, types: impl FnOnce(&mut Self)) -> Attempt {
        self.attempt_of(USER, meant, types)
    }

    fn attempt_of(&mut self, user: &str, meant: &Typing, types: impl FnOnce(&mut Self)) -> Attempt {
        let before = self.is_asked(user);
        types(self);
        self.came_of(before, meant)
    }

    /// Gives a name and is asked for the password; how many lines the console had before.
    fn is_asked(&mut self, user: &str) -> usize {
        self.guest.wait_for_prompt(&["login:"]);
        let before = self.guest.console.lines().len();
        self.guest.keyboard.types(&Typing::mechanical(user));
        self.guest.wait_for_prompt(&["Password:"]);
        before
    }

    /// What came of a password that was handed over.
    fn came_of(&mut self, before: usize, meant: &Typing) -> Attempt {
        let end = self
            .guest
            .console
            .wait_for(before, &[LET_IN, REFUSED, GIVEN_UP]);
        let let_in = end.contains(LET_IN);
        let screen = if let_in {
            self.guest.screen()
        } else {
            self.guest.wait_for_prompt(&["login:"])
        };
        let lines = self.guest.console.lines()[before..].iter();
        let module = lines
            .filter_map(|line| line.split_once("pam_keydyn(login:auth): "))
            .map(|(_, message)| message.to_owned());
        Attempt {
            let_in,
            module: module.collect(),
            screen,
            typing: meant.clone(),
        }
    }

    /// Root sits down and runs `keydyn enroll owner`; the owner types until it says that it is
    /// done. What stands on the screen then.
    ///
    /// # Panics
    /// If it asks more often than it should, or the machine gets stuck.
    pub fn enroll(&mut self, owner: &Person, at_most: u32) -> Screen {
        Self::enroll_at(&mut self.guest, owner, at_most)
    }

    /// The same on any such machine.
    pub(crate) fn enroll_at(guest: &mut Guest, owner: &Person, at_most: u32) -> Screen {
        guest.wait_for_prompt(&["login:"]);
        guest.keyboard.types(&Typing::mechanical("root"));
        guest.wait_for_prompt(&["Password:"]);
        guest.keyboard.types(&Typing::mechanical(ROOT_PASSWORD));
        let mut screen = guest.wait_for_prompt(&["Password of owner:"]);
        for number in 0..at_most {
            guest.keyboard.types_steadily(&owner.typing(number));
            let before = screen;
            screen = guest.wait_for_screen("the next question", |now| {
                now.shows("enrolled:") || (*now != before && now.prompts(&[">"]))
            });
            if screen.shows("enrolled:") {
                return screen;
            }
        }
        panic!("still not enough:\n{screen}");
    }

    /// How the last typing arrived at the kernel, against what was to be typed.
    pub fn arrived(&mut self, attempt: &Attempt) -> String {
        let arrived = self.reader.last_typing(&mut self.guest);
        match Intervals::acquire(&arrived) {
            Ok(arrived) => arrived
                .against(&Intervals::of(&attempt.typing.trace()))
                .to_string(),
            Err(problem) => problem.to_owned(),
        }
    }

    /// All about the last attempt, for the message of a story that ends badly: also how the
    /// typing arrived, for a host that stood still makes a stranger of anybody.
    pub fn explain(&mut self, attempt: &Attempt) -> String {
        let arrived = self.arrived(attempt);
        format!("{attempt}typed with errors: {arrived}")
    }

    /// How the screen looks, for the story.
    pub fn picture(&mut self, story: &mut Story) {
        story.picture(&mut self.guest);
    }

    /// What somebody has who recorded the last typing at this machine's keyboard: the kernel's own
    /// moments, from its first key to its Enter.
    ///
    /// # Panics
    /// If keys are missing.
    pub fn recorded(&mut self, attempt: &Attempt) -> Typing {
        let arrived = self.reader.last_typing(&mut self.guest);
        let arrived = Typing::of(&arrived);
        let (text, from_enter) = arrived.before_last_enter();
        let keys = attempt.typing.before_last_enter().0.len();
        let begin = text.len().checked_sub(keys).expect("keys are missing");
        let edges = text[begin..].iter().chain(from_enter.first());
        let edges = edges.map(|edge| TraceEvent::Key(*edge));
        Typing::of(&Trace::new(edges.collect()))
    }

    /// How late the kernel heard of the latest key of this attempt, the last one, counted from
    /// the earliest: how much of a stranger the host made of whoever typed.
    ///
    /// # Panics
    /// If keys are missing.
    pub fn late_at_kernel(&mut self, attempt: &Attempt) -> Duration {
        let arrived = self.reader.last_typing(&mut self.guest);
        let arrived = Typing::exactly(&arrived);
        let moments = |typing: &Typing| -> Vec<u64> {
            let edges = typing.edges().iter();
            let edges = edges
                .filter(|edge| edge.motion != Motion::Repeat && !TERMINATORS.contains(&edge.key));
            edges.map(|edge| edge.at.0).collect()
        };
        let (is, should) = (moments(&arrived), moments(&attempt.typing));
        // Before them are the end of the name, and what was begun again.
        let skip = is
            .len()
            .checked_sub(should.len())
            .expect("keys are missing");
        let late = is[skip..].iter().zip(&should);
        let late: Vec<u64> = late
            .map(|(is, should)| is.saturating_sub(*should))
            .collect();
        let earliest = late.iter().min().copied().unwrap_or_default();
        let latest = late.iter().max().copied().unwrap_or_default();
        Duration::from_micros(latest - earliest)
    }

    /// Time passes on the machine's clock.
    ///
    /// # Panics
    /// If the clock cannot be set.
    pub fn wait(&mut self, hours: u64) {
        let seconds = hours * 3600;
        let command = format!("date --set=@$(($(date +%s) + {seconds}))");
        self.guest.shell.run(&command);
    }
}

/// The people of the machine and what they find there.
fn people() -> Overlay {
    Overlay::new()
        .file("/usr/local/bin/greet", 0o755, GREET)
        .file("/usr/local/bin/teach", 0o755, TEACH)
        .file("/usr/local/sbin/furnish", 0o755, FURNISH)
}

/// The lines of a stack that libpam reads, with single spaces.
fn lines(stack: &str) -> Vec<String> {
    let read = stack
        .lines()
        .map(|line| line.split('#').next().unwrap_or(""));
    read.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|line| !line.is_empty())
        .collect()
}

/// What `make package` has made, the newest of it.
fn package(place: &Path) -> PathBuf {
    if let Some(package) = std::env::var_os("KEYDYN_PACKAGE") {
        return package.into();
    }
    let files = fs::read_dir(place).into_iter().flatten().flatten();
    let packages = files.filter(|file| file.path().extension().is_some_and(|end| end == "deb"));
    packages
        .max_by_key(|file| file.metadata().and_then(|data| data.modified()).ok())
        .unwrap_or_else(|| panic!("no package in {}; `make e2e` makes it", place.display()))
        .path()
}

/// A release build, which has no stand-in source.
fn built(root: &Path, variable: &str, name: &str) -> PathBuf {
    let built = std::env::var_os(variable).map_or_else(|| root.join(name), PathBuf::from);
    assert!(
        built.exists(),
        "{} is not there; `make e2e` builds it",
        built.display()
    );
    built
}

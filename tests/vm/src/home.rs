//! A machine on which the owner has a shell of their own, and others have one too.

use std::time::{Duration, Instant};

use crate::evdev::PlainReader;
use crate::guest::Machine;
use crate::login::PASSWORD;
use crate::overlay::Overlay;
use crate::person::Person;
use crate::screen::Screen;
use crate::typing::Typing;
use crate::{Guest, Inside, Login, Outcome, Step};

/// Accounts and hosts before anybody can log in. Cheap hashes: what is emulated here takes its
/// time.
const FURNISH: &str = "#!/bin/sh
set -e
# A story may have brought them from an earlier boot.
[ ! -x /usr/local/sbin/earlier ] || ! /usr/local/sbin/earlier || exit 0
useradd --create-home --shell /bin/bash owner
useradd --create-home --shell /bin/bash friend
usermod --shell /usr/local/bin/teach root
printf 'owner:keydyn2026\\nfriend:friendly1\\nroot:rootroot\\n' |
    chpasswd --crypt-method SHA512 --sha-rounds 1000
";
/// `sudo` asks each time.
const SUDOERS: &str = "owner ALL=(ALL) ALL\nfriend ALL=(ALL) ALL\nDefaults timestamp_timeout=0\n";
/// Typings until learning has armed itself: the first three have no decision, and twenty are
/// wanted.
const LEARNED: u32 = 23;
/// A typing may be done so often again where one of its moments was so many microseconds off.
const AGAIN: u32 = 3;
const FAR_OFF: i128 = 20_000;
/// And so many more where the host stood still.
const SPARE: u32 = 12;
/// Answers for ssh and sudo with the owner's password, without a key.
const ANSWER: &str = "#!/bin/sh\necho keydyn2026\n";

/// The machine and who sits at it.
#[derive(Debug)]
pub struct Home {
    /// The machine.
    pub guest: Guest,
    reader: PlainReader,
    front: u8,
}

/// What became of one question for a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// What the module said in the log, from its service on, line by line.
    pub module: Vec<String>,
    /// The exit code of the command that asked, if there was one.
    pub code: Option<u8>,
}

impl Answered {
    /// Whether the module has said this.
    #[must_use]
    pub fn log_says(&self, words: &str) -> bool {
        self.module.iter().any(|line| line.contains(words))
    }

    /// What it said first to this service.
    #[must_use]
    pub fn of(&self, service: &str) -> Option<&str> {
        let service = format!("{service}:auth): ");
        let mut lines = self.module.iter();
        lines.find_map(|line| line.strip_prefix(&service))
    }
}

impl Home {
    /// What succeeds on the machine when the owner is armed.
    pub const ARMED: &str = "keydyn status owner | grep -q 'owner (uid 1000): armed'";
    /// The owner's password.
    pub const PASSWORD: &str = PASSWORD;
    /// And what they change it to.
    pub const NEW_PASSWORD: &str = "typing2026";

    /// The files of such a machine: the shipped module in the stack that is printed for Debian,
    /// accounts, and what they may.
    ///
    /// # Panics
    /// If module or command are not built.
    #[must_use]
    pub fn files() -> Overlay {
        Login::files()
            .file("/usr/local/sbin/furnish", 0o755, FURNISH)
            .file("/etc/sudoers.d/owner", 0o440, SUDOERS)
            .file("/usr/local/bin/answer", 0o755, ANSWER)
    }

    /// Switches it on.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn boot(machine: Machine) -> Self {
        let mut guest = machine.boot();
        let reader = PlainReader::start(&mut guest);
        Self {
            guest,
            reader,
            front: 1,
        }
    }

    /// What stands on the terminal in front.
    pub fn screen(&mut self) -> Screen {
        self.guest.screen_of(self.front)
    }

    /// Waits until the screen in front is as it should be.
    ///
    /// # Panics
    /// If it never is; `what` says what was waited for.
    pub fn wait_for_screen(&mut self, what: &str, fits: impl Fn(&Screen) -> bool) -> Screen {
        self.guest.wait_for_screen_of(self.front, what, fits)
    }

    /// Waits until the last line of another terminal ends in this.
    ///
    /// # Panics
    /// If it never does.
    pub fn wait_for_prompt_on(&mut self, terminal: u8, prompt: &str) {
        let front = std::mem::replace(&mut self.front, terminal);
        self.wait_for_prompt(prompt);
        self.front = front;
    }

    /// Waits until the last line in front ends in this.
    ///
    /// # Panics
    /// If it never does.
    pub fn wait_for_prompt(&mut self, prompt: &str) -> Screen {
        self.wait_for_screen(prompt, |screen| screen.prompts(&[prompt]))
    }

    /// Types a line as a machine would, more slowly where a host that stood still lost keys.
    ///
    /// # Panics
    /// If there is a character for which no key is known, or it never stands there.
    pub fn types_line(&mut self, text: &str) {
        for pace in [24, 48, 96, 192] {
            self.guest.keyboard.types(&Typing::line(text, pace));
            if self.shows_soon(text) {
                self.guest.keyboard.types(&Typing::line("\n", pace));
                return;
            }
            self.guest.keyboard.types(&Typing::throw_away());
        }
        panic!("keys are lost, however slowly typed:\n{}", self.screen());
    }

    fn shows_soon(&mut self, text: &str) -> bool {
        let deadline = Instant::now() + Duration::from_secs(5);
        while !self.screen().ends_with(text) {
            if Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        true
    }

    /// Types a password, steadily.
    pub fn types(&mut self, password: &Typing) {
        self.guest.keyboard.types_steadily(password);
    }

    /// Brings another virtual terminal to the front, by its keys.
    pub fn switch_to(&mut self, terminal: u8) {
        self.guest.keyboard.types(&Typing::switch_to(terminal));
        self.front = terminal;
        self.is_in_front();
    }

    /// One attempt of an application inside, on a terminal of its own, once more where the host
    /// stood still between the Enter and the answer.
    pub fn inside(&mut self, application: &Inside, typing: &Typing) -> Outcome {
        let mut outcome = application.attempt(&mut self.guest, typing, PASSWORD);
        for _ in 0..AGAIN {
            if !outcome.log_says("reason=ended-early") {
                break;
            }
            outcome = application.attempt(&mut self.guest, typing, PASSWORD);
        }
        self.comes_back();
        outcome
    }

    /// Brings the terminal that was in front to the front again.
    pub fn comes_back(&mut self) {
        let front = self.front;
        self.guest.shell.run(&format!("busybox chvt {front}"));
        self.is_in_front();
    }

    /// Waits until the terminal that should be in front is.
    fn is_in_front(&mut self) {
        let front = self.front;
        let active = format!("test $(cat /sys/class/tty/tty0/active) = tty{front}");
        self.guest.shell.wait_until(&active);
    }

    /// The number of lines in the log: where to look from later.
    pub fn mark(&mut self) -> usize {
        self.guest.console.lines().len()
    }

    /// What the module said since then, from its service on.
    pub fn said(&mut self, mark: usize) -> Vec<String> {
        let lines = self.guest.console.lines()[mark..].iter();
        let lines = lines.filter_map(|line| line.split_once("pam_keydyn("));
        lines.map(|(_, said)| said.to_owned()).collect()
    }

    /// Somebody logs in as this user at the terminal in front and gets a shell, or does not.
    ///
    /// # Panics
    /// If the machine gets stuck.
    pub fn login(&mut self, user: &str, password: &Typing) -> Answered {
        let mark = self.gives_name(user);
        self.types(password);
        let end = self.guest.console.wait_for(
            mark,
            &[&format!("session opened for user {user}"), "FAILED LOGIN"],
        );
        let let_in = end.contains("session opened");
        // What is learned is said after the credentials and before the shell.
        self.wait_for_prompt(if let_in { "$" } else { "login:" });
        Answered {
            module: self.said(mark),
            code: Some(u8::from(!let_in)),
        }
    }

    /// The same by somebody who should be let in, once more where the host made a stranger of
    /// them.
    pub fn logs_in(&mut self, user: &str, password: &Typing) -> Answered {
        let mut answered = self.login(user, password);
        for _ in 0..AGAIN {
            if answered.code == Some(0) || !self.arrived_otherwise(password) {
                break;
            }
            answered = self.login(user, password);
        }
        answered
    }

    /// Whether the last typing came to the kernel otherwise than it was to be typed: with keys
    /// lost, or with moments far off.
    pub fn arrived_otherwise(&mut self, typing: &Typing) -> bool {
        let arrived = Typing::exactly(&self.reader.last_typing(&mut self.guest));
        let (arrived, should) = (arrived.up_to_enter(), typing.up_to_enter());
        let Some(skip) = arrived.len().checked_sub(should.len()) else {
            return true;
        };
        let pairs = || arrived[skip..].iter().zip(&should);
        let same = pairs().all(|(is, should)| (is.key, is.motion) == (should.key, should.motion));
        let late = pairs().map(|(is, should)| i128::from(is.at.0) - i128::from(should.at.0));
        let (least, most) = (late.clone().min(), late.max());
        let spread = most.zip(least).map_or(0, |(most, least)| most - least);
        !same || spread > FAR_OFF
    }

    /// Somebody gives a name at the terminal in front and is asked for a password.
    ///
    /// # Panics
    /// If the machine gets stuck.
    pub fn gives_name(&mut self, user: &str) -> usize {
        self.wait_for_prompt("login:");
        let mark = self.mark();
        self.types_line(user);
        self.wait_for_prompt("Password:");
        mark
    }

    /// Leaves the shell in front.
    pub fn logout(&mut self) {
        self.types_line("exit");
        self.wait_for_prompt("login:");
    }

    /// Types a command at the shell in front. Where to look in the log from.
    pub fn begins(&mut self, command: &str) -> usize {
        let mark = self.mark();
        self.types_line(&format!("clear; {command}; echo code=$?"));
        self.wait_for_screen("the command's beginning", |screen| !screen.shows("clear;"));
        mark
    }

    /// Types a command that asks for a password.
    ///
    /// # Panics
    /// If it does not ask.
    pub fn asks(&mut self, command: &str, prompt: &str) -> usize {
        let mark = self.begins(command);
        self.wait_for_prompt(prompt);
        mark
    }

    /// A command at the shell in front asks, and this is typed. What came of it.
    ///
    /// # Panics
    /// If the machine gets stuck.
    pub fn command(&mut self, command: &str, prompt: &str, password: &Typing) -> Answered {
        let mark = self.asks(command, prompt);
        self.types(password);
        self.over(mark)
    }

    /// The same by somebody who should be accepted, once more where the host made a stranger of
    /// them.
    pub fn commands(&mut self, command: &str, prompt: &str, password: &Typing) -> Answered {
        let mut answered = self.command(command, prompt, password);
        for _ in 0..AGAIN {
            if answered.code == Some(0) || !self.arrived_otherwise(password) {
                break;
            }
            answered = self.command(command, prompt, password);
        }
        answered
    }

    /// Waits until the command in front is over; sudo, which asks again after a refusal, is broken
    /// off then. What came of it.
    ///
    /// # Panics
    /// If it never is.
    pub fn over(&mut self, mark: usize) -> Answered {
        let over = |screen: &Screen| screen.after("code=").is_some() && screen.prompts(&["$"]);
        let again = |screen: &Screen| screen.shows("Sorry, try again.") && screen.prompts(&[":"]);
        let mut screen = self.wait_for_screen("the end of a command", |screen| {
            over(screen) || again(screen)
        });
        if again(&screen) {
            self.guest.keyboard.types(&Typing::break_off());
            screen = self.wait_for_screen("the end of a command", over);
        }
        Answered {
            module: self.said(mark),
            code: screen.after("code=").and_then(|code| code.parse().ok()),
        }
    }

    /// A command of root's beside what happens at the terminals. What came of it.
    ///
    /// # Panics
    /// If the machine does not answer.
    pub fn beside(&mut self, command: &str) -> Answered {
        let mark = self.mark();
        let said = self
            .guest
            .shell
            .output(&format!("({command}\n) >/run/said 2>&1; echo $?"));
        Answered {
            module: self.said(mark),
            code: said.trim().parse().ok(),
        }
    }

    /// Somebody logs in as the owner by many quick logins in two sittings, and then by single
    /// ones where the host stood still in some, until this succeeds on the machine.
    ///
    /// # Panics
    /// If it does not, or the machine gets stuck.
    pub fn learns(&mut self, person: &Person, password: &str, until: &str) {
        let application = Inside::application("login", "owner");
        let attempt = |number| Step::attempt(&person.typing(number), password);
        let mut steps: Vec<Step> = (0..LEARNED).map(attempt).collect();
        steps.insert(LEARNED as usize / 2, Step::Wait(14));
        application.plays(&mut self.guest, &steps);
        for number in LEARNED..LEARNED + SPARE {
            self.comes_back();
            if self
                .guest
                .shell
                .output(&format!("{until}; echo =$?"))
                .ends_with("=0\n")
            {
                return;
            }
            application.attempt(&mut self.guest, &person.typing(number), password);
        }
        panic!("so often, and still not `{until}`");
    }

    /// All about what came of something, for the message of a story that ends badly.
    pub fn explain(&mut self, answered: &Answered) -> String {
        let screen = self.screen();
        let said = self.guest.shell.output("cat /run/said");
        let log = self.guest.console.lines();
        let log = log[log.len().saturating_sub(60)..].join("\n");
        format!("{answered:?}\n{screen}beside: {said}\nlog:\n{log}")
    }
}

//! What happens inside the machine: a typist at a made-up keyboard in front of PAM applications,
//! by which many logins take little more time than their typing.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::guest::{Guest, PATIENCE};
use crate::overlay::Overlay;
use crate::person::Person;
use crate::script::{Report, Step, write_script};
use crate::story::words;
use crate::typing::Typing;

/// Where the program is on the machine.
const PROGRAM: &str = "/usr/local/bin/inside";
const SCRIPT: &str = "/run/inside-script";
const REPORTS: &str = "/run/inside-reports";
const RUN: &str = "/run/inside-run";
/// The program's last words, where it has given up.
const SAID: &str = "/run/inside-said";
const LEFT: &str = "/run/inside-left";

/// How often what was not heard is typed again.
const AGAIN: usize = 6;

/// PAM applications on a virtual terminal of their own, in front while they run.
#[derive(Clone, Debug)]
pub struct Inside {
    options: Vec<String>,
    users: Vec<String>,
    terminal: u8,
}

/// What came of an attempt of an application inside.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the application saw.
    pub report: Report,
    /// What the module said of this user in the log meanwhile, line by line, from `user=` on.
    pub module: Vec<String>,
}

impl Outcome {
    /// Whether `pam_authenticate` and everything after it succeeded.
    #[must_use]
    pub fn let_in(&self) -> bool {
        let Report {
            authenticate,
            account,
            credentials,
            session,
            ..
        } = self.report;
        authenticate == 0
            && [account, credentials, session]
                .iter()
                .flatten()
                .all(|&c| c == 0)
    }

    /// What came of it in a line: the code of `pam_authenticate`, and the module's words.
    #[must_use]
    pub fn told(&self) -> String {
        let code = self.report.authenticate;
        format!("pam_authenticate {code}, {}", words(&self.module))
    }

    /// Whether the module has said this.
    #[must_use]
    pub fn log_says(&self, words: &str) -> bool {
        self.module.iter().any(|line| line.contains(words))
    }

    /// Whether an armed account let its owner in and learned it.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.let_in()
            && self.log_says("state=armed outcome=accepted reason=rhythm")
            && self.log_says("learned state=armed")
    }

    /// Whether an armed account refused this rhythm, and learned nothing of it.
    #[must_use]
    pub fn refused(&self) -> bool {
        const PAM_AUTH_ERR: i32 = 7;
        self.report.authenticate == PAM_AUTH_ERR
            && self.log_says("state=armed outcome=refused reason=rhythm")
            && !self.log_says("learned")
    }
}

impl Inside {
    /// Puts the program on the machine; it is the binary `inside` of this crate
    /// (`env!("CARGO_BIN_EXE_inside")`).
    #[must_use]
    pub fn program(files: Overlay, binary: &Path) -> Overlay {
        files.file(PROGRAM, 0o755, stripped(binary))
    }

    /// An application that is this service and lets this user in.
    #[must_use]
    pub fn application(service: &str, user: &str) -> Self {
        let inside = Self {
            options: Vec::new(),
            users: vec![user.to_owned()],
            terminal: 8,
        };
        inside.option("--service", service)
    }

    /// And at the same time another that lets this user in, a process of its own. All that ask
    /// for a password hear the same typing, and get the same answer.
    #[must_use]
    pub fn and(mut self, user: &str) -> Self {
        self.users.push(user.to_owned());
        self
    }

    /// Every other attempt is of this service; with further ones, they take turns.
    #[must_use]
    pub fn in_turn_with(self, service: &str) -> Self {
        self.option("--service", service)
    }

    /// Says that this is its terminal (PAM_TTY).
    #[must_use]
    pub fn tty(self, name: &str) -> Self {
        self.option("--tty", name)
    }

    /// Says that the request comes from this host (PAM_RHOST).
    #[must_use]
    pub fn remote_host(self, name: &str) -> Self {
        self.option("--remote-host", name)
    }

    /// Says that this user asks (PAM_RUSER).
    #[must_use]
    pub fn remote_user(self, name: &str) -> Self {
        self.option("--remote-user", name)
    }

    /// Runs as this user and group, as a locker does.
    #[must_use]
    pub fn runs_as(self, uid: u32) -> Self {
        self.option("--uid", &uid.to_string())
    }

    /// Calls no `pam_setcred`, as polkit's helper does.
    #[must_use]
    pub fn without_credentials(mut self) -> Self {
        self.options.push("--without-credentials".to_owned());
        self
    }

    /// Opens a session and closes it at once.
    #[must_use]
    pub fn with_a_session(mut self) -> Self {
        self.options.push("--session".to_owned());
        self
    }

    /// Its keyboard is plugged in at each prompt, and pulled out afterwards.
    #[must_use]
    pub fn keyboard_at_the_prompt(mut self) -> Self {
        self.options.push("--keyboard-at-the-prompt".to_owned());
        self
    }

    /// On this virtual terminal instead of tty8.
    #[must_use]
    pub fn on_terminal(self, number: u8) -> Self {
        Self {
            terminal: number,
            ..self
        }
    }

    fn option(mut self, name: &str, value: &str) -> Self {
        let quoted = format!("'{}'", value.replace('\'', r"'\''"));
        self.options.extend([name.to_owned(), quoted]);
        self
    }

    /// Plays these steps in front of the applications, each of which is one process for all of
    /// them. What came of each attempt of each application, in the order of the attempts and then
    /// of the users.
    ///
    /// # Panics
    /// If the machine gets stuck: if no attempt ends for [`PATIENCE`].
    pub fn plays(&self, guest: &mut Guest, steps: &[Step]) -> Vec<Outcome> {
        guest.shell.put(SCRIPT, &write_script(steps));
        self.plays_script(guest, SCRIPT)
    }

    /// The same with a script that is on the machine already.
    ///
    /// # Panics
    /// As [`Inside::plays`].
    pub fn plays_script(&self, guest: &mut Guest, script: &str) -> Vec<Outcome> {
        let before = guest.console.lines().len();
        self.begins_script(guest, script);
        let reports = wait_for_reports(guest);
        let mut log = Log::new(guest, before);
        reports
            .into_iter()
            .map(|report| Outcome {
                module: log.of(guest, &report),
                report,
            })
            .collect()
    }

    /// Begins to play these steps, for a story that does not wait for their end.
    ///
    /// # Panics
    /// If the machine gets stuck.
    pub fn begins(&self, guest: &mut Guest, steps: &[Step]) {
        guest.shell.put(SCRIPT, &write_script(steps));
        self.begins_script(guest, SCRIPT);
    }

    fn begins_script(&self, guest: &mut Guest, script: &str) {
        let users = self.users.iter().map(|user| format!(" --user {user}"));
        let run = format!(
            "exec {PROGRAM} front {script} {REPORTS} {}{} 2>{SAID}",
            self.options.join(" "),
            users.collect::<String>(),
        );
        guest.shell.put(RUN, &run);
        // What is in front now is in front again before it is over.
        guest.shell.run(&format!(
            "rm -f {REPORTS} {LEFT}
             front=$(cat /sys/class/tty/tty0/active)
             {{ busybox openvt -c {} -s -w -- sh {RUN}
                busybox chvt ${{front#tty}}; : >{LEFT}; }} >/dev/null 2>&1 &",
            self.terminal,
        ));
    }

    /// One attempt.
    ///
    /// # Panics
    /// As [`Inside::plays`].
    pub fn attempt(&self, guest: &mut Guest, typing: &Typing, password: &str) -> Outcome {
        let outcomes = self.plays(guest, &[Step::attempt(typing, password)]);
        outcomes.into_iter().next().expect("an outcome")
    }

    /// Somebody logs in so often, in so many sittings, typing number 0 and so on, after which the
    /// rhythm is in force. What came of it all.
    ///
    /// # Panics
    /// If it is not in force then, or the machine gets stuck.
    pub fn history(
        &self,
        guest: &mut Guest,
        person: &Person,
        password: &str,
        logins: u32,
        sittings: u32,
    ) -> Vec<Outcome> {
        let typings = (0..logins).map(|number| person.typing(number));
        self.history_of(guest, typings, password, sittings)
    }

    /// The same with any typings.
    ///
    /// # Panics
    /// As [`Inside::history`].
    pub fn history_of(
        &self,
        guest: &mut Guest,
        typings: impl ExactSizeIterator<Item = Typing>,
        password: &str,
        sittings: u32,
    ) -> Vec<Outcome> {
        /// From one sitting to the next.
        const HOURS: u32 = 14;
        let each = typings.len().div_ceil(sittings.max(1) as usize).max(1);
        let mut steps = Vec::new();
        for (number, typing) in typings.enumerate() {
            if number > 0 && number % each == 0 {
                steps.push(Step::Wait(HOURS));
            }
            steps.push(Step::attempt(&typing, password));
        }
        let mut outcomes = self.plays(guest, &steps);
        // Where the host stood still, a typing was not heard whole; it is typed again.
        let attempts = steps.iter().filter(|step| !matches!(step, Step::Wait(_)));
        let attempts: Vec<_> = attempts.cloned().collect();
        let unheard = outcomes
            .iter()
            .filter(|outcome| !outcome.log_says(" learned state="));
        let mut unheard: Vec<_> = unheard.map(|outcome| outcome.report.attempt).collect();
        unheard.dedup();
        for number in unheard.into_iter().cycle().take(AGAIN) {
            if self.armed_at_last(&outcomes) {
                break;
            }
            outcomes.extend(self.plays(guest, &attempts[number..=number]));
        }
        let armed = self.armed_at_last(&outcomes);
        assert!(armed, "learned, and not in force: {outcomes:#?}");
        outcomes
    }

    fn armed_at_last(&self, outcomes: &[Outcome]) -> bool {
        let last = &outcomes[outcomes.len() - self.users.len()..];
        last.iter().all(|last| last.log_says("learned state=armed"))
    }
}

/// Waits as long as attempts go on ending.
fn wait_for_reports(guest: &mut Guest) -> Vec<Report> {
    let (mut lines, mut progress) = (String::from("0"), Instant::now());
    loop {
        let now = guest.shell.output(&format!("grep -c . {REPORTS}"));
        if now != lines {
            (lines, progress) = (now, Instant::now());
        }
        let left = guest.shell.output(&format!("ls {LEFT}")) == format!("{LEFT}\n");
        let said = guest.shell.output(&format!("cat {SAID}"));
        let stuck = progress.elapsed() > PATIENCE || said.contains("panicked");
        assert!(!stuck, "no attempt ends: {said}\n{}", guest.console.tail());
        if left {
            break;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    let text = guest.shell.run(&format!("cat {REPORTS}"));
    assert!(text.ends_with("over\n"), "it broke off:\n{text}");
    let lines = text.lines().take_while(|line| *line != "over");
    let report =
        |line: &str| Report::from_line(line).unwrap_or_else(|| panic!("not a report: {line}"));
    lines.map(report).collect()
}

/// The log since the applications began.
struct Log {
    /// Lines of before the applications began.
    before: usize,
    lines: Vec<String>,
}

impl Log {
    fn new(guest: &mut Guest, before: usize) -> Self {
        let lines = guest.console.lines()[before..].to_vec();
        Self { before, lines }
    }

    /// What the module said of one attempt.
    fn of(&mut self, guest: &mut Guest, report: &Report) -> Vec<String> {
        // journald puts a number between the name and the colon.
        let mark = |word: &str| format!(": {} {} {word}", report.user, report.attempt);
        let (begins, ends) = (mark("begins"), mark("ends"));
        let deadline = Instant::now() + PATIENCE;
        let position =
            |lines: &[String], mark: &str| lines.iter().position(|line| line.ends_with(mark));
        let (from, to) = loop {
            let ends = position(&self.lines, &ends);
            if let Some(found) = position(&self.lines, &begins).zip(ends) {
                break found;
            }
            assert!(
                Instant::now() < deadline,
                "nothing in the log of {report:?}"
            );
            std::thread::sleep(Duration::from_millis(50));
            self.lines = guest.console.lines()[self.before..].to_vec();
        };
        let user = format!("user={} ", report.user);
        let lines = self.lines[from..to].iter();
        let said =
            lines.filter_map(|line| Some(line.split_once("pam_keydyn(")?.1.split_once("): ")?.1));
        said.filter(|said| said.contains(&user))
            .map(str::to_owned)
            .collect()
    }
}

/// The program without what debuggers want of it, which would fill the machine's memory.
fn stripped(binary: &Path) -> Vec<u8> {
    let small = tempfile::NamedTempFile::new().expect("a temporary file");
    let stripped = Command::new("strip")
        .arg("-o")
        .args([small.path(), binary])
        .status();
    assert!(
        stripped.is_ok_and(|status| status.success()),
        "strip (binutils) cannot strip {}",
        binary.display()
    );
    std::fs::read(small.path()).expect("it has been stripped")
}

//! In front of the applications: the person who types.
//!
//! Each application is a process of its own. It is told the answer it will give, says that it has
//! been asked for it, and is told when it has been typed. All that are asked hear the same typing.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use vm::{MadeUpKeyboard, Step, Typing, read_script};

use crate::KEYBOARD;

const AT_THE_PROMPT: &str = "--keyboard-at-the-prompt";

/// Plays a script in front of an application for each user, and writes a line for each attempt of
/// each, and at last "over".
pub(crate) fn play(script: &str, reports: &str, options: &[&str]) {
    // What is typed arrives at this terminal too; nobody reads it, and no key of it is a signal.
    let quiet = Command::new("stty").args(["raw", "-echo"]).status();
    assert!(quiet.is_ok_and(|status| status.success()), "no terminal");
    let steps = read_script(&fs::read_to_string(script).expect("a script"));
    let mut reports = File::create(reports).expect("a file for the reports");
    let (late, options): (Vec<&str>, Vec<&str>) = options
        .iter()
        .copied()
        .partition(|option| *option == AT_THE_PROMPT);
    let mut keyboard = late.is_empty().then(plug_in);
    let mut applications = Running::start_all(&options);
    for step in &steps {
        match step {
            Step::Wait(hours) => wait(*hours),
            Step::Attempt { typing, answer } => {
                for report in attempt(
                    &mut applications,
                    keyboard.as_mut(),
                    typing.as_ref(),
                    answer,
                ) {
                    reports.write_all(report.as_bytes()).expect("it is written");
                }
            }
        }
    }
    for application in applications {
        application.end();
    }
    reports.write_all(b"over\n").expect("it is written");
}

fn plug_in() -> MadeUpKeyboard {
    MadeUpKeyboard::plug_in(KEYBOARD).expect("a keyboard")
}

/// Plugs a keyboard in while these applications ask, and waits until they have it open.
fn plug_in_at_the_prompt(applications: &[Running]) -> MadeUpKeyboard {
    let keyboard = plug_in();
    for application in applications {
        let heard = keyboard.wait_for_reader(application.process.id());
        heard.expect("it is listened to");
    }
    keyboard
}

/// Every application asks, the answer is typed once, and what came of each.
fn attempt(
    applications: &mut [Running],
    keyboard: Option<&mut MadeUpKeyboard>,
    typing: Option<&Typing>,
    answer: &str,
) -> Vec<String> {
    for application in &mut *applications {
        application.tell(&format!("attempt {answer}"));
    }
    let said: Vec<String> = applications.iter_mut().map(Running::says).collect();
    let asked = |said: &String| said == "asked\n";
    let typing = typing.filter(|_| said.iter().any(asked));
    // There until the reports are: what pulls it out spoils what was typed on it.
    let mut coming =
        (typing.is_some() && keyboard.is_none()).then(|| plug_in_at_the_prompt(applications));
    let mut answer = || {
        for (application, said) in applications.iter_mut().zip(&said) {
            if asked(said) {
                application.tell("answer");
            }
        }
    };
    match (typing, keyboard.or(coming.as_mut())) {
        (Some(typing), Some(keyboard)) => keyboard.types(typing, answer).expect("it types"),
        _ => answer(),
    }
    let reports = applications.iter_mut().zip(said);
    let reports = reports.map(|(application, said)| {
        if asked(&said) {
            application.says()
        } else {
            said
        }
    });
    reports.collect()
}

fn wait(hours: u32) {
    let seconds = u64::from(hours) * 3600;
    let command = format!("date --set=@$(($(date +%s) + {seconds})) >/dev/null");
    let set = Command::new("sh").args(["-c", &command]).status();
    assert!(set.is_ok_and(|status| status.success()), "no time passes");
}

/// An application that waits for what it is told.
struct Running {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Running {
    fn start_all(options: &[&str]) -> Vec<Self> {
        let (mut users, mut uid, mut others) = (Vec::new(), None, Vec::new());
        let mut words = options.iter().copied();
        while let Some(word) = words.next() {
            match word {
                "--user" => users.push(words.next().expect("a user")),
                "--uid" => uid = words.next().map(|uid| uid.parse().expect("a number")),
                other => others.push(other),
            }
        }
        let start = |user| Self::start(user, uid, &others);
        users.into_iter().map(start).collect()
    }

    fn start(user: &str, uid: Option<u32>, options: &[&str]) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("a program"));
        command
            .args(["application", "--user", user])
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(uid) = uid {
            command.uid(uid).gid(uid);
        }
        let mut process = command.spawn().expect("an application");
        let to = process.stdin.take().expect("a pipe");
        let from = BufReader::new(process.stdout.take().expect("a pipe"));
        Self { process, to, from }
    }

    fn tell(&mut self, line: &str) {
        let told = self.to.write_all(format!("{line}\n").as_bytes());
        told.expect("the application is there");
    }

    fn says(&mut self) -> String {
        let mut line = String::new();
        let read = self.from.read_line(&mut line);
        assert!(read.is_ok_and(|read| read > 0), "an application has gone");
        line
    }

    fn end(self) {
        let Self {
            mut process, to, ..
        } = self;
        drop(to);
        let ended = process.wait();
        assert!(ended.is_ok_and(|status| status.success()), "it died");
    }
}

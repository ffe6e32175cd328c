//! One login: a script for the module, an application on the real libpam, and what came of it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use keydyn_core::trace::Trace;
use pam_host::{Application, Code, Conversation, Flags, Stack, password_line};
use tempfile::TempDir;

use crate::clock::Clock;
use crate::disk::Disk;
use crate::error::Error;
use crate::module::Module;
use crate::process;

/// The machine that people log in to: Debian's stack with the module in it, and one account.
#[derive(Debug)]
pub(crate) struct Console {
    stack: Stack,
    module: PathBuf,
    user: String,
    place: TempDir,
}

/// Who types what, when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'a> {
    /// What is typed.
    pub(crate) password: &'a str,
    /// How it is typed.
    pub(crate) trace: &'a Trace,
    /// When.
    pub(crate) at: Clock,
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    /// What libpam told the application.
    pub(crate) code: Code,
    /// What the person saw.
    pub(crate) texts: Vec<String>,
    /// How long the application was asked to wait.
    pub(crate) delay: Option<Duration>,
    /// What the module's log says.
    pub(crate) report: Report,
}

/// The module's log lines of one login.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// `verify`'s line; none if a wrong password kept it from being reached.
    pub(crate) verdict: Option<Verdict>,
    /// State and number of samples after learning; none if nothing was learned.
    pub(crate) learned: Option<(String, u32)>,
    /// Everything else it says.
    pub(crate) remarks: Vec<String>,
}

/// `verify`'s line in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// none, learning, armed, cooling-down.
    pub(crate) state: String,
    /// accepted, refused, not-in-force.
    pub(crate) outcome: String,
    /// rhythm, would-accept, too-many-refusals.
    pub(crate) reason: String,
    /// Learned before this login.
    pub(crate) samples: u32,
}

impl Console {
    /// A console where `user` has this password.
    pub(crate) fn new(module: &Module, user: &str, password: &str) -> Result<Self, Error> {
        let place = TempDir::with_prefix("keydyn-demo-")
            .map_err(Error::file("make a directory in", std::env::temp_dir()))?;
        let replay = format!("replay={}", place.path().join(SCRIPT).display());
        let stack = Stack::debian(module.path(), &replay, &password_line(password)?)?;
        Ok(Self {
            stack,
            module: module.path().to_owned(),
            user: user.to_owned(),
            place,
        })
    }

    /// Directories for the module.
    pub(crate) fn disk(&self) -> Result<Disk, Error> {
        Disk::new(self.place.path())
    }

    /// Logs in, with the module's files on this disk. Whoever is let in goes on to credentials and
    /// account, as login does. Nobody waits after a failure.
    pub(crate) fn log_in(&self, disk: &Disk, attempt: Attempt<'_>) -> Result<Login, Error> {
        process::go_on()?;
        let log = self.place.path().join("log");
        self.write_script(disk, &log, attempt)?;
        let conversation = Conversation::answers([attempt.password]);
        let mut application =
            Application::start(&self.stack, Stack::SERVICE, &*self.user, conversation)?;
        let code = application.authenticate(Flags::NONE);
        if code == Code::MODULE_UNKNOWN || code == Code::SYMBOL_ERR || code == Code::OPEN_ERR {
            let path = self.module.clone();
            return Err(Error::Unloadable { path, code });
        }
        if code.is_success() {
            let credentials = application.set_credentials(Flags::ESTABLISH);
            succeed("pam_setcred", credentials)?;
            succeed("pam_acct_mgmt", application.account())?;
        }
        let (texts, delay) = (application.texts(), application.fail_delay());
        succeed("pam_end", application.end(code))?;
        let report = Report::parse(&fs::read_to_string(&log).unwrap_or_default());
        if code.is_success() && report.verdict.is_none() {
            return Err(Error::Deaf {
                path: self.module.clone(),
                remarks: report.remarks(),
            });
        }
        Ok(Login {
            code,
            texts,
            delay,
            report,
        })
    }

    /// The script of MODULE's `replay=`, and no log yet.
    fn write_script(&self, disk: &Disk, log: &Path, attempt: Attempt<'_>) -> Result<(), Error> {
        // A log that is not there yet cannot be removed.
        let _ = fs::remove_file(log);
        let mut script = String::new();
        let mut say = |directive: &str, value: &dyn std::fmt::Display| {
            // Writing to a String cannot fail.
            let _ = writeln!(script, "{directive} {value}");
        };
        say("state-dir", &disk.state().display());
        say("run-dir", &disk.run().display());
        say("log", &log.display());
        say("clock", &attempt.at.unix());
        say("where", &"local");
        say("keyboard", &1);
        script.push_str("trace\n");
        script.push_str(&attempt.trace.to_text());
        let path = self.place.path().join(SCRIPT);
        fs::write(&path, script).map_err(Error::file("write", &path))
    }

    /// The account.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }
}

const SCRIPT: &str = "script";

fn succeed(call: &'static str, code: Code) -> Result<(), Error> {
    match code {
        Code::SUCCESS => Ok(()),
        code => Err(Error::Pam { call, code }),
    }
}

impl Login {
    /// Whether the person was let in.
    pub(crate) fn is_in(&self) -> bool {
        self.code.is_success()
    }

    /// Whether it was the rhythm that decided, and against the person.
    pub(crate) fn is_refused_for_rhythm(&self) -> bool {
        let verdict = self.report.verdict.as_ref();
        !self.is_in() && verdict.is_some_and(|v| v.outcome == "refused" && v.reason == "rhythm")
    }

    /// Whether the rhythm was accepted, not merely not in force.
    pub(crate) fn is_accepted(&self) -> bool {
        let verdict = self.report.verdict.as_ref();
        self.is_in() && verdict.is_some_and(|v| v.outcome == "accepted")
    }

    /// Whether refusals of this account count after this login.
    pub(crate) fn is_armed(&self) -> bool {
        let learned = self.report.learned.as_ref();
        learned.is_some_and(|(state, _)| state == "armed")
    }
}

impl Report {
    fn parse(log: &str) -> Self {
        let mut report = Self::default();
        for line in log.lines() {
            // pam_keydyn(login:auth): user=nobody state=armed outcome=accepted ...
            let message = line.split_once("): ").map_or(line, |(_, message)| message);
            let value = |name: &str| {
                message
                    .split_whitespace()
                    .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
            };
            let samples = value("samples").and_then(|samples| samples.parse().ok());
            let learned = message.split_whitespace().any(|word| word == "learned");
            match (value("state"), value("outcome"), value("reason"), samples) {
                (Some(state), Some(outcome), Some(reason), Some(samples)) => {
                    report.verdict = Some(Verdict {
                        state: state.to_owned(),
                        outcome: outcome.to_owned(),
                        reason: reason.to_owned(),
                        samples,
                    });
                }
                (Some(state), None, None, Some(samples)) if learned => {
                    report.learned = Some((state.to_owned(), samples));
                }
                _ => report.remarks.push(message.to_owned()),
            }
        }
        report
    }

    /// What else the log says, in one line.
    pub(crate) fn remarks(&self) -> String {
        match &self.remarks[..] {
            [] => "its log says nothing".to_owned(),
            remarks => format!("its log says \"{}\"", remarks.join("\", \"")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_read() {
        let report = Report::parse(
            "pam_keydyn(login:auth): something else\n\
             pam_keydyn(login:auth): user=nobody state=learning outcome=not-in-force \
             reason=would-accept samples=22\n\
             pam_keydyn(login:auth): user=nobody learned state=armed samples=23\n",
        );
        let verdict = report.verdict.clone().unwrap();
        assert_eq!(verdict.state, "learning");
        assert_eq!(verdict.reason, "would-accept");
        assert_eq!(verdict.samples, 22);
        assert_eq!(report.learned, Some(("armed".to_owned(), 23)));
        assert_eq!(report.remarks(), "its log says \"something else\"");
    }

    #[test]
    fn a_sample_that_was_not_learned_is_a_remark() {
        let report = Report::parse("x(y:auth): user=nobody not learned: no randomness\n");
        assert_eq!(report.learned, None);
        assert_eq!(report.remarks.len(), 1);
    }
}

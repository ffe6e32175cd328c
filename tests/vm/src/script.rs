//! What happens on the machine one after the other, as text that the harness writes and the
//! program inside reads, and what came of it, the other way round.

use std::fmt::Write as _;
use std::time::Duration;

use crate::typing::Typing;

/// Something that happens in front of the application.
#[derive(Clone, PartialEq, Eq)]
pub enum Step {
    /// Somebody tries to get in.
    Attempt {
        /// What the keyboards type between question and answer; none: nobody presses a key.
        typing: Option<Typing>,
        /// What the application then hands over. One line.
        answer: String,
    },
    /// So many hours pass on the machine's clock.
    Wait(u32),
}

impl Step {
    /// Types so, and answers with this password.
    #[must_use]
    pub fn attempt(typing: &Typing, password: &str) -> Self {
        Self::Attempt {
            typing: Some(typing.clone()),
            answer: password.to_owned(),
        }
    }

    /// Answers with this password without a key pressed: pasted, or typed somewhere else.
    #[must_use]
    pub fn pasted(password: &str) -> Self {
        Self::Attempt {
            typing: None,
            answer: password.to_owned(),
        }
    }
}

/// The text of a script.
#[must_use]
pub fn write_script(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        // Writing to a String cannot fail.
        let _ = match step {
            Step::Wait(hours) => writeln!(text, "wait {hours}"),
            Step::Attempt { typing, answer } => {
                let trace = typing.as_ref().map(|typing| typing.trace().to_text());
                writeln!(text, "attempt {answer}\n{}", trace.unwrap_or_default())
            }
        };
    }
    text
}

/// The steps of a script's text.
///
/// # Panics
/// If it is none.
#[must_use]
pub fn read_script(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(hours) = line.strip_prefix("wait ") {
            steps.push(Step::Wait(hours.parse().expect("hours")));
        } else if let Some(answer) = line.strip_prefix("attempt ") {
            let trace: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
            let trace = trace.join("\n").parse().expect("a trace");
            let typing = Typing::exactly(&trace);
            steps.push(Step::Attempt {
                typing: (!typing.edges().is_empty()).then_some(typing),
                answer: answer.to_owned(),
            });
        } else {
            assert!(line.is_empty(), "not a step: {line}");
        }
    }
    steps
}

/// What came of one attempt of one application. Codes are as libpam numbers them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Which attempt of the script, counted from 0.
    pub attempt: usize,
    /// Whose account.
    pub user: String,
    /// What `pam_authenticate` returned.
    pub authenticate: i32,
    /// What `pam_acct_mgmt` returned, if it was called.
    pub account: Option<i32>,
    /// What `pam_setcred` returned, if it was called.
    pub credentials: Option<i32>,
    /// What `pam_open_session` returned, if it was called.
    pub session: Option<i32>,
    /// How long `pam_authenticate` took without the conversation.
    pub own: Duration,
    /// How long `pam_setcred` took.
    pub learning: Duration,
    /// The delay that the application was asked for after a failure. It did not wait.
    pub delay: Option<Duration>,
    /// Resident memory of the application after it, in kilobytes.
    pub memory: u64,
    /// Its open descriptors after it.
    pub descriptors: u64,
    /// What the person was told without being asked anything, in one line.
    pub told: String,
}

impl Report {
    /// As a line of text.
    #[must_use]
    pub fn to_line(&self) -> String {
        let code = |code: Option<i32>| code.map_or("-".to_owned(), |code| code.to_string());
        let micros = |delay: Duration| delay.as_micros().to_string();
        format!(
            "{} {} {} {} {} {} {} {} {} {} {} {}",
            self.attempt,
            self.user,
            self.authenticate,
            code(self.account),
            code(self.credentials),
            code(self.session),
            micros(self.own),
            micros(self.learning),
            self.delay.map_or("-".to_owned(), micros),
            self.memory,
            self.descriptors,
            self.told.replace('\n', " | "),
        )
    }

    /// Reads such a line.
    #[must_use]
    pub fn from_line(line: &str) -> Option<Self> {
        fn optional<T: std::str::FromStr>(word: &str) -> Option<Option<T>> {
            if word == "-" {
                return Some(None);
            }
            word.parse().ok().map(Some)
        }
        let mut words = line.splitn(12, ' ');
        let mut next = || words.next();
        Some(Self {
            attempt: next()?.parse().ok()?,
            user: next()?.to_owned(),
            authenticate: next()?.parse().ok()?,
            account: optional(next()?)?,
            credentials: optional(next()?)?,
            session: optional(next()?)?,
            own: Duration::from_micros(next()?.parse().ok()?),
            learning: Duration::from_micros(next()?.parse().ok()?),
            delay: optional(next()?)?.map(Duration::from_micros),
            memory: next()?.parse().ok()?,
            descriptors: next()?.parse().ok()?,
            told: next()?.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_reads_back() {
        let trace = "0 a down\n90.125 a up\n300 a repeat\n700 enter down\n760 enter up";
        let typing = Typing::exactly(&trace.parse().unwrap());
        let steps = [
            Step::attempt(&typing, "with a space"),
            Step::Wait(14),
            Step::pasted(""),
            Step::attempt(&typing, "é"),
        ];
        assert!(read_script(&write_script(&steps)) == steps);
    }

    #[test]
    fn a_report_reads_back() {
        let report = Report {
            attempt: 3,
            user: "owner".to_owned(),
            authenticate: 7,
            account: Some(0),
            own: Duration::from_micros(1234),
            delay: Some(Duration::from_secs(2)),
            memory: 5120,
            descriptors: 9,
            told: "two words".to_owned(),
            ..Report::default()
        };
        assert_eq!(Report::from_line(&report.to_line()), Some(report));
        let silent = Report {
            user: "a".to_owned(),
            ..Report::default()
        };
        assert_eq!(Report::from_line(&silent.to_line()), Some(silent));
        assert_eq!(Report::from_line("0 owner 7"), None);
    }
}

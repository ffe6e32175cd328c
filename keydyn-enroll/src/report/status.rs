//! What `keydyn status` tells: a document for programs, and the same in words.

use std::io::{self, Write};

use keydyn_core::policy::{ARMING_REFUSALS, ARMING_SITTINGS, EARLIEST_ARMING};
use keydyn_core::printable::printable;
use keydyn_core::settings::Mode;
use keydyn_core::store::state::{AccountState, Phase, Progress, Verdict};
use keydyn_core::store::switch::{Marker, Place};
use keydyn_core::store::vault::Standing;
use keydyn_core::store::vault::survey::{Health, Kept, Survey};
use keydyn_core::time::Timestamp;
use serde::{Serialize, Serializer};

use crate::account::{Account, Directories};
use crate::report::advice::{self, Advice};
use crate::terminal::{item, paragraph};

/// Verdicts that are told in words; a program gets all that are kept.
const TOLD: usize = 5;

/// Everything.
#[derive(Serialize)]
pub(crate) struct Document {
    /// `keydyn=off` is on the kernel's command line.
    pub(crate) switched_off: bool,
    /// `keydyn disable --all`.
    pub(crate) disabled: bool,
    /// Whether a line of some stack names the module; `None` if the stacks cannot be read.
    pub(crate) guarded: Option<bool>,
    /// What holds in stacks whose lines name no mode.
    #[serde(serialize_with = "mode_word")]
    pub(crate) mode: Mode,
    /// What is wrong with the file of settings.
    pub(crate) settings: Vec<String>,
    /// What is wrong with host.key or its directory.
    pub(crate) host_key: Option<String>,
    pub(crate) users: Vec<Entry>,
}

/// One user.
#[derive(Serialize)]
pub(crate) struct Entry {
    user: Option<String>,
    uid: u32,
    state: &'static str,
    disabled: bool,
    /// Only in /run.
    disabled_until_boot: bool,
    /// Until when attempts are not judged.
    cooling_down_until: Option<u64>,
    /// The clock is behind the last refusal: all of the cool-down comes after the next attempt.
    cool_down_awaits_an_attempt: bool,
    learned: u64,
    /// How far learning is, where it is not over.
    learning: Option<Learning>,
    accepted: u64,
    refused: u64,
    not_judged: u64,
    /// Newest first.
    verdicts: Vec<Judged>,
    /// A new password is being learned beside the old one.
    password_changed: bool,
    /// The state is where it lasts until the next boot only.
    state_in_run: bool,
    files: Vec<File>,
    advice: Vec<Advice>,
    #[serde(skip)]
    now: Timestamp,
}

/// How near learning is to its end; of a changed password's, where one is being learned.
#[derive(Serialize)]
struct Learning {
    typings: u32,
    sittings: u32,
    /// Decisions made before each of the last typings was learned, and refusals among them: what
    /// keydyn would have decided.
    decided: u32,
    would_have_refused: u32,
    /// Typings that are missing at least until the user is armed.
    missing: u32,
    /// All else is there, and too many others who know the password would pass.
    too_common: bool,
}

#[derive(Serialize)]
struct Judged {
    at: u64,
    verdict: &'static str,
    reason: Option<&'static str>,
    #[serde(skip)]
    words: String,
}

#[derive(Serialize)]
struct File {
    path: String,
    defect: Option<String>,
}

impl Entry {
    /// What can be told without a password. `all_disabled`: keydyn is in force for nobody.
    pub(crate) fn new(
        places: &Directories,
        account: &Account,
        survey: &Survey,
        (disabled, all_disabled): (&Marker, bool),
        now: Timestamp,
    ) -> Self {
        let known = match &survey.standing {
            Standing::Known(state) => Some(state),
            Standing::Unknown => None,
        };
        let nothing = AccountState::default();
        let state = known.unwrap_or(&nothing);
        let left = state.cooling_down(now);
        Self {
            user: account.name.clone(),
            uid: account.uid,
            state: match known.map(|state| state.phase) {
                None => "unknown",
                Some(Phase::Armed) if left.is_some() => "cooling-down",
                Some(Phase::Armed) => "armed",
                Some(Phase::Learning) => "learning",
                Some(Phase::None) => "none",
            },
            disabled: disabled.is_set(),
            disabled_until_boot: disabled.places == [Place::Run],
            cooling_down_until: left.map(|seconds| now.0.saturating_add(seconds)),
            cool_down_awaits_an_attempt: state.cool_down_awaits_an_attempt(now),
            learned: state.counts.learned,
            learning: ((state.phase != Phase::Armed || is_kept(survey.second)) && known.is_some())
                .then(|| Learning::new(&state.progress)),
            accepted: state.counts.accepted,
            refused: state.counts.refused,
            not_judged: state.counts.unusable,
            verdicts: state.verdicts.iter().rev().map(Judged::new).collect(),
            password_changed: is_kept(survey.second),
            state_in_run: survey.state_in == Some(Place::Run),
            files: survey
                .files
                .iter()
                .map(|kept| File::new(places, kept))
                .collect(),
            advice: advice::of(
                account,
                survey,
                known.map(|state| state.phase),
                !all_disabled && !disabled.is_set(),
            ),
            now,
        }
    }

    /// Whether somebody has to do something.
    pub(crate) fn is_unwell(&self) -> bool {
        self.advice.iter().any(|advice| advice.urgent)
    }

    /// The user, in short.
    pub(crate) fn who(&self) -> String {
        match &self.user {
            Some(name) => printable(name),
            None => format!("uid {}", self.uid),
        }
    }

    /// `over` is what puts keydyn out of force for everybody.
    fn write(&self, out: &mut dyn Write, over: Option<&str>) -> io::Result<()> {
        let (who, uid, state) = (self.who(), self.uid, self.state.replace('-', " "));
        let who = match self.user {
            Some(_) => format!("{who} (uid {uid})"),
            None => format!("{who}, which no user has"),
        };
        let state = match (over, self.disabled) {
            // Each would be enough.
            (Some(over), true) => format!("{over} (else disabled by name, else {state})"),
            (Some(over), false) => format!("{over} (else {state})"),
            (None, true) => format!("disabled (else {state})"),
            (None, false) => state,
        };
        paragraph(out, &format!("{who}: {state}"), "    ")?;
        let mut line = |text: &str| item(out, text);
        if over.is_none() {
            line(&self.meaning())?;
        }
        if self.learned > 0 {
            line(&format!("Typings learned: {}.", self.learned))?;
        }
        if self.password_changed {
            line("The password was changed; the new one is being learned beside the old one.")?;
        }
        if let Some(learning) = &self.learning {
            if !self.password_changed && u64::from(learning.typings) < self.learned {
                line(&format!(
                    "Of the way to type it that is farthest from being in force: {}. Each way that is \
                     in use (digits on the keypad are another) is learned by itself.",
                    learning.typings
                ))?;
            }
            for text in learning.words(self.uid) {
                line(&text)?;
            }
        }
        if !self.verdicts.is_empty() {
            let (accepted, refused, other) = (self.accepted, self.refused, self.not_judged);
            line(&format!(
                "Decided while armed: {accepted} accepted, {refused} refused, {other} not to be \
                 judged. The last (under mode=shadow only noted):"
            ))?;
        }
        for judged in self.verdicts.iter().take(TOLD) {
            line(&format!("- {}: {}", ago(judged.at, self.now), judged.words))?;
        }
        if !self.files.is_empty() {
            line("Files, as far as they can be checked without the password:")?;
        }
        // A directory that cannot be believed is the same defect of every file.
        let mut told = Vec::new();
        for file in &self.files {
            match &file.defect {
                None => line(&format!("- {}: sound", file.path))?,
                // What cannot be read is told with its path.
                Some(defect) if defect.starts_with('/') => {
                    if !told.contains(&defect) {
                        line(&format!("- {defect}"))?;
                        told.push(defect);
                    }
                }
                Some(defect) => line(&format!("- {}: {defect}", file.path))?,
            }
        }
        for advice in &self.advice {
            line(&format!("=> {}", advice.text))?;
        }
        Ok(())
    }

    fn meaning(&self) -> String {
        if self.disabled {
            let argument = match &self.user {
                Some(name) => printable(name),
                None => format!("--uid {}", self.uid),
            };
            let until = match self.disabled_until_boot {
                true => ", until the next boot",
                false => "",
            };
            return format!(
                "The password alone is enough, by `keydyn disable`{until}; `keydyn enable \
                 {argument}` takes it back."
            );
        }
        let text = match (self.state, self.cooling_down_until) {
            ("unknown", _) => "Whether this user is armed cannot be told.",
            ("none", _) => {
                "Nothing was learned. The password alone is enough. Nothing is learned of what is \
                 typed elsewhere, over ssh for example: only the log tells of it."
            }
            ("learning", _) => "Refusals do not count yet. The password alone is enough.",
            (_, Some(until)) => {
                let left = lasting(until.saturating_sub(self.now.0));
                if self.cool_down_awaits_an_attempt {
                    return format!(
                        "There were too many refusals in a row, and the clock has been set back \
                         since: the next attempt is refused, and so is every other for {left} \
                         after it."
                    );
                }
                return format!(
                    "Too many refusals in a row: every attempt is refused for {left} more."
                );
            }
            _ => {
                "The rhythm decides at every login at this machine's keyboards, wherever \
                 pam_keydyn stands in the stack without mode=shadow."
            }
        };
        text.to_owned()
    }
}

impl Learning {
    fn new(progress: &Progress) -> Self {
        Self {
            typings: progress.typings,
            sittings: progress.sittings,
            decided: progress.decided,
            would_have_refused: progress.refused,
            missing: EARLIEST_ARMING.saturating_sub(progress.typings),
            too_common: progress.too_common,
        }
    }

    /// What it would have decided, and why it is not armed.
    fn words(&self, uid: u32) -> Vec<String> {
        let mut words = Vec::new();
        if self.decided > 0 {
            words.push(format!(
                "It would have refused {} of the last {} typings, each compared with those before \
                 it.",
                self.would_have_refused, self.decided
            ));
        }
        if uid == 0 {
            words.push("Root is never armed by himself, only by `keydyn enroll`.".to_owned());
            return words;
        }
        let mut lacks = Vec::new();
        if self.missing > 0 {
            let plural = if self.missing == 1 { "" } else { "s" };
            lacks.push(format!("at least {} more typing{plural}", self.missing));
        }
        if self.sittings < ARMING_SITTINGS {
            lacks.push(format!(
                "typings in {ARMING_SITTINGS} sittings more than four hours apart (so far {})",
                self.sittings
            ));
        }
        if self.would_have_refused > ARMING_REFUSALS {
            lacks.push(format!(
                "at most {ARMING_REFUSALS} of the last 20 that it would have refused"
            ));
        }
        words.push(match lacks.as_slice() {
            [] if self.too_common => "Not armed although all else is there: so far too many \
                                      others who know the password would pass. A rhythm that \
                                      scatters less protects; logins go on learning, and a \
                                      longer password helps."
                .to_owned(),
            [] => "Not armed although all else is there: the text must have 6 to 128 keys, and \
                   min_samples= of the stack may ask for more typings."
                .to_owned(),
            lacks => format!("Until it is armed it needs {}.", lacks.join(", and ")),
        });
        words
    }
}

impl Document {
    /// In words.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.switched_off {
            let text = "keydyn=off is on the kernel's command line: the password alone is enough \
                        for everybody until the next boot without it.";
            paragraph(out, text, "")?;
        }
        if self.disabled {
            let text = "keydyn is disabled for everybody; `keydyn enable --all` takes it back.";
            paragraph(out, text, "")?;
        }
        if self.guarded == Some(false) {
            let text = "No service names pam_keydyn.so, so nobody is learned and nobody refused; \
                        `keydyn doctor` says what to do.";
            paragraph(out, text, "")?;
        }
        for complaint in &self.settings {
            paragraph(out, &format!("{}.", printable(complaint)), "")?;
        }
        if let Some(meaning) = meaning_of(self.mode) {
            let text = format!(
                "mode={} holds wherever the lines of a stack name no other: {meaning}.",
                self.mode.word()
            );
            paragraph(out, &text, "")?;
        }
        if let Some(defect) = &self.host_key {
            paragraph(out, defect, "")?;
        }
        let over = match (self.switched_off, self.disabled) {
            (true, _) => Some("switched off"),
            (false, true) => Some("disabled"),
            (false, false) => None,
        };
        if self.users.is_empty() {
            paragraph(out, "Nothing is kept of anybody.", "")?;
        }
        for (i, entry) in self.users.iter().enumerate() {
            if i > 0 {
                writeln!(out)?;
            }
            entry.write(out, over)?;
        }
        Ok(())
    }
}

/// What the file of settings makes of refusals, where that is not what is said of each user.
fn meaning_of(mode: Mode) -> Option<&'static str> {
    match mode {
        Mode::Auto => None,
        Mode::Shadow => Some("nobody is refused, and what would have been is in the log"),
        Mode::Enforce => Some("whoever is not armed is refused too, root excepted"),
    }
}

fn mode_word<S: Serializer>(mode: &Mode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(mode.word())
}

impl Judged {
    fn new((at, verdict): &(Timestamp, Verdict)) -> Self {
        let (word, reason, words) = match verdict {
            Verdict::Accepted => ("accepted", None, "accepted".to_owned()),
            Verdict::Refused => ("refused", None, "refused for its rhythm".to_owned()),
            Verdict::CoolingDown => (
                "cooling-down",
                None,
                "refused unjudged, after too many refusals".to_owned(),
            ),
            Verdict::Unusable(failure) => (
                "unusable",
                Some(failure.word()),
                format!("refused, because {failure}"),
            ),
        };
        Self {
            at: at.0,
            verdict: word,
            reason,
            words,
        }
    }
}

impl File {
    fn new(places: &Directories, kept: &Kept) -> Self {
        let directory = match kept.place {
            Place::Main => &places.main,
            Place::Run => &places.run,
        };
        Self {
            path: directory.path().join(&kept.name).display().to_string(),
            defect: kept.defect.as_ref().map(ToString::to_string),
        }
    }
}

/// Whether a profile is known to be there.
fn is_kept(health: Health) -> bool {
    !matches!(health, Health::Absent | Health::Unreadable)
}

/// A span of time, roughly.
fn lasting(seconds: u64) -> String {
    let (number, unit) = match seconds {
        0..=119 => (seconds, "second"),
        120..=7_199 => (seconds / 60, "minute"),
        7_200..=172_799 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

pub(crate) fn ago(at: u64, now: Timestamp) -> String {
    match now.since(Timestamp(at)) {
        Some(seconds) => format!("{} ago", lasting(seconds)),
        None => "later than now (the clock was set back)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keydyn_sys::file::StateDir;

    #[test]
    fn spans_are_told_roughly() {
        for (seconds, words) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (7_200, "2 hours"),
            (172_800, "2 days"),
        ] {
            assert_eq!(lasting(seconds), words);
        }
        assert_eq!(ago(100, Timestamp(160)), "60 seconds ago");
        assert!(ago(100, Timestamp(99)).contains("set back"));
    }

    #[test]
    fn a_name_of_the_name_service_reaches_no_terminal_raw() {
        let nowhere = |name: &str| StateDir::new(format!("/nonexistent/{name}/accounts"));
        let places = Directories {
            main: nowhere("lib"),
            run: nowhere("run"),
        };
        let account = Account {
            uid: 7,
            name: Some("a\u{1b}[2J".into()),
        };
        let survey = places.vault(&account, None).survey();
        let disabled = Marker {
            places: vec![Place::Run],
            doubts: Vec::new(),
        };
        let entry = Entry::new(&places, &account, &survey, (&disabled, false), Timestamp(0));
        let mut out = Vec::new();
        entry.write(&mut out, None).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("keydyn enable a\\u{1b}[2J"), "{text}");
        assert!(!text.contains('\u{1b}') && !entry.who().contains('\u{1b}'));
    }

    #[test]
    fn what_concerns_everybody_comes_first() {
        let document = Document {
            switched_off: true,
            disabled: true,
            guarded: Some(false),
            mode: Mode::Shadow,
            settings: vec!["keydyn.conf, line 2: what is that".to_owned()],
            host_key: Some("host.key: is damaged".to_owned()),
            users: Vec::new(),
        };
        let mut out = Vec::new();
        document.write(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for words in [
            "keydyn=off",
            "`keydyn enable --all`",
            "No service names pam_keydyn.so",
            "mode=shadow holds",
            "line 2: what is that.",
            "host.key",
            "Nothing is kept",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
    }
}

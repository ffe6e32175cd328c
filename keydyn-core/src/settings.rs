//! The arguments of a line in the stack, and the file of settings behind them, as the module and
//! `keydyn doctor` read them.
//!
//! An argument that is not known, or a value that is not one of its values, is a complaint in the
//! log and counts as not written: a typing error must not lock anybody out. What was said before it
//! on the line stands, else what the file says, else the default.

mod configuration;

use std::ffi::CStr;
use std::fmt;
use std::time::Duration;

use crate::device::{DeviceRule, DeviceRules};
use crate::policy::Strictness;
use crate::printable::excerpt;
use crate::store::files::FileError;

pub use configuration::PATH;

/// Which of the two lines this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// In front of the password module: listens.
    Capture,
    /// Behind it: judges.
    Verify,
}

/// `mode=`: what is made of users who are not armed, and of everybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Judges and logs, never refuses.
    Shadow,
    /// Refuses whom it has learned.
    #[default]
    Auto,
    /// Refuses everybody whom it has not learned too.
    Enforce,
}

impl Mode {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::Auto => "auto",
            Self::Enforce => "enforce",
        }
    }
}

/// What a rule says about logins that cannot be judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rule {
    /// Whoever has the password is let in.
    #[default]
    Ignore,
    /// Nobody is.
    Refuse,
}

/// `password_change=`: what becomes of an armed user with a new password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PasswordChange {
    /// The new one is learned, and is enough meanwhile.
    #[default]
    Learn,
    /// Refused until root begins anew.
    Refuse,
}

/// Typings before learning can be over.
const MIN_SAMPLES: u32 = 20;
const MIN_SAMPLES_RANGE: std::ops::RangeInclusive<u32> = 3..=MOST_SAMPLES;
const MOST_SAMPLES: u32 = 1000;

/// Above the bounded waits for keyboards, locks and the log together, and far below the patience of
/// any application.
const TIME_BUDGET: Duration = Duration::from_secs(10);
const TIME_BUDGET_SECONDS: std::ops::RangeInclusive<u64> = 3..=60;

/// What a line's arguments and the file of settings say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Which of the two it is; `None` for a line that says neither or both.
    pub line: Option<Line>,
    /// `mode=`
    pub mode: Mode,
    /// `strictness=`
    pub strictness: Strictness,
    /// `min_samples=`
    pub min_samples: u32,
    /// `password_change=`
    pub password_change: PasswordChange,
    /// `no_timings=`
    pub no_timings: Rule,
    /// `unprivileged=`
    pub unprivileged: Rule,
    /// `time_budget=`: for the module's own work in one login, whatever is slow.
    pub time_budget: Duration,
    /// `virtual_keyboard=` and `new_keyboard=`
    pub devices: DeviceRules,
    /// `beforehand=`: services that collect the password before they authenticate.
    pub beforehand: Vec<String>,
    /// `debug`
    pub debug: bool,
    /// The stand-in source's script.
    #[cfg(feature = "replay-source")]
    pub replay: Option<std::path::PathBuf>,
    /// The file of settings is there, and the machine failed to read it: the strictest of every
    /// setting holds.
    pub configuration_unread: bool,
    /// What was not understood.
    pub complaints: Vec<Complaint>,
}

/// Where something was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Among the arguments of the line in the stack.
    Stack,
    /// In this line of the file of settings, counted from 1.
    File(usize),
}

/// What is wrong with an argument, or with the file of settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// No argument of this name.
    Unknown {
        /// Where.
        origin: Origin,
        /// As it is written.
        argument: String,
    },
    /// Another value than this argument has.
    Value {
        /// Where.
        origin: Origin,
        /// As it is written.
        argument: String,
        /// What it may be.
        expected: &'static str,
        /// Of a misspelled mode: the one that is in force all the same.
        in_force: Option<Mode>,
    },
    /// Both `capture` and `verify`.
    TwoLines,
    /// Neither.
    NoLine,
    /// The file of settings counts as not written, or could not be read.
    File(String),
    /// So many further lines of it are not understood.
    More(usize),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stack => Ok(()),
            Self::File(line) => write!(f, "{}, line {line}: ", PATH),
        }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { origin, argument } => {
                let correct = match origin {
                    Origin::Stack => "correct the line in the stack",
                    Origin::File(_) => "correct it there",
                };
                let argument = excerpt(argument);
                write!(
                    f,
                    "{origin}unknown argument `{argument}` is ignored; {correct}"
                )
            }
            Self::Value {
                origin,
                argument,
                expected,
                in_force,
            } => {
                let argument = excerpt(argument);
                write!(
                    f,
                    "{origin}`{argument}` counts as not written; the value must be {expected}"
                )?;
                // Whoever meant `shadow` must read that people are refused.
                f.write_str(match in_force {
                    None => "",
                    Some(Mode::Shadow) => "; mode=shadow is in force: nobody is refused",
                    Some(Mode::Auto) => "; mode=auto is in force: refusals of armed users count",
                    Some(Mode::Enforce) => {
                        "; mode=enforce is in force: refusals count, and whoever is not armed is \
                         refused too"
                    }
                })
            }
            Self::TwoLines => f.write_str(
                "a line cannot be both `capture` and `verify`; put `capture` in front of the \
                 password module and `verify` behind it",
            ),
            Self::NoLine => f.write_str(
                "the line says neither `capture` nor `verify`; put `capture` in front of the \
                 password module and `verify` behind it",
            ),
            Self::File(what) => f.write_str(what),
            Self::More(lines) => write!(
                f,
                "{}: {lines} further lines are not understood either",
                PATH
            ),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            line: None,
            mode: Mode::default(),
            strictness: Strictness::default(),
            min_samples: MIN_SAMPLES,
            password_change: PasswordChange::default(),
            no_timings: Rule::default(),
            unprivileged: Rule::default(),
            time_budget: TIME_BUDGET,
            devices: DeviceRules::default(),
            beforehand: ["sshd", "sddm", "i3lock", "swaylock"]
                .map(str::to_owned)
                .to_vec(),
            debug: false,
            #[cfg(feature = "replay-source")]
            replay: None,
            configuration_unread: false,
            complaints: Vec::new(),
        }
    }
}

impl Settings {
    /// What the file of settings says, `None` where there is none.
    #[must_use]
    pub fn of_file(file: Result<Option<Vec<u8>>, FileError>) -> Self {
        let mut settings = Self::default();
        settings.take_file(file);
        settings
    }

    /// What holds while nobody knows what the file asks for: whoever can make it unreadable (by
    /// `ulimit -n`) must not lift anything, and whoever is armed still gets in.
    fn strictest() -> Self {
        Self {
            mode: Mode::Enforce,
            strictness: Strictness::Strict,
            min_samples: MOST_SAMPLES,
            password_change: PasswordChange::Refuse,
            no_timings: Rule::Refuse,
            unprivileged: Rule::Refuse,
            devices: DeviceRules::STRICTEST,
            beforehand: Vec::new(),
            configuration_unread: true,
            ..Self::default()
        }
    }

    /// What a line's arguments say.
    #[must_use]
    pub fn parse(args: &[&CStr]) -> Self {
        Self::default().and_line(args)
    }

    /// What is said so far and a line's arguments, as libpam hands them over; the arguments win.
    #[must_use]
    pub fn and_line(self, args: &[&CStr]) -> Self {
        let mut settings = self;
        let (mut capture, mut verify) = (false, false);
        for arg in args {
            let arg = arg.to_string_lossy();
            match &*arg {
                "capture" => capture = true,
                "verify" => verify = true,
                _ => settings.take(&arg, Origin::Stack),
            }
        }
        settings.say_the_mode();
        settings.line = match (capture, verify) {
            (true, false) => Some(Line::Capture),
            (false, true) => Some(Line::Verify),
            (true, true) => {
                settings.complaints.push(Complaint::TwoLines);
                None
            }
            (false, false) => {
                settings.complaints.push(Complaint::NoLine);
                None
            }
        };
        settings
    }

    /// Only the whole line says which mode is in force in spite of a misspelled one.
    fn say_the_mode(&mut self) {
        for complaint in &mut self.complaints {
            if let Complaint::Value {
                argument, in_force, ..
            } = complaint
                && name_and_value(argument).0.eq_ignore_ascii_case("mode")
            {
                *in_force = Some(self.mode);
            }
        }
    }

    fn take(&mut self, argument: &str, origin: Origin) {
        let (name, value) = name_and_value(argument);
        let understood = match name {
            "debug" if argument == name => {
                self.debug = true;
                Ok(())
            }
            "mode" => set(&mut self.mode, value, &MODES),
            // Whoever meant `shadow` must read which mode is in force.
            _ if name.eq_ignore_ascii_case("mode") => Err("behind `mode=` in small letters"),
            "strictness" => set(&mut self.strictness, value, &STRICTNESSES),
            "password_change" => set(&mut self.password_change, value, &PASSWORD_CHANGES),
            "no_timings" => set(&mut self.no_timings, value, &RULES),
            "unprivileged" => set(&mut self.unprivileged, value, &RULES),
            "virtual_keyboard" => set(&mut self.devices.virtual_keyboard, value, &DEVICE_RULES),
            "new_keyboard" => set(&mut self.devices.new_keyboard, value, &DEVICE_RULES),
            "min_samples" => match value.parse() {
                Ok(count) if MIN_SAMPLES_RANGE.contains(&count) => {
                    self.min_samples = count;
                    Ok(())
                }
                _ => Err("a number from 3 to 1000"),
            },
            "time_budget" => match value.parse() {
                Ok(seconds) if TIME_BUDGET_SECONDS.contains(&seconds) => {
                    self.time_budget = Duration::from_secs(seconds);
                    Ok(())
                }
                _ => Err("a number of seconds from 3 to 60"),
            },
            "beforehand" => {
                let names = value.split(',').map(str::trim);
                let names: Vec<_> = names.filter(|name| !name.is_empty()).collect();
                // No service has such a name: whoever wrote it meant two.
                match names.iter().any(|name| name.contains(char::is_whitespace)) {
                    true => Err("services with commas between them"),
                    false => {
                        self.beforehand = names.into_iter().map(str::to_owned).collect();
                        Ok(())
                    }
                }
            }
            #[cfg(feature = "replay-source")]
            "replay" if origin == Origin::Stack => {
                self.replay = Some(value.into());
                Ok(())
            }
            _ => {
                self.complaints.push(Complaint::Unknown {
                    origin,
                    argument: argument.to_owned(),
                });
                Ok(())
            }
        };
        if let Err(expected) = understood {
            self.complaints.push(Complaint::Value {
                origin,
                argument: argument.to_owned(),
                expected,
                in_force: None,
            });
        }
    }
}

fn name_and_value(argument: &str) -> (&str, &str) {
    argument.split_once('=').unwrap_or((argument, ""))
}

/// The words of an argument, and how a complaint names them.
struct Words<T: 'static>(&'static [(&'static str, T)], &'static str);

const MODES: Words<Mode> = Words(
    &[
        ("shadow", Mode::Shadow),
        ("auto", Mode::Auto),
        ("enforce", Mode::Enforce),
    ],
    "shadow, auto or enforce",
);
const STRICTNESSES: Words<Strictness> = Words(
    &[
        ("lenient", Strictness::Lenient),
        ("normal", Strictness::Normal),
        ("strict", Strictness::Strict),
    ],
    "lenient, normal or strict",
);
const PASSWORD_CHANGES: Words<PasswordChange> = Words(
    &[
        ("learn", PasswordChange::Learn),
        ("refuse", PasswordChange::Refuse),
    ],
    "learn or refuse",
);
const RULES: Words<Rule> = Words(
    &[("ignore", Rule::Ignore), ("refuse", Rule::Refuse)],
    "ignore or refuse",
);
const DEVICE_RULES: Words<DeviceRule> = Words(
    &[("flag", DeviceRule::Flag), ("refuse", DeviceRule::Refuse)],
    "flag or refuse",
);

fn set<T: Copy>(field: &mut T, value: &str, words: &Words<T>) -> Result<(), &'static str> {
    match words.0.iter().find(|(word, _)| *word == value) {
        Some(&(_, meaning)) => {
            *field = meaning;
            Ok(())
        }
        None => Err(words.1),
    }
}

#[cfg(test)]
mod tests;

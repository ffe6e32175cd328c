//! Somebody at this machine's keyboard who types a password: asked on their terminal, heard by a
//! key source, believed by PAM. What `enroll` and `verify` share.

mod failure;
mod password;
mod screen;

use std::env;
use std::ffi::OsStr;

use clap::Args;
use keydyn_core::acquire::FailureToAcquire;
use keydyn_core::device::{Device, DeviceRules};
use keydyn_core::digraph::Sample;
use keydyn_core::printable::printable;
use keydyn_core::store::files::FileError;
use keydyn_core::store::host::HostKey;
use keydyn_sys::capture::SeatKeyboards;
use keydyn_sys::file::StateDir;
use keydyn_sys::hardening::forbid_dumps;
use keydyn_sys::pam_application::{SERVICE, Service};
use keydyn_sys::place::Place;
use keydyn_sys::prompt::{self, Answer, SecretLine, Terminal};
use keydyn_sys::source::{Conversation, Heard, KeySource, Whereabouts};
use keydyn_sys::system;

use crate::account::{Account, Directories};

pub(crate) use failure::TypingFailure;
pub(crate) use password::Known;
pub(crate) use screen::{Mark, Screen};

/// Who asks and who listens, in place of this machine's PAM service and keyboards.
#[derive(Debug, Args)]
pub(crate) struct StandIn {
    /// A directory with `pam.d` and `typings`: for tests, in no build that is shipped
    #[cfg(feature = "replay-source")]
    #[arg(long, hide = true, value_name = "DIR")]
    replay: Option<std::path::PathBuf>,
}

struct Ears {
    source: Box<dyn KeySource>,
    service: Service,
    /// Whether there can be anything to hear.
    in_reach: fn(&Conversation<'_>) -> bool,
}

impl StandIn {
    #[cfg(feature = "replay-source")]
    fn ears(&self) -> Result<Ears, TypingFailure> {
        use keydyn_sys::replay::ReplaySequence;
        let Some(directory) = &self.replay else {
            return live();
        };
        let service = Service::in_directory(directory.join("pam.d"))?;
        let source =
            ReplaySequence::read(&directory.join("typings")).map_err(TypingFailure::StandIn)?;
        Ok(Ears {
            source: Box::new(source),
            service,
            in_reach: |_| true,
        })
    }

    #[cfg(not(feature = "replay-source"))]
    #[expect(clippy::unused_self, reason = "the other build has something in it")]
    fn ears(&self) -> Result<Ears, TypingFailure> {
        live()
    }
}

fn live() -> Result<Ears, TypingFailure> {
    Ok(Ears {
        source: Box::new(SeatKeyboards::new()),
        service: Service::find()?,
        in_reach: |conversation| Place::at_start(conversation).seat().is_some(),
    })
}

/// What was typed at one prompt.
pub(crate) struct Typed {
    pub(crate) line: SecretLine,
    pub(crate) whereabouts: Whereabouts,
    pub(crate) sample: Result<Sample, FailureToAcquire>,
    pub(crate) keyboard: u32,
    /// What makes that keyboard doubtful.
    pub(crate) device: Device,
}

impl Typed {
    fn new(line: SecretLine, heard: Heard, rules: DeviceRules) -> Self {
        let sample = heard.typing.and_then(|trace| Sample::acquire(&trace));
        Self {
            line,
            whereabouts: heard.whereabouts,
            sample: sample.and_then(|sample| rules.check(heard.device).map(|()| sample)),
            keyboard: heard.keyboard,
            device: heard.device,
        }
    }
}

/// What came of a prompt.
pub(crate) enum Asked {
    Typed(Typed),
    /// Ctrl-D: that is all.
    End,
}

/// A terminal without echo, and ears on the keyboard. Dropping it gives the terminal back.
pub(crate) struct Desk {
    pub(crate) screen: Screen,
    terminal: Terminal,
    source: Box<dyn KeySource>,
    service: Service,
    person: Person,
    /// Whether what is typed has to be heard.
    hears: bool,
    rules: DeviceRules,
}

/// Who is asked, as PAM would be told.
struct Person {
    user: String,
    tty: Option<String>,
    caller: Option<String>,
}

impl Person {
    fn conversation(&self) -> Conversation<'_> {
        Conversation {
            service: SERVICE,
            user: self.user.as_ref(),
            tty: self.tty.as_deref(),
            remote_host: None,
            remote_user: self.caller.as_deref().map(OsStr::new),
        }
    }
}

impl Desk {
    /// Sits down where the keyboard can be heard, under these rules for keyboards. Nothing is asked
    /// yet.
    pub(crate) fn open(
        stand_in: &StandIn,
        account: &Account,
        rules: DeviceRules,
    ) -> Result<Self, TypingFailure> {
        Self::take(stand_in, account, rules, true)
    }

    /// Sits down anywhere: only the password matters.
    pub(crate) fn open_unheard(
        stand_in: &StandIn,
        account: &Account,
    ) -> Result<Self, TypingFailure> {
        Self::take(stand_in, account, DeviceRules::default(), false)
    }

    fn take(
        stand_in: &StandIn,
        account: &Account,
        rules: DeviceRules,
        hears: bool,
    ) -> Result<Self, TypingFailure> {
        let user = account.name.clone().ok_or(TypingFailure::NoName)?;
        forbid_dumps().map_err(TypingFailure::Dumps)?;
        let terminal = Terminal::take().map_err(TypingFailure::Terminal)?;
        let terminal = terminal.ok_or(TypingFailure::NoTerminal)?;
        let ears = stand_in.ears()?;
        let desk = Self {
            screen: Screen::new(terminal.columns()),
            terminal,
            source: ears.source,
            service: ears.service,
            person: Person {
                user,
                tty: prompt::name(),
                caller: caller(),
            },
            hears,
            rules,
        };
        // Nobody is asked for a password that cannot be heard.
        if hears && !(ears.in_reach)(&desk.person.conversation()) {
            return Err(TypingFailure::OutOfReach);
        }
        Ok(desk)
    }

    /// Writes a paragraph to the terminal.
    pub(crate) fn tell(&mut self, text: &str) -> Result<(), TypingFailure> {
        let text = self.screen.filled(text);
        self.write(&format!("{text}\n"))
    }

    /// Writes to the terminal as it is.
    pub(crate) fn write(&mut self, text: &str) -> Result<(), TypingFailure> {
        self.terminal.write(text).map_err(TypingFailure::Terminal)
    }

    /// Asks without echo, and listens meanwhile.
    pub(crate) fn ask(&mut self, prompt: &str) -> Result<Asked, TypingFailure> {
        loop {
            self.source.listen(&self.person.conversation());
            self.terminal.forget_typed_ahead();
            let answer = self
                .terminal
                .write(prompt)
                .and_then(|()| self.terminal.read_line());
            let heard = self.source.finish();
            return match answer.map_err(TypingFailure::Terminal)? {
                Answer::Line(line) => Ok(Asked::Typed(Typed::new(line, heard, self.rules))),
                Answer::End => Ok(Asked::End),
                Answer::Ended(signal) => Err(TypingFailure::Ended(signal)),
                Answer::Stopped => continue,
            };
        }
    }

    /// Asks for the password and has PAM check it: what it opens, and the typing that it was.
    /// `host_key` is asked once the password is right.
    pub(crate) fn ask_for_password(
        &mut self,
        account: &Account,
        places: &Directories,
        host_key: fn(&StateDir) -> Result<Option<HostKey>, FileError>,
    ) -> Result<(Known, Typed), TypingFailure> {
        let typed = match self.ask(&format!("Password of {}: ", printable(&self.person.user)))? {
            Asked::Typed(typed) => typed,
            Asked::End => return Err(TypingFailure::NothingTyped),
        };
        let mut said = Vec::new();
        let checked = self.check_heard(&typed);
        if checked.is_err() || !typed.line.possible() {
            self.write("\n")?;
            return Err(checked.err().unwrap_or(TypingFailure::WrongPassword));
        }
        let checked = self.service.check(
            &self.person.user,
            self.person.tty.as_deref(),
            &typed.line,
            &mut said,
        );
        self.write(if checked.is_ok() { "right\n" } else { "\n" })?;
        for text in said {
            self.tell(&text)?;
        }
        checked?;
        let host = host_key(&places.main)?;
        let known = Known::derive(account.uid, &typed.line, places, host)?;
        Ok((known, typed))
    }

    /// What is not typed at a keyboard that can be heard will not be the next time either.
    fn check_heard(&self, typed: &Typed) -> Result<(), TypingFailure> {
        if !self.hears {
            return Ok(());
        }
        match (typed.whereabouts, &typed.sample) {
            (Whereabouts::NotLocal, _) => Err(TypingFailure::Elsewhere),
            (Whereabouts::Unprivileged, _) => Err(TypingFailure::Unprivileged),
            (
                Whereabouts::Local,
                Err(
                    failure @ (FailureToAcquire::SeatInactive
                    | FailureToAcquire::NoPress
                    | FailureToAcquire::SourceFailed),
                ),
            ) => Err(TypingFailure::NotHeard(*failure)),
            _ => Ok(()),
        }
    }
}

/// Who runs the command, as PAM_RUSER would name them.
fn caller() -> Option<String> {
    match env::var("SUDO_USER") {
        Ok(name) if system::privileged() && !name.is_empty() => Some(name),
        _ => system::name_of(system::real_uid()).ok().flatten(),
    }
}

/// What to do about a typing that cannot be used.
pub(crate) fn advice(failure: FailureToAcquire) -> &'static str {
    match failure {
        FailureToAcquire::EditingKey => {
            "Type it in one go, without cursor keys and shortcuts; Ctrl-U begins anew."
        }
        FailureToAcquire::TwoKeyboards => "Type all of it on one keyboard.",
        FailureToAcquire::TooFewHolds | FailureToAcquire::TooFewDownDowns => {
            "Corrections and keys held too long leave gaps. Type it in one go."
        }
        FailureToAcquire::TooLong => "keydyn learns texts of 6 to 128 keys.",
        FailureToAcquire::NoPress => "Type it; what is pasted has no rhythm.",
        FailureToAcquire::VirtualKeyboard => {
            "The settings say virtual_keyboard=refuse: type it on a keyboard that is plugged in, \
             without a remapper in between, or have it say flag."
        }
        FailureToAcquire::NewKeyboard => {
            "The settings say new_keyboard=refuse: type it again, now that the keyboard is there."
        }
        _ => "Type it again.",
    }
}

//! How typing a password for keydyn may end.

use std::io;

use keydyn_core::acquire::FailureToAcquire;
use keydyn_core::store::files::FileError;
use keydyn_core::store::vault::{Damage, LearnError};
use keydyn_sys::pam_application::{PamFailure, ServiceProblem};
use keydyn_sys::prompt::Signal;

/// What it takes, for whoever types where nothing can be heard.
const NEEDED: &str = "\
    keydyn judges what is typed at this machine's own keyboards: run it in a session on the \
    machine's seat (a text console, or a terminal window of the desktop), not over ssh and not in \
    a container";

/// Why somebody's typing could not be taken. What was stored meanwhile is another question, which
/// arises only where anything is ([`TypingFailure::of_what_was_stored`]).
#[derive(Debug, thiserror::Error)]
pub(crate) enum TypingFailure {
    #[error("there is no terminal to ask on, so nothing was done; run it on one")]
    NoTerminal,
    #[error("the terminal cannot be used: {0}")]
    Terminal(io::Error),
    #[cfg(feature = "replay-source")]
    #[error("the recorded typings cannot be read: {0}")]
    StandIn(io::Error),
    #[error("this process's memory could be dumped: {0}; nothing was asked")]
    Dumps(io::Error),
    #[error("the uid has no user, and so no password")]
    NoName,
    #[error(transparent)]
    Service(#[from] ServiceProblem),
    #[error("the password is wrong")]
    WrongPassword,
    #[error("{0}")]
    Pam(PamFailure),
    #[error(
        "what was learned of {user} is sealed under another password, so nothing was done; \
         `keydyn reset {user}` begins anew"
    )]
    OtherPassword { user: String },
    #[error("nothing was typed")]
    NothingTyped,
    #[error("no keyboard of this machine can be heard from here. {NEEDED}")]
    OutOfReach,
    #[error(
        "this was typed elsewhere, or in a session that is not in front of the keyboard. {NEEDED}"
    )]
    Elsewhere,
    #[error(
        "the keyboards in /dev/input may not be read here, in spite of root's rights. {NEEDED}"
    )]
    Unprivileged,
    #[error("{0}. {NEEDED}")]
    NotHeard(FailureToAcquire),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{0}. `keydyn reset USER` begins anew")]
    Damage(#[from] Damage),
    #[error("there is no memory or no randomness for the key derivation")]
    NoKey,
    #[error("{0}")]
    Learn(LearnError),
    #[error(
        "this password has too few or too many keys: only texts of 6 to 128 keys can be in force. \
         Choose another one first"
    )]
    Unarmable,
    #[error(
        "this is not the rhythm that is in force for {user}. If it is out of date, `sudo keydyn \
         reset {user}` begins anew"
    )]
    NotProven { user: String },
    #[error(
        "four ways to type this password are in force already; `keydyn reset USER` begins anew"
    )]
    NoRoom,
    #[error("{0}")]
    Unfinished(String),
    /// A signal asked for the end.
    #[error("stopped")]
    Ended(Signal),
    /// The answer was no, and has been told.
    #[error("refused or undecided")]
    No,
}

impl TypingFailure {
    /// Whether there is nothing left to say.
    pub(crate) fn told(&self) -> bool {
        matches!(self, Self::No)
    }

    /// How an enrolment that ended like this goes on to say what is left of it.
    pub(crate) fn of_what_was_stored(&self) -> &'static str {
        match self {
            Self::OutOfReach | Self::Elsewhere | Self::Unprivileged | Self::NotHeard(_) => {
                ". Nothing was stored; at local logins keydyn learns by itself"
            }
            Self::Terminal(_)
            | Self::WrongPassword
            | Self::Pam(_)
            | Self::NothingTyped
            | Self::Damage(_)
            | Self::NoKey
            | Self::Learn(_)
            | Self::Unarmable
            | Self::NotProven { .. }
            | Self::NoRoom
            | Self::Ended(_) => ". Nothing was stored",
            // They say so themselves, or what was stored is not known.
            _ => "",
        }
    }

    /// 1 where the answer was no, 2 where nobody could be asked, 3 where something is not as it has
    /// to be.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::NoTerminal => 2,
            Self::WrongPassword
            | Self::OtherPassword { .. }
            | Self::NothingTyped
            | Self::Unarmable
            | Self::NotProven { .. }
            | Self::NoRoom
            | Self::Unfinished(_)
            | Self::Ended(_)
            | Self::No => 1,
            _ => 3,
        }
    }
}

impl From<PamFailure> for TypingFailure {
    fn from(failure: PamFailure) -> Self {
        match failure {
            PamFailure::WrongPassword => Self::WrongPassword,
            failure => Self::Pam(failure),
        }
    }
}

impl From<LearnError> for TypingFailure {
    fn from(error: LearnError) -> Self {
        match error {
            LearnError::File(error) => Self::File(error),
            LearnError::Damaged(damage) => Self::Damage(damage),
            LearnError::NoRoom => Self::NoRoom,
            error => Self::Learn(error),
        }
    }
}

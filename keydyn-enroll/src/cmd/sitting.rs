//! What every verb takes for which somebody sits down and types a password.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use keydyn_core::policy::Strictness;
use keydyn_core::settings::{PATH, Settings};
use keydyn_sys::configuration;
use keydyn_sys::prompt::end_by;

use crate::account::{Account, Directories, Places};
use crate::failure::Failure;
use crate::typist::{Desk, Known, StandIn, TypingFailure};

use super::strictness::Threshold;

#[derive(Debug, Args)]
pub(super) struct Sitting {
    /// The user; without one, whoever runs the command, through sudo too
    user: Option<String>,

    #[command(flatten)]
    threshold: Threshold,

    #[command(flatten)]
    places: Places,

    /// The file of settings, for tests
    #[arg(long, hide = true, value_name = "FILE", default_value = PATH)]
    settings: PathBuf,

    #[command(flatten)]
    stand_in: StandIn,
}

impl Sitting {
    /// What holds in a stack whose lines say nothing else.
    pub(super) fn settings(&self) -> Settings {
        Settings::of_file(configuration::read(&self.settings))
    }

    /// Under which threshold the typing is judged.
    pub(super) fn strictness(&self) -> Strictness {
        self.threshold.or(self.settings().strictness)
    }

    /// The directories, whose password it is, and a desk to type it at.
    pub(super) fn open(&self, verb: &'static str) -> Result<(Directories, Account, Desk), Failure> {
        let places = self.places.open(verb)?;
        let account = Account::or_caller(self.user.as_deref())?;
        let desk = Desk::open(&self.stand_in, &account, self.settings().devices)?;
        Ok((places, account, desk))
    }

    /// The directories, whose password it is, and what it opens: it may be typed anywhere. The
    /// terminal is as it was again.
    pub(super) fn open_unheard(
        &self,
        verb: &'static str,
    ) -> Result<(Directories, Account, Known), Failure> {
        let places = self.places.open(verb)?;
        let account = Account::or_caller(self.user.as_deref())?;
        // Whose password would be asked for in vain.
        if !places.uids()?.contains(&account.uid) {
            return Err(Failure::Unlearned(account.to_string()));
        }
        let mut desk = Desk::open_unheard(&self.stand_in, &account)?;
        let (known, _) = desk.ask_for_password(&account, &places, |main| {
            main.host_key_or_create().map(Some)
        })?;
        Ok((places, account, known))
    }
}

/// Ends the process as the signal would have that ended the typing; anything else is handed back.
/// Call it with the desk dropped: the terminal is as it was again.
pub(super) fn end_as_asked(failure: Failure) -> Failure {
    let signal = match &failure {
        Failure::Typing(TypingFailure::Ended(signal))
        | Failure::NotEnrolled {
            failure: TypingFailure::Ended(signal),
        } => *signal,
        _ => return failure,
    };
    let _ = writeln!(std::io::stderr(), "\nkeydyn: {failure}");
    end_by(signal);
    TypingFailure::No.into()
}

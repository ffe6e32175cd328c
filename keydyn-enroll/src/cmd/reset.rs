//! `keydyn reset`: what was learned is forgotten, and learning begins anew.

use std::io::Write;

use clap::Args;
use keydyn_core::store::host::HostKey;
use keydyn_core::store::switch::{Switch, Whom};

use crate::account::{Account, Directories, Named, Places};
use crate::failure::{EXIT_CODES, Failure};
use crate::terminal::{confirm, paragraph};

const EXAMPLES: &str = "\
Examples:
  sudo keydyn reset alice
      asks first
  sudo keydyn reset alice --yes
      in a script

Until alice is armed again her password alone is enough. Where the stack says `mode=enforce`, \
enrol her before her next login. To let her in now and keep what was learned, see \
`keydyn disable --help`.
";

/// Forget how a user types, and begin to learn anew.
///
/// For a user whose typing has changed for good, whose profile is damaged, or who is refused too
/// often. It removes what was learned of the present password and of one that was being learned
/// beside it, and ends a cool-down.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct Arguments {
    #[command(flatten)]
    erasure: Erasure,
}

/// What is removed once somebody has said yes.
#[derive(Debug, Args)]
pub(super) struct Erasure {
    #[command(flatten)]
    user: Named,

    /// Do not ask
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    places: Places,
}

impl Erasure {
    /// The directories.
    pub(super) fn places(&self, verb: &'static str) -> Result<Directories, Failure> {
        self.places.open(verb)
    }

    /// The directories, the account, and whether there is any file of it.
    pub(super) fn open(&self, verb: &'static str) -> Result<(Directories, Account, bool), Failure> {
        let places = self.places(verb)?;
        let account = self.user.account()?;
        let kept = places.uids()?.contains(&account.uid);
        Ok((places, account, kept))
    }

    /// Asks. What signs the state that is left, then; a lost host.key is made anew, as at a login.
    pub(super) fn confirm(&self, question: &str, places: &Directories) -> Result<HostKey, Failure> {
        confirm(question, self.yes)?;
        Ok(places.main.host_key_or_create()?)
    }
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let (places, account, kept) = arguments.erasure.open("reset")?;
    if !kept {
        paragraph(out, &format!("Nothing was learned of {account}."), "")?;
        return Ok(out.flush()?);
    }
    let question = format!("What was learned of {account} will be forgotten.");
    let host = arguments.erasure.confirm(&question, &places)?;
    let done = match places.vault(&account, Some(&host)).reset()? {
        true => format!("What was learned of {account} is forgotten. Learning begins anew."),
        false => format!("Nothing was learned of {account}."),
    };
    paragraph(out, &done, "")?;
    let switch = Switch::new(&places.main, &places.run);
    if switch.find(Whom::User(account.uid)).is_set() {
        let argument = account.argument();
        let text = format!("keydyn stays disabled until `keydyn enable {argument}`.");
        paragraph(out, &text, "")?;
    }
    Ok(out.flush()?)
}

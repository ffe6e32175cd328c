//! `keydyn reset`: what was learned is forgotten, and learning begins anew.

use std::io::Write;

use clap::Args;
use keydyn_core::store::switch::{Switch, Whom};

use crate::account::{Named, Places};
use crate::failure::{EXIT_CODES, Failure};
use crate::terminal::{confirm, paragraph};

const EXAMPLES: &str = "\
Examples:
  sudo keydyn reset alice
      asks first
  sudo keydyn reset alice --yes
      in a script

Until alice is armed again her password alone is enough. Where the stack says `mode=enforce`,
enrol her before her next login. To let her in now and keep what was learned, see
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
    user: Named,

    /// Do not ask
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    places: Places,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let places = arguments.places.open("reset")?;
    let account = arguments.user.account()?;
    if !places.uids()?.contains(&account.uid) {
        paragraph(out, &format!("Nothing was learned of {account}."), "")?;
        return Ok(out.flush()?);
    }
    let question = format!("What was learned of {account} will be forgotten.");
    confirm(&question, arguments.yes)?;
    // The new state is signed; a lost host.key is made anew, as at a login.
    let host = places.main.host_key_or_create()?;
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

//! `keydyn forget`: nothing is kept of a user any more.

use std::io::Write;

use clap::Args;

use super::reset::Erasure;
use crate::failure::{EXIT_CODES, Failure};
use crate::terminal::paragraph;

const EXAMPLES: &str = "\
Examples:
  sudo keydyn forget alice
      asks first
  sudo keydyn forget --uid 1004 --yes
      of a user who is gone; `keydyn status --all` lists those

Files are removed, not overwritten: journals, snapshots and flash memory keep copies that \
overwriting does not reach. What is left there is sealed under the user's password.
";

/// Erase everything that is kept of a user.
///
/// Profiles, state, a `keydyn disable` of this user, lock files. A user who logs in again is
/// learned like a new one.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct Arguments {
    #[command(flatten)]
    erasure: Erasure,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let (places, account, kept) = arguments.erasure.open("forget")?;
    let done = if kept {
        let question = format!("Everything that is kept of {account} will be erased.");
        let host = arguments.erasure.confirm(&question, &places)?;
        places.vault(&account, Some(&host)).forget()?;
        format!("Nothing is kept of {account} any more.")
    } else {
        format!("Nothing was kept of {account}.")
    };
    paragraph(out, &done, "")?;
    Ok(out.flush()?)
}

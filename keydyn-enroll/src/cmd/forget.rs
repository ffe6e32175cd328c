//! `keydyn forget`: nothing is kept of a user any more.

use std::io::Write;

use clap::Args;
use keydyn_core::store::switch::{Switch, Whom};

use super::reset::Erasure;
use crate::account::Account;
use crate::failure::{EXIT_CODES, Failure};
use crate::terminal::paragraph;

const EXAMPLES: &str = "\
Examples:
  sudo keydyn forget alice
      asks first
  sudo keydyn forget --uid 1004 --yes
      of a user who is gone; `keydyn status --all` lists those
  sudo keydyn forget --all
      before keydyn is uninstalled, for example

Files are removed, not overwritten: journals, snapshots and flash memory keep copies that \
overwriting does not reach. What is left there is sealed under the user's password.
";

/// Erase everything that is kept of a user, or of everybody.
///
/// Profiles, state, a `keydyn disable` of this user, lock files. A user who logs in again is
/// learned like a new one. The machine's own host.key stays, and so does `keydyn disable --all`.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct Arguments {
    #[command(flatten)]
    erasure: Erasure,

    // One of those that say whom: exactly one of them must be there.
    /// Every user of whom there is a file
    #[arg(long, group = "Named")]
    all: bool,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    if arguments.all {
        return forget_everybody(&arguments.erasure, out);
    }
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

/// One account that cannot be erased keeps no other.
fn forget_everybody(erasure: &Erasure, out: &mut dyn Write) -> Result<(), Failure> {
    let places = erasure.places("forget")?;
    let accounts: Vec<Account> = places.uids()?.into_iter().map(Account::with_uid).collect();
    let who = |accounts: &[&Account]| {
        let names: Vec<String> = accounts.iter().map(ToString::to_string).collect();
        names.join("; ")
    };
    let all: Vec<&Account> = accounts.iter().collect();
    let disabled = |out: &mut dyn Write| -> Result<(), Failure> {
        let switch = Switch::new(&places.main, &places.run);
        if switch.find(Whom::Everybody).is_set() {
            let text = "keydyn stays disabled for everybody until `keydyn enable --all`.";
            paragraph(out, text, "")?;
        }
        Ok(out.flush()?)
    };
    if all.is_empty() {
        paragraph(out, "Nothing was kept of anybody.", "")?;
        return disabled(out);
    }
    let question = format!("Everything that is kept will be erased of: {}.", who(&all));
    let host = erasure.confirm(&question, &places)?;
    let (mut erased, mut failure) = (Vec::new(), None);
    for &account in &all {
        match places.vault(account, Some(&host)).forget() {
            Ok(_) => erased.push(account),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    let done = match erased.len() == all.len() {
        true => "Nothing is kept of anybody any more.".to_owned(),
        false if erased.is_empty() => "Everything was erased of no user.".to_owned(),
        false => format!("Nothing is kept any more of: {}.", who(&erased)),
    };
    paragraph(out, &done, "")?;
    disabled(out)?;
    failure.map_or(Ok(()), |error| Err(Failure::NotAllErased(error)))
}

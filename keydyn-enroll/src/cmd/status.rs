//! `keydyn status`: how far keydyn is with a user, and what is wrong.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use keydyn_core::settings::{PATH, Settings};
use keydyn_core::store::host::HostKey;
use keydyn_core::store::switch::{Switch, Whom};
use keydyn_stack::files::Configuration;
use keydyn_stack::judge;
use keydyn_sys::{configuration, system};

use crate::account::{Account, Directories, Places};
use crate::failure::{EXIT_CODES, Failure};
use crate::report::status::{Document, Entry};

const EXAMPLES: &str = "\
Examples:
  sudo keydyn status
      of whoever runs it
  sudo keydyn status --all
      of everybody of whom there is a file
  sudo keydyn status alice --json
      for a program to read; times are seconds since 1970

It asks for no password, so it tells only what the state and the outside of the sealed profiles \
tell. The rhythm, the sittings and the length of the text are sealed.
";

/// Say how far keydyn is with a user, what it decided lately, and what is wrong.
///
/// A user is `none` (nothing learned), `learning` (refusals do not count yet), `armed` (they do),
/// `cooling down` (too many refusals; not judged for a while) or `disabled` (by `keydyn disable`).
/// Exits with 3 if somebody is refused, or cannot be learned, for a damaged or lost file.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct Arguments {
    /// The user; whoever runs the command, through sudo too, if none is named
    #[arg(group = "whom")]
    user: Option<String>,

    /// The user with this number, who need not exist any more
    #[arg(long, value_name = "N", group = "whom")]
    uid: Option<u32>,

    /// Everybody of whom there is a file
    #[arg(long, group = "whom")]
    all: bool,

    /// Write JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    places: Places,

    /// The file of settings, for tests
    #[arg(long, hide = true, value_name = "FILE", default_value = PATH)]
    settings: PathBuf,

    /// The root below which the stacks are, for tests
    #[arg(long, hide = true, value_name = "DIR")]
    root: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let places = arguments.places.open("status")?;
    let host = places.main.host_key();
    let settings = Settings::of_file(configuration::read(&arguments.settings));
    let switched_off = system::switched_off();
    let disabled = Switch::new(&places.main, &places.run)
        .find(Whom::Everybody)
        .is_set();
    let all_disabled = switched_off || disabled;
    let document = Document {
        switched_off,
        disabled,
        guarded: guarded(arguments),
        mode: settings.mode,
        settings: settings
            .complaints
            .iter()
            .map(ToString::to_string)
            .collect(),
        host_key: host.as_ref().err().map(ToString::to_string),
        users: accounts(arguments, &places)?
            .iter()
            .map(|account| {
                entry(
                    &places,
                    account,
                    host.as_ref().ok().and_then(Option::as_ref),
                    all_disabled,
                )
            })
            .collect(),
    };
    if arguments.json {
        serde_json::to_writer_pretty(&mut *out, &document).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        document.write(out)?;
    }
    out.flush()?;
    let unwell = document.users.iter().filter(|entry| entry.is_unwell());
    let unwell: Vec<String> = unwell.map(Entry::who).collect();
    match unwell.is_empty() {
        true => Ok(()),
        false => Err(Failure::Unwell(unwell.join(", "))),
    }
}

/// Whether some stack names the module; `None` if the stacks cannot be read.
fn guarded(arguments: &Arguments) -> Option<bool> {
    let here = arguments.places.are_usual().then_some(Path::new("/"));
    let configuration = Configuration::under(arguments.root.as_deref().or(here)?).ok()?;
    match judge::named(&configuration).ok()? {
        (lines, _) if !lines.is_empty() => Some(true),
        (_, unread) => unread.is_none().then_some(false),
    }
}

fn accounts(arguments: &Arguments, places: &Directories) -> Result<Vec<Account>, Failure> {
    match (arguments.all, arguments.uid) {
        (true, _) => Ok(places.uids()?.into_iter().map(Account::with_uid).collect()),
        (false, Some(uid)) => Ok(vec![Account::with_uid(uid)]),
        (false, None) => Ok(vec![Account::or_caller(arguments.user.as_deref())?]),
    }
}

fn entry(
    places: &Directories,
    account: &Account,
    host: Option<&HostKey>,
    all_disabled: bool,
) -> Entry {
    let disabled = Switch::new(&places.main, &places.run).find(Whom::User(account.uid));
    let survey = places.vault(account, host).survey();
    Entry::new(
        places,
        account,
        &survey,
        (&disabled, all_disabled),
        system::now(),
    )
}

//! `keydyn disable`: the way out for whoever is locked out.

use std::io::Write;

use clap::Args;
use keydyn_core::store::switch::{Switch, Whom};

use crate::account::{Account, Directories, Places};
use crate::failure::{EXIT_CODES, Failure};
use crate::terminal::paragraph;

const EXAMPLES: &str = "\
Examples:
  sudo keydyn disable alice
      alice's password is enough again
  keydyn disable --all
      everybody's is; from a rescue shell, for example
  sudo keydyn enable alice
      takes it back

In an emergency shell mount /var first (`mount -a`). If nothing can be written at all, boot with \
`keydyn=off` on the kernel's command line.
";

/// Let the password alone be enough, for a user or for everybody.
///
/// The way out for whoever is locked out. It asks for no password, and works with damaged or lost
/// files and on a read-only disk (then until the next boot). What was learned is kept, nothing is
/// learned meanwhile, and every login says in the log that keydyn is disabled.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct Arguments {
    #[command(flatten)]
    switching: Switching,
}

/// What is switched, and where.
#[derive(Debug, Args)]
pub(super) struct Switching {
    #[command(flatten)]
    target: Target,

    #[command(flatten)]
    places: Places,
}

impl Switching {
    /// The directories, and whose marker it is.
    pub(super) fn open(&self, verb: &'static str) -> Result<(Directories, Resolved), Failure> {
        let places = self.places.open(verb)?;
        Ok((places, self.target.resolve()?))
    }
}

/// For whom keydyn is switched off or on.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Target {
    /// The user
    user: Option<String>,

    /// Every user, also those who come later
    #[arg(long)]
    all: bool,

    /// The user with this number, who need not exist any more
    #[arg(long, value_name = "N")]
    uid: Option<u32>,
}

impl Target {
    fn resolve(&self) -> Result<Resolved, Failure> {
        let account = match (&self.user, self.uid) {
            (Some(name), _) => Account::named(name)?,
            (None, Some(uid)) => Account::with_uid(uid),
            (None, None) => {
                return Ok(Resolved {
                    whom: Whom::Everybody,
                    who: "everybody".to_owned(),
                    argument: "--all".to_owned(),
                });
            }
        };
        Ok(Resolved {
            whom: Whom::User(account.uid),
            who: account.to_string(),
            argument: account.argument(),
        })
    }
}

/// A target that is there.
pub(super) struct Resolved {
    pub(super) whom: Whom,
    /// For messages.
    pub(super) who: String,
    /// For the command line of the other verbs.
    pub(super) argument: String,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let (places, resolved) = arguments.switching.open("disable")?;
    let Resolved {
        whom,
        who,
        argument,
    } = resolved;
    let unlasting = Switch::new(&places.main, &places.run).disable(whom)?;
    paragraph(out, &format!("keydyn is disabled for {who}."), "")?;
    if let Some(reason) = unlasting {
        let text = format!(
            "This lasts until the next boot only, because {reason}. When that is put right, run \
             `keydyn disable {argument}` again."
        );
        paragraph(out, &text, "")?;
    }
    let back = format!("`keydyn enable {argument}` takes it back.");
    paragraph(out, &back, "")?;
    Ok(out.flush()?)
}

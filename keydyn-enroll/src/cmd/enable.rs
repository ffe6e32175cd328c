//! `keydyn enable`: takes `keydyn disable` back.

use std::io::Write;

use clap::Args;
use keydyn_core::store::switch::{Switch, Whom};
use keydyn_sys::system;

use super::disable::{Resolved, Switching};
use crate::failure::{EXIT_CODES, Failure};
use crate::terminal::paragraph;

const EXAMPLES: &str = "\
Examples:
  sudo keydyn enable alice
  sudo keydyn enable --all
      whoever was disabled by name stays so; `keydyn status --all` lists them
";

/// Take `keydyn disable` back, for a user or for everybody.
///
/// What was learned before is in force again at once.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct Arguments {
    #[command(flatten)]
    switching: Switching,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let (places, Resolved { whom, who, .. }) = arguments.switching.open("enable")?;
    let switch = Switch::new(&places.main, &places.run);
    let enabled = switch.enable(whom);
    let done = match &enabled {
        Ok(true) => format!("keydyn is enabled again for {who}."),
        Ok(false) => format!("keydyn was not disabled for {who}."),
        Err(_) if switch.find(whom).is_set() => format!("keydyn stays disabled for {who}."),
        Err(_) => format!("keydyn could not be enabled for {who}."),
    };
    paragraph(out, &done, "")?;
    out.flush()?;
    enabled?;
    if system::switched_off() {
        let text = "It stays out of force for everybody until the next boot without `keydyn=off` on \
                    the kernel's command line.";
        paragraph(out, text, "")?;
    }
    if whom == Whom::Everybody {
        let text = "Whoever was disabled by name stays so; `keydyn status --all` lists them.";
        paragraph(out, text, "")?;
    }
    if whom != Whom::Everybody && switch.find(Whom::Everybody).is_set() {
        let text = "It stays disabled for everybody until `keydyn enable --all`.";
        paragraph(out, text, "")?;
    }
    Ok(out.flush()?)
}

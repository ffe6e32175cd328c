//! `keydyn doctor`: whether the stack is right, and what else would keep keydyn from working.

mod machine;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use keydyn_core::printable::printable;
use keydyn_core::settings::{Complaint, PATH, Settings};
use keydyn_stack::files::Configuration;
use keydyn_stack::finding::{Finding, Severity};
use keydyn_stack::judge;
use keydyn_sys::configuration;

use crate::account::Places;
use crate::failure::Failure;
use crate::report::doctor::Document;

const EXAMPLES: &str = "\
Examples:
  sudo keydyn doctor
      every service whose stack names pam_keydyn.so, and this machine
  sudo keydyn doctor login sudo
      these services, guarded or not
  keydyn doctor --root /mnt
      the stacks of another system, mounted on /mnt

A stack is not compared with known mistakes: libpam's way through it is simulated, for somebody \
whom keydyn has not learned, whom it accepts, whom it refuses, while it is switched off, and for a \
wrong password. What a module does that is not known here only a login shows: keep a root shell \
open until you have logged in once more.

Exit codes:
  0  nothing is wrong; there may be notes
  1  something is wrong: an error or a warning
  2  the command line is wrong; nothing was done
  3  a file, a user or this machine is not as it has to be: it could not be looked at
";

/// Tell a wrong PAM stack from a right one, and what else keeps keydyn from working.
///
/// An `error` locks somebody out, lets somebody in who must not, or keeps keydyn out of force; a
/// `warning` should be looked at; a `note` is good to know. Nothing is changed, no key is read, and
/// no module is run.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Services, by the names of their files in /etc/pam.d; those that name pam_keydyn.so, if none
    /// is named
    services: Vec<String>,

    /// Judge the stacks of the system whose root is this directory, and no machine
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,

    /// Write JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    places: Places,

    /// Where this machine's /sys, /proc and /run are, for tests
    #[arg(long, hide = true, value_name = "DIR")]
    machine: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let here = Path::new("/");
    let root = arguments.root.as_deref().unwrap_or(here);
    let settings = Settings::of_file(configuration::read(&root.join(&PATH[1..])));
    // A line that says nothing more goes by the file alone.
    let mut findings = complaints(&settings.clone().and_line(&[c"verify"]));
    let configuration = Configuration::under(root)?.with_settings(settings);
    let examination = judge::examine(&configuration, &arguments.services)?;
    findings.extend(examination.findings);
    if arguments.root.is_none() || arguments.machine.is_some() {
        let machine = arguments.machine.as_deref().unwrap_or(here);
        let places = arguments.places.directories();
        findings.extend(machine::look(machine, &places, &configuration));
    }
    findings.sort_by_key(|finding| finding.severity);
    let document = Document::new(examination.services, findings);
    if arguments.json {
        serde_json::to_writer_pretty(&mut *out, &document).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        document.write(out)?;
    }
    out.flush()?;
    match document.is_well() {
        true => Ok(()),
        false => Err(Failure::Ill),
    }
}

/// What is wrong with the file of settings.
fn complaints(settings: &Settings) -> Vec<Finding> {
    let unread = settings.configuration_unread;
    let finding = |complaint: &Complaint| {
        let text = printable(&complaint.to_string());
        match unread {
            true => {
                let comes = "nobody knows what it asks for, and everybody is refused";
                Finding::new(
                    Severity::Error,
                    "settings-unread",
                    format!("{text}: {comes}."),
                )
            }
            false => Finding::new(Severity::Warning, "settings", format!("{text}.")),
        }
    };
    settings.complaints.iter().map(finding).collect()
}

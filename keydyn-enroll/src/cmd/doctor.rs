//! `keydyn doctor`: whether the stack is right, and what else would keep keydyn from working.

mod machine;
mod settings;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use keydyn_core::printable::printable;
use keydyn_stack::files::{Configuration, Unreadable};
use keydyn_stack::finding::{Finding, Severity};
use keydyn_stack::judge::{self, Named};

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
  keydyn doctor --lines
      every line that names pam_keydyn.so: what is to go before the module does

A stack is not compared with known mistakes: libpam's way through it is simulated, for somebody \
whom keydyn has not learned, whom it accepts, whom it refuses, while it is switched off, and for a \
wrong password. What a module does that is not known here only a login shows: keep a root shell \
open until you have logged in once more.

Exit codes:
  0  nothing is wrong; there may be notes. With `--lines`: there are lines
  1  something is wrong: an error or a warning. With `--lines`: there is no line
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

    /// Judge nothing: write every line that names pam_keydyn.so, in all services and in what they
    /// include, as FILE:LINE:TEXT
    #[arg(long, conflicts_with_all = ["services", "json", "machine"])]
    lines: bool,

    #[command(flatten)]
    places: Places,

    /// Where this machine's /sys, /proc and /run are, for tests
    #[arg(long, hide = true, value_name = "DIR")]
    machine: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    usable(arguments)?;
    let here = Path::new("/");
    let root = arguments.root.as_deref().unwrap_or(here);
    let unreadable = |error: Unreadable| match arguments.root {
        Some(_) => Failure::StackBelow(error),
        None => Failure::Stack(error),
    };
    let configuration = Configuration::under(root).map_err(unreadable)?;
    if arguments.lines {
        let (lines, unread) = judge::named(&configuration).map_err(unreadable)?;
        return write_lines(&lines, unread.map(unreadable), out);
    }
    let (settings, mut findings) = settings::look(root);
    let configuration = configuration.with_settings(settings);
    let examination = judge::examine(&configuration, &arguments.services).map_err(unreadable)?;
    findings.extend(examination.findings);
    if configuration.modules().is_none() {
        findings.push(modules_not_found(root));
    }
    if arguments.root.is_none() || arguments.machine.is_some() {
        let machine = arguments.machine.as_deref().unwrap_or(here);
        let places = arguments.places.directories();
        let mut refused = findings.iter();
        let refused = refused.any(|finding: &Finding| finding.kind == judge::VIRTUAL_REFUSED);
        findings.extend(machine::look(machine, &places, &configuration, refused));
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

/// What the lines name cannot be looked for.
fn modules_not_found(root: &Path) -> Finding {
    let text = format!(
        "No directory with PAM's modules was found below {}: whether those that the stacks name are \
         there, and can be loaded, was not checked. If this is a system's root, libpam finds none \
         either, and every login fails: install its packages (Debian: libpam-modules).",
        printable(&root.display().to_string())
    );
    Finding::new(Severity::Error, "modules-not-found", text)
}

/// One by one, for those who take them out.
fn write_lines(
    lines: &[Named],
    unread: Option<Failure>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    for line in lines {
        let text = format!("{}:{}", line.place, line.text);
        writeln!(out, "{}", printable(&text))?;
    }
    out.flush()?;
    match (unread, lines) {
        // More lines may be there.
        (Some(failure), _) => Err(failure),
        (None, []) => Err(Failure::Unnamed),
        (None, _) => Ok(()),
    }
}

/// What no service and no root can be.
fn usable(arguments: &Arguments) -> Result<(), Failure> {
    let is_no_name = |name: &&String| name.contains('/') || matches!(&***name, "" | "." | "..");
    if let Some(name) = arguments.services.iter().find(is_no_name) {
        return Err(Failure::Usage(format!(
            "`{}` is no service: name the file in /etc/pam.d, without a directory",
            printable(name)
        )));
    }
    let Some(root) = &arguments.root else {
        return Ok(());
    };
    let why = match fs::metadata(root) {
        Ok(data) if data.is_dir() => return Ok(()),
        Ok(_) => "it is no directory".to_owned(),
        Err(error) => error.to_string(),
    };
    Err(Failure::Usage(format!(
        "{}: {why}; `--root DIR` takes the directory that another system's root is mounted on",
        printable(&root.display().to_string())
    )))
}

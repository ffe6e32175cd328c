//! The files that the lines name: whether libpam can load them, and whose they are.

use std::path::PathBuf;

use keydyn_core::printable::printable;

use crate::code::Code;
use crate::control::Action;
use crate::files::Configuration;
use crate::finding::{Finding, Severity};
use crate::module::{self, Role};
use crate::service::{Entry, Kind, Service};

/// Files of the stack that another than root decides over.
pub(super) fn writable(configuration: &Configuration, service: &Service) -> Vec<Finding> {
    let mut open: Vec<_> = service
        .own
        .iter()
        .chain(&service.included)
        .filter_map(|path| configuration.open_to_others(path))
        .collect();
    open.sort();
    open.dedup();
    let told = |path: PathBuf| {
        let path = printable(&path.display().to_string());
        let text = format!(
            "{path} belongs to another than root, or others can write it: whoever does decides who \
             gets in. Find out who changed it, then run `chown root {path} && chmod go-w {path}`."
        );
        Finding::new(Severity::Error, "stack-writable", text)
    };
    open.into_iter().map(told).collect()
}

/// What is wrong with the files; and whether that leaves a stack that is worth walking through.
/// What is not there does nothing, and the rest would be about a stack that nobody has.
pub(super) fn look(configuration: &Configuration, stack: &[Entry]) -> (Vec<Finding>, bool) {
    let asks = |entry: &&Entry| matches!(module::role(entry), Role::Password | Role::Unknown);
    let is_asked = stack.iter().filter(asks).any(|entry| !entry.missing);
    let found = |entry: &Entry| match (entry.is_keydyn(), entry.missing) {
        (true, true) => Some(ours_missing(configuration, entry)),
        (true, false) => ours(configuration, entry),
        (false, true) => others_missing(configuration, entry, is_asked),
        (false, false) => None,
    };
    let modules = stack.iter().filter(|entry| entry.kind == Kind::Module);
    let findings: Vec<_> = modules.filter_map(found).collect();
    let walkable = !findings
        .iter()
        .any(|one| matches!(one.kind, MISSING | UNUSABLE) && one.severity == Severity::Error);
    (findings, walkable)
}

const MISSING: &str = "module-missing";
const UNUSABLE: &str = "module-unusable";

/// The line names what is not there, or cannot be loaded: kind and words.
fn names(configuration: &Configuration, entry: &Entry) -> (&'static str, String) {
    let path = configuration.module(&entry.module);
    let path = path.map_or_else(|| entry.module.clone(), |path| path.display().to_string());
    let path = printable(&path);
    match &entry.fault {
        None => (
            MISSING,
            format!("{entry} names {path}, which is not there: "),
        ),
        Some(why) => (
            UNUSABLE,
            format!("{entry} names {path}, which libpam cannot load: it {why}; "),
        ),
    }
}

/// What to write in place of a name without `.so`.
fn spelled(entry: &Entry) -> Option<String> {
    let name = entry.module.rsplit('/').next()?;
    let lacks = entry.fault.is_none() && !name.ends_with(".so");
    lacks.then(|| format!("Write `{}.so`.", entry.stem()))
}

fn ours_missing(configuration: &Configuration, entry: &Entry) -> Finding {
    let (kind, names) = names(configuration, entry);
    let comes = match entry.control.of(Code::MODULE_UNKNOWN) {
        Action::Ignore => "libpam passes over the line, and keydyn is not in force",
        _ if kind == MISSING => "a stack that names a module that is not there lets nobody in",
        _ => "it lets nobody in",
    };
    let remedy = spelled(entry)
        .unwrap_or_else(|| "Install the module there, or take the line out.".to_owned());
    Finding::new(Severity::Error, kind, format!("{names}{comes}. {remedy}")).about(&[entry])
}

fn others_missing(configuration: &Configuration, entry: &Entry, is_asked: bool) -> Option<Finding> {
    let role = module::role(entry);
    let (kind, names) = names(configuration, entry);
    let refuses = matches!(
        entry.control.of(Code::MODULE_UNKNOWN),
        Action::Bad | Action::Die
    );
    let (severity, comes) = if refuses {
        (Severity::Error, "whoever gets there is refused")
    } else if !is_asked && matches!(role, Role::Password | Role::Unknown) {
        let comes = "no other line here checks a password, and nobody gets in by one";
        (Severity::Error, comes)
    } else if kind == UNUSABLE || (role == Role::Unknown && !entry.quiet) {
        (Severity::Warning, "libpam passes over the line")
    } else {
        // Many a stack names what may be installed one day.
        return None;
    };
    let remedy = spelled(entry).unwrap_or_else(|| match kind {
        MISSING => "Check the spelling, or install it.".to_owned(),
        _ => "Install it anew.".to_owned(),
    });
    let text = format!("{names}{comes}. {remedy}");
    Some(Finding::new(severity, kind, text).about(&[entry]))
}

/// The module is there: who can write it, who can read it, and whether it is where modules are.
fn ours(configuration: &Configuration, entry: &Entry) -> Option<Finding> {
    let path = configuration.module(&entry.module)?;
    let shown = printable(&path.display().to_string());
    if let Some(open) = configuration.open_to_others(&path) {
        let text = format!(
            "{entry} names {shown}, and {} belongs to another than root, or others can write it: \
             whoever does becomes root at the next login. Put owner and mode right (`chown root`, \
             `chmod go-w`), and find out who changed it.",
            printable(&open.display().to_string())
        );
        return Some(Finding::new(Severity::Error, "module-writable", text).about(&[entry]));
    }
    if !configuration.is_for_everybody(&path) {
        let text = format!(
            "{entry} names {shown}, which not everybody can read: a screen locker that does not \
             run as root cannot load it, and refuses everybody. Run `chmod 644 {shown}`."
        );
        return Some(Finding::new(Severity::Warning, "module-hidden", text).about(&[entry]));
    }
    let usual = configuration.modules()?;
    let elsewhere = entry.module.starts_with('/')
        && configuration.resolved(&path).parent() != Some(&configuration.resolved(usual));
    if !elsewhere {
        return None;
    }
    let text = format!(
        "{entry} names {shown}, which is not where this system keeps its modules ({}): no upgrade \
         will replace it, and a confined program may not be allowed to load it. Write \
         `pam_keydyn.so`.",
        printable(&usual.display().to_string())
    );
    Some(Finding::new(Severity::Warning, "module-elsewhere", text).about(&[entry]))
}

//! What the lines themselves show, before anybody walks through them.

use std::ffi::CString;

use keydyn_core::printable::printable;
use keydyn_core::settings::{Complaint, Line, Mode, Settings};

use crate::code::Code;
use crate::control::{Action, Control};
use crate::files::Configuration;
use crate::finding::{Finding, Severity};
use crate::service::{Entry, Facility, Kind, Service};

/// What libpam itself cannot use. It decides more than all else, so that all else can wait.
pub(super) fn unusable(service: &Service, stack: &[Entry]) -> Vec<Finding> {
    if let Some((place, why)) = &service.given_up {
        let text = format!(
            "libpam cannot put this service together and refuses everybody: {place}: {why}. \
             Correct it, and run this again."
        );
        return vec![Finding::new(Severity::Error, "unusable", text).at(place)];
    }
    stack.iter().filter_map(broken).collect()
}

pub(super) fn look(
    configuration: &Configuration,
    service: &Service,
    stack: &[Entry],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(service.entries().iter().filter_map(misplaced));
    let ours: Vec<_> = stack.iter().filter(|entry| entry.is_keydyn()).collect();
    findings.extend(
        ours.iter()
            .filter_map(|entry| module_file(configuration, entry)),
    );
    let settings: Vec<_> = ours
        .iter()
        .map(|entry| settings(configuration, entry))
        .collect();
    for (entry, settings) in ours.iter().zip(&settings) {
        findings.extend(
            settings
                .complaints
                .iter()
                .map(|complaint| complained(entry, complaint)),
        );
    }
    let ours: Vec<_> = ours.into_iter().zip(settings).collect();
    findings.extend(halves(&ours));
    findings.extend(modes(&ours));
    findings
}

/// A line that libpam cannot use.
fn broken(entry: &Entry) -> Option<Finding> {
    let place = &entry.place;
    let text = match &entry.kind {
        Kind::Broken(why) => format!(
            "libpam cannot use the line {place}: {why}. Whoever gets there is refused. Correct it, \
             and run this again."
        ),
        Kind::Module if !Control::understands(&entry.word) => format!(
            "libpam does not understand `{}` ({place}), and takes whatever the module returns for a \
             failure. Correct it, and run this again.",
            entry.word
        ),
        Kind::Module | Kind::Substack => return None,
    };
    Some(Finding::new(Severity::Error, "broken-line", text).about(&[entry]))
}

fn misplaced(entry: &Entry) -> Option<Finding> {
    if !entry.is_keydyn() || entry.facility == Facility::Auth {
        return None;
    }
    let text = format!(
        "{entry} stands among the `{}` lines, where it does nothing. Move it to the `auth` lines.",
        entry.facility.word()
    );
    Some(Finding::new(Severity::Error, "wrong-facility", text).about(&[entry]))
}

/// The file that the line names: there, and where modules are.
fn module_file(configuration: &Configuration, entry: &Entry) -> Option<Finding> {
    let path = configuration.module(&entry.module)?;
    let shown = printable(&path.display().to_string());
    if entry.missing {
        let comes = match entry.control.of(Code::MODULE_UNKNOWN) {
            Action::Ignore => "libpam passes over the line, and keydyn is not in force",
            _ => "a stack that names a module that is not there lets nobody in",
        };
        let text = format!(
            "{entry} names {shown}, which is not there: {comes}. Install the module there, or take \
             the line out."
        );
        return Some(Finding::new(Severity::Error, "module-missing", text).about(&[entry]));
    }
    if let Some(open) = configuration.open_to_others(&path) {
        let text = format!(
            "{entry} names {shown}, and {} belongs to another than root, or others can write it: \
             whoever does becomes root at the next login. Put owner and mode right (`chown root`, \
             `chmod go-w`), and find out who changed it.",
            printable(&open.display().to_string())
        );
        return Some(Finding::new(Severity::Error, "module-writable", text).about(&[entry]));
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

/// The arguments, as the module will read them.
fn settings(configuration: &Configuration, entry: &Entry) -> Settings {
    // libpam's own strings end at the first NUL too.
    let arguments: Vec<CString> = entry
        .arguments
        .iter()
        .map(|argument| argument.split('\0').next().unwrap_or_default())
        .filter_map(|argument| CString::new(argument).ok())
        .collect();
    let arguments: Vec<_> = arguments.iter().map(CString::as_c_str).collect();
    configuration.settings().clone().and_line(&arguments)
}

fn complained(entry: &Entry, complaint: &Complaint) -> Finding {
    let complaint_text = printable(&complaint.to_string());
    let (severity, kind, comes) = match complaint {
        Complaint::NoLine | Complaint::TwoLines => (
            Severity::Error,
            "neither-line",
            " Whoever is armed is refused here.",
        ),
        _ => (Severity::Warning, "argument", ""),
    };
    let text = format!("{entry}: {complaint_text}.{comes}");
    Finding::new(severity, kind, text).about(&[entry])
}

/// One line without the other, and two that do not say the same.
fn halves(ours: &[(&Entry, Settings)]) -> Vec<Finding> {
    // A line with neither word is told of by itself.
    if ours.iter().any(|(_, settings)| settings.line.is_none()) {
        return Vec::new();
    }
    let with = |line| {
        ours.iter()
            .filter(move |(_, settings)| settings.line == Some(line))
    };
    let (mut captures, mut verifies) = (with(Line::Capture), with(Line::Verify));
    match (captures.next(), verifies.next()) {
        (Some((capture, _)), None) => {
            let text = format!(
                "{capture} listens, and no `verify` judges what it hears: keydyn is not in force, \
                 and whoever has the password gets in. Put `requisite pam_keydyn.so verify` behind \
                 the password module."
            );
            vec![Finding::new(Severity::Error, "no-verify", text).about(&[capture])]
        }
        (None, Some((verify, _))) => {
            let text = format!(
                "{verify} has nothing to judge, because no `capture` listens: whoever is armed is \
                 refused, and nobody else is learned. Put `requisite pam_keydyn.so capture` in \
                 front of the password module."
            );
            vec![Finding::new(Severity::Error, "no-capture", text).about(&[verify])]
        }
        (Some(first), Some(second)) => {
            let rest = captures.chain(verifies);
            let others = std::iter::once(second).chain(rest);
            others.filter_map(|other| differing(first, other)).collect()
        }
        (None, None) => Vec::new(),
    }
}

fn differing(one: &(&Entry, Settings), other: &(&Entry, Settings)) -> Option<Finding> {
    let bare = |settings: &Settings| Settings {
        line: None,
        complaints: Vec::new(),
        ..settings.clone()
    };
    if bare(&one.1) == bare(&other.1) {
        return None;
    }
    let (one, other) = (one.0, other.0);
    let text = format!(
        "{one} and {other} have different arguments, and each goes by its own. Give both lines the \
         same."
    );
    Some(Finding::new(Severity::Warning, "arguments-differ", text).about(&[one, other]))
}

/// Modes in which the simulation's "refused" and "let in" mean something else.
fn modes(ours: &[(&Entry, Settings)]) -> Vec<Finding> {
    let judging = ours
        .iter()
        .filter(|(_, settings)| settings.line == Some(Line::Verify));
    let note = |(entry, settings): &(&Entry, Settings)| {
        let (kind, comes) = match settings.mode {
            Mode::Auto => return None,
            Mode::Shadow => (
                "shadow",
                "mode=shadow: it judges and logs, and refuses nobody. Take it away from both lines, \
                 or from the file of settings, when the log is as it should be",
            ),
            Mode::Enforce => (
                "enforce",
                "mode=enforce: whoever keydyn has not learned is refused too, root excepted",
            ),
        };
        let text = format!("{entry} goes by {comes}.");
        Some(Finding::new(Severity::Note, kind, text).about(&[*entry]))
    };
    judging.filter_map(note).collect()
}

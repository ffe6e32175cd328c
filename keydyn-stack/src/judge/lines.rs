//! What the lines themselves show, before anybody walks through them.

use std::ffi::CString;

use keydyn_core::device::DeviceRule;
use keydyn_core::printable::printable;
use keydyn_core::settings::{Complaint, Line, Mode, PasswordChange, Rule, Settings};

use crate::control::Control;
use crate::files::Configuration;
use crate::finding::{Finding, Severity};
use crate::service::{
    Entry, Facility, Kind, Misread, Place, Service, control_missing, is_a_module,
};
use crate::text::LONGEST;

/// Puts both lines into Debian's common files.
const ENABLE: &str = "pam-auth-update --enable keydyn-capture keydyn-verify";

/// How the lines come into a stack that pam-auth-update writes. `run`: how the sentence begins.
pub(super) fn enable(run: &str) -> String {
    format!(
        "{run} `{ENABLE}`. If it says that a file has local modifications, it has changed nothing: \
         put the lines into /etc/pam.d/common-auth yourself then, `auth requisite pam_keydyn.so \
         capture` in front of the first password module and `auth requisite pam_keydyn.so verify` \
         behind `pam_permit.so`, and leave its `--force` alone, which throws the modifications away."
    )
}

/// The kind of the note that a line refuses what is typed on keyboards that programs have made.
pub const VIRTUAL_REFUSED: &str = "virtual-refused";

/// So many broken lines are told one by one.
const MOST_TOLD: usize = 20;

/// What libpam itself cannot use. It decides more than all else, so that all else can wait.
pub(super) fn unusable(service: &Service, stack: &[Entry]) -> Vec<Finding> {
    if !service.misread.is_empty() {
        let told = service.misread.iter();
        return told.map(|(place, why)| misread(place, *why)).collect();
    }
    if let Some((place, why)) = &service.given_up {
        let text = format!(
            "libpam cannot put this service together and refuses everybody: {place}: {why}. \
             Correct it, and run this again."
        );
        return vec![Finding::new(Severity::Error, "unusable", text).at(place)];
    }
    let mut told: Vec<_> = stack.iter().filter_map(broken).collect();
    let more = told.len().saturating_sub(MOST_TOLD);
    if more > 0 {
        told.truncate(MOST_TOLD);
        let text = format!("libpam cannot use {more} more lines of this stack.");
        told.push(Finding::new(Severity::Error, "broken-line", text));
    }
    told
}

pub(super) fn look(
    configuration: &Configuration,
    service: &Service,
    stack: &[Entry],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(service.entries().iter().filter_map(misplaced));
    let ours: Vec<_> = stack.iter().filter(|entry| entry.is_keydyn()).collect();
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
    findings.extend(halves(configuration, &ours));
    findings.extend(modes(&ours));
    findings
}

/// A line that is another one for libpam.
fn misread(place: &Place, why: Misread) -> Finding {
    let file = printable(&place.file.display().to_string());
    let (kind, text) = match why {
        Misread::ForeignEnd => (
            "line-ends",
            format!(
                "{place} ends as lines of another system do, in CR LF, and libpam takes the carriage \
                 return for a part of the last word: it finds no such module, file or argument. Run \
                 `sed -i 's/\\r$//' {file}`, and this again."
            ),
        ),
        Misread::TooLong => (
            "long-line",
            format!(
                "{place} is longer than the {LONGEST} bytes that libpam up to 1.5 reads of a line, or \
                 of lines joined by a backslash: it takes the rest for a line of its own, even the \
                 rest of a comment, or refuses everybody. Make it shorter, and run this again."
            ),
        ),
    };
    Finding::new(Severity::Error, kind, text).at(place)
}

/// A line that libpam cannot use.
fn broken(entry: &Entry) -> Option<Finding> {
    let place = &entry.place;
    let text = match &entry.kind {
        Kind::Broken(why) => format!(
            "libpam cannot use the line {place}: {why}. Whoever gets there is refused. Correct it, \
             and run this again."
        ),
        Kind::Module if is_a_module(&entry.word) => format!(
            "libpam takes `{}` ({place}) for the control, and whatever stands behind it for the \
             module: {}. Whoever gets there is refused. Correct it, and run this again.",
            entry.word,
            control_missing(&entry.word)
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
fn halves(configuration: &Configuration, ours: &[(&Entry, Settings)]) -> Vec<Finding> {
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
                 and whoever has the password gets in. {}",
                profiles(configuration, capture).unwrap_or_else(|| "Put `requisite pam_keydyn.so \
                 verify` behind the password module."
                    .to_owned())
            );
            vec![Finding::new(Severity::Error, "no-verify", text).about(&[capture])]
        }
        (None, Some((verify, _))) => {
            let text = format!(
                "{verify} has nothing to judge, because no `capture` listens: whoever is armed is \
                 refused, and nobody else is learned. {}",
                profiles(configuration, verify).unwrap_or_else(|| "Put `requisite pam_keydyn.so \
                 capture` in front of the password module."
                    .to_owned())
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

/// Where the package is there, pam-auth-update puts both lines in, and takes both out.
fn profiles(configuration: &Configuration, half: &Entry) -> Option<String> {
    let by_hand = half.by_hand?;
    let before = if by_hand {
        "Take that line out, and run"
    } else {
        "Run"
    };
    configuration.has_profiles().then(|| enable(before))
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

/// Where the simulation's "refused" and "let in" mean something else.
fn modes(ours: &[(&Entry, Settings)]) -> Vec<Finding> {
    let judging = ours
        .iter()
        // What holds while the file of settings cannot be read is said of the file.
        .filter(|(_, settings)| {
            settings.line == Some(Line::Verify) && !settings.configuration_unread
        });
    let notes = |(entry, settings): &(&Entry, Settings)| -> Vec<Finding> {
        let note = |(kind, comes): (&'static str, &str)| {
            let text = format!("{entry} goes by {comes}.");
            Finding::new(Severity::Note, kind, text).about(&[*entry])
        };
        rules(settings).into_iter().map(note).collect()
    };
    judging.flat_map(notes).collect()
}

/// Kind and words of each setting that is not the default and decides who is refused.
fn rules(settings: &Settings) -> Vec<(&'static str, &'static str)> {
    let mut rules = Vec::new();
    match settings.mode {
        Mode::Auto => {}
        Mode::Shadow => {
            return vec![(
                "shadow",
                "mode=shadow: it judges and logs, and refuses nobody. Take it away from both lines, \
                 or from the file of settings, when the log is as it should be",
            )];
        }
        Mode::Enforce => rules.push((
            "enforce",
            "mode=enforce: whoever keydyn has not learned is refused too, root excepted",
        )),
    }
    if settings.no_timings == Rule::Refuse {
        rules.push((
            "no-timings",
            "no_timings=refuse: whoever logs in from elsewhere (ssh, cron, a serial line) is \
             refused, learned or not",
        ));
    }
    if settings.unprivileged == Rule::Refuse {
        rules.push((
            "unprivileged",
            "unprivileged=refuse: a program that may not read the keyboards, as a screen locker \
             without root, refuses everybody, learned or not",
        ));
    }
    if settings.devices.virtual_keyboard == DeviceRule::Refuse {
        rules.push((
            VIRTUAL_REFUSED,
            "virtual_keyboard=refuse: what is typed on a keyboard that a program has made, a \
             remapper's too, is no typing, and whoever is armed is refused",
        ));
    }
    if settings.devices.new_keyboard == DeviceRule::Refuse {
        rules.push((
            "new-refused",
            "new_keyboard=refuse: what is typed on a keyboard that appeared at the prompt is no \
             typing, and whoever is armed is refused; a radio keyboard that wakes up, and one \
             behind a switch, may appear there at every login",
        ));
    }
    if settings.password_change == PasswordChange::Refuse {
        rules.push((
            "password-change",
            "password_change=refuse: whoever is armed and has a new password is refused until root \
             runs `keydyn reset USER`",
        ));
    }
    rules
}

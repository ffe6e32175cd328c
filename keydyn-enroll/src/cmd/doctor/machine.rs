//! The machine around the stack: keyboards, who else reads them, sessions, files, switches.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::SystemTime;

use keydyn_core::store::files::StateFiles as _;
use keydyn_core::store::switch::{Switch, Whom};
use keydyn_core::store::vault::Standing;
use keydyn_core::store::vault::survey::account_of;
use keydyn_stack::files::Configuration;
use keydyn_stack::finding::{Finding, Severity};
use keydyn_sys::file::StateDir;
use keydyn_sys::inventory::{self, Keyboard, Machine};
use keydyn_sys::system;

use crate::account::{Account, Directories};
use crate::report::advice;

/// Programs that take keyboards for themselves and type in their place.
const REMAPPERS: [&str; 8] = [
    "keyd",
    "kanata",
    "kmonad",
    "xremap",
    "input-remapper",
    "input-remapper-",
    "evremap",
    "interception",
];
/// Programs that blur rhythms on purpose.
const BLURRERS: [&str; 1] = ["kloak"];
/// The seat of every device that nobody gave to another.
const FIRST_SEAT: &str = "seat0";
/// More than keydyn ever writes into one file.
const FILE_LIMIT: usize = 1 << 20;
/// A clock may be a little behind whoever wrote the file.
const CLOCK_SLACK: u64 = 120;

/// What there is to say of the machine. `virtual_refused`: some line refuses what is typed on
/// keyboards that programs have made.
pub(super) fn look(
    machine: &Path,
    places: &Directories,
    configuration: &Configuration,
    virtual_refused: bool,
) -> Vec<Finding> {
    let real = machine == Path::new("/");
    let machine = Machine::under(machine);
    let mut findings = keyboards(&machine);
    findings.extend(programs(&machine));
    if virtual_refused {
        findings.extend(locked_out(&machine));
    }
    if real {
        findings.extend(sessions());
    }
    findings.extend(service(configuration));
    if machine.switched_off() {
        let text = "The kernel was started with `keydyn=off`: keydyn is in force for nobody until \
                    the machine is started without it.";
        findings.push(warning("switched-off", text));
    }
    match readable(places) {
        true => findings.extend(kept(places)),
        false => findings.push(note(
            "not-root",
            "Only root may look at what is kept of users: whether those files are sound, whether \
             `keydyn disable` is in force and whether the clock is right was not checked. Run \
             `sudo keydyn doctor`.",
        )),
    }
    findings
}

fn error(kind: &'static str, text: impl Into<String>) -> Finding {
    Finding::new(Severity::Error, kind, text)
}

fn warning(kind: &'static str, text: impl Into<String>) -> Finding {
    Finding::new(Severity::Warning, kind, text)
}

fn note(kind: &'static str, text: impl Into<String>) -> Finding {
    Finding::new(Severity::Note, kind, text)
}

/// Root's files are for root; a test's are for whoever runs it.
fn readable(places: &Directories) -> bool {
    let above = places.main.path().parent().map(fs::metadata);
    match above {
        Some(Ok(above)) if !system::privileged() => above.uid() == system::real_uid(),
        _ => system::privileged(),
    }
}

fn keyboards(machine: &Machine) -> Vec<Finding> {
    let keyboards = match machine.keyboards() {
        Ok(keyboards) => keyboards,
        Err(why) => {
            let text = format!(
                "This machine's input devices cannot be listed ({why}): from here no keyboard can \
                 be heard, and `unprivileged=` says what becomes of a login."
            );
            return vec![warning("keyboards-hidden", text)];
        }
    };
    let (first, other): (Vec<_>, Vec<_>) = keyboards.iter().partition(|one| one.seat == FIRST_SEAT);
    let mut findings = Vec::new();
    findings.push(if first.is_empty() {
        warning(
            "no-keyboard",
            "No keyboard is found: nobody can be learned here, and whoever is armed is refused if \
             the password comes from this machine.",
        )
    } else {
        let text = format!("pam_keydyn.so would listen to {}.", names(&first));
        note("keyboards", text)
    });
    if !other.is_empty() {
        let text = format!(
            "Of another seat than {FIRST_SEAT}, and heard only for a session on it: {}.",
            names(&other)
        );
        findings.push(note("other-seats", text));
    }
    let virtual_ones: Vec<_> = keyboards.iter().filter(|one| one.is_virtual).collect();
    if !virtual_ones.is_empty() {
        let text = format!(
            "Made by a program, and heard like a keyboard on the desk: {}. Whoever may make such a \
             device is root or the like, and can play a typing back. The log marks what is typed \
             on it (keyboard=virtual), and `virtual_keyboard=refuse` refuses it.",
            names(&virtual_ones)
        );
        findings.push(note("virtual-keyboard", text));
    }
    findings
}

fn names(keyboards: &[&Keyboard]) -> String {
    let name = |one: &&Keyboard| format!("{} ({})", one.name, one.node);
    let names: Vec<_> = keyboards.iter().map(name).collect();
    names.join(", ")
}

/// Where nothing that is typed would count.
fn locked_out(machine: &Machine) -> Option<Finding> {
    let keyboards = machine.keyboards().ok()?;
    let mut first = keyboards.iter().filter(|one| one.seat == FIRST_SEAT);
    let running = machine.programs_at_keyboards().unwrap_or_default();
    let remapper = running
        .iter()
        .find(|name| REMAPPERS.contains(&name.as_str()));
    let why = match remapper {
        _ if first.clone().next().is_none() => return None,
        _ if first.all(|one| one.is_virtual) => {
            "every keyboard of this machine is made by a program".to_owned()
        }
        Some(remapper) => format!("{remapper} types in place of the keyboards that it takes"),
        None => return None,
    };
    let text = format!(
        "virtual_keyboard=refuse, and {why}: whoever is armed is refused at every login typed \
         there. Set `virtual_keyboard = flag`, or stop the program and be learned anew without it \
         (`keydyn reset`)."
    );
    Some(error("virtual-refused", text))
}

fn programs(machine: &Machine) -> Vec<Finding> {
    let Ok(running) = machine.programs_at_keyboards() else {
        let text = "The programs that run cannot be listed, so whether one of them takes the \
                    keyboards for itself was not checked.";
        return vec![note("programs-hidden", text)];
    };
    let of = |known: &[&str]| -> Vec<String> {
        let is_one = |name: &&String| known.contains(&name.as_str());
        running.iter().filter(is_one).cloned().collect()
    };
    let mut findings = Vec::new();
    let blurrers = of(&BLURRERS);
    if !blurrers.is_empty() {
        let text = format!(
            "{} is running and changes when keys seem to be pressed, so that nobody's rhythm can \
             be told from another's: keydyn will learn nobody, or refuse everybody. Stop it, or \
             take keydyn out.",
            blurrers.join(", ")
        );
        findings.push(warning("blurrer", text));
    }
    let remappers = of(&REMAPPERS);
    if !remappers.is_empty() {
        let text = format!(
            "{} is running, which takes keyboards for itself and types on one of its own: that one \
             is heard, with what it adds to the rhythm. Whoever starts or stops it after having \
             been learned may be refused.",
            remappers.join(", ")
        );
        findings.push(note("remapper", text));
    }
    findings
}

fn sessions() -> Option<Finding> {
    match inventory::logind() {
        Ok(true) => None,
        Ok(false) => Some(note(
            "no-logind",
            "logind does not run here, so only what is typed on a virtual terminal (tty1 to tty63) \
             is judged; all else counts as typed elsewhere, and `no_timings=` says what becomes of \
             it.",
        )),
        Err(why) => Some(error(
            "logind-unreachable",
            format!(
                "logind runs, and cannot be asked: {why}. Whoever is armed is refused everywhere \
                 but on a virtual terminal. Install libsystemd0 (or libelogind0)."
            ),
        )),
    }
}

fn service(configuration: &Configuration) -> Option<Finding> {
    if configuration.single().is_some() || !matches!(configuration.read("keydyn"), Ok(None)) {
        return None;
    }
    let remedy = match configuration.has_profiles() {
        // A file of settings that was removed comes back only so.
        true => "`apt install --reinstall -o Dpkg::Options::=--force-confmiss keydyn` puts it",
        false => "`make install` puts it",
    };
    let text = format!(
        "There is no PAM service `keydyn`, so `keydyn enroll` and `keydyn verify` cannot have the \
         password checked. {remedy} into /etc/pam.d."
    );
    Some(warning("no-service", text))
}

/// What is kept of users.
fn kept(places: &Directories) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (directory, comes) in [
        (
            &places.main,
            "Nobody can be judged, and everybody who types at this machine's keyboards is \
             refused. Run `keydyn disable --all`, find out who changed it, make \
             /var/lib/keydyn and /var/lib/keydyn/accounts root's own (`chown root:root`, `chmod 700`), \
             then `keydyn enable --all`",
        ),
        (
            &places.run,
            "While the disk is full or can only be read, nobody who is armed gets in. Remove it; \
             it is made anew",
        ),
    ] {
        match directory.names() {
            Err(why) => findings.push(error("directory", format!("{why}. {comes}."))),
            Ok(names) => findings.extend(files(directory, &names)),
        }
    }
    let readable = places.main.names().is_ok();
    if let (true, Err(why)) = (readable, places.main.host_key()) {
        let text = format!(
            "{why}. Who is armed is told by the copies in the profiles until everybody has logged \
             in once; `keydyn status --all` says more."
        );
        findings.push(warning("host-key", text));
    }
    if readable {
        findings.extend(accounts(places));
    }
    findings.extend(disabled(places));
    findings.extend(clock(places));
    findings
}

/// Files that the module would not believe.
fn files(directory: &StateDir, names: &[String]) -> Vec<Finding> {
    let doubtful = |name: &String| directory.read(name, FILE_LIMIT).err();
    let told = |why| {
        let text = format!(
            "{why}. The module does not believe this file. Find out who changed it; `keydyn status \
             --all` says what is lost."
        );
        error("file", text)
    };
    let ours = names.iter().filter(|name| account_of(name).is_some());
    ours.filter_map(doubtful).map(told).collect()
}

/// Accounts of which `keydyn status` says that somebody is refused, or not learned.
fn accounts(places: &Directories) -> Vec<Finding> {
    let host = places.main.host_key().ok().flatten();
    let switch = Switch::new(&places.main, &places.run);
    let nobody = switch.find(Whom::Everybody).is_set() || system::switched_off();
    let mut findings = Vec::new();
    for uid in places.uids().unwrap_or_default() {
        let account = Account::with_uid(uid);
        let survey = places.vault(&account, host.as_ref()).survey();
        let phase = match &survey.standing {
            Standing::Known(state) => Some(state.phase),
            Standing::Unknown => None,
        };
        let in_force = !nobody && !switch.find(Whom::User(uid)).is_set();
        let advice = advice::of(&account, &survey, phase, in_force).into_iter();
        let told = advice.filter(|one| one.urgent);
        findings.extend(told.map(|one| error("account", format!("{account}: {}", one.text))));
    }
    findings
}

fn disabled(places: &Directories) -> Vec<Finding> {
    let switch = Switch::new(&places.main, &places.run);
    let everybody = switch.find(Whom::Everybody).is_set();
    let told = |who: &str, argument: &str| {
        let text = format!(
            "keydyn is disabled for {who}: the password alone is enough. `keydyn enable {argument}` \
             takes it back."
        );
        warning("disabled", text)
    };
    let mut findings: Vec<_> = everybody
        .then(|| told("everybody", "--all"))
        .into_iter()
        .collect();
    for uid in places.uids().unwrap_or_default() {
        if switch.find(Whom::User(uid)).is_set() {
            let account = Account::with_uid(uid);
            findings.push(told(&account.to_string(), &account.argument()));
        }
    }
    findings
}

/// Sittings and cool-downs go by the clock.
fn clock(places: &Directories) -> Option<Finding> {
    let names = places.main.names().ok()?;
    let path = |name: &String| places.main.path().join(name);
    let written = |name: &String| {
        fs::metadata(path(name))
            .and_then(|data| data.modified())
            .ok()
    };
    let newest = names.iter().filter_map(written).max()?;
    let since = newest
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()?
        .as_secs();
    let now = system::now().0;
    (since > now + CLOCK_SLACK).then(|| {
        let hours = (since - now).div_ceil(3600);
        let text = format!(
            "The clock is behind: a file of keydyn's was written {hours} hour(s) from now. A \
             cool-down begins once more at the next attempt, and until the clock has caught up nobody \
             new comes into force. Set the clock."
        );
        warning("clock", text)
    })
}

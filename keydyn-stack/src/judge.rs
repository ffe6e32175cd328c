//! What is wrong with services, in sentences.

mod files;
mod lines;
mod named;
mod ways;

use std::path::PathBuf;

pub use lines::VIRTUAL_REFUSED;
pub use named::{Named, named};

use crate::files::{Configuration, Unreadable};
use crate::finding::{Finding, Severity, merge};
use crate::module::{self, Role};
use crate::service::{Entry, Facility, Misread, OTHER, Service};

/// The service that has the command's users say their password.
const OWN: &str = "keydyn";
/// Services that nobody comes to by a keyboard.
const ELSEWHERE: [&str; 4] = ["sshd", "cron", "crond", "atd"];

/// What was found.
#[derive(Debug)]
pub struct Examination {
    /// The services that were judged, by name.
    pub services: Vec<String>,
    /// What there is to say, the worst first.
    pub findings: Vec<Finding>,
}

/// Judges these services; where none is named, every service that names keydyn.
///
/// # Errors
/// If the configuration, or a service that was named, cannot be read.
pub fn examine(configuration: &Configuration, named: &[String]) -> Result<Examination, Unreadable> {
    let mut findings = Vec::new();
    let services = match named {
        [] => {
            let (guarded, others) = all(configuration, &mut findings)?;
            findings.extend(not_judged(&guarded, &others));
            // They may have named keydyn, if libpam could read them.
            for service in &others {
                let found = lines::unusable(service, &service.stack(Facility::Auth));
                merge(&mut findings, found, Some(&service.name));
            }
            guarded
        }
        named => named
            .iter()
            .map(|name| Service::read(configuration, name))
            .collect::<Result<_, _>>()?,
    };
    if services.is_empty() {
        let remedy = match configuration.has_profiles() {
            true => lines::enable("Run"),
            false => "Put its two lines into a stack, `capture` in front of the password module \
                      and `verify` behind it."
                .to_owned(),
        };
        let text =
            format!("No service names pam_keydyn.so, so keydyn is in force nowhere. {remedy}");
        findings.push(Finding::new(Severity::Error, "nowhere", text));
    }
    for service in &services {
        let found = judge(configuration, service);
        merge(&mut findings, found, Some(&service.name));
    }
    Ok(Examination {
        services: services.into_iter().map(|service| service.name).collect(),
        findings,
    })
}

/// What there is to say of one service.
#[must_use]
pub fn judge(configuration: &Configuration, service: &Service) -> Vec<Finding> {
    let stack = service.stack(Facility::Auth);
    let mut findings = files::writable(configuration, service);
    let unusable = lines::unusable(service, &stack);
    if !unusable.is_empty() {
        findings.extend(unusable);
        return findings;
    }
    findings.extend(lines::look(configuration, service, &stack));
    let (files, walkable) = files::look(configuration, &stack);
    findings.extend(files);
    if !stack.iter().any(|entry| entry.is_keydyn()) {
        findings.push(unguarded(service));
        return findings;
    }
    if !service.is_there {
        let text = format!(
            "There is no service {}, so libpam takes `{OTHER}` for it, which is what was judged. \
             Check the spelling.",
            service.name
        );
        findings.push(Finding::new(Severity::Warning, "no-such-service", text));
    }
    if walkable {
        ways::walk(&stack, &mut findings);
    }
    findings
}

fn unguarded(service: &Service) -> Finding {
    let name = &service.name;
    let text = match service.is_there {
        true => format!(
            "The service {name} is not guarded: no line of its auth stack names pam_keydyn.so, and \
             whoever has the password gets in."
        ),
        false => format!(
            "There is no service {name}, so libpam takes `{OTHER}` for it, which does not name \
             pam_keydyn.so: it is not guarded. Check the spelling."
        ),
    };
    Finding::new(Severity::Error, "not-guarded", text)
}

/// Every service that names keydyn, and the rest. A file that others include, and that has the name
/// of such files, is judged in those.
fn all(
    configuration: &Configuration,
    findings: &mut Vec<Finding>,
) -> Result<(Vec<Service>, Vec<Service>), Unreadable> {
    let mut services = Vec::new();
    let mut included: Vec<PathBuf> = Vec::new();
    for name in self::services(configuration)? {
        match Service::read(configuration, &name) {
            Ok(service) => {
                included.extend(service.included.iter().cloned());
                services.push(service);
            }
            Err(why) => {
                let text = format!("{why}. Whether the service {name} is guarded was not judged.");
                findings.push(Finding::new(Severity::Warning, "unreadable", text));
            }
        }
    }
    services.retain(|service| {
        let is_this = |path: &PathBuf| path.file_name().is_some_and(|name| *name == *service.name);
        !(is_a_part(&service.name) && included.iter().any(is_this))
    });
    // In a file with line ends of another system its name may be lost.
    let is_guarded = |service: &Service| {
        let ours = service.entries().iter().any(Entry::means_keydyn);
        ours || service
            .misread
            .iter()
            .any(|(_, why)| *why == Misread::ForeignEnd)
    };
    Ok(services.into_iter().partition(is_guarded))
}

/// Who asks for the password beside the guarded, by lines of their own.
fn not_judged(guarded: &[Service], others: &[Service]) -> Option<Finding> {
    let asks =
        |entry: &Entry| entry.facility == Facility::Auth && module::role(entry) == Role::Password;
    let is_one = |service: &&Service| {
        // keydyn's own has the password checked, and must not be guarded.
        service.name != OWN && !is_a_part(&service.name) && service.entries().iter().any(asks)
    };
    let names = others.iter().filter(is_one).map(|one| &*one.name);
    let (far, near): (Vec<_>, Vec<_>) = names.partition(|name| ELSEWHERE.contains(name));
    if guarded.is_empty() || (far.is_empty() && near.is_empty()) {
        return None;
    }
    let mut text = Vec::new();
    if !near.is_empty() {
        text.push(format!(
            "Not guarded: {}. They ask for a password, and no line of theirs names pam_keydyn.so: \
             whoever has the password gets in there.",
            near.join(", ")
        ));
    }
    if !far.is_empty() {
        text.push(format!(
            "Not judged, and not come to by this machine's keyboards: {}.",
            far.join(", ")
        ));
    }
    Some(Finding::new(Severity::Note, "others", text.join(" ")))
}

/// Debian's, Fedora's, SUSE's and Arch's names for files that are there to be included.
fn is_a_part(name: &str) -> bool {
    [
        "common-",
        "system-",
        "password-",
        "fingerprint-",
        "smartcard-",
        "postlogin",
    ]
    .iter()
    .any(|start| name.starts_with(start))
}

/// The names of all services.
fn services(configuration: &Configuration) -> Result<Vec<String>, Unreadable> {
    match configuration.single() {
        Some(_) => single_names(configuration),
        None => configuration.names(),
    }
}

/// The first words in pam.conf.
fn single_names(configuration: &Configuration) -> Result<Vec<String>, Unreadable> {
    let found = configuration.read("/etc/pam.conf")?;
    let (_, text) = found.unwrap_or_default();
    let (lines, _) = crate::text::lines(&text);
    let first = |(_, line): (usize, String)| crate::text::words(&line).into_iter().next();
    let mut names: Vec<_> = lines.into_iter().filter_map(first).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

//! What is wrong with services, in sentences.

mod lines;
mod ways;

use std::path::PathBuf;

use crate::files::{Configuration, Unreadable};
use crate::finding::{Finding, Severity, merge};
use crate::service::{Facility, OTHER, Service};

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
        [] => guarded(configuration, &mut findings)?,
        named => named
            .iter()
            .map(|name| Service::read(configuration, name))
            .collect::<Result<_, _>>()?,
    };
    if services.is_empty() {
        let text = "No service names pam_keydyn.so, so keydyn is in force nowhere. Put its two \
                    lines into a stack, `capture` in front of the password module and `verify` \
                    behind it.";
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
    let unusable = lines::unusable(service, &stack);
    if !unusable.is_empty() {
        return unusable;
    }
    let mut findings = lines::look(configuration, service, &stack);
    if !stack.iter().any(|entry| entry.is_keydyn()) {
        findings.push(unguarded(service));
    } else if !stack.iter().any(|entry| entry.is_keydyn() && entry.missing) {
        // What is not there does nothing, and the rest would be about a stack that nobody has.
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

/// Every service that names keydyn. A file that others include, and that has the name of such
/// files, is judged in those.
fn guarded(
    configuration: &Configuration,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Service>, Unreadable> {
    let names = match configuration.single() {
        Some(_) => single_names(configuration)?,
        None => configuration.names()?,
    };
    let mut services = Vec::new();
    let mut included: Vec<PathBuf> = Vec::new();
    for name in names {
        let service = match Service::read(configuration, &name) {
            Ok(service) => service,
            Err(why) => {
                let text = format!("{why}. Whether the service {name} is guarded was not judged.");
                findings.push(Finding::new(Severity::Warning, "unreadable", text));
                continue;
            }
        };
        included.extend(service.included.iter().cloned());
        if service.entries().iter().any(|entry| entry.is_keydyn()) {
            services.push(service);
        }
    }
    services.retain(|service| {
        let is_this = |path: &PathBuf| path.file_name().is_some_and(|name| *name == *service.name);
        !(is_a_part(&service.name) && included.iter().any(is_this))
    });
    Ok(services)
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

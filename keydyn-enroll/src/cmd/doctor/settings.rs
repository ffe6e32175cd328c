//! The file of settings: what is wrong with it, and what holds meanwhile.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use keydyn_core::printable::printable;
use keydyn_core::settings::{Complaint, PATH, Settings};
use keydyn_core::store::files::FileError;
use keydyn_stack::files::resolved;
use keydyn_stack::finding::{Finding, Severity};
use keydyn_sys::configuration;

/// What the file below this root says, and what there is to say of it.
pub(super) fn look(root: &Path) -> (Settings, Vec<Finding>) {
    let path = path(root);
    judged(&path, configuration::read(&path))
}

/// Where the file is: a link in place of its directory leads inside the root.
fn path(root: &Path) -> PathBuf {
    let path = root.join(&PATH[1..]);
    match (path.parent(), path.file_name()) {
        (Some(directory), Some(name)) if root != Path::new("/") => {
            resolved(root, directory).join(name)
        }
        _ => path,
    }
}

fn judged(path: &Path, read: Result<Option<Vec<u8>>, FileError>) -> (Settings, Vec<Finding>) {
    let mut findings = Vec::new();
    let (mut doubt, mut failure) = (None, None);
    match &read {
        Ok(_) => {}
        Err(FileError::Untrusted { path, reason }) => doubt = Some(doubted(path, reason)),
        Err(error) => failure = Some(error.to_string()),
    }
    let is_there = !matches!(read, Ok(None));
    let settings = Settings::of_file(read);
    if let (true, Some(failure)) = (settings.configuration_unread, &failure) {
        let text = format!(
            "{}: until it can be read, the strictest of every setting holds: whoever is not \
             learned, and whoever logs in from elsewhere, is refused.",
            printable(failure)
        );
        findings.push(Finding::new(Severity::Error, "settings-unread", text));
    } else if is_there && doubt.is_none() {
        findings.extend(hidden(path, failure.is_some()));
    }
    findings.extend(doubt);
    // A line that says nothing more goes by the file alone.
    let whole = settings.clone().and_line(&[c"verify"]);
    // What keeps all of the file from being read is said already.
    let lines = whole.complaints.iter();
    let lines = lines.filter(|complaint| !matches!(complaint, Complaint::File(_)));
    findings.extend(lines.map(|complaint| complained(path, complaint)));
    (settings, findings)
}

fn complained(path: &Path, complaint: &Complaint) -> Finding {
    let text = complaint.to_string();
    // As whoever mends it has to name it.
    let text = match text.strip_prefix(PATH) {
        Some(rest) => format!("{}{rest}", path.display()),
        None => text,
    };
    let text = format!("{}.", printable(&text));
    Finding::new(Severity::Warning, "settings", text)
}

fn doubted(path: &str, reason: &str) -> Finding {
    let path = printable(path);
    let remedy = match reason {
        "can be written by others" | "does not belong to root" => {
            format!(
                "Find out who changed it, then run `chown root:root {path} && chmod 644 {path}`"
            )
        }
        _ => "Put an ordinary file of root's there".to_owned(),
    };
    let text = format!(
        "{path} {reason}, so nothing that it says counts: mode=auto and the other defaults hold \
         where a line says nothing else. {remedy}."
    );
    Finding::new(Severity::Warning, "settings", text)
}

/// A file that a locker without root goes without.
fn hidden(path: &Path, from_us_too: bool) -> Option<Finding> {
    let mode = fs::symlink_metadata(path).ok()?.mode();
    if mode & 0o004 != 0 {
        return None;
    }
    let path = printable(&path.display().to_string());
    let not_seen = match from_us_too {
        true => " What it says was not looked at: run `sudo keydyn doctor`.",
        false => "",
    };
    let text = format!(
        "{path} can be read by root only: a screen locker that does not run as root goes by the \
         defaults and its line. `chmod 644 {path}` lets it read.{not_seen}"
    );
    Some(Finding::new(Severity::Note, "settings-hidden", text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    /// No disk fails on demand.
    #[test]
    fn what_holds_while_the_file_cannot_be_read_is_told() {
        let error = FileError::Io {
            path: PATH.to_owned(),
            action: "read",
            source: io::Error::other("a bad block"),
        };
        let (settings, findings) = judged(Path::new(PATH), Err(error));
        assert!(settings.configuration_unread);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].kind, "settings-unread");
        assert_eq!(
            findings[0].text,
            "/etc/security/keydyn.conf: cannot read: a bad block: until it can be read, the \
             strictest of every setting holds: whoever is not learned, and whoever logs in from \
             elsewhere, is refused."
        );
    }
}

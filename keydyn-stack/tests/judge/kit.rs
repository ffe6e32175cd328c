//! A system below a root of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use keydyn_stack::files::Configuration;
use keydyn_stack::finding::Finding;
use keydyn_stack::judge::{Examination, examine};

/// The stack of Debian with both lines.
pub(crate) const DEBIAN: &str = "\
auth  requisite                   pam_keydyn.so capture
auth  [success=1 default=ignore]  pam_unix.so nullok
auth  requisite                   pam_deny.so
auth  required                    pam_permit.so
auth  requisite                   pam_keydyn.so verify
";

/// A shared object of this kind of machine, for whoever looks at the beginning only.
pub(crate) const SHARED: [u8; 84] = {
    let mut bytes = [0; 84];
    let (header, _) = bytes.split_at_mut(20);
    header.copy_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0");
    let (_, names) = bytes.split_at_mut(64);
    names.copy_from_slice(b"pam_sm_authenticate\0");
    bytes
};

/// A system of its own.
pub(crate) struct Root(tempfile::TempDir);

impl Root {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let root = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(root.path().join("etc/pam.d")).unwrap();
        for (name, text) in files {
            root.write(&format!("etc/pam.d/{name}"), text);
        }
        root
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        let directory = path.parent().unwrap();
        fs::create_dir_all(directory).unwrap();
        fs::write(&path, text).unwrap();
        // Whatever the umask says.
        for (path, mode) in [(directory, 0o755), (&path, 0o644)] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
    }

    /// Puts modules where this system keeps them.
    pub(crate) fn install(&self, modules: &[&str]) {
        for module in modules {
            self.write(&format!("usr/lib/security/{module}"), SHARED);
        }
    }

    pub(crate) fn configuration(&self) -> Configuration {
        Configuration::under(self.path()).unwrap()
    }

    pub(crate) fn examine(&self, named: &[&str]) -> Examination {
        let named: Vec<_> = named.iter().map(|name| (*name).to_owned()).collect();
        examine(&self.configuration(), &named).unwrap()
    }
}

/// Severity and kind of each.
pub(crate) fn kinds(findings: &[Finding]) -> Vec<String> {
    let told = |finding: &Finding| format!("{} {}", finding.severity.word(), finding.kind);
    findings.iter().map(told).collect()
}

/// What is said of the service `login` with these lines.
pub(crate) fn login(lines: &str) -> Vec<Finding> {
    Root::new(&[("login", lines)]).examine(&["login"]).findings
}

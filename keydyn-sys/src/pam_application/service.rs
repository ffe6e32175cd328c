//! The service's file, which must be there and ask for something: libpam takes what it lacks from
//! the service `other`, which may let anybody in.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::SERVICE;

/// Where libpam looks for a service, first one first.
const DIRECTORIES: [&str; 2] = ["/etc/pam.d", "/usr/lib/pam.d"];
/// More than any service file has.
const FILE_LIMIT: u64 = 64 * 1024;

/// Why the service `keydyn` cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum ServiceProblem {
    /// It is not installed; libpam would ask `other` instead.
    #[error(
        "{path}: is not there. It is how keydyn asks whether a password is right; install keydyn's \
         packaging/pam.d/keydyn there, owned by root, mode 644"
    )]
    Missing {
        /// Where it should be.
        path: String,
    },
    /// Its file cannot be read.
    #[error("{path}: cannot be read: {source}")]
    Unreadable {
        /// Which file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody else than root decides what is in it.
    #[error("{path}: {reason}; put it right as root")]
    Untrusted {
        /// Which file.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It asks for nothing, so that libpam would ask `other` in its place.
    #[error("{path}: has no `{kind}` line; install keydyn's packaging/pam.d/keydyn in its place")]
    Incomplete {
        /// Which file.
        path: String,
        /// `auth` or `account`.
        kind: &'static str,
    },
}

/// The installed service.
#[derive(Debug)]
pub struct Service {
    pub(super) directory: PathBuf,
}

impl Service {
    /// The service where libpam looks for it.
    ///
    /// # Errors
    /// If it is not installed, or not fit to be trusted.
    pub fn find() -> Result<Self, ServiceProblem> {
        let has_it = |directory: &&str| Path::new(directory).join(SERVICE).exists();
        Self::in_directory(
            DIRECTORIES
                .into_iter()
                .find(has_it)
                .unwrap_or(DIRECTORIES[0]),
        )
    }

    /// The service in this directory.
    ///
    /// # Errors
    /// If it is not there, or not fit to be trusted.
    pub fn in_directory(directory: impl Into<PathBuf>) -> Result<Self, ServiceProblem> {
        let directory = directory.into();
        let file = directory.join(SERVICE);
        let path = file.display().to_string();
        let text = read_service(&file).map_err(|error| match error {
            ReadError::Io(source) if source.kind() == io::ErrorKind::NotFound => {
                ServiceProblem::Missing { path: path.clone() }
            }
            ReadError::Io(source) => ServiceProblem::Unreadable {
                path: path.clone(),
                source,
            },
            ReadError::Untrusted(reason) => ServiceProblem::Untrusted {
                path: path.clone(),
                reason,
            },
        })?;
        match ["auth", "account"]
            .into_iter()
            .find(|kind| !asks(&text, kind))
        {
            Some(kind) => Err(ServiceProblem::Incomplete { path, kind }),
            None => Ok(Self { directory }),
        }
    }
}

enum ReadError {
    Io(io::Error),
    Untrusted(&'static str),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn read_service(path: &Path) -> Result<String, ReadError> {
    // Non-blocking, so that a pipe in its place does not hang.
    let file = File::options()
        .read(true)
        .custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits())
        .open(path)?;
    let metadata = file.metadata()?;
    let owner = nix::unistd::geteuid().as_raw();
    if !metadata.is_file() {
        return Err(ReadError::Untrusted("is no ordinary file"));
    }
    if metadata.uid() != owner || metadata.mode() & 0o022 != 0 {
        return Err(ReadError::Untrusted("can be written by others than root"));
    }
    let mut text = Vec::new();
    file.take(FILE_LIMIT).read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Whether a service file has a line of this kind, or takes some from another file.
fn asks(text: &str, kind: &str) -> bool {
    text.lines().any(|line| {
        let word = line.split_whitespace().next().unwrap_or("");
        word.trim_start_matches('-').eq_ignore_ascii_case(kind) || word == "@include"
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{PERMIT, service};
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;
    use tempfile::TempDir;

    #[test]
    fn a_missing_or_empty_service_is_not_replaced_by_other() {
        let place = TempDir::new().unwrap();
        fs::write(place.path().join("other"), PERMIT).unwrap();
        let missing = Service::in_directory(place.path());
        assert!(matches!(missing, Err(ServiceProblem::Missing { .. })));
        assert!(
            missing
                .unwrap_err()
                .to_string()
                .contains("packaging/pam.d/keydyn")
        );
        for (text, without) in [
            ("", "auth"),
            ("# auth required pam_permit.so\n", "auth"),
            ("account required pam_permit.so\n", "auth"),
            ("auth required pam_permit.so\n", "account"),
        ] {
            fs::write(place.path().join(SERVICE), text).unwrap();
            match Service::in_directory(place.path()) {
                Err(ServiceProblem::Incomplete { kind, .. }) => assert_eq!(kind, without),
                other => panic!("{text:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_service_that_others_can_write_is_not_asked() {
        let (place, _) = service(PERMIT);
        let file = place.path().join(SERVICE);
        for mode in [0o666, 0o664] {
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            let service = Service::in_directory(place.path());
            assert!(matches!(service, Err(ServiceProblem::Untrusted { .. })));
        }
        fs::remove_file(&file).unwrap();
        nix::unistd::mkfifo(&file, nix::sys::stat::Mode::S_IRUSR).unwrap();
        let service = Service::in_directory(place.path());
        assert!(matches!(service, Err(ServiceProblem::Untrusted { .. })));
    }
}

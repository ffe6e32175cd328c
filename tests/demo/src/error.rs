//! Why the demo could not be run.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;

use keydyn_core::eval::read::DataError;
use pam_host::Code;

/// How a module for the demo is made.
const BUILD: &str = "cargo build --release -p pam_keydyn --features replay-source \
                     --target-dir target-replay";

/// Why the demo could not be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Root is armed by an explicit enrolment only.
    #[error(
        "root cannot take part: keydyn arms root only when told to; name another account with --user"
    )]
    Root,
    /// No module at the path.
    #[error("there is no module at {}; build it with `{BUILD}`", .0.display())]
    NoModule(PathBuf),
    /// A file that is something else.
    #[error("{} is no module: a module is a shared object (ELF); build one with `{BUILD}`", .0.display())]
    NotAModule(PathBuf),
    /// A shipped module, which would overlook the script and use /var/lib/keydyn.
    #[error(
        "the module at {} was built without the feature replay-source, so it would not read the recorded typing, and use /var/lib/keydyn; build one with `{BUILD}`",
        .0.display()
    )]
    NoReplay(PathBuf),
    /// libpam could not load it.
    #[error("libpam cannot load {} ({code}); `ldd -r` on it tells why", path.display())]
    Unloadable {
        /// The module.
        path: PathBuf,
        /// What authenticate returned.
        code: Code,
    },
    /// Right password, and no line in the log and no profile.
    #[error(
        "{} took no notice of its replay script: {remarks}; is it a keydyn of this version, built with replay-source?",
        path.display()
    )]
    Deaf {
        /// The module.
        path: PathBuf,
        /// What its log says, if anything.
        remarks: String,
    },
    /// The profile on the demo's own disk.
    #[error("the profile of {0} does not open with the password it was sealed under")]
    NotOpened(String),
    /// Nothing can be learned of somebody who does not exist.
    #[error("nothing was learned of {user}: {remarks}; is it an account of this machine?")]
    NotLearned {
        /// The account.
        user: String,
        /// What the module's log says, if anything.
        remarks: String,
    },
    /// A call that should have succeeded after a successful authenticate.
    #[error("{call} returned {code} after a successful login")]
    Pam {
        /// Which.
        call: &'static str,
        /// What it returned.
        code: Code,
    },
    /// The synthetic people need a text.
    #[error("the demo's text cannot be typed; this is an error of the demo")]
    Text,
    /// A recording with a defect.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A recording that this demo cannot replay.
    #[error("{}: {problem}", path.display())]
    Recording {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The scripted application.
    #[error(transparent)]
    Host(#[from] pam_host::Error),
    /// A file of the demo.
    #[error("cannot {doing} {}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The terminal.
    #[error("cannot write to the terminal")]
    Screen(#[source] io::Error),
    /// SIGINT, SIGTERM or SIGHUP.
    #[error("interrupted; everything it made is removed")]
    Interrupted,
    /// A thread of the replay.
    #[error("a replay ended unexpectedly; this is an error of the demo")]
    Thread,
}

impl Error {
    /// For `map_err`.
    pub(crate) fn file(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            doing,
            path,
            source,
        }
    }

    /// The message with what caused it.
    pub(crate) fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

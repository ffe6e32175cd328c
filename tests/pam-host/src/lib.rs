//! A scripted application on the real libpam.
//!
//! A test writes a stack, starts an application on it with a scripted conversation, and asserts exact
//! return codes, messages and delays. Neither root nor `/etc/pam.d` is needed (`pam_start_confdir`,
//! Linux-PAM 1.4 or later), and libpam never sleeps.
//!
//! ```no_run
//! use pam_host::{Application, Code, Conversation, Flags, Stack, password_line};
//!
//! let stack = Stack::new()?.service("login", [
//!     format!("auth required {}", password_line("secret")?),
//! ])?;
//! let mut login = Application::start(&stack, "login", "nobody", Conversation::answers(["wrong"]))?;
//! assert_eq!(login.authenticate(Flags::NONE), Code::AUTH_ERR);
//! assert!(login.fail_delay().is_some());
//! # Ok::<(), pam_host::Error>(())
//! ```

mod application;
mod code;
mod conversation;
mod ffi;
mod process;
mod stack;
mod standin;

pub use application::{Application, FailDelay};
pub use code::{Code, Flags, Item};
pub use conversation::{Conversation, Message, Moment, Reply, Style};
pub use process::{ChildEnd, in_a_child, on_a_thread};
pub use stack::{Stack, debian_lines, debian_with_faillock_lines};
pub use standin::{password_line, stand_in, stand_in_with};

use std::io;
use std::path::PathBuf;

/// Why a test could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the stack.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// libpam looks services up in lower case, in one directory.
    #[error("{0:?} is no name for a service")]
    Service(String),
    /// A line that would be read as something else.
    #[error("{0:?} does not fit into one line of a stack")]
    Line(String),
    /// A text for libpam with a NUL byte in it.
    #[error("{0:?} contains a NUL byte")]
    Nul(String),
    /// No handle.
    #[error("pam_start_confdir: {0}")]
    Start(Code),
    /// The module that stands in for pam_unix.
    #[error(
        "the stand-in for pam_unix is not at {}: build it with `make standin` (cargo build -p pam-standin in tests/) or name it in KEYDYN_STANDIN",
        .0.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    )]
    StandIn(Vec<PathBuf>),
    /// No child.
    #[error("cannot run a child")]
    Fork(#[source] io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_stand_in_is_told_with_its_remedy() {
        let error = Error::StandIn(vec![PathBuf::from("/a/x.so"), PathBuf::from("/b/x.so")]);
        let text = error.to_string();
        assert!(text.contains("/a/x.so, /b/x.so"), "{text}");
        assert!(
            text.contains("make standin") && text.contains("KEYDYN_STANDIN"),
            "{text}"
        );
    }
}

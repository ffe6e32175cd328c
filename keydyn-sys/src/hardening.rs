//! For a program of its own that holds a password; a module must not do this to its host.

use std::io;

use nix::sys::prctl::set_dumpable;
use nix::sys::resource::{Resource, setrlimit};

/// No core dump of this process, and no debugger of the same user's, from here on.
///
/// # Errors
/// If the system refuses.
pub fn forbid_dumps() -> io::Result<()> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    Ok(set_dumpable(false)?)
}

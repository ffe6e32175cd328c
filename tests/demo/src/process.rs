//! What holds for the whole process: a quiet system log, and an interruption that cleans up.

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Error;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Keeps the module's lines out of the system's log, which is no place for hundreds of logins that
/// nobody made; they are read from the script's own log.
pub(crate) fn quieten_syslog() {
    // SAFETY: it changes a mask of this process and has no precondition.
    unsafe { libc::setlogmask(1 << libc::LOG_EMERG) };
}

/// Lets an interruption end the story between two logins, so that its directories are removed.
pub(crate) fn catch_interruptions() {
    extern "C" fn note(_: c_int) {
        INTERRUPTED.store(true, Ordering::Relaxed);
    }
    let handler: extern "C" fn(c_int) = note;
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: the handler only stores to an atomic.
        unsafe { libc::signal(signal, handler as libc::sighandler_t) };
    }
}

/// An error after an interruption.
pub(crate) fn go_on() -> Result<(), Error> {
    match INTERRUPTED.load(Ordering::Relaxed) {
        true => Err(Error::Interrupted),
        false => Ok(()),
    }
}

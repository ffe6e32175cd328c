//! Log lines: user, service, outcome, reason, count. Never a score per position, a key, a timing
//! or a password's length.

use std::panic;
use std::sync::Once;
use std::time::Instant;

use keydyn_core::printable::excerpt;

use crate::ffi;

/// How serious a line is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Level {
    Error,
    Warning,
    Notice,
    Info,
    Debug,
}

/// Where this login's lines go, and what they begin with.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    service: String,
    debug: bool,
    #[cfg(feature = "replay-source")]
    file: Option<std::path::PathBuf>,
}

impl Log {
    pub(crate) fn new(service: &str, debug: bool) -> Self {
        Self {
            service: excerpt(service),
            debug,
            #[cfg(feature = "replay-source")]
            file: None,
        }
    }

    /// Writes each line to this file, if there is one, instead of the system's log.
    #[cfg(feature = "replay-source")]
    pub(crate) fn into_file(mut self, file: Option<std::path::PathBuf>) -> Self {
        self.file = file;
        self
    }

    pub(crate) fn write(&self, level: Level, message: &str) {
        if matches!(level, Level::Debug) && !self.debug {
            return;
        }
        let line = format!("pam_keydyn({}:auth): {message}", self.service);
        #[cfg(feature = "replay-source")]
        if let Some(file) = &self.file {
            use std::io::Write as _;
            let file = std::fs::OpenOptions::new()
                .append(true)
                .create(true)
                .open(file);
            let _ = file.and_then(|mut file| writeln!(file, "{line}"));
            // Logins that never happened do not belong into the system's log.
            return;
        }
        ffi::syslog(level, &line);
    }

    /// With `debug`: how long a phase of the module's own work took.
    pub(crate) fn timed<T>(&self, phase: &str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        let took = start.elapsed().as_millis();
        self.write(Level::Debug, &format!("{phase} took {took} ms"));
        result
    }
}

/// A panic is caught at libpam's door; on the way the default hook would print to the user's
/// terminal, with whatever the payload says. This one tells the log where it happened.
pub(crate) fn withhold_panic_payloads() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let place = info.location().map_or_else(String::new, |place| {
                format!(" at {}:{}", place.file(), place.line())
            });
            let message = format!("pam_keydyn: internal error{place}; please report it");
            ffi::syslog(Level::Error, &message);
        }));
    });
}

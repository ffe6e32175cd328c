//! Log lines: user, service, outcome, reason, count. Never a score per position, a key, a timing
//! or a password's length.

use std::cell::Cell;
use std::panic;
use std::path::Path;
use std::sync::Once;
use std::time::{Duration, Instant};

use keydyn_core::printable::excerpt;
use keydyn_sys::syslog::{self, Taken};

use crate::ffi;

/// How long a phase waits for room in the log, all its lines together.
const PATIENCE: Duration = Duration::from_millis(200);

/// How serious a line is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Level {
    Error,
    Warning,
    Notice,
    Info,
    Debug,
}

impl Level {
    /// For authentication, as syslog(3) has it.
    fn priority(self) -> i32 {
        let level = match self {
            Self::Error => libc::LOG_ERR,
            Self::Warning => libc::LOG_WARNING,
            Self::Notice => libc::LOG_NOTICE,
            Self::Info => libc::LOG_INFO,
            Self::Debug => libc::LOG_DEBUG,
        };
        libc::LOG_AUTHPRIV | level
    }
}

/// Where this login's lines go, and what they begin with.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    service: String,
    debug: bool,
    /// Lines that the log has had no room for.
    lost: Cell<u32>,
    #[cfg(feature = "replay-source")]
    file: Option<std::path::PathBuf>,
}

impl Log {
    pub(crate) fn new(service: &str, debug: bool) -> Self {
        Self {
            service: excerpt(service),
            debug,
            lost: Cell::new(0),
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
        // A log without room is waited for once.
        let patience = match self.lost.get() {
            0 => PATIENCE,
            _ => Duration::ZERO,
        };
        if !to_the_system(level, &line, patience) {
            self.lost.set(self.lost.get().saturating_add(1));
            return;
        }
        let lost = self.lost.replace(0);
        if lost > 0 {
            let note = format!(
                "pam_keydyn({}:auth): {lost} lines before this one were lost: the log had no room",
                self.service
            );
            to_the_system(Level::Warning, &note, Duration::ZERO);
        }
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

/// Whether the system's log has taken the line.
fn to_the_system(level: Level, line: &str, patience: Duration) -> bool {
    let socket = Path::new(syslog::SOCKET);
    let taken = syslog::write(socket, level.priority(), line, patience);
    if taken == Taken::Unreachable {
        // The host may have kept open what cannot be reached from here any more.
        ffi::syslog(level.priority(), line);
    }
    taken != Taken::Full
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
            to_the_system(Level::Error, &message, PATIENCE);
        }));
    });
}

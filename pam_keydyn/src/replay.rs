//! A stand-in for keyboards, directories and the clock, for tests and the demo. Compiled only with
//! the feature `replay-source`, which no shipped module has.
//!
//! The script is a text: directives, then `trace`, then the key events in the trace's own form.
//!
//! ```text
//! state-dir /tmp/x/state      run-dir /tmp/x/run      log /tmp/x/log
//! clock 1700000000            where local|not-local|unprivileged
//! unusable source-failed|seat-inactive      command-line keydyn=off      keyboard 7
//! trace
//! 0 a down
//! ```
//! One directive a line. A script that cannot be read leaves a machine whose source has failed.

use std::fs;
use std::path::Path;

use keydyn_core::acquire::FailureToAcquire;
use keydyn_core::time::Timestamp;
use keydyn_core::trace::Trace;
use keydyn_sys::file::StateDir;
use keydyn_sys::source::{Conversation, Heard, KeySource, Whereabouts};
use keydyn_sys::system;

use crate::log::{Level, Log};
use crate::machine::Machine;

struct ReplaySource {
    whereabouts: Whereabouts,
    typing: Result<Trace, FailureToAcquire>,
    keyboard: u32,
}

impl KeySource for ReplaySource {
    fn listen(&mut self, _: &Conversation<'_>) {}

    fn finish(&mut self) -> Heard {
        Heard {
            whereabouts: self.whereabouts,
            typing: self.typing.clone(),
            keyboard: self.keyboard,
        }
    }
}

/// The machine that the script describes.
pub(crate) fn machine(script: &Path, log: Log) -> Machine {
    let text = fs::read_to_string(script).unwrap_or_else(|_| "unusable source-failed".to_owned());
    let (directives, trace) = text.split_once("\ntrace\n").unwrap_or((&text, ""));
    let value = |name: &str| {
        directives
            .lines()
            .filter_map(|line| line.trim().split_once(' '))
            .find(|(directive, _)| *directive == name)
            .map(|(_, value)| value.trim().to_owned())
    };
    let log = log.into_file(value("log").map(Into::into));
    let typing = match value("unusable").as_deref() {
        Some("seat-inactive") => Err(FailureToAcquire::SeatInactive),
        Some(_) => Err(FailureToAcquire::SourceFailed),
        None => trace.parse::<Trace>().map_err(|error| {
            log.write(Level::Error, &format!("{}: {error}", script.display()));
            FailureToAcquire::SourceFailed
        }),
    };
    Machine {
        main: StateDir::new(value("state-dir").unwrap_or_else(|| "/nonexistent/state".into())),
        run: StateDir::new(value("run-dir").unwrap_or_else(|| "/nonexistent/run".into())),
        now: value("clock")
            .and_then(|clock| clock.parse().ok())
            .map_or_else(system::now, Timestamp),
        off: value("command-line").is_some_and(|line| system::switches_off(&line)),
        source: Box::new(ReplaySource {
            whereabouts: match value("where").as_deref() {
                Some("not-local") => Whereabouts::NotLocal,
                Some("unprivileged") => Whereabouts::Unprivileged,
                _ => Whereabouts::Local,
            },
            typing,
            keyboard: value("keyboard")
                .and_then(|id| id.parse().ok())
                .unwrap_or(0),
        }),
        log,
    }
}

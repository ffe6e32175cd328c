//! A stand-in for keyboards, directories and the clock, for tests and the demo. Compiled only with
//! the feature `replay-source`, which no shipped module has.
//!
//! To the directives that `keydyn_sys::replay` reads, these are added:
//!
//! ```text
//! state-dir /tmp/x/state      run-dir /tmp/x/run      log /tmp/x/log, or: log system
//! clock 1700000000 (or own)   command-line keydyn=off      breaks-down yes
//! kdf 40000 3                 what a later keydyn derives keys with: KiB and passes
//! slow 4                      seconds that pass before each question whether there is time
//! ```

use std::path::Path;
use std::time::Duration;

use keydyn_core::store::header::KdfParams;
use keydyn_core::time::Timestamp;
use keydyn_sys::file::StateDir;
use keydyn_sys::replay::Script;
use keydyn_sys::system;

use crate::budget::Budget;
use crate::log::{Level, Log};
use crate::machine::Machine;

/// The machine that the script describes.
pub(crate) fn machine(path: &Path, log: Log, budget: Budget) -> Machine {
    let script = Script::read(path);
    let value = |name: &str| script.value(name);
    if value("breaks-down").is_some() {
        // What libpam's door makes of a panic; the hook would tell the system's log.
        std::panic::resume_unwind(Box::new("as the script says"));
    }
    let file = value("log").filter(|file| file != "system");
    let log = log.into_file(file.map(Into::into));
    let slow = value("slow").and_then(|seconds| seconds.parse().ok());
    let (source, wrong) = script.source();
    if let Some(wrong) = wrong {
        log.write(Level::Error, &format!("{}: {wrong}", path.display()));
    }
    Machine {
        main: StateDir::new(
            value("state-dir").unwrap_or_else(|| "/dev/null/nonexistent/state".into()),
        ),
        run: StateDir::new(value("run-dir").unwrap_or_else(|| "/dev/null/nonexistent/run".into())),
        clock: value("clock")
            .and_then(|clock| clock.parse().ok())
            .map(Timestamp),
        kdf: value("kdf").map_or(KdfParams::CURRENT, |text| kdf(&text)),
        off: value("command-line").is_some_and(|line| system::switches_off(&line)),
        source: Box::new(source),
        budget: budget.by_a_stand_in(Duration::from_secs(slow.unwrap_or(0))),
        log,
    }
}

/// Memory in KiB and passes, as a later keydyn may ask for them.
fn kdf(text: &str) -> KdfParams {
    let mut numbers = text.split(' ').filter_map(|number| number.parse().ok());
    let current = KdfParams::CURRENT;
    KdfParams {
        memory: numbers.next().unwrap_or(current.memory),
        passes: numbers.next().unwrap_or(current.passes),
        lanes: current.lanes,
    }
}

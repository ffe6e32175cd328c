//! The machine as one login sees it: where files are, what time it is, what hears the keyboards.

use keydyn_core::time::Timestamp;
use keydyn_sys::capture::SeatKeyboards;
use keydyn_sys::file::StateDir;
use keydyn_sys::places::{MAIN, RUN};
use keydyn_sys::source::KeySource;
use keydyn_sys::system;

use crate::log::{Level, Log};
use crate::settings::Settings;

/// Where a login takes place.
pub(crate) struct Machine {
    pub(crate) main: StateDir,
    pub(crate) run: StateDir,
    pub(crate) now: Timestamp,
    pub(crate) off: bool,
    pub(crate) log: Log,
    pub(crate) source: Box<dyn KeySource>,
}

impl Machine {
    /// The machine for a line with these settings; what is wrong with them goes to the log.
    pub(crate) fn new(settings: &Settings, service: &str) -> Self {
        let log = Log::new(service, settings.debug);
        #[cfg(feature = "replay-source")]
        if let Some(script) = &settings.replay {
            return crate::replay::machine(script, log).complain(settings);
        }
        Self {
            main: StateDir::new(MAIN),
            run: StateDir::new(RUN),
            now: system::now(),
            off: system::switched_off(),
            log,
            source: Box::new(SeatKeyboards::new()),
        }
        .complain(settings)
    }

    fn complain(self, settings: &Settings) -> Self {
        for complaint in &settings.complaints {
            self.log.write(Level::Warning, &complaint.to_string());
        }
        self
    }
}

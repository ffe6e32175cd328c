//! The machine as one login sees it: where files are, what time it is, what hears the keyboards.

use keydyn_core::settings::Settings;
use keydyn_core::store::header::KdfParams;
use keydyn_core::store::switch::Switch;
use keydyn_core::time::Timestamp;
use keydyn_sys::capture::SeatKeyboards;
use keydyn_sys::directories::{MAIN, RUN};
use keydyn_sys::file::StateDir;
use keydyn_sys::source::KeySource;
use keydyn_sys::system;

use crate::budget::Budget;
use crate::log::{Level, Log};

/// Bytes without which nothing is judged or learned: a profile sealed and open, several times over.
pub(crate) const WORKING_MEMORY: usize = 2 << 20;

/// Where a login takes place.
pub(crate) struct Machine {
    pub(crate) main: StateDir,
    pub(crate) run: StateDir,
    /// Stands in for the clock. For tests.
    #[cfg(feature = "replay-source")]
    pub(crate) clock: Option<Timestamp>,
    /// What a key is to be derived with; a profile with less is sealed anew.
    pub(crate) kdf: KdfParams,
    pub(crate) off: bool,
    pub(crate) log: Log,
    /// The time for this login's own work, of which each phase takes what the one before left.
    pub(crate) budget: Budget,
    pub(crate) source: Box<dyn KeySource>,
}

impl Machine {
    /// The machine for a line with these settings; what is wrong with them goes to the log.
    pub(crate) fn new(settings: &Settings, service: &str) -> Self {
        let log = Log::new(service, settings.debug);
        let budget = Budget::new(settings.time_budget);
        #[cfg(feature = "replay-source")]
        if let Some(script) = &settings.replay {
            return crate::replay::machine(script, log, budget).complain(settings);
        }
        Self {
            main: StateDir::new(MAIN),
            run: StateDir::new(RUN),
            #[cfg(feature = "replay-source")]
            clock: None,
            kdf: KdfParams::CURRENT,
            off: system::switched_off(),
            log,
            budget,
            source: Box::new(SeatKeyboards::new()),
        }
        .complain(settings)
    }

    /// What time it is at this moment. What goes by the time and is written under a lock asks under
    /// that lock: whoever stops this process in front of it must not choose the time.
    pub(crate) fn now(&self) -> Timestamp {
        #[cfg(feature = "replay-source")]
        if let Some(clock) = self.clock {
            return clock;
        }
        system::now()
    }

    /// Whether `keydyn disable` is in force for everybody or for this user. A marker that is not to
    /// be trusted is not believed, and the log says so where it could have been.
    pub(crate) fn disabled(&self, uid: Option<u32>) -> bool {
        let marker = Switch::new(&self.main, &self.run).find_for(uid);
        if let Some(doubt) = marker.doubts.first()
            && system::privileged()
        {
            self.log.write(Level::Warning, &doubt.to_string());
        }
        marker.is_set()
    }

    fn complain(self, settings: &Settings) -> Self {
        for complaint in &settings.complaints {
            self.log.write(Level::Warning, &complaint.to_string());
        }
        self
    }
}

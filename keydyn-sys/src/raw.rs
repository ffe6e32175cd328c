//! Raw records of keyboards as a trace, without keyboards. For fuzzing: with the feature `fuzzing`
//! only, which no shipped build has (`scripts/check-house`).

use keydyn_core::acquire::FailureToAcquire;
use keydyn_core::key::Micros;
use keydyn_core::trace::Trace;

use crate::evdev;
use crate::recorder::Recorder;

/// Hears what keyboards say in `struct input_event`s of this machine.
pub struct Listener(Recorder);

impl Listener {
    /// Listens from this moment on.
    #[must_use]
    pub fn new(started: Micros) -> Self {
        Self(Recorder::new(started))
    }

    /// Takes the whole records among these bytes.
    pub fn hear(&mut self, keyboard: u8, bytes: &[u8]) {
        evdev::readings(bytes, &mut |reading| self.0.hear(keyboard, reading));
    }

    /// A keyboard went away.
    pub fn gone(&mut self, now: Micros) {
        self.0.gone(now);
    }

    /// A keyboard turns out to be of another seat.
    pub fn disown(&mut self, keyboard: u8) {
        self.0.disown(keyboard);
    }

    /// The keyboard on which a text key was pressed last, if any was.
    #[must_use]
    pub fn text_on(&self) -> Option<u8> {
        self.0.text_on()
    }

    /// What was heard until the conversation returned.
    ///
    /// # Errors
    /// Why it cannot be judged.
    pub fn into_trace(self, returned: Micros) -> Result<Trace, FailureToAcquire> {
        self.0.into_trace(returned)
    }
}

//! The machine's keyboard, pressed from outside.

use std::thread;
use std::time::{Duration, Instant};

use keydyn_core::key::{KeyCode, KeyEvent, Micros, Motion};
use keydyn_core::trace::{Trace, TraceEvent};

use crate::monitor::Monitor;
use crate::typing::Typing;

/// Sleeping overshoots; the last stretch before an edge is spun.
const SPUN: Duration = Duration::from_micros(300);
/// An edge may be so late, and a typing be begun so often until none is later.
const STEADY: Duration = Duration::from_millis(15);
const STARTS: u32 = 5;
/// Up to here the kernel numbers keys as an AT keyboard does, which is what QEMU takes.
const LAST_AT_KEY: u16 = 83;
/// What keys beyond these send, as QEMU numbers them: the kernel's number, and theirs.
const PREFIXED: [(u16, u16); 6] = [
    (86, 0x56),  // beside the left Shift, where there is one
    (96, 0x9c),  // keypad Enter
    (97, 0x9d),  // right Ctrl
    (98, 0xb5),  // keypad /
    (100, 0xb8), // AltGr
    (105, 0xcb), // Left
];

/// The keyboard that was plugged in last, the machine's AT keyboard before any was.
#[derive(Debug)]
pub struct Keyboard {
    monitor: Monitor,
}

impl Keyboard {
    pub(crate) fn new(monitor: Monitor) -> Self {
        Self { monitor }
    }

    /// Types, each edge at its moment, and says when each really went out. A late edge does not
    /// delay those after it.
    ///
    /// # Panics
    /// If QEMU does not take it.
    pub fn types(&mut self, typing: &Typing) -> Trace {
        let start = Instant::now();
        let mut sent = Vec::with_capacity(typing.edges().len());
        for edge in typing.edges() {
            sleep_until(start + Duration::from_micros(edge.at.0));
            let at = u64::try_from(start.elapsed().as_micros()).expect("not for ages");
            self.edge(edge);
            sent.push(TraceEvent::Key(KeyEvent {
                at: Micros(at),
                ..*edge
            }));
        }
        Trace::new(sent)
    }

    /// Types a password, and begins again where the host stood still meanwhile: one edge that is a
    /// tenth of a second late makes a stranger of anybody.
    ///
    /// # Panics
    /// If QEMU does not take it.
    pub fn types_steadily(&mut self, password: &Typing) {
        self.types_steadily_within(password, Duration::MAX);
    }

    /// The same at a prompt that stands for so long. Whether the password was handed over: nothing
    /// is begun that would not end in time, and what did not end in time gets no Enter.
    pub(crate) fn types_steadily_within(&mut self, password: &Typing, prompt: Duration) -> bool {
        let (text, enter) = password.before_and_from_enter();
        let asked = Instant::now();
        for start in 1..=STARTS {
            if asked.elapsed() + text.duration() > prompt {
                return false;
            }
            let steady = text.lateness(&self.types(&text)) <= STEADY;
            if steady || start == STARTS {
                break;
            }
            self.types(&Typing::throw_away());
        }
        let in_time = asked.elapsed() <= prompt;
        if in_time {
            self.types(&enter);
        }
        in_time
    }

    fn edge(&mut self, edge: &KeyEvent) {
        let KeyCode(code) = edge.key;
        let prefixed = PREFIXED.iter().find(|(key, _)| *key == code);
        let code = prefixed.map_or(code, |(_, number)| *number);
        assert!(
            code <= LAST_AT_KEY || prefixed.is_some(),
            "no such key on an AT keyboard"
        );
        // A keyboard repeats a key by sending again that it is down.
        let down = edge.motion != Motion::Release;
        self.monitor.execute(
            "input-send-event",
            &format!(
                r#"{{"events": [{{"type": "key", "data": {{"down": {down}, "key": {{"type": "number", "data": {code}}}}}}}]}}"#
            ),
        );
    }
}

fn sleep_until(moment: Instant) {
    let left = moment.saturating_duration_since(Instant::now());
    thread::sleep(left.saturating_sub(SPUN));
    while Instant::now() < moment {
        std::hint::spin_loop();
    }
}

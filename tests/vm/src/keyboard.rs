//! The machine's keyboard, pressed from outside through QEMU's monitor (QMP).

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use keydyn_core::key::{KeyCode, KeyEvent, Micros, Motion};
use keydyn_core::trace::{Trace, TraceEvent};

use crate::guest::PATIENCE;
use crate::typing::Typing;

/// Sleeping overshoots; the last stretch before an edge is spun.
const SPUN: Duration = Duration::from_micros(300);
/// Up to here the kernel numbers keys as an AT keyboard does, which is what QEMU takes.
const LAST_AT_KEY: u16 = 83;

/// An AT keyboard.
#[derive(Debug)]
pub struct Keyboard {
    monitor: BufReader<UnixStream>,
}

impl Keyboard {
    pub(crate) fn new(monitor: UnixStream) -> Self {
        monitor.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut keyboard = Self {
            monitor: BufReader::new(monitor),
        };
        keyboard.command(r#"{"execute": "qmp_capabilities"}"#);
        keyboard
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

    fn edge(&mut self, edge: &KeyEvent) {
        let KeyCode(code) = edge.key;
        assert!(code <= LAST_AT_KEY, "no such key on an AT keyboard");
        let down = edge.motion == Motion::Press;
        self.command(&format!(
            r#"{{"execute": "input-send-event", "arguments": {{"events": [{{"type": "key", "data": {{"down": {down}, "key": {{"type": "number", "data": {code}}}}}}}]}}}}"#
        ));
    }

    /// Gives a command and waits for its answer; what QEMU tells unasked is passed over.
    fn command(&mut self, command: &str) {
        let monitor = self.monitor.get_mut();
        monitor
            .write_all(format!("{command}\n").as_bytes())
            .expect("QEMU is there");
        loop {
            let mut line = String::new();
            let read = self.monitor.read_line(&mut line);
            assert!(
                read.as_ref().is_ok_and(|bytes| *bytes > 0),
                "QEMU does not answer: {read:?}"
            );
            if line.starts_with(r#"{"return""#) {
                return;
            }
            assert!(!line.starts_with(r#"{"error""#), "QEMU refused: {line}");
        }
    }
}

fn sleep_until(moment: Instant) {
    let left = moment.saturating_duration_since(Instant::now());
    thread::sleep(left.saturating_sub(SPUN));
    while Instant::now() < moment {
        std::hint::spin_loop();
    }
}

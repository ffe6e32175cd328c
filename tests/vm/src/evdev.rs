//! The kernel's key events as it writes them, read without the code under test: by `cat`.

use keydyn_core::key::{KeyCode, KeyEvent, Micros, Motion};
use keydyn_core::trace::{Trace, TraceEvent};

use crate::guest::Guest;
use crate::typing::TERMINATORS;

/// `struct input_event` on a 64-bit machine: seconds, microseconds, type, code, value.
const SIZE: usize = 24;
const EV_SYN: u16 = 0;
const EV_KEY: u16 = 1;
const SYN_DROPPED: u16 = 3;

/// As the kernel names what QEMU emulates.
const KEYBOARD: &str = "AT Translated Set 2 keyboard";

/// A `cat` on the machine that reads its keyboard's device.
#[derive(Debug)]
pub struct PlainReader {
    process: String,
}

impl PlainReader {
    /// Begins to read.
    ///
    /// # Panics
    /// If the machine has no keyboard.
    pub fn start(guest: &mut Guest) -> Self {
        let names = format!("grep -l '{KEYBOARD}' /sys/class/input/event*/device/name");
        let names = guest.shell.run(&names);
        let device = names
            .split('/')
            .find(|part| part.starts_with("event"))
            .expect("a device");
        let process = guest
            .shell
            .run(&format!("cat /dev/input/{device} >/run/kernel & echo $!"));
        let process = process.trim().to_owned();
        let open = format!("ls -l /proc/{process}/fd | grep -q {device}");
        guest.shell.wait_until(&open);
        Self { process }
    }

    /// Everything since, on the kernel's wall clock.
    pub fn finish(self, guest: &mut Guest) -> Trace {
        let kill = format!("kill {}", self.process);
        guest.shell.run(&kill);
        read(guest, "cat /run/kernel")
    }

    /// The last typing that ended in an Enter, from the Enter before it on.
    pub fn last_typing(&self, guest: &mut Guest) -> Trace {
        // Longer than any password of a story; the line to the machine is slow.
        let trace = read(guest, &format!("tail -c {} /run/kernel", 700 * SIZE));
        let events = trace.events();
        let enters = events.iter().enumerate().filter(|(_, event)| {
            matches!(event, TraceEvent::Key(edge)
                if TERMINATORS.contains(&edge.key) && edge.motion == Motion::Press)
        });
        let before = enters.map(|(i, _)| i + 1).rev().nth(1);
        Trace::new(events[before.unwrap_or(0)..].to_vec())
    }
}

/// The events that a command on the machine writes.
fn read(guest: &mut Guest, command: &str) -> Trace {
    let bytes = guest.shell.run(&format!("{command} | od -An -v -tx1"));
    let bytes = bytes.split_whitespace();
    let bytes = bytes.map(|byte| u8::from_str_radix(byte, 16).expect("a byte"));
    decode(&bytes.collect::<Vec<_>>())
}

fn decode(bytes: &[u8]) -> Trace {
    let (events, rest) = bytes.as_chunks::<SIZE>();
    assert!(rest.is_empty(), "half an event");
    Trace::new(events.iter().filter_map(event).collect())
}

fn event(bytes: &[u8; SIZE]) -> Option<TraceEvent> {
    let number = |from: usize| {
        let (number, _) = bytes[from..].split_first_chunk().expect("within the event");
        u64::from_ne_bytes(*number)
    };
    let at = Micros(number(0) * 1_000_000 + number(8));
    let rest = number(16).to_ne_bytes();
    let kind = u16::from_ne_bytes([rest[0], rest[1]]);
    let code = u16::from_ne_bytes([rest[2], rest[3]]);
    let value = i32::from_ne_bytes([rest[4], rest[5], rest[6], rest[7]]);
    match (kind, code) {
        (EV_SYN, SYN_DROPPED) => Some(TraceEvent::Lost(at)),
        (EV_KEY, code) => Some(TraceEvent::Key(KeyEvent {
            at,
            keyboard: 0,
            key: KeyCode(code),
            motion: match value {
                0 => Motion::Release,
                1 => Motion::Press,
                2 => Motion::Repeat,
                other => panic!("a key cannot move like {other}"),
            },
        })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_losses_are_read_and_the_rest_passed_over() {
        let event = |kind: u16, code: u16, value: i32| {
            let mut bytes = Vec::new();
            bytes.extend(3u64.to_ne_bytes());
            bytes.extend(250u64.to_ne_bytes());
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(code.to_ne_bytes());
            bytes.extend(value.to_ne_bytes());
            bytes
        };
        let bytes = [
            event(4, 4, 30),
            event(EV_KEY, 30, 1),
            event(EV_SYN, 0, 0),
            event(EV_SYN, SYN_DROPPED, 0),
            event(EV_KEY, 30, 0),
        ]
        .concat();
        assert_eq!(
            decode(&bytes).to_text(),
            "3000.250 a down\n3000.250 lost\n3000.250 a up\n"
        );
    }
}

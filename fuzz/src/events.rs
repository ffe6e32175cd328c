//! What keyboards say, from raw records over the recorder to a typing.

use keydyn_core::digraph::{MAX_KEYS, Sample};
use keydyn_core::key::{KeyRole, Micros, Motion};
use keydyn_core::keystroke::pair;
use keydyn_core::trace::{MAX_EVENTS, Trace, TraceEvent};
use keydyn_sys::raw::Listener;

use crate::meant;

/// Bytes of a `struct input_event` where `time_t` has 64 bits.
const RECORD: usize = 24;
/// Bytes of a record in the short form.
const SHORT: usize = 5;

/// Raw records of one keyboard, or short ones: which keyboard and what happens to it, which key, how
/// it moves, how much later (two bytes).
pub fn run(data: &[u8]) {
    let Some((way, bytes)) = meant(data, 2) else {
        return;
    };
    let started = Micros(1_000_000);
    let mut listener = Listener::new(started);
    let mut now = started.0;
    if way == 0 {
        listener.hear(0, bytes);
        now = u64::MAX / 2;
    }
    for record in bytes.chunks_exact(SHORT).filter(|_| way == 1) {
        let keyboard = record[0] & 3;
        now += u64::from(u16::from_le_bytes([record[3], record[4]])) * 8;
        match record[0] >> 2 {
            0 => listener.gone(Micros(now)),
            1 => listener.disown(keyboard),
            2 => listener.hear(keyboard, &raw(now, (0, 3, 0))),
            _ => {
                let motion = i32::from(record[2] % 4);
                listener.hear(keyboard, &raw(now, (1, u16::from(record[1]), motion)));
            }
        }
        assert!(listener.text_on().is_none_or(|last| last < 4));
    }
    let trace = listener
        .into_trace(Micros(now))
        .expect("no clock ran backwards");
    check(&trace, started, Micros(now));
}

/// A record as this machine's kernel writes it.
fn raw(at: u64, (kind, code, value): (u16, u16, i32)) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[..8].copy_from_slice(&(at / 1_000_000).to_ne_bytes());
    record[8..16].copy_from_slice(&(at % 1_000_000).to_ne_bytes());
    record[16..18].copy_from_slice(&kind.to_ne_bytes());
    record[18..20].copy_from_slice(&code.to_ne_bytes());
    record[20..].copy_from_slice(&value.to_ne_bytes());
    record
}

fn check(trace: &Trace, started: Micros, returned: Micros) {
    let events = trace.events();
    assert!(events.len() <= MAX_EVENTS / 4 + 1);
    assert!(events.is_sorted_by_key(TraceEvent::at));
    assert!(events.iter().all(|event| event.at() <= returned));
    let mut text = 0;
    for event in events {
        if let TraceEvent::Key(event) = event {
            assert!(event.at >= started, "typed before the prompt");
            assert!(event.key.role() != KeyRole::Other);
            text += usize::from(event.motion == Motion::Press && event.key.role() == KeyRole::Text);
        }
    }
    if let Ok(found) = pair(trace) {
        let strokes = found.strokes();
        assert!(
            (1..=MAX_KEYS.min(text)).contains(&strokes.len()),
            "more keys than presses"
        );
        assert!(strokes.is_sorted_by_key(|stroke| stroke.press));
        assert!(
            strokes
                .iter()
                .all(|stroke| stroke.release.is_none_or(|up| up >= stroke.press))
        );
        let sample = Sample::acquire(trace).expect("what can be paired is a sample");
        assert_eq!(sample.holds().len(), strokes.len());
        assert_eq!(sample.downs().len() + 1, strokes.len());
    }
    let again: Trace = trace.to_text().parse().expect("its text");
    assert!(again == *trace);
}

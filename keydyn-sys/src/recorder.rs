//! Puts what several keyboards say into one trace, in the order in which it happened.

use keydyn_core::acquire::FailureToAcquire;
use keydyn_core::key::{KeyEvent, KeyRole, Micros, Motion};
use keydyn_core::trace::{MAX_EVENTS, Trace, TraceEvent};
use zeroize::Zeroize as _;

use crate::evdev::Reading;

/// Events kept of one conversation, all of them allocated at once: a vector that grew would leave
/// copies of the password behind.
const ROOM: usize = MAX_EVENTS / 4;

/// The events of one conversation.
pub(crate) struct Recorder {
    started: Micros,
    events: Vec<TraceEvent>,
    out_of_order: bool,
}

impl Recorder {
    /// A recorder of what happens from this moment on.
    pub(crate) fn new(started: Micros) -> Self {
        Self {
            started,
            events: Vec::with_capacity(ROOM),
            out_of_order: false,
        }
    }

    /// A node's clock ran backwards.
    pub(crate) fn ran_backwards(&mut self) {
        self.out_of_order = true;
    }

    /// Takes what a keyboard said.
    pub(crate) fn hear(&mut self, keyboard: u8, reading: Reading) {
        let (at, key, motion) = match reading {
            Reading::Dropped(at) => return self.insert(TraceEvent::Lost(at)),
            Reading::Key(at, _, _) if at < self.started => return,
            Reading::Key(at, key, motion) => (at, key, motion),
        };
        self.insert(TraceEvent::Key(KeyEvent {
            at,
            keyboard,
            key,
            motion,
        }));
    }

    /// A keyboard went away, and took with it what was not read yet.
    pub(crate) fn gone(&mut self, now: Micros) {
        self.insert(TraceEvent::Gone(now));
    }

    /// Events may be missing.
    pub(crate) fn lost(&mut self, now: Micros) {
        self.insert(TraceEvent::Lost(now));
    }

    /// The keyboard on which a text key was pressed last, if any was.
    pub(crate) fn text_on(&self) -> Option<u8> {
        self.events.iter().rev().find_map(|event| match event {
            TraceEvent::Key(event)
                if event.motion == Motion::Press && event.key.role() == KeyRole::Text =>
            {
                Some(event.keyboard)
            }
            _ => None,
        })
    }

    /// Forgets what was typed on a keyboard that turns out to be somebody else's.
    pub(crate) fn disown(&mut self, keyboard: u8) {
        let mut kept = 0;
        for i in 0..self.events.len() {
            let event = &self.events[i];
            if !matches!(event, TraceEvent::Key(event) if event.keyboard == keyboard) {
                self.events.swap(kept, i);
                kept += 1;
            }
        }
        self.cut(kept);
    }

    /// Inserts in place, behind everything that is not later: keyboards are read in turn, so what
    /// was read last may have happened a little before.
    fn insert(&mut self, event: TraceEvent) {
        if self.events.len() == ROOM {
            self.drop_the_older_half();
        }
        let at = event.at();
        let behind = self.events.iter().rev().take_while(|e| e.at() > at).count();
        let place = self.events.len() - behind;
        self.events.push(event);
        self.events[place..].rotate_right(1);
    }

    /// A prompt that stands open while somebody writes a letter elsewhere: no password is as long
    /// as what is kept.
    fn drop_the_older_half(&mut self) {
        self.events.copy_within(ROOM / 2.., 0);
        self.cut(ROOM / 2);
    }

    /// Wipes and drops the events from here on: behind the end of a vector nothing is wiped.
    fn cut(&mut self, len: usize) {
        self.events[len..].iter_mut().for_each(wipe);
        self.events.truncate(len);
    }

    /// The trace of a conversation that returned at this moment; what came later is the next one's.
    pub(crate) fn into_trace(mut self, returned: Micros) -> Result<Trace, FailureToAcquire> {
        if self.out_of_order {
            self.wipe();
            return Err(FailureToAcquire::OutOfOrder);
        }
        let later = self.events.partition_point(|event| event.at() <= returned);
        let late_loss = self.events[later..]
            .iter()
            .find(|event| !matches!(event, TraceEvent::Key(_)))
            .copied();
        self.cut(later);
        // A loss is stamped when it is noticed, and may have been before the return.
        match late_loss {
            Some(TraceEvent::Gone(_)) => self.insert(TraceEvent::Gone(returned)),
            Some(_) => self.insert(TraceEvent::Lost(returned)),
            None => {}
        }
        self.insert(TraceEvent::Returned(returned));
        Ok(Trace::new(std::mem::take(&mut self.events)))
    }

    fn wipe(&mut self) {
        self.events.iter_mut().for_each(wipe);
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.wipe();
    }
}

fn wipe(event: &mut TraceEvent) {
    if let TraceEvent::Key(event) = event {
        event.key.zeroize();
        event.at.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keydyn_core::key::KeyCode;

    fn key(at: u64, code: u16, motion: Motion) -> Reading {
        Reading::Key(Micros(at), KeyCode(code), motion)
    }

    fn press(at: u64, code: u16) -> Reading {
        key(at, code, Motion::Press)
    }

    fn text(recorder: Recorder, returned: u64) -> String {
        recorder.into_trace(Micros(returned)).unwrap().to_text()
    }

    #[test]
    fn keyboards_read_in_turn_come_out_in_the_order_of_what_happened() {
        let mut recorder = Recorder::new(Micros(0));
        for reading in [press(1000, 30), press(3000, 48), press(3000, 46)] {
            recorder.hear(0, reading);
        }
        for reading in [press(2000, 32), press(4000, 18)] {
            recorder.hear(1, reading);
        }
        assert_eq!(recorder.text_on(), Some(1));
        assert_eq!(
            text(recorder, 5000),
            "1.000 a down\n2.000 d down @1\n3.000 b down\n3.000 c down\n4.000 e down @1\n5.000 returned\n"
        );
    }

    #[test]
    fn only_what_happens_inside_the_conversation_counts() {
        let mut recorder = Recorder::new(Micros(1000));
        recorder.hear(0, press(999, 30));
        recorder.hear(0, press(1000, 48));
        recorder.hear(0, press(3001, 46));
        assert_eq!(text(recorder, 3000), "1.000 b down\n3.000 returned\n");
    }

    #[test]
    fn losses_stay_where_they_happened() {
        let mut recorder = Recorder::new(Micros(0));
        recorder.hear(0, press(1000, 30));
        recorder.hear(0, Reading::Dropped(Micros(2000)));
        recorder.gone(Micros(3000));
        recorder.lost(Micros(4000));
        assert_eq!(
            text(recorder, 5000),
            "1.000 a down\n2.000 lost\n3.000 gone\n4.000 lost\n5.000 returned\n"
        );
    }

    #[test]
    fn a_loss_that_is_noticed_after_the_return_counts() {
        let mut gone = Recorder::new(Micros(0));
        gone.hear(0, press(1000, 30));
        gone.hear(0, press(6000, 48));
        gone.gone(Micros(9000));
        assert_eq!(
            text(gone, 5000),
            "1.000 a down\n5.000 gone\n5.000 returned\n"
        );
        let mut lost = Recorder::new(Micros(0));
        lost.hear(0, Reading::Dropped(Micros(9000)));
        assert_eq!(text(lost, 5000), "5.000 lost\n5.000 returned\n");
    }

    #[test]
    fn a_clock_that_runs_backwards_is_not_put_right() {
        let mut recorder = Recorder::new(Micros(0));
        recorder.hear(0, press(2000, 30));
        recorder.ran_backwards();
        let trace = recorder.into_trace(Micros(5000));
        assert_eq!(trace.err(), Some(FailureToAcquire::OutOfOrder));
    }

    #[test]
    fn a_letter_typed_elsewhere_leaves_the_newest_and_takes_no_more_room() {
        let mut recorder = Recorder::new(Micros(0));
        let room = recorder.events.capacity();
        for i in 0..3 * ROOM as u64 {
            recorder.hear(0, press(i, 30));
        }
        assert_eq!(recorder.events.capacity(), room);
        let trace = recorder.into_trace(Micros(u64::MAX)).unwrap();
        let newest = &trace.events()[trace.events().len() - 2];
        assert_eq!(newest.at(), Micros(3 * ROOM as u64 - 1));
        assert!(trace.events().len() > ROOM / 2);
    }

    #[test]
    fn somebody_elses_keyboard_is_forgotten() {
        let mut recorder = Recorder::new(Micros(0));
        recorder.hear(0, press(1000, 30));
        recorder.hear(1, press(2000, 48));
        recorder.disown(1);
        assert_eq!(recorder.text_on(), Some(0));
        assert_eq!(text(recorder, 5000), "1.000 a down\n5.000 returned\n");
    }
}

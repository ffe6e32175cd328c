//! Pairs presses with releases, and resolves corrections.
//!
//! The result is the text as it was at the end: what Backspace took back is gone, what Ctrl-U
//! threw away is gone, and the seam that a correction leaves has no down-down. Of a live prompt,
//! the text is the one whose terminator handed the answer over: what was typed before an earlier
//! Enter went to another window, or to the prompt before.

use std::fmt;

use zeroize::Zeroize as _;

use crate::acquire::FailureToAcquire;
use crate::digraph::MAX_KEYS;
use crate::key::{KEY_H, KEY_U, KeyCode, KeyEvent, KeyRole, Micros, Motion};
use crate::trace::{Trace, TraceEvent};

/// One text key of the final text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keystroke {
    /// Which key.
    pub key: KeyCode,
    /// When it went down.
    pub press: Micros,
    /// When it came up; `None` if it was still held at the end.
    pub release: Option<Micros>,
    /// Something was erased between the keystroke before and this one.
    pub after_correction: bool,
    /// A Shift key went down between the keystroke before and this one.
    pub after_shift: bool,
}

/// How long before the conversation returned the terminator may have come, in microseconds.
/// Whoever answers a prompt by a program, while the owner types the password elsewhere, has to
/// meet this moment.
pub const HANDED_OVER_WITHIN: u64 = 100_000;

/// The keystrokes of the text that the trace leaves behind, in order of their presses.
///
/// # Errors
/// The reason why the trace cannot be judged; see [`FailureToAcquire`].
pub fn pair(trace: &Trace) -> Result<Keystrokes, FailureToAcquire> {
    let mut pairing = Pairing {
        // Room for all at once: a vector that grew would leave copies of the password behind.
        strokes: Keystrokes(Vec::with_capacity(trace.events().len()), None, None),
        returned: trace.events().iter().find_map(|event| match event {
            TraceEvent::Returned(at) => Some(*at),
            _ => None,
        }),
        ..Pairing::default()
    };
    for event in trace.events() {
        pairing.follow(event)?;
    }
    match pairing.strokes.0.len() {
        0 => Err(pairing.begun_anew.unwrap_or(FailureToAcquire::NoPress)),
        1..=MAX_KEYS => {
            pairing.strokes.1 = pairing.begun_anew;
            pairing.strokes.2 = pairing.keyboard;
            Ok(pairing.strokes)
        }
        _ => Err(FailureToAcquire::TooLong),
    }
}

/// The keystrokes of a text, in order. Wiped when dropped.
#[derive(Default)]
pub struct Keystrokes(Vec<Keystroke>, Option<FailureToAcquire>, Option<u8>);

impl Keystrokes {
    /// The keystrokes.
    #[must_use]
    pub fn strokes(&self) -> &[Keystroke] {
        &self.0
    }

    /// Why what was typed before these does not count, if something was: a shortcut, a loss,
    /// another keyboard, an Enter that handed nothing over. They may be the whole text all the
    /// same.
    #[must_use]
    pub fn begun_anew(&self) -> Option<FailureToAcquire> {
        self.1
    }

    /// The number of the keyboard on which all of them were typed.
    #[must_use]
    pub fn keyboard(&self) -> Option<u8> {
        self.2
    }
}

impl Keystrokes {
    fn wipe(&mut self) {
        for stroke in &mut self.0 {
            stroke.wipe();
        }
        self.0.clear();
    }
}

impl Drop for Keystrokes {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl fmt::Debug for Keystrokes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keystrokes(..)")
    }
}

impl Keystroke {
    fn wipe(&mut self) {
        self.key.zeroize();
        self.press.zeroize();
        self.release.zeroize();
    }
}

#[derive(Default)]
struct Pairing {
    strokes: Keystrokes,
    held: Held,
    /// Ctrl, Alt and Meta keys that are down.
    commands: Vec<KeyCode>,
    keyboard: Option<u8>,
    last: Option<Micros>,
    corrected: bool,
    shifted: bool,
    /// When the conversation returned, for a live prompt.
    returned: Option<Micros>,
    /// Why nothing counts that came before, if something came.
    begun_anew: Option<FailureToAcquire>,
    ended: bool,
}

impl Pairing {
    fn follow(&mut self, event: &TraceEvent) -> Result<(), FailureToAcquire> {
        if self.last.is_some_and(|last| event.at() < last) {
            return Err(FailureToAcquire::OutOfOrder);
        }
        self.last = Some(event.at());
        match event {
            TraceEvent::Lost(_) => self.begin_anew(FailureToAcquire::EventsLost),
            TraceEvent::Gone(_) => self.begin_anew(FailureToAcquire::DeviceGone),
            TraceEvent::Returned(_) => {}
            TraceEvent::Key(event) => match event.motion {
                Motion::Press => self.press(event),
                Motion::Release => self.release(event),
                Motion::Repeat => {
                    // Whether a held text key has typed more text is decided by whoever draws it
                    // (the console repeats after 250 ms, a desktop later or never), so its
                    // repetitions are no elements of the sequence. A held Backspace is used to
                    // clear the line, and erases with every repetition.
                    if event.key.role() == KeyRole::Erase && !self.ended {
                        self.erase();
                    }
                }
            },
        }
        Ok(())
    }

    /// What came so far is not of the answer, or cannot be told. What follows may still be the
    /// whole text, or enough of its end.
    fn begin_anew(&mut self, reason: FailureToAcquire) {
        self.begun_anew = Some(reason);
        self.strokes.wipe();
        self.held.clear();
        self.keyboard = None;
        self.corrected = false;
        self.shifted = false;
    }

    fn press(&mut self, event: &KeyEvent) {
        match event.key.role() {
            KeyRole::Command => self.commands.push(event.key),
            // What is typed after the terminator belongs to the next prompt.
            _ if self.ended => {}
            KeyRole::Text if !self.commands.is_empty() => self.shortcut(event.key),
            KeyRole::Text => self.text(event),
            KeyRole::Erase => {
                self.one_keyboard(event);
                self.erase();
            }
            KeyRole::Terminator => self.terminate(event.at),
            KeyRole::Editing => self.begin_anew(FailureToAcquire::EditingKey),
            KeyRole::Modifier => self.shifted |= event.key.is_shift(),
            KeyRole::Other => {}
        }
    }

    fn terminate(&mut self, at: Micros) {
        let handed_over = self
            .returned
            .is_none_or(|Micros(end)| end.saturating_sub(at.0) <= HANDED_OVER_WITHIN);
        // An Enter before any text ended something else.
        let text = !self.strokes.0.is_empty();
        match (handed_over, text) {
            (true, _) => self.ended = text,
            (false, true) => self.begin_anew(FailureToAcquire::EndedEarly),
            (false, false) => {}
        }
    }

    fn text(&mut self, event: &KeyEvent) {
        self.one_keyboard(event);
        if self.held.contains(event.key) {
            self.begin_anew(FailureToAcquire::EventsLost);
            self.one_keyboard(event);
        }
        self.held.press(event.key, self.strokes.0.len());
        self.strokes.0.push(Keystroke {
            key: event.key,
            press: event.at,
            release: None,
            after_correction: std::mem::take(&mut self.corrected),
            after_shift: std::mem::take(&mut self.shifted),
        });
    }

    /// What makes the text is all on one keyboard.
    fn one_keyboard(&mut self, event: &KeyEvent) {
        if *self.keyboard.get_or_insert(event.keyboard) != event.keyboard {
            self.begin_anew(FailureToAcquire::TwoKeyboards);
            self.keyboard = Some(event.keyboard);
        }
    }

    /// A text key while Ctrl, Alt or Meta is down.
    fn shortcut(&mut self, key: KeyCode) {
        let ctrl_only = self
            .commands
            .iter()
            .all(|&KeyCode(code)| code == 29 || code == 97);
        match key {
            KEY_U if ctrl_only => {
                while !self.strokes.0.is_empty() {
                    self.erase();
                }
                self.corrected = false;
            }
            KEY_H if ctrl_only => self.erase(),
            _ => self.begin_anew(FailureToAcquire::EditingKey),
        }
    }

    fn erase(&mut self) {
        if let Some(mut erased) = self.strokes.0.pop() {
            erased.wipe();
            self.held.erased(self.strokes.0.len());
            self.corrected = !self.strokes.0.is_empty();
        }
    }

    fn release(&mut self, event: &KeyEvent) {
        self.commands.retain(|&key| key != event.key);
        // A release without a press belongs to a key that went down before the prompt, one on
        // another keyboard to that keyboard's key.
        if self.keyboard == Some(event.keyboard)
            && let Some(stroke) = self.held.release(event.key)
        {
            self.strokes.0[stroke].release = Some(event.at);
        }
    }
}

/// Text keys that are down, with the keystroke each began (none if it was erased meanwhile).
struct Held(Vec<(KeyCode, Option<usize>)>);

impl Default for Held {
    fn default() -> Self {
        // More keys than hands can hold: it does not grow and leave copies behind.
        Self(Vec::with_capacity(64))
    }
}

impl Held {
    fn contains(&self, key: KeyCode) -> bool {
        self.0.iter().any(|&(held, _)| held == key)
    }

    fn press(&mut self, key: KeyCode, stroke: usize) {
        self.0.push((key, Some(stroke)));
    }

    /// The keystroke that this release ends, if it is still in the text.
    fn release(&mut self, key: KeyCode) -> Option<usize> {
        let place = self.0.iter().position(|&(held, _)| held == key)?;
        let last = self.0.len() - 1;
        self.0.swap(place, last);
        self.0[last].0.zeroize();
        self.0.pop()?.1
    }

    fn erased(&mut self, gone: usize) {
        for (_, stroke) in &mut self.0 {
            stroke.take_if(|stroke| *stroke == gone);
        }
    }

    fn clear(&mut self) {
        for (key, _) in &mut self.0 {
            key.zeroize();
        }
        self.0.clear();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests;

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
        strokes: Keystrokes(Vec::with_capacity(trace.events().len())),
        returned: trace.events().iter().find_map(|event| match event {
            TraceEvent::Returned(at) => Some(*at),
            _ => None,
        }),
        ..Pairing::default()
    };
    for event in trace.events() {
        pairing.follow(event)?;
    }
    if let Some(failure) = pairing.spoiled {
        return Err(failure);
    }
    match pairing.strokes.0.len() {
        0 if pairing.ended_early => Err(FailureToAcquire::EndedEarly),
        0 => Err(FailureToAcquire::NoPress),
        1..=MAX_KEYS => Ok(pairing.strokes),
        _ => Err(FailureToAcquire::TooLong),
    }
}

/// The keystrokes of a text, in order. Wiped when dropped.
#[derive(Default)]
pub struct Keystrokes(Vec<Keystroke>);

impl Keystrokes {
    /// The keystrokes.
    #[must_use]
    pub fn strokes(&self) -> &[Keystroke] {
        &self.0
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
    /// Text keys that are down, with the keystroke each began (gone if it was erased meanwhile).
    held: Vec<(KeyCode, Option<usize>)>,
    /// Ctrl, Alt and Meta keys that are down.
    commands: Vec<KeyCode>,
    keyboard: Option<u8>,
    last: Option<Micros>,
    corrected: bool,
    /// When the conversation returned, for a live prompt.
    returned: Option<Micros>,
    /// Why the text cannot be told from the keys, until it is begun anew.
    spoiled: Option<FailureToAcquire>,
    /// A text was ended by a terminator that did not hand it over.
    ended_early: bool,
    ended: bool,
}

impl Pairing {
    fn follow(&mut self, event: &TraceEvent) -> Result<(), FailureToAcquire> {
        if self.last.is_some_and(|last| event.at() < last) {
            return Err(FailureToAcquire::OutOfOrder);
        }
        self.last = Some(event.at());
        match event {
            TraceEvent::Lost(_) => Err(FailureToAcquire::EventsLost),
            TraceEvent::Gone(_) => Err(FailureToAcquire::DeviceGone),
            TraceEvent::Returned(_) => Ok(()),
            TraceEvent::Key(event) => match event.motion {
                Motion::Press => {
                    if let Err(failure) = self.press(event) {
                        self.spoiled = self.spoiled.or(Some(failure));
                    }
                    Ok(())
                }
                Motion::Release => {
                    self.release(event);
                    Ok(())
                }
                Motion::Repeat => {
                    // Whether a held text key has typed more text is decided by whoever draws it
                    // (the console repeats after 250 ms, a desktop later or never), so its
                    // repetitions are no elements of the sequence. A held Backspace is used to
                    // clear the line, and erases with every repetition.
                    if event.key.role() == KeyRole::Erase && !self.ended {
                        self.erase();
                    }
                    Ok(())
                }
            },
        }
    }

    fn press(&mut self, event: &KeyEvent) -> Result<(), FailureToAcquire> {
        match event.key.role() {
            KeyRole::Command => self.commands.push(event.key),
            // What is typed after the terminator belongs to the next prompt.
            _ if self.ended => {}
            KeyRole::Text if !self.commands.is_empty() => return self.shortcut(event.key),
            KeyRole::Text => return self.text(event),
            KeyRole::Erase => {
                self.one_keyboard(event)?;
                self.erase();
            }
            KeyRole::Terminator => self.terminate(event.at),
            KeyRole::Editing => return Err(FailureToAcquire::EditingKey),
            KeyRole::Modifier | KeyRole::Other => {}
        }
        Ok(())
    }

    fn terminate(&mut self, at: Micros) {
        let handed_over = self
            .returned
            .is_none_or(|Micros(end)| end.saturating_sub(at.0) <= HANDED_OVER_WITHIN);
        // An Enter before any text ended something else.
        let text = !self.strokes.0.is_empty();
        if handed_over {
            self.ended = text;
        } else {
            self.ended_early |= text;
            self.strokes.wipe();
            self.held.clear();
            self.keyboard = None;
            self.corrected = false;
            self.spoiled = None;
        }
    }

    fn text(&mut self, event: &KeyEvent) -> Result<(), FailureToAcquire> {
        self.one_keyboard(event)?;
        if self.held.iter().any(|&(key, _)| key == event.key) {
            return Err(FailureToAcquire::EventsLost);
        }
        self.held.push((event.key, Some(self.strokes.0.len())));
        self.strokes.0.push(Keystroke {
            key: event.key,
            press: event.at,
            release: None,
            after_correction: std::mem::take(&mut self.corrected),
        });
        Ok(())
    }

    /// What makes the text is all on one keyboard.
    fn one_keyboard(&mut self, event: &KeyEvent) -> Result<(), FailureToAcquire> {
        if *self.keyboard.get_or_insert(event.keyboard) == event.keyboard {
            Ok(())
        } else {
            Err(FailureToAcquire::TwoKeyboards)
        }
    }

    /// A text key while Ctrl, Alt or Meta is down.
    fn shortcut(&mut self, key: KeyCode) -> Result<(), FailureToAcquire> {
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
                Ok(())
            }
            KEY_H if ctrl_only => {
                self.erase();
                Ok(())
            }
            _ => Err(FailureToAcquire::EditingKey),
        }
    }

    fn erase(&mut self) {
        if let Some(mut erased) = self.strokes.0.pop() {
            erased.wipe();
            let gone = self.strokes.0.len();
            for (_, stroke) in &mut self.held {
                if *stroke == Some(gone) {
                    *stroke = None;
                }
            }
            self.corrected = gone > 0;
        }
    }

    fn release(&mut self, event: &KeyEvent) {
        self.commands.retain(|&key| key != event.key);
        // A release without a press belongs to a key that went down before the prompt, one on
        // another keyboard to that keyboard's key.
        if self.keyboard == Some(event.keyboard)
            && let Some(place) = self.held.iter().position(|&(key, _)| key == event.key)
            && let (_, Some(stroke)) = self.held.swap_remove(place)
        {
            self.strokes.0[stroke].release = Some(event.at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Key, press and release in milliseconds, after a correction.
    type Stroke = (String, u64, Option<u64>, bool);

    fn strokes(text: &str) -> Result<Vec<Stroke>, FailureToAcquire> {
        Ok(pair(&text.parse().unwrap())?
            .strokes()
            .iter()
            .map(|s| {
                (
                    s.key.name(),
                    s.press.0 / 1000,
                    s.release.map(|r| r.0 / 1000),
                    s.after_correction,
                )
            })
            .collect())
    }

    fn keys(text: &str) -> Result<String, FailureToAcquire> {
        Ok(strokes(text)?.into_iter().map(|s| s.0).collect())
    }

    #[test]
    fn rollover_pairs_each_release_with_its_own_press() {
        let found =
            strokes("0 a down\n80 b down\n95 a up\n120 c down\n150 c up\n170 b up").unwrap();
        assert_eq!(
            found,
            [
                ("a".into(), 0, Some(95), false),
                ("b".into(), 80, Some(170), false),
                ("c".into(), 120, Some(150), false),
            ]
        );
    }

    #[test]
    fn a_stream_as_the_module_sees_it() {
        // The release of the Enter that ended the user name, and a last Enter without release.
        let text = "0 enter up\n100 a down\n180 a up\n250 b down\n330 b up\n400 enter down";
        assert_eq!(keys(text).unwrap(), "ab");
    }

    #[test]
    fn keys_still_held_have_no_release() {
        let found = strokes("0 a down\n90 a up\n100 b down\n150 enter down").unwrap();
        assert_eq!(found[1], ("b".into(), 100, None, false));
    }

    #[test]
    fn repetition_adds_no_element_and_the_hold_is_the_whole_one() {
        let found = strokes("0 a down\n250 a repeat\n283 a repeat\n300 a up\n400 b down").unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].2, Some(300));
    }

    #[test]
    fn modifiers_are_no_elements() {
        let text = "0 leftshift down\n50 a down\n130 a up\n150 leftshift up\n200 rightalt down\n220 e down\n260 rightalt up\n300 e up\n310 capslock down\n330 capslock up";
        assert_eq!(keys(text).unwrap(), "ae");
    }

    #[test]
    fn backspace_takes_back_and_leaves_a_seam() {
        let text = "0 a down\n80 a up\n100 x down\n180 x up\n300 backspace down\n360 backspace up\n500 b down\n580 b up\n600 c down\n660 c up";
        let found = strokes(text).unwrap();
        let seams: Vec<_> = found.iter().map(|s| (s.0.as_str(), s.3)).collect();
        assert_eq!(seams, [("a", false), ("b", true), ("c", false)]);
    }

    #[test]
    fn a_key_erased_while_held_releases_into_nothing() {
        let text = "0 a down\n80 a up\n100 x down\n150 backspace down\n170 b down\n180 x up\n200 backspace up\n240 b up";
        let found = strokes(text).unwrap();
        assert_eq!(found[1], ("b".into(), 170, Some(240), true));
    }

    #[test]
    fn a_held_backspace_clears() {
        let text = "0 a down\n80 a up\n100 x down\n180 x up\n300 backspace down\n550 backspace repeat\n583 backspace repeat\n600 backspace up\n700 b down\n780 b up";
        assert_eq!(
            strokes(text).unwrap(),
            [("b".into(), 700, Some(780), false)]
        );
    }

    #[test]
    fn ctrl_u_starts_again_and_ctrl_h_erases() {
        let text = "0 a down\n80 a up\n100 leftctrl down\n150 u down\n200 u up\n220 leftctrl up\n300 b down\n380 b up\n400 x down\n410 x up\n420 rightctrl down\n430 h down\n440 h up\n450 rightctrl up\n460 c down";
        let found = strokes(text).unwrap();
        let seams: Vec<_> = found.iter().map(|s| (s.0.as_str(), s.3)).collect();
        assert_eq!(seams, [("b", false), ("c", true)]);
    }

    #[test]
    fn what_follows_the_terminator_belongs_to_the_next_prompt() {
        let text = "0 enter down\n40 enter up\n100 a down\n180 a up\n200 enter down\n260 enter up\n300 z down\n320 tab down";
        assert_eq!(keys(text).unwrap(), "a");
    }

    #[test]
    fn the_answer_is_what_the_last_terminator_handed_over() {
        // Another window first, with a shortcut on another keyboard; then the prompt.
        let text = "0 z down @1\n80 z up @1\n90 leftctrl down @1\n95 w down @1\n96 w up @1\n97 leftctrl up @1\n100 enter down @1\n150 enter up @1\n900 a down\n980 a up\n1000 b down\n1090 b up\n1200 enter down\n1205 returned";
        assert_eq!(keys(text).unwrap(), "ab");
        // A click instead of Enter.
        let clicked = "0 a down\n80 a up\n100 b down\n190 b up\n2000 returned";
        assert_eq!(keys(clicked).unwrap(), "ab");
        // Enter twice, and what is typed ahead for the next prompt.
        let ahead = "0 a down\n80 a up\n100 enter down\n140 enter up\n150 enter down\n160 l down\n170 returned";
        assert_eq!(keys(ahead).unwrap(), "a");
        // Just in time, and too early.
        let ended = |returned: &str| {
            keys(&format!(
                "0 a down\n80 a up\n100 enter down\n{returned} returned"
            ))
        };
        assert_eq!(ended("200"), Ok("a".into()));
        assert_eq!(ended("200.001"), Err(FailureToAcquire::EndedEarly));
    }

    #[test]
    fn refusals_have_their_reason() {
        use FailureToAcquire as F;
        for (text, reason) in [
            ("", F::NoPress),
            ("0 enter up\n10 leftshift down", F::NoPress),
            ("0 a down\n10 backspace down", F::NoPress),
            ("0 a down\n10 lost", F::EventsLost),
            ("0 a down\n20 a down", F::EventsLost),
            ("0 a down\n10 gone", F::DeviceGone),
            ("0 a down\n10 b down @1", F::TwoKeyboards),
            ("0 a down\n10 backspace down @1", F::TwoKeyboards),
            ("10 a down\n0 a up", F::OutOfOrder),
            ("0 a down\n10 left down", F::EditingKey),
            ("0 a down\n10 leftctrl down\n20 w down", F::EditingKey),
            ("0 leftctrl down\n5 leftalt down\n20 u down", F::EditingKey),
        ] {
            assert_eq!(keys(text), Err(reason), "{text}");
        }
        let long: String = (0..=MAX_KEYS)
            .map(|i| format!("{} a down\n{} a up\n", i * 10, i * 10 + 5))
            .collect();
        assert_eq!(keys(&long), Err(F::TooLong));
        // What was thrown away does not count.
        let cleared = "9000 leftctrl down\n9010 u down\n9020 u up\n9030 leftctrl up\n9040 b down";
        assert_eq!(keys(&format!("{long}{cleared}")), Ok("b".into()));
    }

    #[test]
    fn a_release_on_another_keyboard_is_not_this_key_s() {
        let found = strokes("0 a down\n10 a up @1\n90 a up").unwrap();
        assert_eq!(found[0].2, Some(90));
    }
}

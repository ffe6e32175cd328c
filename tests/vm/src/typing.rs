//! Edges of keys with their moments: what is typed.

use std::time::Duration;

use keydyn_core::key::{KeyCode, KeyEvent, KeyRole, Micros, Motion};
use keydyn_core::trace::{Trace, TraceEvent};

use crate::chance::Chance;

pub(crate) const ENTER: KeyCode = KeyCode(28);
const LEFT_SHIFT: KeyCode = KeyCode(42);
const LEFT_ALT: KeyCode = KeyCode(56);
const F1: u16 = 59;
/// Enter, and that of the keypad.
pub(crate) const TERMINATORS: [KeyCode; 2] = [ENTER, KeyCode(96)];

/// Key edges in the order of their moments, which count from the beginning of the typing.
#[derive(Clone, PartialEq, Eq)]
pub struct Typing(Vec<KeyEvent>);

impl Typing {
    /// What a trace says, from its first event on. Keys still down at its end come up one after
    /// the other, 60 ms after it.
    #[must_use]
    pub fn of(trace: &Trace) -> Self {
        let events = trace.events().iter().copied().filter(
            |event| !matches!(event, TraceEvent::Key(edge) if edge.motion == Motion::Repeat),
        );
        Self::exactly(&Trace::new(events.collect()))
    }

    /// The same with the kernel's repetitions, which a keyboard without repetition of its own must
    /// be told to make.
    #[must_use]
    pub fn exactly(trace: &Trace) -> Self {
        let events = trace.events().iter().filter_map(|event| match *event {
            TraceEvent::Key(event) => Some(event),
            _ => None,
        });
        let mut edges: Vec<KeyEvent> = events.collect();
        let first = edges.first().map_or(0, |edge| edge.at.0);
        for edge in &mut edges {
            edge.at.0 -= first;
        }
        let mut typing = Self(edges);
        typing.lift_all();
        typing
    }

    /// Lower-case letters, digits and an Enter, as a machine would type them: 30 ms a key.
    ///
    /// # Panics
    /// If it is another character.
    #[must_use]
    pub fn mechanical(text: &str) -> Self {
        let keys = keys(text).into_iter().chain([ENTER]);
        let edges = keys.zip(0u64..).flat_map(|(key, i)| {
            let edge = |at, motion| KeyEvent {
                at: Micros(at),
                keyboard: 0,
                key,
                motion,
            };
            [
                edge(30_000 * i, Motion::Press),
                edge(30_000 * i + 15_000, Motion::Release),
            ]
        });
        Self(edges.collect())
    }

    /// Any characters, as a machine would type them on a keyboard of the United States: so many
    /// milliseconds a key.
    ///
    /// # Panics
    /// If there is a character for which no key is known.
    #[must_use]
    pub fn line(text: &str, pace: u64) -> Self {
        let edges = text.chars().zip(0u64..).flat_map(|(character, i)| {
            let (key, shifted) = key_of(character);
            let edge = |at: u64, key, motion| KeyEvent {
                at: Micros(1000 * pace * i + 250 * pace * at),
                keyboard: 0,
                key,
                motion,
            };
            let shift = |at, motion| shifted.then(|| edge(at, LEFT_SHIFT, motion));
            [
                shift(0, Motion::Press),
                Some(edge(1, key, Motion::Press)),
                Some(edge(2, key, Motion::Release)),
                shift(3, Motion::Release),
            ]
        });
        Self(edges.flatten().collect())
    }

    /// Ctrl-C, which breaks a program off.
    #[must_use]
    pub fn break_off() -> Self {
        let text = "0 leftctrl down\n30 c down\n60 c up\n90 leftctrl up";
        let trace: Trace = text.parse().expect("a trace");
        Self::of(&trace)
    }

    /// Alt and the function key that brings this virtual terminal to the front.
    #[must_use]
    pub fn switch_to(terminal: u8) -> Self {
        let edge = |at, key, motion| KeyEvent {
            at: Micros(at),
            keyboard: 0,
            key,
            motion,
        };
        let function = KeyCode(F1 + u16::from(terminal) - 1);
        Self(vec![
            edge(0, LEFT_ALT, Motion::Press),
            edge(30_000, function, Motion::Press),
            edge(60_000, function, Motion::Release),
            edge(90_000, LEFT_ALT, Motion::Release),
        ])
    }

    /// Ctrl-U, which throws away what stands on the line.
    #[must_use]
    pub fn throw_away() -> Self {
        let text = "0 leftctrl down\n30 u down\n60 u up\n90 leftctrl up";
        let trace: Trace = text.parse().expect("a trace");
        Self::of(&trace)
    }

    /// The same with these events in between, at their moments from the beginning of the typing;
    /// lines of a trace.
    ///
    /// # Panics
    /// If they are none.
    #[must_use]
    pub fn with(&self, events: &str) -> Self {
        let added: Trace = events.parse().expect("a trace");
        let mut edges = self.0.clone();
        edges.extend(added.events().iter().filter_map(|event| match *event {
            TraceEvent::Key(edge) => Some(edge),
            _ => None,
        }));
        edges.sort_by_key(|edge| edge.at);
        Self(edges)
    }

    /// The same so many milliseconds later.
    #[must_use]
    pub fn delayed(&self, millis: u64) -> Self {
        let mut edges = self.0.clone();
        for edge in &mut edges {
            edge.at.0 += 1000 * millis;
        }
        Self(edges)
    }

    /// This, and then the other, from so many milliseconds after the end of this on.
    #[must_use]
    pub fn then(&self, millis: u64, other: &Self) -> Self {
        let begin = self.0.last().map_or(0, |edge| edge.at.0) + 1000 * millis;
        let later = other.0.iter().map(|edge| KeyEvent {
            at: Micros(edge.at.0 + begin),
            ..*edge
        });
        Self(self.0.iter().copied().chain(later).collect())
    }

    /// The same with a pause before this text key, in which something else is typed: everything
    /// that would come later does.
    ///
    /// # Panics
    /// If there are fewer keys.
    #[must_use]
    pub fn with_pause_before(&self, number: usize, other: &Self) -> Self {
        const AROUND: u64 = 100_000;
        let pause = self.press(number).at;
        let longer = 2 * AROUND + other.0.last().map_or(0, |edge| edge.at.0);
        // A key that is still down comes up before.
        let late = |edge: &KeyEvent| edge.at >= pause && !self.was_down(edge, pause);
        let mut edges: Vec<KeyEvent> = self.0.clone();
        for edge in &mut edges {
            if late(edge) {
                edge.at.0 += longer;
            }
        }
        edges.extend(other.0.iter().map(|edge| KeyEvent {
            at: Micros(pause.0 + AROUND + edge.at.0),
            ..*edge
        }));
        edges.sort_by_key(|edge| edge.at);
        Self(edges)
    }

    /// Whether this is the release of a key that went down before this moment.
    fn was_down(&self, release: &KeyEvent, before: Micros) -> bool {
        let mut presses = self.0.iter().filter(|edge| {
            edge.key == release.key && edge.motion == Motion::Press && edge.at < release.at
        });
        release.motion == Motion::Release
            && presses.next_back().is_some_and(|press| press.at < before)
    }

    /// When the text key with this number, counted from 0, goes down, in milliseconds.
    ///
    /// # Panics
    /// If there are fewer.
    #[must_use]
    pub fn press_of(&self, number: usize) -> u64 {
        self.press(number).at.0 / 1000
    }

    /// The text keys numbered so stay down until the second key after them is down too: three keys
    /// at once.
    ///
    /// # Panics
    /// If there are fewer, or it is the same key again.
    #[must_use]
    pub fn rolled_over(&self, numbers: std::ops::Range<usize>) -> Self {
        let mut edges = self.0.clone();
        for number in numbers {
            let pressed = self.press(number);
            let third = self.press(number + 2);
            let release = edges.iter_mut().find(|edge| {
                edge.at > pressed.at && edge.key == pressed.key && edge.motion == Motion::Release
            });
            let release = release.expect("it comes up");
            release.at = release.at.max(Micros(third.at.0 + 15_000));
        }
        edges.sort_by_key(|edge| edge.at);
        Self(edges)
    }

    fn press(&self, number: usize) -> &KeyEvent {
        let mut presses = self
            .0
            .iter()
            .filter(|edge| edge.motion == Motion::Press && edge.key.role() == KeyRole::Text);
        presses.nth(number).expect("so many keys")
    }

    /// What comes before the Enter, and the Enter with what comes after it. Its moments count from
    /// the end of the first part, so that the second follows as if they were one.
    #[must_use]
    pub fn before_and_from_enter(&self) -> (Self, Self) {
        let ends = |edge: &KeyEvent| TERMINATORS.contains(&edge.key);
        let enter = self.0.iter().position(ends);
        self.split_at(enter.unwrap_or(self.0.len()))
    }

    /// What comes before the press of this key, counted from 0 over all presses, and the rest: as
    /// [`Typing::before_and_from_enter`].
    #[must_use]
    pub fn split(&self, key: usize) -> (Self, Self) {
        let edges = self.0.iter().enumerate();
        let presses = edges.filter(|(_, edge)| edge.motion == Motion::Press);
        let place = presses.map(|(place, _)| place).nth(key);
        self.split_at(place.unwrap_or(self.0.len()))
    }

    fn split_at(&self, place: usize) -> (Self, Self) {
        let (before, from) = self.0.split_at(place);
        let end = before.last().map_or(0, |edge| edge.at.0);
        let from = from.iter().map(|edge| KeyEvent {
            at: Micros(edge.at.0 - end),
            ..*edge
        });
        (Self(before.to_vec()), Self(from.collect()))
    }

    /// Two halves, parted where no key is down, as near to the middle as there is such a place. The
    /// moments of the second count from its own beginning: it is typed after a pause of any length.
    ///
    /// # Panics
    /// If some key is always down.
    #[must_use]
    pub fn halves(&self) -> (Self, Self) {
        let down = |edges: &[KeyEvent]| {
            let presses = edges.iter().filter(|edge| edge.motion == Motion::Press);
            2 * presses.count() - edges.len()
        };
        let parts = (1..self.0.len()).filter(|&at| down(&self.0[..at]) == 0);
        let middle = parts.min_by_key(|at| at.abs_diff(self.0.len() / 2));
        let (first, second) = self.0.split_at(middle.expect("a moment with no key down"));
        let begin = second.first().map_or(0, |edge| edge.at.0);
        let second = second.iter().map(|edge| KeyEvent {
            at: Micros(edge.at.0 - begin),
            ..*edge
        });
        (Self(first.to_vec()), Self(second.collect()))
    }

    /// How long it is from the end of the first half to the beginning of the second.
    #[must_use]
    pub fn pause_between_halves(&self) -> Duration {
        let (first, second) = self.halves();
        self.duration() - first.duration() - second.duration()
    }

    /// The edges of keys other than Enter before the last Enter, and that with what comes after.
    pub(crate) fn before_last_enter(&self) -> (Vec<KeyEvent>, Vec<KeyEvent>) {
        let ends =
            |edge: &KeyEvent| edge.motion == Motion::Press && TERMINATORS.contains(&edge.key);
        let end = self.0.iter().rposition(ends).unwrap_or(self.0.len());
        (self.up_to_enter(), self.0[end..].to_vec())
    }

    /// The same with every edge moved by a normal error of so many milliseconds.
    #[must_use]
    pub fn jittered(&self, spread: f64, chance: &mut Chance) -> Self {
        const STEPS: u64 = 1 << 20;
        // The sum of twelve uniform numbers is nearly normal, with a spread of 1 (Irwin-Hall).
        let mut normal = || {
            let sum: u64 = (0..12).map(|_| chance.below(STEPS)).sum();
            sum as f64 / STEPS as f64 - 6.0
        };
        let earliest = (6.0 * 1000.0 * spread) as u64;
        let mut edges = self.0.clone();
        for edge in &mut edges {
            edge.at.0 =
                (edge.at.0 + earliest).saturating_add_signed((1000.0 * spread * normal()) as i64);
        }
        edges.sort_by_key(|edge| edge.at);
        Self::of(&Trace::new(
            edges.into_iter().map(TraceEvent::Key).collect(),
        ))
    }

    /// The edges before the last Enter.
    pub(crate) fn up_to_enter(&self) -> Vec<KeyEvent> {
        let ends =
            |edge: &KeyEvent| edge.motion == Motion::Press && TERMINATORS.contains(&edge.key);
        let end = self.0.iter().rposition(ends).unwrap_or(self.0.len());
        let edges = self.0[..end].iter();
        // The Enter before may come up late.
        let text = edges.filter(|edge| !TERMINATORS.contains(&edge.key));
        text.copied().collect()
    }

    /// By how much the latest edge came late, by when the edges were really sent.
    #[must_use]
    pub fn lateness(&self, sent: &Trace) -> Duration {
        let late = self.0.iter().zip(sent.events());
        let late = late.map(|(edge, sent)| sent.at().0.saturating_sub(edge.at.0));
        Duration::from_micros(late.max().unwrap_or(0))
    }

    /// The edges.
    #[must_use]
    pub fn edges(&self) -> &[KeyEvent] {
        &self.0
    }

    /// As a trace, as if a perfect recorder had been there.
    #[must_use]
    pub fn trace(&self) -> Trace {
        Trace::new(self.0.iter().copied().map(TraceEvent::Key).collect())
    }

    /// From the first edge to the last.
    #[must_use]
    pub fn duration(&self) -> Duration {
        let last = self.0.last().map_or(0, |edge| edge.at.0);
        Duration::from_micros(last)
    }

    fn lift_all(&mut self) {
        let mut down: Vec<KeyCode> = Vec::new();
        for edge in &self.0 {
            match edge.motion {
                Motion::Press => down.push(edge.key),
                Motion::Release => down.retain(|key| *key != edge.key),
                Motion::Repeat => {}
            }
        }
        let mut at = self.0.last().map_or(0, |edge| edge.at.0);
        for key in down {
            at += 60_000;
            self.0.push(KeyEvent {
                at: Micros(at),
                keyboard: 0,
                key,
                motion: Motion::Release,
            });
        }
    }
}

/// The keys that write this text on a keyboard of the United States.
///
/// # Panics
/// If it needs more than lower-case letters and digits.
pub(crate) fn keys(text: &str) -> Vec<KeyCode> {
    text.chars()
        .map(|character| {
            assert!(
                character.is_ascii_lowercase() || character.is_ascii_digit(),
                "{character:?} has no key of its own"
            );
            KeyCode::from_name(&character.to_string()).expect("letters and digits have names")
        })
        .collect()
}

/// The key that writes this character there, and whether with a Shift.
fn key_of(character: char) -> (KeyCode, bool) {
    let (name, shifted) = match character {
        '\n' => ("enter", false),
        ' ' => ("space", false),
        '-' => ("minus", false),
        '=' => ("equal", false),
        ';' => ("semicolon", false),
        '/' => ("slash", false),
        '.' => ("dot", false),
        '\'' => ("apostrophe", false),
        '$' => ("4", true),
        '?' => ("slash", true),
        '&' => ("7", true),
        '|' => ("backslash", true),
        '<' => ("comma", true),
        '>' => ("dot", true),
        '_' => ("minus", true),
        letter => {
            return (
                keys(&letter.to_ascii_lowercase().to_string())[0],
                letter.is_ascii_uppercase(),
            );
        }
    };
    (
        KeyCode::from_name(name).expect("a key of that name"),
        shifted,
    )
}

#[cfg(test)]
mod tests;

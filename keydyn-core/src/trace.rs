//! The ordered key events of one attempt, and a text form that people can read and write by hand.
//!
//! ```text
//! # milliseconds, key, motion; `@1` names a second keyboard
//! 0       a  down
//! 94.5    a  up
//! 180     b  down
//! 300     b  up
//! 350     enter down
//! ```
//!
//! Three lines stand for what happens to the recording itself: `400 lost` (the kernel's queue
//! overran), `400 gone` (a keyboard was pulled out) and `400 returned` (the application had its
//! answer; a recording without it ends with its first terminator).

use std::fmt::{self, Write as _};
use std::str::FromStr;

use zeroize::Zeroize;

use crate::key::{KeyCode, KeyEvent, Micros, Motion};

/// One thing that happened while a password was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceEvent {
    /// A key moved.
    Key(KeyEvent),
    /// Events were lost at about this moment (`SYN_DROPPED`).
    Lost(Micros),
    /// A keyboard went away at about this moment.
    Gone(Micros),
    /// The conversation returned with the answer.
    Returned(Micros),
}

impl TraceEvent {
    /// When it happened.
    #[must_use]
    pub fn at(&self) -> Micros {
        match *self {
            Self::Key(event) => event.at,
            Self::Lost(at) | Self::Gone(at) | Self::Returned(at) => at,
        }
    }
}

/// The key events of one attempt in the order in which they were read. Wiped when dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Trace {
    events: Vec<TraceEvent>,
}

/// No password is this long; a recording that goes on beyond it is not one.
pub const MAX_EVENTS: usize = 8192;

impl Trace {
    /// A trace of these events, in this order.
    #[must_use]
    pub fn new(events: Vec<TraceEvent>) -> Self {
        Self { events }
    }

    /// The events in the order in which they were read.
    #[must_use]
    pub fn events(&self) -> &[TraceEvent] {
        &self.events
    }

    /// The text form that [`Trace::from_str`] reads back. It spells the password: for traces that
    /// are test data, never for a login's.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for event in &self.events {
            let at = event.at().0;
            let (ms, us) = (at / 1000, at % 1000);
            // Writing to a String cannot fail.
            let _ = write!(text, "{ms}.{us:03} ");
            let _ = match event {
                TraceEvent::Lost(_) => writeln!(text, "lost"),
                TraceEvent::Gone(_) => writeln!(text, "gone"),
                TraceEvent::Returned(_) => writeln!(text, "returned"),
                TraceEvent::Key(event) => {
                    let motion = match event.motion {
                        Motion::Press => "down",
                        Motion::Release => "up",
                        Motion::Repeat => "repeat",
                    };
                    let _ = write!(text, "{} {motion}", event.key.name());
                    if event.keyboard != 0 {
                        let _ = write!(text, " @{}", event.keyboard);
                    }
                    writeln!(text)
                }
            };
        }
        text
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trace(..)")
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        for event in &mut self.events {
            if let TraceEvent::Key(event) = event {
                event.key.zeroize();
                event.at.zeroize();
            }
        }
    }
}

/// A line of a trace's text that cannot be read. Tells the line, never what stands in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the trace: {problem}")]
pub struct TraceTextError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: TraceTextProblem,
}

/// What can be wrong with a line of a trace's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceTextProblem {
    /// The first word.
    #[error("the time must be milliseconds, not negative, with at most three decimals")]
    Time,
    /// The second word.
    #[error("the key must be a kernel name in lower case, or # and a code")]
    Key,
    /// The third word.
    #[error("the motion must be `down`, `up` or `repeat`")]
    Motion,
    /// The fourth word.
    #[error("only `@` and a keyboard's number (0 to 255) may follow the motion")]
    Keyboard,
    /// More events than any password has.
    #[error("more than 8192 events")]
    TooLong,
}

impl FromStr for Trace {
    type Err = TraceTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut events = Vec::new();
        for (index, line) in text.lines().enumerate() {
            if line.trim_start().starts_with('#') {
                continue;
            }
            let fail = |problem| TraceTextError {
                line: index + 1,
                problem,
            };
            let mut words = line.split_whitespace();
            let Some(time) = words.next() else { continue };
            if events.len() == MAX_EVENTS {
                return Err(fail(TraceTextProblem::TooLong));
            }
            let at = parse_millis(time).ok_or_else(|| fail(TraceTextProblem::Time))?;
            events.push(parse_event(at, words).map_err(fail)?);
        }
        Ok(Self::new(events))
    }
}

fn parse_event<'a>(
    at: Micros,
    mut words: impl Iterator<Item = &'a str>,
) -> Result<TraceEvent, TraceTextProblem> {
    let event = match words.next() {
        Some("lost") => TraceEvent::Lost(at),
        Some("gone") => TraceEvent::Gone(at),
        Some("returned") => TraceEvent::Returned(at),
        key => {
            let key = key
                .and_then(KeyCode::from_name)
                .ok_or(TraceTextProblem::Key)?;
            let motion = match words.next() {
                Some("down") => Motion::Press,
                Some("up") => Motion::Release,
                Some("repeat") => Motion::Repeat,
                _ => return Err(TraceTextProblem::Motion),
            };
            let keyboard = match words.next() {
                None => 0,
                Some(word) => word
                    .strip_prefix('@')
                    .and_then(|number| number.parse().ok())
                    .ok_or(TraceTextProblem::Keyboard)?,
            };
            TraceEvent::Key(KeyEvent {
                at,
                keyboard,
                key,
                motion,
            })
        }
    };
    match words.next() {
        None => Ok(event),
        Some(_) => Err(TraceTextProblem::Keyboard),
    }
}

/// Milliseconds with up to three decimals, exactly.
fn parse_millis(word: &str) -> Option<Micros> {
    let (whole, fraction) = word.split_once('.').unwrap_or((word, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 3 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let fraction: u64 = format!("{fraction:0<3}").parse().ok()?;
    whole.checked_mul(1000)?.checked_add(fraction).map(Micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_reads_back() {
        let text = "# a comment\n0 a down\n94.5 a up\n\n180 b down @1\n200.125 b repeat @1\n210 lost\n220 gone\n230 returned\n";
        let trace: Trace = text.parse().unwrap();
        assert_eq!(trace.events().len(), 7);
        assert_eq!(trace.events()[1].at(), Micros(94_500));
        assert_eq!(trace.to_text().parse::<Trace>().unwrap(), trace);
    }

    #[test]
    fn each_defect_is_told_with_its_line_and_without_its_text() {
        for (text, line, problem) in [
            ("0 a down\nx b down", 2, TraceTextProblem::Time),
            ("-1 a down", 1, TraceTextProblem::Time),
            ("1.2345 a down", 1, TraceTextProblem::Time),
            ("99999999999999999999 a down", 1, TraceTextProblem::Time),
            ("18446744073709551615 a down", 1, TraceTextProblem::Time),
            ("0 hyper down", 1, TraceTextProblem::Key),
            ("0", 1, TraceTextProblem::Key),
            ("0 a sideways", 1, TraceTextProblem::Motion),
            ("0 a", 1, TraceTextProblem::Motion),
            ("0 a down @300", 1, TraceTextProblem::Keyboard),
            ("0 a down @1 more", 1, TraceTextProblem::Keyboard),
            ("0 lost more", 1, TraceTextProblem::Keyboard),
        ] {
            let error = text.parse::<Trace>().unwrap_err();
            assert_eq!(error, TraceTextError { line, problem }, "{text}");
        }
        let long = "0 a down\n".repeat(MAX_EVENTS + 1);
        assert_eq!(
            long.parse::<Trace>().unwrap_err().problem,
            TraceTextProblem::TooLong
        );
    }

    #[test]
    fn debug_tells_nothing() {
        let trace: Trace = "0 a down\n90 a up".parse().unwrap();
        assert_eq!(format!("{trace:?}"), "Trace(..)");
    }
}

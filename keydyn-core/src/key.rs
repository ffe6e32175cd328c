//! Keys and the moments at which they move.

use std::fmt;

use zeroize::Zeroize;

/// A key as the kernel numbers it (`KEY_*` of `linux/input-event-codes.h`).
///
/// A sequence of key codes is the password in another spelling, so `Debug` never prints one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Zeroize)]
pub struct KeyCode(pub u16);

impl fmt::Debug for KeyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyCode(..)")
    }
}

/// What a key does to the text being typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRole {
    /// Puts a character into the text (or a dead key's half of one).
    Text,
    /// Changes which character a text key gives: Shift, CapsLock, NumLock, AltGr. Not an element
    /// of the sequence.
    Modifier,
    /// Turns a text key into a command while it is held: Ctrl, left Alt, Meta.
    Command,
    /// Takes the last character back.
    Erase,
    /// Ends the typing: Enter, keypad Enter. Not compared.
    Terminator,
    /// Moves the cursor or the focus, after which nobody can tell what the text became.
    Editing,
    /// Leaves the text alone: function and media keys.
    Other,
}

/// The key that, with Ctrl, throws the line away.
pub(crate) const KEY_U: KeyCode = KeyCode(22);
/// The key that, with Ctrl, erases one character.
pub(crate) const KEY_H: KeyCode = KeyCode(35);

impl KeyCode {
    /// What this key does to a text that is being typed.
    #[must_use]
    pub fn role(self) -> KeyRole {
        match self.0 {
            // Digits row, letters rows, punctuation, space, keypad, 102nd key, ro, yen and their kin.
            2..=13
            | 16..=27
            | 30..=41
            | 43..=53
            | 55
            | 57
            | 71..=83
            | 86
            | 89
            | 92
            | 94
            | 98
            | 117
            | 121
            | 124
            | 179
            | 180 => KeyRole::Text,
            42 | 54 | 58 | 69 | 100 => KeyRole::Modifier,
            29 | 97 | 56 | 125 | 126 => KeyRole::Command,
            14 => KeyRole::Erase,
            28 | 96 => KeyRole::Terminator,
            // Escape, Tab, Home to Delete.
            1 | 15 | 102..=111 => KeyRole::Editing,
            // Data sets number keys outside the kernel's range; all of them are text.
            code if code >= Self::FOREIGN => KeyRole::Text,
            _ => KeyRole::Other,
        }
    }

    /// First code that no kernel uses (`KEY_MAX` is 0x2ff): names a data set's own keys.
    pub const FOREIGN: u16 = 0x400;
}

/// Names for the trace text, as the kernel has them, in lower case and without `KEY_`.
const NAMES: &[(&str, u16)] = &[
    ("esc", 1),
    ("1", 2),
    ("2", 3),
    ("3", 4),
    ("4", 5),
    ("5", 6),
    ("6", 7),
    ("7", 8),
    ("8", 9),
    ("9", 10),
    ("0", 11),
    ("minus", 12),
    ("equal", 13),
    ("backspace", 14),
    ("tab", 15),
    ("q", 16),
    ("w", 17),
    ("e", 18),
    ("r", 19),
    ("t", 20),
    ("y", 21),
    ("u", 22),
    ("i", 23),
    ("o", 24),
    ("p", 25),
    ("leftbrace", 26),
    ("rightbrace", 27),
    ("enter", 28),
    ("leftctrl", 29),
    ("a", 30),
    ("s", 31),
    ("d", 32),
    ("f", 33),
    ("g", 34),
    ("h", 35),
    ("j", 36),
    ("k", 37),
    ("l", 38),
    ("semicolon", 39),
    ("apostrophe", 40),
    ("grave", 41),
    ("leftshift", 42),
    ("backslash", 43),
    ("z", 44),
    ("x", 45),
    ("c", 46),
    ("v", 47),
    ("b", 48),
    ("n", 49),
    ("m", 50),
    ("comma", 51),
    ("dot", 52),
    ("slash", 53),
    ("rightshift", 54),
    ("kpasterisk", 55),
    ("leftalt", 56),
    ("space", 57),
    ("capslock", 58),
    ("numlock", 69),
    ("kp7", 71),
    ("kp8", 72),
    ("kp9", 73),
    ("kpminus", 74),
    ("kp4", 75),
    ("kp5", 76),
    ("kp6", 77),
    ("kpplus", 78),
    ("kp1", 79),
    ("kp2", 80),
    ("kp3", 81),
    ("kp0", 82),
    ("kpdot", 83),
    ("102nd", 86),
    ("kpenter", 96),
    ("rightctrl", 97),
    ("kpslash", 98),
    ("rightalt", 100),
    ("home", 102),
    ("up", 103),
    ("left", 105),
    ("right", 106),
    ("end", 107),
    ("down", 108),
    ("delete", 111),
    ("leftmeta", 125),
    ("rightmeta", 126),
];

impl KeyCode {
    /// The key of that name in a trace's text: a kernel name in lower case, or `#` and a code.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some(code) = name.strip_prefix('#') {
            return code.parse().ok().map(Self);
        }
        NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|&(_, code)| Self(code))
    }

    /// The name that [`KeyCode::from_name`] reads back.
    #[must_use]
    pub fn name(self) -> String {
        NAMES
            .iter()
            .find(|&&(_, code)| code == self.0)
            .map_or_else(|| format!("#{}", self.0), |&(name, _)| name.to_owned())
    }
}

/// Microseconds on the clock of the recording (the kernel's monotonic clock for live keyboards).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Zeroize)]
pub struct Micros(pub u64);

impl fmt::Debug for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Micros(..)")
    }
}

/// How a key moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// evdev value 1.
    Press,
    /// evdev value 0.
    Release,
    /// evdev value 2: the key is still down and the kernel repeats it.
    Repeat,
}

/// One key of one keyboard moving at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyEvent {
    /// When it moved.
    pub at: Micros,
    /// Which physical keyboard of the seat, numbered from 0 in the order of appearance.
    pub keyboard: u8,
    /// Which key.
    pub key: KeyCode,
    /// What it did.
    pub motion: Motion,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_is_unique() {
        for &(name, code) in NAMES {
            assert_eq!(KeyCode::from_name(name), Some(KeyCode(code)));
            assert_eq!(KeyCode(code).name(), name);
        }
        assert_eq!(KeyCode::from_name("#183"), Some(KeyCode(183)));
        assert_eq!(KeyCode(183).name(), "#183");
        assert_eq!(KeyCode::from_name("#70000"), None);
        assert_eq!(KeyCode::from_name("nonsense"), None);
    }

    #[test]
    fn debug_tells_neither_key_nor_time() {
        let event = KeyEvent {
            at: Micros(123_456),
            keyboard: 0,
            key: KeyCode(30),
            motion: Motion::Press,
        };
        let shown = format!("{event:?}");
        assert!(
            !shown.contains("30") && !shown.contains("123456"),
            "{shown}"
        );
    }
}

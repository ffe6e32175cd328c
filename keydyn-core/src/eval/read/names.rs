//! Names of a recording become numbers: keys become key codes that no kernel uses.

use std::collections::{BTreeMap, HashMap};

use crate::key::KeyCode;

/// The names met so far, numbered in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    by_name: HashMap<String, u32>,
    names: Vec<String>,
}

impl Names {
    /// The number of this name, the same for the same name.
    pub(super) fn intern(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.by_name.get(name) {
            return number;
        }
        // As many names as 32 bits count do not fit the memory.
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.by_name.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        number
    }

    /// All of them, by number.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }
}

/// The names of keys met so far.
///
/// A name is a name: two of them are two keys. Where the key lies on a keyboard, if the name tells,
/// is part of its code, as it is of the code of a real key.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyNames {
    codes: HashMap<String, KeyCode>,
    /// How many names there are for a place.
    at_place: HashMap<(KeyCode, bool), u16>,
    /// How many names tell no place.
    nowhere: u16,
}

impl KeyNames {
    /// How many keys can be told apart that lie nowhere.
    pub(super) const MOST: usize = (KeyCode::PLACELESS_END - KeyCode::FOREIGN) as usize;

    /// The code of this name, the same for the same name. `None` when all codes are taken.
    pub(super) fn intern(&mut self, name: &str) -> Option<KeyCode> {
        if let Some(&code) = self.codes.get(name) {
            return Some(code);
        }
        let code = self.placed(name).or_else(|| self.placeless())?;
        self.codes.insert(name.to_owned(), code);
        Some(code)
    }

    /// All of them, by code.
    pub(super) fn names(&self) -> BTreeMap<KeyCode, String> {
        let pairs = self.codes.iter();
        pairs.map(|(name, code)| (*code, name.clone())).collect()
    }

    fn placed(&mut self, name: &str) -> Option<KeyCode> {
        let (place, shifted) = place(name)?;
        let count = self.at_place.entry((place, shifted)).or_default();
        let code = KeyCode::placed(place, shifted, *count)?;
        *count += 1;
        Some(code)
    }

    fn placeless(&mut self) -> Option<KeyCode> {
        let code = KeyCode::FOREIGN + self.nowhere;
        (code < KeyCode::PLACELESS_END).then(|| {
            self.nowhere += 1;
            KeyCode(code)
        })
    }
}

/// What recordings call keys that the kernel calls otherwise.
const ALIASES: &[(&str, &str)] = &[
    ("zero", "0"),
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("period", "dot"),
    (".", "dot"),
    (",", "comma"),
    ("-", "minus"),
    ("=", "equal"),
    (";", "semicolon"),
    ("'", "apostrophe"),
    ("quote", "apostrophe"),
    ("/", "slash"),
    (" ", "space"),
    ("return", "enter"),
    ("shift", "leftshift"),
    ("lshift", "leftshift"),
    ("shift_l", "leftshift"),
    ("shiftleft", "leftshift"),
    ("rshift", "rightshift"),
    ("shift_r", "rightshift"),
    ("shiftright", "rightshift"),
];

/// The key of that name, and whether the name says that it was typed with Shift: `t`, `five`,
/// `Shift.r`, `KeyT` and `Digit5` (as browsers have them).
fn place(name: &str) -> Option<(KeyCode, bool)> {
    let name = name.to_lowercase();
    let (name, shifted) = match name.strip_prefix("shift.") {
        Some(rest) => (rest, true),
        None => (name.as_str(), false),
    };
    let bare = |prefix| {
        name.strip_prefix(prefix)
            .filter(|key: &&str| key.len() == 1)
    };
    let name = bare("key").or_else(|| bare("digit")).unwrap_or(name);
    let alias = ALIASES.iter().find(|(theirs, _)| *theirs == name);
    let kernel = alias.map_or(name, |&(_, kernel)| kernel);
    // `#30` names a code, not a key.
    (!kernel.starts_with('#')).then_some(())?;
    Some((KeyCode::from_name(kernel)?, shifted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyRole;
    use crate::memory::Transition;

    #[test]
    fn names_are_text_keys_of_their_own() {
        let mut names = KeyNames::default();
        let shift_r = names.intern("Shift.r").unwrap();
        let back = names.intern("Return").unwrap();
        assert_ne!(shift_r, back);
        assert_eq!(names.intern("Shift.r"), Some(shift_r));
        assert_eq!(names.names()[&shift_r], "Shift.r");
        for name in ["r", "R", "KeyR", "return", "what", "leftshift", "esc"] {
            let code = names.intern(name).unwrap();
            assert_eq!(code.role(), KeyRole::Text, "{name}");
            assert!(code != shift_r && code != back, "{name}");
        }
    }

    #[test]
    fn places_are_known_by_many_names() {
        let mut names = KeyNames::default();
        let mut between = |from, to| {
            let (from, to) = (names.intern(from).unwrap(), names.intern(to).unwrap());
            Transition::between(from, to, false)
        };
        for (from, to, way) in [
            ("t", "i", Transition::OtherHand),
            ("KeyT", "R", Transition::SameFinger),
            ("e", "five", Transition::ToSign),
            ("Digit5", "period", Transition::Unknown),
            ("five", "Shift.r", Transition::Shifted),
            ("Shift.r", "o", Transition::OtherHand),
            ("l", "Return", Transition::ToReturn),
            ("shift", "t", Transition::FromShift),
            ("numpad_9", "numpad_1", Transition::Unknown),
            ("#30", "#31", Transition::Unknown),
        ] {
            assert_eq!(between(from, to), way, "{from} {to}");
        }
    }

    #[test]
    fn codes_are_not_without_end() {
        let mut names = KeyNames::default();
        for i in 0..KeyNames::MOST {
            assert!(names.intern(&format!("key number {i}")).is_some());
        }
        assert_eq!(names.intern("one more"), None);
        let first = names.intern("key number 0");
        assert_eq!(first, Some(KeyCode(KeyCode::FOREIGN)));
        assert!(names.intern("t").is_some(), "what lies somewhere has room");
        // More names for one place than it has numbers: the place is forgotten.
        let mut names = KeyNames::default();
        let of_place = |i: u32| -> String {
            "shiftleft"
                .chars()
                .zip(0..)
                .map(|(c, bit)| match i >> bit & 1 {
                    1 => c.to_ascii_uppercase(),
                    _ => c,
                })
                .collect()
        };
        let codes: std::collections::HashSet<KeyCode> = (0..200)
            .map(|i| names.intern(&of_place(i)).unwrap())
            .collect();
        assert_eq!(codes.len(), 200);
    }
}

//! Names of a recording become numbers: keys become key codes that no kernel uses.

use std::collections::HashMap;

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
#[derive(Clone, Debug, Default)]
pub(super) struct KeyNames(Names);

impl KeyNames {
    /// How many keys can be told apart.
    pub(super) const MOST: usize = (u16::MAX - KeyCode::FOREIGN) as usize;

    /// The code of this name, the same for the same name. `None` when all codes are taken.
    pub(super) fn intern(&mut self, name: &str) -> Option<KeyCode> {
        let known = self.0.by_name.contains_key(name);
        if !known && self.0.names.len() >= Self::MOST {
            return None;
        }
        let place = u16::try_from(self.0.intern(name)).ok()?;
        Some(KeyCode(place.checked_add(KeyCode::FOREIGN)?))
    }

    /// All of them, in the order of their codes.
    pub(super) fn names(&self) -> &[String] {
        self.0.names()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyRole;

    #[test]
    fn names_are_text_keys_of_their_own() {
        let mut names = KeyNames::default();
        let shift_r = names.intern("Shift.r").unwrap();
        let back = names.intern("Return").unwrap();
        assert_ne!(shift_r, back);
        assert_eq!(names.intern("Shift.r"), Some(shift_r));
        assert_eq!(shift_r.role(), KeyRole::Text);
        assert_eq!(names.names(), ["Shift.r", "Return"]);
    }

    #[test]
    fn codes_are_not_without_end() {
        let mut names = KeyNames::default();
        for i in 0..KeyNames::MOST {
            assert!(names.intern(&i.to_string()).is_some());
        }
        assert_eq!(names.intern("one more"), None);
        assert_eq!(names.intern("0"), Some(KeyCode(KeyCode::FOREIGN)));
    }
}

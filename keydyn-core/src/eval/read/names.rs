//! Key names of a recording become key codes that no kernel uses.

use crate::key::KeyCode;

/// The names met so far; a key's place among them is its code.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyNames(Vec<String>);

impl KeyNames {
    /// The code of this name, the same for the same name. `None` when all codes are taken.
    pub(super) fn intern(&mut self, name: &str) -> Option<KeyCode> {
        let known = self.0.iter().position(|known| known == name);
        let place = known.unwrap_or(self.0.len());
        let code = u16::try_from(place).ok()?.checked_add(KeyCode::FOREIGN)?;
        if known.is_none() {
            self.0.push(name.to_owned());
        }
        Some(KeyCode(code))
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
    }
}

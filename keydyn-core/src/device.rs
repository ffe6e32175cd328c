//! What is known of the keyboard that a typing came from, and whether it counts (ISO/IEC 30107-1:
//! presentation attack detection, at the instrument). What cannot be known: docs/adr/0031.

use crate::acquire::FailureToAcquire;

/// What makes a keyboard doubtful.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// A program made it; there is no such thing on the desk.
    pub is_virtual: bool,
    /// It appeared while the password was asked for.
    pub is_new: bool,
}

/// What becomes of a typing on a doubtful keyboard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceRule {
    /// The log says so; it is judged as any other.
    #[default]
    Flag,
    /// It is no typing.
    Refuse,
}

/// The rules for both doubts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceRules {
    /// `virtual_keyboard=`
    pub virtual_keyboard: DeviceRule,
    /// `new_keyboard=`
    pub new_keyboard: DeviceRule,
}

impl Device {
    /// This and another node of the same physical device.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            is_virtual: self.is_virtual || other.is_virtual,
            is_new: self.is_new || other.is_new,
        }
    }

    /// For the log: `virtual`, `new`, both, or `None` where there is no doubt.
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        match (self.is_virtual, self.is_new) {
            (true, true) => Some("virtual,new"),
            (true, false) => Some("virtual"),
            (false, true) => Some("new"),
            (false, false) => None,
        }
    }
}

impl DeviceRules {
    /// Nothing doubtful counts.
    pub const STRICTEST: Self = Self {
        virtual_keyboard: DeviceRule::Refuse,
        new_keyboard: DeviceRule::Refuse,
    };

    /// That what is typed on this device counts.
    ///
    /// # Errors
    /// [`FailureToAcquire::VirtualKeyboard`] or [`FailureToAcquire::NewKeyboard`].
    pub fn check(self, device: Device) -> Result<(), FailureToAcquire> {
        if device.is_virtual && self.virtual_keyboard == DeviceRule::Refuse {
            return Err(FailureToAcquire::VirtualKeyboard);
        }
        if device.is_new && self.new_keyboard == DeviceRule::Refuse {
            return Err(FailureToAcquire::NewKeyboard);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeviceRule::{Flag, Refuse};

    fn device(is_virtual: bool, is_new: bool) -> Device {
        Device { is_virtual, is_new }
    }

    #[test]
    fn each_rule_refuses_its_own_doubt_and_nothing_else() {
        let (made_up, new) = (
            Err(FailureToAcquire::VirtualKeyboard),
            Err(FailureToAcquire::NewKeyboard),
        );
        for (virtual_keyboard, new_keyboard, on_virtual, on_new, on_both) in [
            (Flag, Flag, Ok(()), Ok(()), Ok(())),
            (Refuse, Flag, made_up, Ok(()), made_up),
            (Flag, Refuse, Ok(()), new, new),
            (Refuse, Refuse, made_up, new, made_up),
        ] {
            let rules = DeviceRules {
                virtual_keyboard,
                new_keyboard,
            };
            assert_eq!(rules.check(device(false, false)), Ok(()), "{rules:?}");
            assert_eq!(rules.check(device(true, false)), on_virtual, "{rules:?}");
            assert_eq!(rules.check(device(false, true)), on_new, "{rules:?}");
            assert_eq!(rules.check(device(true, true)), on_both, "{rules:?}");
        }
        assert_eq!(DeviceRules::default().check(device(true, true)), Ok(()));
        assert_eq!(DeviceRules::STRICTEST.check(device(false, true)), new);
    }

    #[test]
    fn a_device_is_as_doubtful_as_any_node_of_it() {
        let both = device(true, false).and(device(false, true));
        assert_eq!(both.word(), Some("virtual,new"));
        assert_eq!(device(true, false).word(), Some("virtual"));
        assert_eq!(device(false, true).word(), Some("new"));
        assert_eq!(Device::default().and(Device::default()).word(), None);
    }
}

//! The return codes of modules, by libpam's words for them.

/// pam.conf(5)'s words, at the index that is their code.
const WORDS: [&str; Code::COUNT] = [
    "success",
    "open_err",
    "symbol_err",
    "service_err",
    "system_err",
    "buf_err",
    "perm_denied",
    "auth_err",
    "cred_insufficient",
    "authinfo_unavail",
    "user_unknown",
    "maxtries",
    "new_authtok_reqd",
    "acct_expired",
    "session_err",
    "cred_unavail",
    "cred_expired",
    "cred_err",
    "no_module_data",
    "conv_err",
    "authtok_err",
    "authtok_recover_err",
    "authtok_lock_busy",
    "authtok_disable_aging",
    "try_again",
    "ignore",
    "abort",
    "authtok_expired",
    "module_unknown",
    "bad_item",
    "conv_again",
    "incomplete",
];

/// A return code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code(u8);

impl Code {
    /// How many there are.
    pub const COUNT: usize = 32;

    /// PAM_SUCCESS
    pub const SUCCESS: Self = Self(0);
    /// PAM_SERVICE_ERR
    pub const SERVICE_ERR: Self = Self(3);
    /// PAM_SYSTEM_ERR
    pub const SYSTEM_ERR: Self = Self(4);
    /// PAM_PERM_DENIED, which is also what libpam makes of a line that it cannot use.
    pub const PERM_DENIED: Self = Self(6);
    /// PAM_AUTH_ERR
    pub const AUTH_ERR: Self = Self(7);
    /// PAM_AUTHINFO_UNAVAIL
    pub const AUTHINFO_UNAVAIL: Self = Self(9);
    /// PAM_USER_UNKNOWN
    pub const USER_UNKNOWN: Self = Self(10);
    /// PAM_NEW_AUTHTOK_REQD
    pub const NEW_AUTHTOK_REQD: Self = Self(12);
    /// PAM_IGNORE
    pub const IGNORE: Self = Self(25);
    /// PAM_ABORT
    pub const ABORT: Self = Self(26);
    /// PAM_MODULE_UNKNOWN: the module's file is not there.
    pub const MODULE_UNKNOWN: Self = Self(28);
    /// PAM_INCOMPLETE
    pub const INCOMPLETE: Self = Self(31);

    /// The code with this word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        let index = WORDS.iter().position(|known| *known == word)?;
        Some(Self(u8::try_from(index).ok()?))
    }

    /// Every code, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..).map(Self).take(Self::COUNT)
    }

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        WORDS[self.index()]
    }

    /// Its number.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_word_of_its_own() {
        for code in Code::all() {
            assert_eq!(Code::named(code.word()), Some(code));
        }
        assert_eq!(Code::all().count(), Code::COUNT);
        assert_eq!(Code::IGNORE.word(), "ignore");
        assert_eq!(Code::MODULE_UNKNOWN.word(), "module_unknown");
        assert_eq!(Code::named("default"), None);
    }
}

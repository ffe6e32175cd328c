use std::ffi::c_int;
use std::fmt;
use std::ops::BitOr;

/// What libpam or a module returned: `PAM_AUTH_ERR(7)`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub struct Code(c_int);

macro_rules! codes {
    ($($name:ident = $number:literal, $word:literal;)*) => {
        impl Code {
            $(
                #[doc = concat!("`PAM_", stringify!($name), "`")]
                pub const $name: Self = Self($number);
            )*

            fn name(self) -> &'static str {
                match self.0 {
                    $($number => concat!("PAM_", stringify!($name)),)*
                    _ => "PAM_?",
                }
            }

            /// The word for it in a stack, in pam_debug's arguments and in the stand-in's: `auth_err`.
            pub fn word(self) -> &'static str {
                match self.0 {
                    $($number => $word,)*
                    _ => "unknown",
                }
            }
        }
    };
}

codes! {
    SUCCESS = 0, "success";
    OPEN_ERR = 1, "open_err";
    SYMBOL_ERR = 2, "symbol_err";
    SERVICE_ERR = 3, "service_err";
    SYSTEM_ERR = 4, "system_err";
    BUF_ERR = 5, "buf_err";
    PERM_DENIED = 6, "perm_denied";
    AUTH_ERR = 7, "auth_err";
    CRED_INSUFFICIENT = 8, "cred_insufficient";
    AUTHINFO_UNAVAIL = 9, "authinfo_unavail";
    USER_UNKNOWN = 10, "user_unknown";
    MAXTRIES = 11, "maxtries";
    NEW_AUTHTOK_REQD = 12, "new_authtok_reqd";
    ACCT_EXPIRED = 13, "acct_expired";
    SESSION_ERR = 14, "session_err";
    CRED_UNAVAIL = 15, "cred_unavail";
    CRED_EXPIRED = 16, "cred_expired";
    CRED_ERR = 17, "cred_err";
    NO_MODULE_DATA = 18, "no_module_data";
    CONV_ERR = 19, "conv_err";
    AUTHTOK_ERR = 20, "authtok_err";
    AUTHTOK_RECOVERY_ERR = 21, "authtok_recover_err";
    AUTHTOK_LOCK_BUSY = 22, "authtok_lock_busy";
    AUTHTOK_DISABLE_AGING = 23, "authtok_disable_aging";
    TRY_AGAIN = 24, "try_again";
    IGNORE = 25, "ignore";
    ABORT = 26, "abort";
    AUTHTOK_EXPIRED = 27, "authtok_expired";
    MODULE_UNKNOWN = 28, "module_unknown";
    BAD_ITEM = 29, "bad_item";
    CONV_AGAIN = 30, "conv_again";
    INCOMPLETE = 31, "incomplete";
}

impl Code {
    /// The code with this number, known or not.
    pub const fn new(number: c_int) -> Self {
        Self(number)
    }

    /// Its number in `_pam_types.h`.
    pub const fn number(self) -> c_int {
        self.0
    }

    /// Whether it is PAM_SUCCESS.
    pub fn is_success(self) -> bool {
        self == Self::SUCCESS
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}({})", self.name(), self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// What an application passes along with a call; combined with `|`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(c_int);

impl Flags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// `PAM_SILENT`
    pub const SILENT: Self = Self(0x8000);
    /// `PAM_DISALLOW_NULL_AUTHTOK`, for authenticate and account
    pub const DISALLOW_NULL_TOKEN: Self = Self(0x1);
    /// `PAM_ESTABLISH_CRED`
    pub const ESTABLISH: Self = Self(0x2);
    /// `PAM_DELETE_CRED`
    pub const DELETE: Self = Self(0x4);
    /// `PAM_REINITIALIZE_CRED`
    pub const REINITIALIZE: Self = Self(0x8);
    /// `PAM_REFRESH_CRED`
    pub const REFRESH: Self = Self(0x10);
    /// `PAM_CHANGE_EXPIRED_AUTHTOK`
    pub const CHANGE_EXPIRED: Self = Self(0x20);

    /// The bits.
    pub const fn bits(self) -> c_int {
        self.0
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What an application may set on a handle. (PAM_AUTHTOK is for modules: see [`Moment::set_token`].)
///
/// [`Moment::set_token`]: crate::Moment::set_token
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// `PAM_SERVICE`
    Service = 1,
    /// `PAM_USER`: who wants in
    User = 2,
    /// `PAM_TTY`
    Tty = 3,
    /// `PAM_RHOST`: the host the request comes from
    RemoteHost = 4,
    /// `PAM_RUSER`: who asks
    RemoteUser = 8,
    /// `PAM_USER_PROMPT`
    UserPrompt = 9,
    /// `PAM_XDISPLAY`
    Display = 11,
    /// `PAM_AUTHTOK_TYPE`
    TokenType = 13,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_shows_its_name_and_number() {
        assert_eq!(Code::AUTH_ERR.to_string(), "PAM_AUTH_ERR(7)");
        assert_eq!(format!("{:?}", Code::new(99)), "PAM_?(99)");
        assert_eq!(Code::INCOMPLETE.word(), "incomplete");
    }

    #[test]
    fn flags_combine() {
        assert_eq!((Flags::SILENT | Flags::ESTABLISH).bits(), 0x8002);
    }
}

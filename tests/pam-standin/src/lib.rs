//! A stand-in for `pam_unix` and for other modules a stack may contain. For tests only: never install it.
//!
//! It needs no root, no shadow file and no `unix_chkpwd`: the right password stands in its arguments.
//! (pam_exec with a script will not do: a wrong password is PAM_SYSTEM_ERR, without a delay, and its
//! setcred is PAM_IGNORE, on which pam_setcred fails.)
//!
//! `authenticate` works through them in a fixed order, whatever their order on the line:
//!
//! | argument | effect |
//! |---|---|
//! | `trace=NAME` | every entry point first says `NAME authenticate 0x0`, `NAME setcred 0x2`, ... as a PAM_TEXT_INFO |
//! | `set_token=X` | PAM_AUTHTOK becomes X unless a token is already there; then PAM_IGNORE |
//! | `replace_token=X` | PAM_AUTHTOK becomes X whatever was there; then PAM_IGNORE |
//! | `clear_token` | PAM_AUTHTOK is taken away; then PAM_IGNORE |
//! | `show_token` | says `token=X` or `no token` as a PAM_TEXT_INFO; then PAM_IGNORE |
//! | `password=X` | `pam_get_authtok`, which reuses a token or prompts; then PAM_SUCCESS or PAM_AUTH_ERR, having asked for a fail delay of 2 s |
//! | `nodelay` | no fail delay, as in pam_unix |
//! | `auth=WORD` `cred=WORD` | the code to return in place of the one above, in pam_debug's words: `auth=ignore` |
//!
//! Without `auth=` and without anything to do, `authenticate` is PAM_SERVICE_ERR. Every other entry
//! point returns PAM_SUCCESS, which is what pam_unix's setcred says without `likeauth`. A user name
//! is never looked up: an unknown user with the right password is let in, unlike in pam_unix.

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::{ptr, slice};

const PAM_SUCCESS: c_int = 0;
const PAM_SERVICE_ERR: c_int = 3;
const PAM_BUF_ERR: c_int = 5;
const PAM_AUTH_ERR: c_int = 7;
const PAM_IGNORE: c_int = 25;
const PAM_AUTHTOK: c_int = 6;
const PAM_TEXT_INFO: c_int = 4;
const FAIL_DELAY_MICROS: c_uint = 2_000_000;

/// The words of pam.conf and pam_debug, at the index that is their code.
const WORDS: [&[u8]; 32] = [
    b"success",
    b"open_err",
    b"symbol_err",
    b"service_err",
    b"system_err",
    b"buf_err",
    b"perm_denied",
    b"auth_err",
    b"cred_insufficient",
    b"authinfo_unavail",
    b"user_unknown",
    b"maxtries",
    b"new_authtok_reqd",
    b"acct_expired",
    b"session_err",
    b"cred_unavail",
    b"cred_expired",
    b"cred_err",
    b"no_module_data",
    b"conv_err",
    b"authtok_err",
    b"authtok_recover_err",
    b"authtok_lock_busy",
    b"authtok_disable_aging",
    b"try_again",
    b"ignore",
    b"abort",
    b"authtok_expired",
    b"module_unknown",
    b"bad_item",
    b"conv_again",
    b"incomplete",
];

#[repr(C)]
struct Handle {
    _opaque: [u8; 0],
}

#[link(name = "pam")]
unsafe extern "C" {
    fn pam_get_item(handle: *const Handle, item: c_int, value: *mut *const c_void) -> c_int;
    fn pam_set_item(handle: *mut Handle, item: c_int, value: *const c_void) -> c_int;
    fn pam_get_authtok(
        handle: *mut Handle,
        item: c_int,
        token: *mut *const c_char,
        prompt: *const c_char,
    ) -> c_int;
    fn pam_fail_delay(handle: *mut Handle, micros: c_uint) -> c_int;
    fn pam_prompt(
        handle: *mut Handle,
        style: c_int,
        response: *mut *mut c_char,
        format: *const c_char,
        ...
    ) -> c_int;
}

/// One call of one line of a stack.
struct Call<'a> {
    handle: *mut Handle,
    arguments: Vec<&'a [u8]>,
}

impl<'a> Call<'a> {
    /// # Safety
    /// The arguments of a `pam_sm_*` entry point, unchanged; the result must not outlive that call.
    unsafe fn new(handle: *mut Handle, argc: c_int, argv: *const *const c_char) -> Self {
        let argv = match usize::try_from(argc) {
            // SAFETY: the caller passes libpam's argv, which holds argc pointers.
            Ok(argc) if !argv.is_null() => unsafe { slice::from_raw_parts(argv, argc) },
            _ => &[],
        };
        let arguments = argv
            .iter()
            // SAFETY: libpam's arguments are NUL-terminated and live as long as the handle.
            .map(|argument| unsafe { CStr::from_ptr(*argument) }.to_bytes())
            .collect();
        Self { handle, arguments }
    }

    fn has(&self, flag: &[u8]) -> bool {
        self.arguments.contains(&flag)
    }

    fn value(&self, key: &[u8]) -> Option<&'a [u8]> {
        self.arguments
            .iter()
            .find_map(|argument| argument.strip_prefix(key)?.strip_prefix(b"="))
    }

    fn code(&self, key: &[u8]) -> Option<c_int> {
        let word = self.value(key)?;
        let code = WORDS.iter().position(|known| *known == word);
        Some(code.map_or(PAM_SERVICE_ERR, |code| code as c_int))
    }

    fn say(&self, text: &[u8]) {
        let Ok(text) = CString::new(text) else { return };
        // SAFETY: the handle is libpam's, the format takes one string, and a text has no response.
        unsafe {
            pam_prompt(
                self.handle,
                PAM_TEXT_INFO,
                ptr::null_mut(),
                c"%s".as_ptr(),
                text.as_ptr(),
            )
        };
    }

    fn trace(&self, entry: &str, flags: c_int) {
        if let Some(name) = self.value(b"trace") {
            self.say(&[name, format!(" {entry} {flags:#x}").as_bytes()].concat());
        }
    }

    fn token(&self) -> Option<Vec<u8>> {
        let mut value = ptr::null();
        // SAFETY: the handle is libpam's and `value` is a place for one pointer.
        let code = unsafe { pam_get_item(self.handle, PAM_AUTHTOK, &raw mut value) };
        if code != PAM_SUCCESS || value.is_null() {
            return None;
        }
        // SAFETY: PAM_AUTHTOK is a NUL-terminated string of libpam's; it is copied at once.
        Some(unsafe { CStr::from_ptr(value.cast()) }.to_bytes().to_vec())
    }

    fn set_token(&self, token: Option<&[u8]>) -> c_int {
        let Ok(token) = token.map(CString::new).transpose() else {
            return PAM_BUF_ERR;
        };
        let value = token.as_ref().map_or(ptr::null(), |token| token.as_ptr());
        // SAFETY: libpam copies the string, which lives until the end of this function.
        unsafe { pam_set_item(self.handle, PAM_AUTHTOK, value.cast()) }
    }

    fn compare_with(&self, password: &[u8]) -> c_int {
        let mut token = ptr::null();
        // SAFETY: the handle is libpam's, `token` a place for one pointer, the prompt libpam's own.
        let code =
            unsafe { pam_get_authtok(self.handle, PAM_AUTHTOK, &raw mut token, ptr::null()) };
        if code != PAM_SUCCESS {
            return code;
        }
        if !self.has(b"nodelay") {
            // SAFETY: the handle is libpam's. As pam_unix: once there is a token, whatever the verdict.
            unsafe { pam_fail_delay(self.handle, FAIL_DELAY_MICROS) };
        }
        if token.is_null() {
            return PAM_AUTH_ERR;
        }
        // SAFETY: after PAM_SUCCESS the token is a NUL-terminated string of libpam's.
        if unsafe { CStr::from_ptr(token) }.to_bytes() == password {
            PAM_SUCCESS
        } else {
            PAM_AUTH_ERR
        }
    }

    fn authenticate(&self) -> c_int {
        let mut code = PAM_SERVICE_ERR;
        let mut then = |next: c_int| {
            code = if next == PAM_SUCCESS {
                PAM_IGNORE
            } else {
                next
            };
        };
        if let Some(token) = self.value(b"set_token") {
            let there = self.token().is_some();
            then(if there {
                PAM_SUCCESS
            } else {
                self.set_token(Some(token))
            });
        }
        if let Some(token) = self.value(b"replace_token") {
            then(self.set_token(Some(token)));
        }
        if self.has(b"clear_token") {
            then(self.set_token(None));
        }
        if self.has(b"show_token") {
            match self.token() {
                Some(token) => self.say(&[b"token=".as_slice(), &token].concat()),
                None => self.say(b"no token"),
            }
            then(PAM_SUCCESS);
        }
        if let Some(password) = self.value(b"password") {
            code = self.compare_with(password);
        }
        self.code(b"auth").unwrap_or(code)
    }
}

/// Works through the arguments; see the table above.
///
/// # Safety
/// Called by libpam only, as the entry points below.
#[unsafe(no_mangle)]
unsafe extern "C" fn pam_sm_authenticate(
    handle: *mut Handle,
    flags: c_int,
    argc: c_int,
    argv: *const *const c_char,
) -> c_int {
    // SAFETY: these are the arguments libpam passed.
    let call = unsafe { Call::new(handle, argc, argv) };
    call.trace("authenticate", flags);
    call.authenticate()
}

macro_rules! entry_points {
    ($($symbol:ident $name:literal $key:literal),* $(,)?) => {$(
        /// Says that it was called, and returns PAM_SUCCESS or the code asked for.
        ///
        /// # Safety
        /// Called by libpam only.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $symbol(
            handle: *mut Handle,
            flags: c_int,
            argc: c_int,
            argv: *const *const c_char,
        ) -> c_int {
            // SAFETY: these are the arguments libpam passed.
            let call = unsafe { Call::new(handle, argc, argv) };
            call.trace($name, flags);
            call.code($key).unwrap_or(PAM_SUCCESS)
        }
    )*};
}

entry_points! {
    pam_sm_setcred "setcred" b"cred",
    pam_sm_acct_mgmt "account" b"acct",
    pam_sm_open_session "open_session" b"open_session",
    pam_sm_close_session "close_session" b"close_session",
    pam_sm_chauthtok "chauthtok" b"chauthtok",
}

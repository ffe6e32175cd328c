//! The PAM service `keydyn`: asks libpam whether a password is a user's, as an application.
//!
//! Own code, because what it is for is not to be had elsewhere: the answer is copied from memory
//! that is wiped straight into the one that libpam wipes, and the service is read from a named
//! directory (`pam_start_confdir`), so that libpam never falls back to the service `other`
//! unnoticed (docs/adr/0016).
#![expect(unsafe_code, reason = "calls into libpam, and its way back")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::{ptr, slice};

use crate::prompt::SecretLine;

pub use service::{Service, ServiceProblem};

mod service;

/// The service's name, and its file's.
pub const SERVICE: &str = "keydyn";

const PAM_SUCCESS: c_int = 0;
const PAM_BUF_ERR: c_int = 5;
const PAM_PERM_DENIED: c_int = 6;
const PAM_AUTH_ERR: c_int = 7;
const PAM_USER_UNKNOWN: c_int = 10;
const PAM_MAXTRIES: c_int = 11;
const PAM_CONV_ERR: c_int = 19;
const PAM_NEW_AUTHTOK_REQD: c_int = 12;
const PAM_ACCT_EXPIRED: c_int = 13;
const PAM_TTY: c_int = 3;
const PAM_PROMPT_ECHO_OFF: c_int = 1;
const PAM_ERROR_MSG: c_int = 3;
const PAM_TEXT_INFO: c_int = 4;

#[repr(C)]
struct Handle {
    _opaque: [u8; 0],
}

#[repr(C)]
struct Message {
    style: c_int,
    text: *const c_char,
}

#[repr(C)]
struct Response {
    text: *mut c_char,
    unused: c_int,
}

#[repr(C)]
struct Conversation {
    converse:
        unsafe extern "C" fn(c_int, *mut *const Message, *mut *mut Response, *mut c_void) -> c_int,
    application: *mut c_void,
}

#[link(name = "pam")]
unsafe extern "C" {
    fn pam_start_confdir(
        service: *const c_char,
        user: *const c_char,
        conversation: *const Conversation,
        confdir: *const c_char,
        handle: *mut *mut Handle,
    ) -> c_int;
    fn pam_end(handle: *mut Handle, status: c_int) -> c_int;
    fn pam_set_item(handle: *mut Handle, item: c_int, value: *const c_void) -> c_int;
    fn pam_authenticate(handle: *mut Handle, flags: c_int) -> c_int;
    fn pam_acct_mgmt(handle: *mut Handle, flags: c_int) -> c_int;
    fn pam_strerror(handle: *mut Handle, code: c_int) -> *const c_char;
}

/// Why a user was not let in. Says what libpam and its modules said, never what was typed.
#[derive(Debug, thiserror::Error)]
pub enum PamFailure {
    /// The password is wrong, or there is no such user: libpam does not tell which.
    #[error("the password is wrong")]
    WrongPassword,
    /// The password is right and out of date.
    #[error("the password has expired; change it first (`passwd`)")]
    PasswordExpired,
    /// The account is.
    #[error("the account has expired")]
    AccountExpired,
    /// The password is right and the service's `account` lines keep the user out. With what libpam
    /// calls the reason.
    #[error(
        "the password is right, but the account may not be used now ({0}): it is locked or expired, or a rule keeps it out; see `chage -l`, `faillock` and the `account` lines of the PAM service `keydyn`"
    )]
    AccountRefused(String),
    /// Anything else.
    #[error("the PAM service `keydyn` could not check the password: {0}")]
    Other(String),
}

impl Service {
    /// Asks whether this is the user's password and the account may be used. A wrong one takes as
    /// long as the service's modules ask for. What modules tell the user is added to `said`.
    ///
    /// # Errors
    /// Why not.
    pub fn check(
        &self,
        user: &str,
        tty: Option<&str>,
        password: &SecretLine,
        said: &mut Vec<String>,
    ) -> Result<(), PamFailure> {
        let mut answering = Answering {
            password: password.bytes(),
            answered: false,
            said: Vec::new(),
        };
        let result = self.transact(user, tty, &mut answering);
        said.append(&mut answering.said);
        result
    }

    fn transact(
        &self,
        user: &str,
        tty: Option<&str>,
        answering: &mut Answering<'_>,
    ) -> Result<(), PamFailure> {
        let text = |bytes: &[u8]| {
            CString::new(bytes).map_err(|_| PamFailure::Other("a NUL byte in a name".to_owned()))
        };
        let (service, user) = (text(SERVICE.as_bytes())?, text(user.as_bytes())?);
        let directory = text(self.directory.as_os_str().as_bytes())?;
        let tty = tty.map(|tty| text(tty.as_bytes())).transpose()?;
        let conversation = Conversation {
            converse,
            application: ptr::from_mut(answering).cast(),
        };
        let mut handle = ptr::null_mut();
        // SAFETY: the strings and the conversation live until after pam_end below, and libpam
        // copies them anyway; `handle` is a place for one pointer.
        let started = unsafe {
            pam_start_confdir(
                service.as_ptr(),
                user.as_ptr(),
                &raw const conversation,
                directory.as_ptr(),
                &raw mut handle,
            )
        };
        if started != PAM_SUCCESS {
            return Err(PamFailure::Other(explained(ptr::null_mut(), started)));
        }
        if let Some(tty) = &tty {
            // SAFETY: the handle is open and libpam copies the string. That it is not known is
            // no reason to fail.
            let _ = unsafe { pam_set_item(handle, PAM_TTY, tty.as_ptr().cast()) };
        }
        // SAFETY: the handle is open, and `answering` outlives it.
        let mut code = unsafe { pam_authenticate(handle, 0) };
        let believed = code == PAM_SUCCESS;
        if believed {
            // SAFETY: as above.
            code = unsafe { pam_acct_mgmt(handle, 0) };
        }
        let result = outcome(handle, code, believed);
        // SAFETY: the handle is open and not used after this.
        let _ = unsafe { pam_end(handle, code) };
        result
    }
}

/// `believed`: the code is the account's, as the password was right.
fn outcome(handle: *mut Handle, code: c_int, believed: bool) -> Result<(), PamFailure> {
    Err(match code {
        PAM_SUCCESS => return Ok(()),
        PAM_AUTH_ERR | PAM_USER_UNKNOWN | PAM_MAXTRIES | PAM_PERM_DENIED if believed => {
            PamFailure::AccountRefused(explained(handle, code))
        }
        PAM_AUTH_ERR | PAM_USER_UNKNOWN | PAM_MAXTRIES | PAM_PERM_DENIED => {
            PamFailure::WrongPassword
        }
        PAM_NEW_AUTHTOK_REQD => PamFailure::PasswordExpired,
        PAM_ACCT_EXPIRED => PamFailure::AccountExpired,
        code => PamFailure::Other(explained(handle, code)),
    })
}

fn explained(handle: *mut Handle, code: c_int) -> String {
    // SAFETY: Linux-PAM looks at the code only, and gives a string that is never freed.
    let text = unsafe { pam_strerror(handle, code) };
    if text.is_null() {
        return format!("code {code}");
    }
    // SAFETY: not null, and NUL-terminated.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_string_lossy().into_owned()
}

/// What the conversation needs.
struct Answering<'a> {
    password: &'a [u8],
    answered: bool,
    said: Vec<String>,
}

impl Answering<'_> {
    /// The answer to one message, `None` for a question that is not the one for the password.
    fn meet(&mut self, style: c_int, text: &CStr) -> Option<*mut c_char> {
        match style {
            PAM_PROMPT_ECHO_OFF if !self.answered => {
                self.answered = true;
                copy(self.password)
            }
            PAM_ERROR_MSG | PAM_TEXT_INFO => {
                let text = text.to_string_lossy();
                self.said
                    .push(text.chars().filter(|c| !c.is_control()).collect());
                Some(ptr::null_mut())
            }
            _ => None,
        }
    }
}

/// A copy for libpam, which wipes and frees it.
fn copy(bytes: &[u8]) -> Option<*mut c_char> {
    // SAFETY: calloc has no precondition; it leaves the NUL at the end.
    let text = unsafe { libc::calloc(bytes.len() + 1, 1) };
    if text.is_null() {
        return None;
    }
    // SAFETY: `text` has room for the bytes and is new.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), text.cast::<u8>(), bytes.len()) };
    Some(text.cast())
}

/// libpam's way into [`Answering`].
///
/// # Safety
/// Called by libpam with `count` messages and the pointer of [`Conversation`].
unsafe extern "C" fn converse(
    count: c_int,
    messages: *mut *const Message,
    responses: *mut *mut Response,
    application: *mut c_void,
) -> c_int {
    let count = match usize::try_from(count) {
        Ok(count @ 1..=32) if !messages.is_null() && !responses.is_null() => count,
        _ => return PAM_CONV_ERR,
    };
    // SAFETY: libpam passes an array of `count` pointers.
    let messages = unsafe { slice::from_raw_parts(messages, count) };
    // SAFETY: the pointer of `transact`, which does not touch it while libpam has it.
    let answering = unsafe { &mut *application.cast::<Answering<'_>>() };
    // SAFETY: calloc has no precondition; all zero is a response without a text.
    let array: *mut Response = unsafe { libc::calloc(count, size_of::<Response>()) }.cast();
    if array.is_null() {
        return PAM_BUF_ERR;
    }
    // SAFETY: calloc gave room for so many, and zero is a valid value of each.
    let answers = unsafe { slice::from_raw_parts_mut(array, count) };
    for (message, answer) in messages.iter().zip(answers.iter_mut()) {
        // SAFETY: libpam's pointers are null or to one of its messages.
        let message = unsafe { message.as_ref() };
        let met = message.filter(|m| !m.text.is_null()).and_then(|message| {
            // SAFETY: a message's text is NUL-terminated.
            let text = unsafe { CStr::from_ptr(message.text) };
            answering.meet(message.style, text)
        });
        match met {
            Some(text) => answer.text = text,
            None => {
                give_back(answers, answering.password.len());
                // SAFETY: from calloc above, and libpam does not get it.
                unsafe { libc::free(array.cast()) };
                return PAM_CONV_ERR;
            }
        }
    }
    // SAFETY: not null, hence the place where libpam wants the array.
    unsafe { responses.write(array) };
    PAM_SUCCESS
}

/// Wipes and frees answers that libpam does not get; a text is `len` bytes long.
fn give_back(answers: &mut [Response], len: usize) {
    use zeroize::Zeroize as _;
    for answer in answers.iter_mut().filter(|answer| !answer.text.is_null()) {
        // SAFETY: every text comes from `copy`, which made it so long.
        let bytes = unsafe { slice::from_raw_parts_mut(answer.text.cast::<u8>(), len) };
        bytes.zeroize();
        // SAFETY: from calloc, and freed once: nothing looks at the answer again.
        unsafe { libc::free(answer.text.cast()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tempfile::TempDir;

    pub(super) const PERMIT: &str = "auth required pam_permit.so\naccount required pam_permit.so\n";

    pub(super) fn service(text: &str) -> (TempDir, Result<Service, ServiceProblem>) {
        let place = TempDir::new().unwrap();
        fs::write(place.path().join(SERVICE), text).unwrap();
        let service = Service::in_directory(place.path());
        (place, service)
    }

    fn check(text: &str) -> Result<(), PamFailure> {
        let (_place, service) = service(text);
        let password = SecretLine::from_bytes(b"secret").unwrap();
        service
            .unwrap()
            .check("nobody", Some("tty9"), &password, &mut Vec::new())
    }

    #[test]
    fn libpam_s_answer_is_told_in_words() {
        assert!(check(PERMIT).is_ok());
        let with = |auth: &str, account: &str| {
            check(&format!(
                "auth required pam_debug.so auth={auth}\naccount required pam_debug.so acct={account}\n"
            ))
        };
        assert!(with("success", "success").is_ok());
        for wrong in ["auth_err", "user_unknown", "maxtries", "perm_denied"] {
            assert!(
                matches!(with(wrong, "success"), Err(PamFailure::WrongPassword)),
                "{wrong}"
            );
        }
        assert!(matches!(
            with("success", "acct_expired"),
            Err(PamFailure::AccountExpired)
        ));
        assert!(matches!(
            with("success", "new_authtok_reqd"),
            Err(PamFailure::PasswordExpired)
        ));
        for refused in ["auth_err", "user_unknown", "perm_denied"] {
            let failure = with("success", refused).unwrap_err();
            assert!(
                matches!(failure, PamFailure::AccountRefused(_)),
                "{refused}"
            );
            assert!(failure.to_string().contains("password is right"));
        }
        let down = with("authinfo_unavail", "success").unwrap_err().to_string();
        assert!(
            down.contains("cannot retrieve authentication info"),
            "{down}"
        );
    }

    #[test]
    fn only_the_password_is_answered_and_once() {
        let mut answering = Answering {
            password: b"secret",
            answered: false,
            said: Vec::new(),
        };
        let mut ask = |style, count: usize| {
            let message = Message {
                style,
                text: c"Pass\x1bword: ".as_ptr(),
            };
            let mut messages = vec![&raw const message; count];
            let mut responses: *mut Response = ptr::null_mut();
            let n = c_int::try_from(count).unwrap();
            // SAFETY: as libpam does it.
            let code = unsafe {
                converse(
                    n,
                    messages.as_mut_ptr(),
                    &mut responses,
                    (&raw mut answering).cast(),
                )
            };
            (code, responses)
        };
        let (code, responses) = ask(PAM_PROMPT_ECHO_OFF, 1);
        assert_eq!(code, PAM_SUCCESS);
        // SAFETY: one response, from calloc.
        let response = unsafe { responses.as_ref() }.unwrap();
        // SAFETY: a string from calloc with its NUL.
        let answer = unsafe { CStr::from_ptr(response.text) };
        assert_eq!(answer, c"secret");
        assert_eq!(
            ask(PAM_PROMPT_ECHO_OFF, 1).0,
            PAM_CONV_ERR,
            "no second time"
        );
        assert_eq!(ask(2, 1).0, PAM_CONV_ERR, "a name was asked for");
        assert_eq!(ask(PAM_TEXT_INFO, 2).0, PAM_SUCCESS);
        assert_eq!(ask(PAM_TEXT_INFO, 0).0, PAM_CONV_ERR);
        assert_eq!(ask(PAM_TEXT_INFO, 33).0, PAM_CONV_ERR);
        assert_eq!(answering.said, ["Password: "; 2]);
        // Two prompts at once: the answer to the first is taken back.
        answering.answered = false;
        let mut ask_two = [ptr::null(); 2];
        let message = Message {
            style: PAM_PROMPT_ECHO_OFF,
            text: c"".as_ptr(),
        };
        ask_two.fill(&raw const message);
        let mut responses = ptr::null_mut();
        // SAFETY: as libpam does it.
        let code = unsafe {
            converse(
                2,
                ask_two.as_mut_ptr(),
                &mut responses,
                (&raw mut answering).cast(),
            )
        };
        assert_eq!(code, PAM_CONV_ERR);
        assert!(responses.is_null());
    }
}

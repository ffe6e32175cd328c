//! What pam-bindings lacks: `pam_get_authtok`, names that are not UTF-8, `pam_fail_delay`, data that
//! learns at `pam_end` how the login ended, and syslog.
#![expect(unsafe_code, reason = "calls into libpam and libc")]

use std::cell::RefCell;
use std::ffi::{CStr, CString, OsStr, OsString, c_char, c_int, c_uint, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use pam::constants::PamResultCode;
use pam::module::{PamHandle, PamResult};
use zeroize::Zeroizing;

use crate::handover::Handover;

const PAM_SUCCESS: c_int = 0;
const PAM_AUTHTOK: c_int = 6;
const PAM_CONV_ERR: c_int = 19;
/// Flags that libpam adds to the status it tells a clean-up.
const PAM_DATA_SILENT: c_int = 0x4000_0000;
const PAM_DATA_REPLACE: c_int = 0x2000_0000;

#[link(name = "pam")]
unsafe extern "C" {
    fn pam_get_authtok(
        pamh: *mut PamHandle,
        item: c_int,
        authtok: *mut *const c_char,
        prompt: *const c_char,
    ) -> c_int;
    fn pam_get_user(pamh: *mut PamHandle, user: *mut *const c_char, prompt: *const c_char)
    -> c_int;
    fn pam_fail_delay(pamh: *mut PamHandle, usec: c_uint) -> c_int;
    fn pam_set_data(
        pamh: *mut PamHandle,
        name: *const c_char,
        data: *mut c_void,
        cleanup: unsafe extern "C" fn(*mut PamHandle, *mut c_void, c_int),
    ) -> c_int;
    fn pam_get_data(pamh: *const PamHandle, name: *const c_char, data: *mut *const c_void)
    -> c_int;
}

/// Asks for the password, stores it as PAM_AUTHTOK and gives a copy that wipes itself. Every
/// failure is a conversation's: cancelled, or without an answer.
pub(crate) fn ask_for_password(pamh: &mut PamHandle) -> PamResult<Zeroizing<Vec<u8>>> {
    let mut token = ptr::null();
    // SAFETY: the handle is libpam's own for this call, the out-pointer is valid, and a null
    // prompt asks for libpam's own text.
    let code = unsafe { pam_get_authtok(pamh, PAM_AUTHTOK, &mut token, ptr::null()) };
    if code != PAM_SUCCESS || token.is_null() {
        return Err(PamResultCode::PAM_CONV_ERR);
    }
    // SAFETY: on success it points to a string that libpam keeps until the item is set again.
    let token = unsafe { CStr::from_ptr(token) };
    Ok(Zeroizing::new(token.to_bytes().to_vec()))
}

/// The user's name, asked for if it is not known: its bytes, which need not be UTF-8.
pub(crate) fn user(pamh: &mut PamHandle) -> PamResult<OsString> {
    let mut user = ptr::null();
    // SAFETY: the handle is libpam's own for this call, the out-pointer is valid, and a null
    // prompt asks for libpam's own text.
    let code = unsafe { pam_get_user(pamh, &mut user, ptr::null()) };
    match code {
        PAM_SUCCESS if !user.is_null() => {}
        PAM_CONV_ERR => return Err(PamResultCode::PAM_CONV_ERR),
        _ => return Err(PamResultCode::PAM_USER_UNKNOWN),
    }
    // SAFETY: on success it points to a string that libpam keeps until the item is set again.
    let user = unsafe { CStr::from_ptr(user) };
    Ok(OsStr::from_bytes(user.to_bytes()).to_owned())
}

/// What pam_unix asks for. libpam varies it, and takes the longest that anybody has asked for.
const FAIL_DELAY_US: u32 = 2_000_000;

/// Has libpam wait before it tells of a failure.
pub(crate) fn delay_failure(pamh: &mut PamHandle) {
    // SAFETY: the handle is libpam's own for this call.
    let _ = unsafe { pam_fail_delay(pamh, FAIL_DELAY_US) };
}

const NAME: &CStr = c"keydyn_handover";

/// Leaves the handover on the handle for the next phase; one that was there before is wiped.
pub(crate) fn leave(pamh: &mut PamHandle, handover: Handover) -> PamResult<()> {
    let data = Box::into_raw(Box::new(RefCell::new(handover)));
    // SAFETY: libpam owns the data from here on and gives it back to `at_end`, once.
    let code = unsafe { pam_set_data(pamh, NAME.as_ptr(), data.cast(), at_end) };
    if code == PAM_SUCCESS {
        return Ok(());
    }
    // SAFETY: libpam did not take it, so it is still the box made above.
    drop(unsafe { Box::from_raw(data) });
    Err(PamResultCode::PAM_BUF_ERR)
}

/// What `capture` left on this handle.
pub(crate) fn left(pamh: &PamHandle) -> Option<&RefCell<Handover>> {
    let mut data = ptr::null();
    // SAFETY: the handle is libpam's own for this call and the out-pointer is valid.
    let code = unsafe { pam_get_data(pamh, NAME.as_ptr(), &mut data) };
    if code != PAM_SUCCESS {
        return None;
    }
    // SAFETY: only `leave` sets data of this name, to a boxed cell that lives until `at_end`,
    // which cannot run while the handle is borrowed.
    unsafe { data.cast::<RefCell<Handover>>().as_ref() }
}

/// Wipes what an attempt before has left on this handle.
pub(crate) fn forget(pamh: &PamHandle) {
    if let Some(handover) = left(pamh)
        && let Ok(mut handover) = handover.try_borrow_mut()
    {
        handover.judged = true;
        handover.forget();
    }
}

/// libpam's clean-up: at `pam_end`, or when another authenticate replaces the data.
unsafe extern "C" fn at_end(_: *mut PamHandle, data: *mut c_void, status: c_int) {
    if data.is_null() {
        return;
    }
    // SAFETY: it is the box that `leave` gave away, and libpam calls this once for it.
    let data = unsafe { Box::from_raw(data.cast::<RefCell<Handover>>()) };
    // Silent is a forked child's copy: what is to be learned is the parent's business.
    let logged_in = status & (PAM_DATA_SILENT | PAM_DATA_REPLACE) == 0 && status == PAM_SUCCESS;
    let finish = AssertUnwindSafe(|| data.into_inner().finish(logged_in));
    if let Err(payload) = catch_unwind(finish) {
        // Dropping a payload can panic again.
        std::mem::forget(payload);
    }
}

/// syslog(3), for logs that only the host can reach, or only as it does. May wait.
pub(crate) fn syslog(priority: c_int, line: &str) {
    if let Ok(line) = CString::new(line) {
        // SAFETY: the format takes one string, and it is given one.
        unsafe { libc::syslog(priority, c"%s".as_ptr(), line.as_ptr()) };
    }
}

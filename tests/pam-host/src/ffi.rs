//! libpam as an application sees it (`security/pam_appl.h`).

use std::ffi::{c_char, c_int, c_uint, c_void};

pub(crate) const PAM_PROMPT_ECHO_OFF: c_int = 1;
pub(crate) const PAM_PROMPT_ECHO_ON: c_int = 2;
pub(crate) const PAM_ERROR_MSG: c_int = 3;
pub(crate) const PAM_TEXT_INFO: c_int = 4;

pub(crate) const PAM_AUTHTOK: c_int = 6;
pub(crate) const PAM_FAIL_DELAY: c_int = 10;

/// `pam_handle_t`
#[repr(C)]
pub(crate) struct Handle {
    _opaque: [u8; 0],
}

/// `struct pam_message`
#[repr(C)]
pub(crate) struct RawMessage {
    pub(crate) style: c_int,
    pub(crate) text: *const c_char,
}

/// `struct pam_response`
#[repr(C)]
pub(crate) struct RawResponse {
    pub(crate) text: *mut c_char,
    pub(crate) unused: c_int,
}

/// What PAM_CONV points to.
pub(crate) type Converse = unsafe extern "C" fn(
    count: c_int,
    messages: *mut *const RawMessage,
    responses: *mut *mut RawResponse,
    application: *mut c_void,
) -> c_int;

/// What PAM_FAIL_DELAY points to.
pub(crate) type Delay = unsafe extern "C" fn(code: c_int, micros: c_uint, application: *mut c_void);

/// `struct pam_conv`
#[repr(C)]
pub(crate) struct RawConversation {
    pub(crate) converse: Option<Converse>,
    pub(crate) application: *mut c_void,
}

#[link(name = "pam")]
unsafe extern "C" {
    pub(crate) fn pam_start_confdir(
        service: *const c_char,
        user: *const c_char,
        conversation: *const RawConversation,
        confdir: *const c_char,
        handle: *mut *mut Handle,
    ) -> c_int;
    pub(crate) fn pam_end(handle: *mut Handle, status: c_int) -> c_int;
    pub(crate) fn pam_set_item(handle: *mut Handle, item: c_int, value: *const c_void) -> c_int;
    pub(crate) fn pam_get_item(
        handle: *const Handle,
        item: c_int,
        value: *mut *const c_void,
    ) -> c_int;
    pub(crate) fn pam_authenticate(handle: *mut Handle, flags: c_int) -> c_int;
    pub(crate) fn pam_setcred(handle: *mut Handle, flags: c_int) -> c_int;
    pub(crate) fn pam_acct_mgmt(handle: *mut Handle, flags: c_int) -> c_int;
    pub(crate) fn pam_open_session(handle: *mut Handle, flags: c_int) -> c_int;
    pub(crate) fn pam_close_session(handle: *mut Handle, flags: c_int) -> c_int;
    pub(crate) fn pam_chauthtok(handle: *mut Handle, flags: c_int) -> c_int;
}

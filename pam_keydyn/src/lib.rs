//! pam_keydyn: a second factor that is how you type your password.
//!
//! Two lines of a PAM stack make one factor. `capture` stands in front of the password module and
//! listens while the password is typed; `verify` stands behind it and judges the rhythm of a
//! password that was right. What every outcome returns is in `outcome.rs`, and in words in
//! docs/pam-semantics.md.
//!
//! ```text
//! capture::authenticate -> Handover -> verify::authenticate -> Outcome -> return code
//!                             \-> learning::finish (setcred, or pam_end)
//! ```

mod budget;
mod capture;
mod carried;
mod configuration;
mod ffi;
mod handover;
mod learning;
mod log;
mod machine;
mod outcome;
#[cfg(feature = "replay-source")]
mod replay;
mod verify;

use std::ffi::CStr;

use keydyn_core::settings::{Line, Settings};
use pam::constants::{
    PAM_ESTABLISH_CRED, PAM_REFRESH_CRED, PAM_REINITIALIZE_CRED, PamFlag, PamResultCode,
};
use pam::module::{PamHandle, PamHooks};

/// Out of memory is an answer too: no allocation that fails ends the host.
#[global_allocator]
static MEMORY: keydyn_sys::reserve::Reserve = keydyn_sys::reserve::Reserve;

struct Keydyn;

/// The six functions that libpam looks for.
mod entry_points {
    use super::Keydyn;
    pam::pam_hooks!(Keydyn);
}

impl PamHooks for Keydyn {
    fn sm_authenticate(pamh: &mut PamHandle, args: Vec<&CStr>, _: PamFlag) -> PamResultCode {
        log::withhold_panic_payloads();
        let settings = configuration::settings(&args);
        match settings.line {
            Some(Line::Capture) => capture::authenticate(pamh, &settings),
            Some(Line::Verify) => verify::authenticate(pamh, &settings),
            None => verify::authenticate_without_a_line(pamh, &settings),
        }
    }

    /// Always a success, so that a stack in which keydyn stands alone can set credentials; it has
    /// none of its own.
    fn sm_setcred(pamh: &mut PamHandle, args: Vec<&CStr>, flags: PamFlag) -> PamResultCode {
        log::withhold_panic_payloads();
        // The file of settings was read by `verify`, which leaves them beside what may be learned.
        let settings = Settings::parse(&args);
        let logged_in = PAM_ESTABLISH_CRED | PAM_REINITIALIZE_CRED | PAM_REFRESH_CRED;
        if flags & logged_in != 0 {
            match settings.line {
                Some(Line::Capture) => learning::check_reached(pamh, &settings),
                Some(Line::Verify) => learning::set_credentials(pamh),
                None => {}
            }
        }
        PamResultCode::PAM_SUCCESS
    }
}

//! What `capture` leaves on the PAM handle for `verify`, setcred and `pam_end`.

use std::ffi::OsString;
use std::time::Duration;

use keydyn_core::device::Device;
use keydyn_core::settings::Settings;
use keydyn_core::store::host::HostKey;
use keydyn_core::store::vault::Vault;
use keydyn_sys::secret::SecretPage;
use keydyn_sys::source::Whereabouts;

use crate::carried::Carried;
use crate::learning;
use crate::machine::Machine;

/// One login between its phases. The secrets are in the page; dropping it wipes them.
pub(crate) struct Handover {
    pub(crate) user: OsString,
    /// The user's uid, where there is such a user and the name service has said so.
    pub(crate) uid: Option<u32>,
    pub(crate) whereabouts: Whereabouts,
    /// What makes the keyboard doubtful that was typed on.
    pub(crate) device: Device,
    /// Empty if the attempt was not captured: elsewhere, no key, no memory.
    pub(crate) page: SecretPage,
    /// What `capture` has spent of the time for this login.
    pub(crate) spent: Duration,
    /// No key was derived because the time was over.
    pub(crate) late: bool,
    /// `verify` was reached.
    pub(crate) judged: bool,
    /// What `verify` has left to do once the login has succeeded: the attempt may be learned, or the
    /// profile is to be sealed anew.
    pub(crate) pending: Option<Pending>,
}

/// What learning needs besides the page.
pub(crate) struct Pending {
    pub(crate) machine: Machine,
    pub(crate) settings: Settings,
    /// The attempt may be learned.
    pub(crate) learn: bool,
    /// The profile that it opened is sealed under outdated parameters.
    pub(crate) renew: bool,
}

impl Handover {
    /// The login is over. Learns what no setcred has taken, if it succeeded; wipes the rest.
    pub(crate) fn finish(mut self, logged_in: bool) {
        if logged_in {
            learning::learn_pending(&mut self);
        }
    }

    /// Nothing of this attempt is wanted any more.
    pub(crate) fn forget(&mut self) {
        self.pending = None;
        self.page.wipe();
    }

    /// What the page carries.
    pub(crate) fn carried(&self) -> Option<Carried> {
        Carried::load(&self.page)
    }
}

/// The account's files on this machine. `host` is borrowed from the caller.
pub(crate) fn vault<'a>(machine: &'a Machine, uid: u32, host: Option<&'a HostKey>) -> Vault<'a> {
    Vault::new(uid, &machine.main, &machine.run, host)
}

//! Where the key events of a login come from.

use std::ffi::OsStr;

use keydyn_core::acquire::FailureToAcquire;
use keydyn_core::device::Device;
use keydyn_core::trace::Trace;

/// Where the typing of a login takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// At this machine's keyboards.
    Local,
    /// Elsewhere: over the network, on a serial line, before the conversation began.
    NotLocal,
    /// This process may not read the keyboards.
    Unprivileged,
}

/// What PAM tells about the conversation in which a password is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Conversation<'a> {
    /// PAM_SERVICE.
    pub service: &'a str,
    /// PAM_USER: whose password is asked for.
    pub user: &'a OsStr,
    /// PAM_TTY.
    pub tty: Option<&'a str>,
    /// PAM_RHOST.
    pub remote_host: Option<&'a str>,
    /// PAM_RUSER.
    pub remote_user: Option<&'a OsStr>,
}

/// What a source heard while the password was asked for.
#[derive(Debug)]
pub struct Heard {
    /// Where the typing took place.
    pub whereabouts: Whereabouts,
    /// The key events between question and answer, or why there are none to judge.
    pub typing: Result<Trace, FailureToAcquire>,
    /// Which keyboard model it was, 0 where that is not known.
    pub keyboard: u32,
    /// What makes that keyboard doubtful.
    pub device: Device,
}

/// Something that hears key events while an application asks for a password.
pub trait KeySource {
    /// Begins to listen; called before the prompt appears.
    fn listen(&mut self, conversation: &Conversation<'_>);

    /// Stops listening; called when the answer is there, or the conversation was cancelled.
    fn finish(&mut self) -> Heard;
}

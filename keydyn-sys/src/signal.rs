//! Threads of a module must not take the host's signals.

use std::io;

use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};

/// While this lives, the calling thread takes no signals, nor does any thread it starts: those
/// keep the mask they were born with.
#[derive(Debug)]
pub(crate) struct Blocked {
    before: SigSet,
}

impl Blocked {
    /// Blocks every signal for the calling thread.
    ///
    /// # Errors
    /// If the system refuses, which it has no reason to.
    pub(crate) fn all() -> io::Result<Self> {
        let mut before = SigSet::empty();
        pthread_sigmask(
            SigmaskHow::SIG_SETMASK,
            Some(&SigSet::all()),
            Some(&mut before),
        )?;
        Ok(Self { before })
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&self.before), None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::Signal;

    fn mask() -> SigSet {
        SigSet::thread_get_mask().unwrap()
    }

    #[test]
    fn a_thread_begun_meanwhile_takes_none_and_the_caller_has_its_own_back() {
        let before = mask();
        let blocked = Blocked::all().unwrap();
        let inner = std::thread::spawn(mask).join().unwrap();
        drop(blocked);
        assert!(inner.contains(Signal::SIGTERM) && inner.contains(Signal::SIGCHLD));
        assert_eq!(mask(), before);
    }
}

//! Hosts set timers and handle signals: a call that one of them interrupts is made again.

use nix::errno::Errno;

/// A host whose signals come faster than a call can be made waits no longer than this.
const AT_MOST: u32 = 1000;

/// What the call gives when no signal interrupts it.
pub(crate) fn again<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    for _ in 0..AT_MOST {
        match call() {
            Err(Errno::EINTR) => {}
            done => return done,
        }
    }
    call()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_call_is_made_again_and_not_for_ever() {
        let mut calls = 0;
        let done = again(|| {
            calls += 1;
            if calls < 5 {
                Err(Errno::EINTR)
            } else {
                Ok(calls)
            }
        });
        assert_eq!(done, Ok(5));
        assert_eq!(again(|| Err::<(), _>(Errno::EIO)), Err(Errno::EIO));
        assert_eq!(again(|| Err::<(), _>(Errno::EINTR)), Err(Errno::EINTR));
    }
}

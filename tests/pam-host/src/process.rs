use crate::application::CALLS;
use crate::{Code, Error};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::PoisonError;
use std::thread;
use std::time::{Duration, Instant};

/// Runs this on a thread of its own and returns when the thread is gone, its thread-local
/// destructors included: a module that left one behind and was unloaded crashes the process here.
pub fn on_a_thread<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    let run = thread::scope(|scope| scope.spawn(run).join());
    run.unwrap_or_else(|panic| resume_unwind(panic))
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum ChildEnd {
    /// It returned this code.
    Code(Code),
    /// It panicked.
    Panicked,
    /// A signal ended it.
    Signal(i32),
    /// It was still running after a minute, and was killed.
    Hung,
}

/// Runs this in a forked child, which may go on with an application of the parent's, and returns the
/// code it returned. The child runs no destructors but those of what was moved into the closure.
///
/// Not from within a conversation.
///
/// # Errors
/// There could be no child.
pub fn in_a_child(run: impl FnOnce() -> Code) -> Result<ChildEnd, Error> {
    const PANICKED: i32 = 101;
    let guard = CALLS.write().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: no other thread is in libpam (the guard), glibc makes malloc usable in a child, and the
    // child leaves by _exit.
    let pid = unsafe { libc::fork() };
    drop(guard);
    match pid {
        0 => {
            let code = catch_unwind(AssertUnwindSafe(run));
            let status = code.map_or(PANICKED, Code::number);
            // SAFETY: ends this process, and has no precondition.
            unsafe { libc::_exit(status) }
        }
        pid if pid > 0 => wait(pid).map(|status| match status {
            None => ChildEnd::Hung,
            Some(status) if libc::WIFSIGNALED(status) => ChildEnd::Signal(libc::WTERMSIG(status)),
            Some(status) if libc::WEXITSTATUS(status) == PANICKED => ChildEnd::Panicked,
            Some(status) => ChildEnd::Code(Code::new(libc::WEXITSTATUS(status))),
        }),
        _ => Err(Error::Fork(io::Error::last_os_error())),
    }
}

/// The status of our own child, or nothing if it had to be killed.
fn wait(pid: libc::pid_t) -> Result<Option<libc::c_int>, Error> {
    const AT_MOST: Duration = Duration::from_secs(60);
    let start = Instant::now();
    let mut hung = false;
    loop {
        let mut status = 0;
        let options = if hung { 0 } else { libc::WNOHANG };
        // SAFETY: `status` is a place for one int.
        match unsafe { libc::waitpid(pid, &raw mut status, options) } {
            0 if start.elapsed() > AT_MOST => {
                // SAFETY: our own child, which has not been waited for: the number is still its.
                unsafe { libc::kill(pid, libc::SIGKILL) };
                hung = true;
            }
            0 => thread::sleep(Duration::from_millis(2)),
            done if done == pid => return Ok((!hung).then_some(status)),
            _ => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error => return Err(Error::Fork(error)),
            },
        }
    }
}

//! Systems that refuse what listening takes, by a filter of system calls for the test's own thread
//! and those that it begins.

#![expect(unsafe_code, reason = "a filter of system calls is set by prctl(2)")]

use super::*;

/// From here on these calls fail.
fn refuse(calls: &[libc::c_long], errno: Errno) {
    let step = |code: u32, value: u32, if_not: u8| libc::sock_filter {
        code: u16::try_from(code).unwrap(),
        jt: 0,
        jf: if_not,
        k: value,
    };
    let give = libc::BPF_RET | libc::BPF_K;
    let mut filter = vec![step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0)];
    for call in calls {
        let is_it = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
        filter.push(step(is_it, u32::try_from(*call).unwrap(), 1));
        filter.push(step(give, libc::SECCOMP_RET_ERRNO | errno as u32, 0));
    }
    filter.push(step(give, libc::SECCOMP_RET_ALLOW, 0));
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).unwrap(),
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: takes numbers only.
    let done = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    assert_eq!(done, 0);
    let mode = libc::SECCOMP_MODE_FILTER;
    // SAFETY: the program and its filter live through the call, which copies them.
    let done = unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program) };
    assert_eq!(done, 0);
}

/// What comes of listening on a desk with one keyboard, under this filter.
fn listen(calls: &[libc::c_long], errno: Errno) -> Result<Report, NotReading> {
    let desk = Desk::new();
    let _typist = desk.keyboard(1, "");
    refuse(calls, errno);
    Reader::start(&desk.devices(), "seat0").and_then(Reader::finish)
}

#[test]
fn no_thread_is_a_failure_and_never_a_sandbox() {
    for errno in [Errno::EAGAIN, Errno::EPERM] {
        let without = move || listen(&[libc::SYS_clone, libc::SYS_clone3], errno).map(|_| ());
        let found = std::thread::spawn(without).join().unwrap();
        assert_eq!(found, Err(NotReading::Failed), "{errno}");
    }
}

#[test]
fn neither_are_no_descriptors_for_the_threads_to_be_woken_by() {
    for call in [libc::SYS_socketpair, libc::SYS_eventfd2] {
        let without = move || listen(&[call], Errno::EMFILE).map(|_| ());
        let found = std::thread::spawn(without).join().unwrap();
        assert_eq!(found, Err(NotReading::Failed), "{call}");
    }
}

#[test]
fn without_random_numbers_and_without_a_watch_it_listens() {
    for (call, errno) in [
        (libc::SYS_getrandom, Errno::ENOSYS),
        (libc::SYS_inotify_init1, Errno::EMFILE),
    ] {
        let without = move || listen(&[call], errno).map(|_| ());
        let found = std::thread::spawn(without).join().unwrap();
        assert_eq!(found, Ok(()), "{call}");
    }
}

/// A device that may be opened and not asked anything is as good as hidden; whoever calls a program
/// with root's rights cannot put a filter on it.
#[test]
fn a_device_that_may_not_be_asked_is_refused_like_a_hidden_one() {
    let without = || {
        refuse(&[libc::SYS_ioctl], Errno::EPERM);
        let opened = Keyboard::open(std::path::Path::new("/dev/null"));
        opened.err().map(hidden)
    };
    let found = std::thread::spawn(without).join().unwrap();
    assert_eq!(found, Some(NotReading::Hidden));
}

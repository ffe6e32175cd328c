//! A process whose system refuses it things: by a filter of system calls, limits, mounts.

use std::ffi::CString;
use std::fs;
use std::hint::black_box;
use std::io;
use std::ptr;

/// A system call that fails from here on.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// `libc::SYS_...`
    pub call: libc::c_long,
    /// Only where this is true of an argument.
    pub only: Option<Only>,
    /// What it fails with.
    pub errno: i32,
}

/// What a filter can tell of an argument: its number, and the lower half of its value.
#[derive(Clone, Copy, Debug)]
pub enum Only {
    /// It is as large as this.
    AtLeast(u32, u32),
    /// It has one of these bits.
    HasBits(u32, u32),
}

impl Refusal {
    /// The call always fails.
    pub fn of(call: libc::c_long, errno: i32) -> Self {
        Self {
            call,
            only: None,
            errno,
        }
    }
}

/// seccomp(2) for this thread and those that it starts. For a child process.
///
/// # Panics
/// If the system has no filters.
pub fn refuse(refusals: &[Refusal]) {
    let mut filter: Vec<_> = refusals.iter().flat_map(|one| instructions(*one)).collect();
    filter.push(instruction(
        libc::BPF_RET | libc::BPF_K,
        libc::SECCOMP_RET_ALLOW,
        0,
    ));
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).expect("a short filter"),
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: takes numbers, and changes this process only.
    let done = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    assert_eq!(done, 0, "no new privileges");
    // SAFETY: the program and its filter live through the call, which copies them.
    let done = unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const program,
        )
    };
    assert_eq!(done, 0, "a filter: {}", io::Error::last_os_error());
}

/// Loads the number of the call, then the argument, and returns the error where both are met.
fn instructions(refusal: Refusal) -> Vec<libc::sock_filter> {
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let jump = |test| libc::BPF_JMP | test | libc::BPF_K;
    let number = u32::try_from(refusal.call).expect("a system call");
    let errno = refusal.errno.cast_unsigned() & libc::SECCOMP_RET_DATA;
    let refused = instruction(
        libc::BPF_RET | libc::BPF_K,
        libc::SECCOMP_RET_ERRNO | errno,
        0,
    );
    let argument = |index: u32, test, value| {
        // linux/seccomp.h: struct seccomp_data.
        let low = 16 + 8 * index;
        vec![instruction(load, low, 0), instruction(jump(test), value, 1)]
    };
    let mut body = match refusal.only {
        None => Vec::new(),
        Some(Only::AtLeast(index, least)) => argument(index, libc::BPF_JGE, least),
        Some(Only::HasBits(index, bits)) => argument(index, libc::BPF_JSET, bits),
    };
    body.push(refused);
    let past = u8::try_from(body.len()).expect("a short filter");
    let mut all = vec![
        instruction(load, 0, 0),
        instruction(jump(libc::BPF_JEQ), number, past),
    ];
    all.append(&mut body);
    all
}

fn instruction(code: u32, value: u32, if_not: u8) -> libc::sock_filter {
    libc::sock_filter {
        code: u16::try_from(code).expect("an instruction"),
        jt: 0,
        jf: if_not,
        k: value,
    }
}

/// The soft limit of this process, and of a user who is not root the hard one too.
///
/// # Panics
/// If it cannot be set.
pub fn limit(resource: libc::__rlimit_resource_t, most: u64) {
    let mut limit = libc::rlimit {
        rlim_cur: most,
        rlim_max: most,
    };
    // SAFETY: a place for one limit.
    assert_eq!(unsafe { libc::getrlimit(resource, &raw mut limit) }, 0);
    limit.rlim_cur = most.min(limit.rlim_max);
    // SAFETY: the structure is valid for the call.
    assert_eq!(unsafe { libc::setrlimit(resource, &limit) }, 0);
}

/// From here on only so many descriptors can be opened at the same time.
///
/// # Panics
/// If there is none to begin with.
pub fn leave_descriptors(free: u64) {
    limit(libc::RLIMIT_NOFILE, 4096);
    let mut highest = 0;
    // The lower ones are filled up, so that the limit counts exactly those above.
    for _ in 0..64 {
        // SAFETY: duplicates a descriptor that is open in every process.
        highest = unsafe { libc::dup(0) };
        assert!(highest >= 0);
    }
    let highest = u64::try_from(highest).expect("a descriptor");
    limit(libc::RLIMIT_NOFILE, highest + 1 + free);
}

/// From here on the address space grows by so much at most.
///
/// # Panics
/// If the limit cannot be set.
pub fn leave_memory(bytes: u64) {
    let pages = fs::read_to_string("/proc/self/statm").expect("statm");
    let pages = pages.split(' ').next().and_then(|n| n.parse::<u64>().ok());
    limit(libc::RLIMIT_AS, pages.expect("pages") * 4096 + bytes);
}

/// Takes what is left of the heap too, but for about so many bytes.
pub fn exhaust_memory(left: usize) {
    leave_memory(0);
    // SAFETY: malloc may be asked for any size; what it gives is never touched.
    let kept = unsafe { libc::malloc(left.max(1)) };
    for size in [1 << 20, 1 << 16, 1 << 12, 1 << 9, 1 << 7, 32, 16] {
        // SAFETY: as above.
        while !black_box(unsafe { libc::malloc(size) }).is_null() {}
    }
    if left > 0 {
        // SAFETY: it came from malloc, or is null.
        unsafe { libc::free(kept) };
    }
}

/// Gives this process mounts that nobody else sees; whether the system allows it.
///
/// # Panics
/// If it allows it and then does not.
pub fn own_mounts() -> bool {
    // SAFETY: changes this process only.
    let allowed = unsafe { libc::unshare(libc::CLONE_NEWNS) } == 0;
    if allowed {
        mount("none", "/", "", libc::MS_REC | libc::MS_PRIVATE);
    }
    allowed
}

/// An empty file system over this directory, for whoever has mounts of their own.
///
/// # Panics
/// If it cannot be mounted.
pub fn empty(directory: &str) {
    mount("tmpfs", directory, "tmpfs", 0);
}

/// This file in place of another one, for whoever has mounts of their own.
///
/// # Panics
/// If it cannot be mounted.
pub fn in_place_of(file: &str, other: &str) {
    mount(file, other, "", libc::MS_BIND);
}

fn mount(source: &str, target: &str, kind: &str, flags: libc::c_ulong) {
    let text = |text: &str| CString::new(text).expect("no NUL");
    let (source, target, kind) = (text(source), text(target), text(kind));
    // SAFETY: all are strings that live through the call.
    let done = unsafe {
        libc::mount(
            source.as_ptr(),
            target.as_ptr(),
            kind.as_ptr(),
            flags,
            ptr::null(),
        )
    };
    assert_eq!(done, 0, "mount: {}", io::Error::last_os_error());
}

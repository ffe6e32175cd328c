//! A host that logs people in all day - a greeter, a locker, polkit's agent - stays as small as it
//! was: memory, descriptors and threads, whatever comes of the logins.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "tests; the long ones show what they measured"
)]

use std::fs;

use pam_host::{Application, Code, Conversation, Flags, Stack};
use stacks::{Machine, PASSWORD, Typing, USER};

/// What a process takes.
#[derive(Clone, Copy, Debug)]
struct Size {
    resident_kib: u64,
    heap_bytes: usize,
    descriptors: usize,
    threads: usize,
    mappings: usize,
}

impl Size {
    fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").expect("status");
        let resident = status.lines().find_map(|line| {
            let kib = line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?;
            kib.trim().parse().ok()
        });
        let maps = fs::read_to_string("/proc/self/maps").expect("maps");
        let count = |directory: &str| fs::read_dir(directory).expect("a directory").count();
        // SAFETY: mallinfo2 has no precondition.
        let heap = unsafe { libc::mallinfo2() };
        Self {
            resident_kib: resident.expect("a number"),
            heap_bytes: heap.uordblks + heap.hblkhd,
            descriptors: count("/proc/self/fd"),
            threads: count("/proc/self/task"),
            mappings: maps.lines().count(),
        }
    }

    /// A page here or there is no growth, nor is what malloc keeps for the next time, which it
    /// counts as in use. A key derivation's 19 MiB would be, and so would a block lost at each login
    /// of a long day.
    fn assert_no_larger_than(&self, early: &Self) {
        let what = format!("{early:?}, later {self:?}");
        assert_eq!(self.descriptors, early.descriptors, "{what}");
        assert_eq!(self.threads, early.threads, "{what}");
        assert!(self.mappings <= early.mappings + 4, "{what}");
        assert!(self.resident_kib <= early.resident_kib + 256, "{what}");
        assert!(self.heap_bytes <= early.heap_bytes + 64 * 1024, "{what}");
    }
}

/// One login of many, each sixth of another kind; whether it came to what it was meant to.
fn log_in(machine: &mut Machine, stack: &Stack, i: u64) -> bool {
    // Nobody is to cool down for long, and the owner's day has sittings.
    machine.wait(if i.is_multiple_of(30) { 5 * 3600 } else { 1000 });
    let (typing, conversation, expected) = match i % 6 {
        0 | 1 => (
            Typing::owner(1000 + i),
            Conversation::answers([PASSWORD]),
            Code::SUCCESS,
        ),
        2 => (
            Typing::stranger(i),
            Conversation::answers([PASSWORD]),
            Code::AUTH_ERR,
        ),
        3 => (
            Typing::owner(i),
            Conversation::answers(["wrong"]),
            Code::AUTH_ERR,
        ),
        4 => (
            Typing::trace("0 enter up"),
            Conversation::answers([PASSWORD]),
            Code::AUTH_ERR,
        ),
        _ => (
            Typing::owner(i),
            Conversation::silent().cancel(),
            Code::CONV_ERR,
        ),
    };
    machine.set_typing(&typing);
    let mut app = Application::start(stack, Stack::SERVICE, USER, conversation).expect("starts");
    let code = app.authenticate(Flags::NONE);
    // Learned at setcred, or at the end.
    if code.is_success() && i.is_multiple_of(6) {
        let _ = app.set_credentials(Flags::ESTABLISH);
    }
    let _ = app.end(code);
    let _ = fs::remove_file(machine.path("log"));
    code == expected
}

/// One login of many that are not judged: typed elsewhere, or where no keyboard may be read. None
/// derives a key.
fn log_in_elsewhere(stacks: &[Stack], i: u64) -> bool {
    let right = || Conversation::answers([PASSWORD]);
    let (stack, user, conversation, expected) = match i % 6 {
        0 | 1 => (0, USER, right(), Code::SUCCESS),
        2 => (1, USER, right(), Code::SUCCESS),
        3 => (0, USER, Conversation::answers(["wrong"]), Code::AUTH_ERR),
        4 => (0, USER, Conversation::silent().cancel(), Code::CONV_ERR),
        _ => (1, "no-such-user", right(), Code::SUCCESS),
    };
    let mut app =
        Application::start(&stacks[stack], Stack::SERVICE, user, conversation).expect("starts");
    let code = app.authenticate(Flags::NONE);
    if code.is_success() && !i.is_multiple_of(6) {
        let _ = app.set_credentials(Flags::ESTABLISH);
    }
    let _ = app.end(code);
    code == expected
}

/// Logs in so many times and fails if the process is larger than after the first of them. Shows
/// its size on the way.
fn assert_flat(warm_up: u64, logins: u64, mut log_in: impl FnMut(u64) -> bool) {
    const SAMPLES: u64 = 10;
    println!("\n logins  resident KiB  heap in use  descriptors  threads  mappings");
    let mut early = None;
    let mut done = 0;
    for sample in 0..=SAMPLES {
        let until = warm_up + (logins - warm_up) * sample / SAMPLES;
        for i in done..until {
            assert!(log_in(i), "login {i} did not come to what it was meant to");
        }
        done = until;
        let now = Size::now();
        println!(
            "{done:7}  {:12}  {:11}  {:11}  {:7}  {:8}",
            now.resident_kib, now.heap_bytes, now.descriptors, now.threads, now.mappings
        );
        now.assert_no_larger_than(early.get_or_insert(now));
    }
}

fn assert_flat_over_all_outcomes(warm_up: u64, logins: u64) {
    let mut machine = Machine::armed();
    let stack = machine.debian(&Typing::owner(1));
    assert_flat(warm_up, logins, |i| log_in(&mut machine, &stack, i));
}

fn assert_flat_elsewhere(warm_up: u64, logins: u64) {
    // One that is sent by the network, one whose process may not open a device.
    let places = ["not-local", "unprivileged"]
        .map(|place| Machine::armed().directive(&format!("where {place}")));
    let stacks = places
        .each_ref()
        .map(|machine| machine.debian(&Typing::owner(1)));
    assert_flat(warm_up, logins, |i| {
        if i.is_multiple_of(100) {
            for machine in &places {
                let _ = fs::remove_file(machine.path("log"));
            }
        }
        log_in_elsewhere(&stacks, i)
    });
}

#[test]
fn a_host_is_as_small_after_150_logins_as_after_60() {
    assert_flat_over_all_outcomes(60, 150);
}

// The whole days, alone in their process, so that no other test grows in it: `make long-life`.

#[test]
#[ignore = "minutes; the shorter one runs with the others"]
fn a_host_is_as_small_after_2000_logins_as_after_400() {
    // Until then the profile still grows: it keeps the last hundred typings.
    assert_flat_over_all_outcomes(400, 2000);
}

#[test]
#[ignore = "minutes"]
fn a_host_is_as_small_after_100_000_logins_from_elsewhere_as_after_1000() {
    assert_flat_elsewhere(1000, 100_000);
}
